"""Sections of the error analysis: slices, fairness, intervals and sets, noise; nothing where they were not asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report import charts
from mesic.report.blocks import Html, about, details, figure, joined, paragraph, score, table, tag
from mesic.report.noise_chart import noise_chart
from mesic.report.result_sections import evaluation
from mesic.report.words import counted, known, number, percent, score_text

Record = Mapping[str, Any]
Facts = Mapping[str, Any]
SORTS = ("surprising", "hard")
MOST_DRAWN = 20
ABOUT_SLICES = (
    "For whom is the model worse? Slices are found in some rows and measured on others. Surprising: rows lose more "
    "than rows of such predictions do. Hard: they lose more than others, and predictions say so."
)
NBSP = "\u00a0"


def slices(record: Record) -> Html:
    """Return for whom the model is worse."""
    facts = evaluation(record, "slices")
    if not facts:
        return Html("")
    searched, declared = facts.get("searched") or [], facts.get("declared") or []
    found = [row for row in searched if row.get("found")]
    others = [row for row in searched if not row.get("found")]
    return joined(
        (
            about(ABOUT_SLICES),
            paragraph(_search_words(facts, found)),
            _slice_chart([*found, *declared], facts),
            _slice_table(found, facts),
            tag("h3", "Declared slices") if declared else Html(""),
            _slice_table(declared, facts),
            _small(facts.get("small") or []),
            details("Slices that came out of the search and were not confirmed", _slice_table(others, facts))
            if others
            else Html(""),
        )
    )


def _search_words(facts: Facts, found: Sequence[Facts]) -> str:
    looked = known(facts.get("looked_at")) or 0
    if not looked:
        return "No slices were searched."
    said = f"{number(int(looked))} slices of one or two columns were looked at in "
    said += f"{counted(facts.get('looked_in_rows'), 'row')} ({facts.get('looked_in')}); "
    said += f"{counted(len(found), 'slice')} turned out worse on {counted(facts.get('measured_on'), 'other row')}"
    return said + ", p corrected for all that were brought there (Holm)."


def _slice_chart(rows: Sequence[Facts], facts: Facts) -> Html:
    drawn = [{**row["difference"], "name": row.get("slice")} for row in rows[:MOST_DRAWN] if row.get("difference")]
    if not drawn:
        return Html("")
    label = f"{facts.get('loss') or 'loss'} more than the rest"
    return figure(charts.scores_chart, drawn, label, caption="Right of 0 the model loses more there than elsewhere.")


def _slice_table(rows: Sequence[Facts], facts: Facts) -> Html:
    if not rows:
        return Html("")
    loss = facts.get("loss") or "loss"
    wrong = "absolute error" if loss == "squared error" else "wrong answers"
    head = [
        "slice",
        "rows",
        "difference",
        "p",
        "of all loss",
        f"{loss} there",
        "elsewhere",
        f"{wrong} there",
        "elsewhere",
    ]
    keys = ("explains", "inside", "outside", "wrong", "wrong_outside")
    body = [
        [
            tag(
                "span",
                tag("b", row.get("slice")),
                tag("small", row["sort"] if row.get("sort") in SORTS else ""),
                css="verdict",
            ),
            f"{number(row.get('rows'))} ({percent(row.get('share') or 0.0)})",
            score(row.get("difference")),
            _p(row.get("p")),
            *(score(row.get(key)) for key in keys),
        ]
        for row in rows
    ]
    return table(head, body)


def _p(value: Any) -> str:
    p = known(value)
    return "" if p is None else f"<{NBSP}0.0001" if p < 0.0001 else f"{p:.2g}"


def _small(small: Sequence[Facts]) -> Html:
    if not small:
        return Html("")
    listed = ", ".join(f"{row.get('slice') or row.get('group')} ({row.get('rows')})" for row in small)
    return paragraph(f"Too few rows to be judged: {listed}.", css="soft")


def fairness(record: Record) -> Html:
    """Return how answers and errors differ between groups of people; nothing where no column is sensitive."""
    facts = evaluation(record, "fairness") or {}
    columns = facts.get("columns") or []
    if not columns:
        return Html("")
    reading = "Do groups get other answers, or other errors? Intervals hold for all pairs of groups at once."
    return joined((about(reading), *(_fair_column(column, facts) for column in columns)))


def _fair_column(column: Facts, facts: Facts) -> Html:
    measures = column.get("measures") or []
    said = facts.get("measures") or {}
    rows = [
        [
            _measure_name(row),
            score(row.get("difference")),
            score(row["ratio"]) if row.get("ratio") else "",
            " and ".join(map(str, (row.get("difference") or {}).get("between") or [])),
            _reading(row),
            said.get(row.get("name"), ""),
        ]
        for row in measures
    ]
    groups = details("Every group", joined(_groups(row) for row in measures))
    head = ["", "largest difference", "smallest ratio", "between", "four fifths", "what is compared"]
    name = tag("h3", column.get("column"))
    others = known(column.get("unnamed")) or 0
    lost = paragraph(f"{counted(int(others), 'row')} of no group.", css="soft") if others else Html("")
    return joined((name, table(head, rows), _small(column.get("small") or []), lost, groups))


def _measure_name(row: Facts) -> str:
    outcome = row.get("outcome")
    return str(row.get("name")) + (f", {outcome}" if outcome is not None else "")


def _reading(row: Facts) -> str:
    return str(row.get("reading") or "")


def _groups(row: Facts) -> Html:
    found = row.get("groups") or {}
    body = [[name, score(one), number(one.get("n"))] for name, one in found.items()]
    return joined((paragraph(tag("b", _measure_name(row))), table(["group", row.get("told") or "", "rows"], body)))


def conformal(record: Record) -> Html:
    """Return intervals or sets that promise coverage, and what they keep."""
    facts = evaluation(record, "conformal") or {}
    if not facts:
        return Html("")
    promised = percent(facts.get("promised") or 0.0)
    reading = about(f"Answers that hold the target in {promised} of the rows, as long as rows come as they did.")
    if not facts.get("answer"):
        return joined((reading, paragraph("Too few rows to promise it.")))
    named = [("all rows", facts), *((row.get("slice"), row) for row in facts.get("by") or [])]
    drawn = [
        {**row["coverage"], "name": name, "is_model": row is facts}
        for name, row in named[:MOST_DRAWN]
        if row.get("coverage")
    ]
    return joined(
        (
            reading,
            paragraph(_conformal_words(facts)),
            figure(charts.scores_chart, drawn, f"share of targets held; promised {promised}") if drawn else Html(""),
            _coverage_table(named, has_sets=_has_sets(facts)),
        )
    )


def _coverage_table(named: Sequence[tuple[Any, Facts]], *, has_sets: bool) -> Html:
    keys = ("coverage", "size", "alone") if has_sets else ("coverage", "size")
    head = ["", "rows", "targets held", *(["classes in a set", "sets of one class"] if has_sets else ["width"])]
    rows = [[name, number(_rows(row)), *(_told(row, key) for key in keys)] for name, row in named]
    return table(head, rows)


def _rows(row: Facts) -> Any:
    return row.get("rows") or (row.get("coverage") or {}).get("n")


def _told(row: Facts, key: str) -> Any:
    return score(row[key]) if row.get(key) else "too few rows"


def _has_sets(facts: Facts) -> bool:
    return (facts.get("answer") or {}).get("kind") == "set"


def _conformal_words(facts: Facts) -> str:
    answer = facts.get("answer") or {}
    how = f"calibrated on {counted(facts.get('calibrated_on'), 'row')} ({facts.get('calibrated_by')})"
    if _has_sets(facts):
        sizes = facts.get("compared") or {}
        beside = "; ".join(
            f"{name.upper()} holds {score_text(found.get('coverage'))} with {score_text(found.get('size'))} classes"
            for name, found in sizes.items()
        )
        return f"Sets of classes by {str(answer.get('score')).upper()}, {how}. {beside}."
    return f"Intervals {facts.get('shape') or ''}, {how}; on test rows they hold {score_text(facts.get('coverage'))}."


def robustness(record: Record) -> Html:
    """Return how much noise in the columns answers bear."""
    facts = evaluation(record, "robustness") or {}
    strengths = facts.get("strengths") or []
    if not strengths:
        return Html("")
    borne = facts.get("borne") or {}
    columns = [row for row in facts.get("columns") or [] if row.get("moved")]
    moved = [{**row["moved"], "name": row.get("column"), "increase": row["moved"].get("value")} for row in columns]
    label = f"mean move of a prediction with noise of {number(facts.get('alone'))} in one column"
    return joined(
        (
            about("How much noise in the columns does an answer bear? Its strength is in standard deviations."),
            paragraph(_borne_words(facts, borne)),
            figure(noise_chart, strengths, "loss"),
            figure(charts.power_chart, moved, label) if moved else Html(""),
            details("Every strength", _strengths(strengths)),
        )
    )


def _borne_words(facts: Facts, borne: Facts) -> str:
    most, share = number(facts.get("epsilon")), percent(facts.get("share") or 0.0)
    if not known(borne.get("value")):
        start = f"Even the least noise moves predictions by {most} or more"
        return (
            f"{start} in more than {percent(1 - (facts.get('share') or 0.0))} of {counted(facts.get('rows'), 'row')}."
        )
    ends = f"{number(borne['value'])} (95% interval {number(borne.get('low'))} to {number(borne.get('high'))})"
    said = (
        f"Up to noise of {ends} predictions of {share} of {counted(facts.get('rows'), 'row')} move by less than {most}"
    )
    return f"{said} ({facts.get('unit')}); strengths were tried in steps."


def _strengths(strengths: Sequence[Facts]) -> Html:
    head = ["noise", "rows that stay", "mean move", "loss", "more loss"]
    keys = ("stay", "moved", "loss", "more_loss")
    return table(head, [[number(row.get("strength")), *(score(row.get(key)) for key in keys)] for row in strengths])
