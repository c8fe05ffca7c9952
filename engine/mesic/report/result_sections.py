"""Sections about the result: scores, the zone of solutions, calibration, errors."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report import charts
from mesic.report.blocks import (
    Html,
    about,
    chips,
    details,
    figure,
    joined,
    missing,
    paragraph,
    plain,
    score,
    table,
    tag,
)
from mesic.report.calibration_groups import calibration_groups
from mesic.report.error_charts import MOST_CLASSES
from mesic.report.held_out import held_out_text
from mesic.report.plane_picture import has_plane, plane_chart
from mesic.report.progress_chart import progress_chart
from mesic.report.thinning import fewer_trials
from mesic.report.words import (
    SEVERAL,
    counted,
    known,
    level_text,
    metric_name,
    number,
    primary_score,
    procedure_text,
    score_text,
    search_text,
    skill_text,
)

Record = Mapping[str, Any]
Facts = Mapping[str, Any]
MOST_TRIALS = 300
MOST_CONFUSIONS = 15
NBSP = "\u00a0"


def scores(record: Record) -> Html:
    """Return every score with its interval, the model beside the baselines."""
    primary = primary_score(record)
    if primary is None:
        return missing()
    better = "higher is better" if primary.get("greater_is_better", True) else "lower is better"
    label = f"{metric_name(primary.get('metric'))} on test rows, {better}"
    dots = [
        {"name": name, "is_model": is_model, **found}
        for name, listed, is_model in _scored(record, "test")
        for found in listed
        if found.get("metric") == primary.get("metric")
    ]
    inside = _score_table(record, "out_of_fold")
    return joined(
        (
            paragraph(skill_text(record), _evidence(record.get("skill") or {})),
            _advantage(record.get("skill") or {}),
            figure(charts.scores_chart, dots, label),
            tag("h3", "On test rows"),
            _score_table(record, "test"),
            _methods(_scored(record, "test")[0][1]),
            paragraph(said, css="soft") if (said := procedure_text(record)) else Html(""),
            paragraph(held_out_text(record)) if held_out_text(record) else Html(""),
            details("Out of fold, on the rows that it was tuned on", inside) if inside else Html(""),
        )
    )


def _scored(record: Record, part: str) -> list[tuple[str, Sequence[Facts], bool]]:
    """Return everyone's name and scores, the model first."""
    name = str((record.get("model") or {}).get("learner") or "the model")
    own = (record.get("scores") or {}).get(part) or []
    others = [(str(b.get("name")), b.get(part) or [], False) for b in record.get("baselines") or []]
    return [(name, own, True), *others]


def _evidence(skill: Facts) -> str:
    p = known(skill.get("p"))
    if p is None:
        return ""
    said = f"p{NBSP}<{NBSP}0.0001" if p < 0.0001 else f"p{NBSP}={NBSP}{p:.2g}"
    return f" The interval is a {skill.get('method') or 'paired comparison'}; {said} for no difference."


def _advantage(skill: Facts) -> Html:
    """Say by how much the primary metric is better than that of the best baseline."""
    found = skill.get("advantage") or {}
    if known(found.get("value")) is None:
        return Html("")
    said = (
        f"Its {metric_name(found.get('metric'))} is better than that of {skill.get('against')} by {score_text(found)}."
    )
    return paragraph(said, _evidence(found))


def _score_table(record: Record, part: str) -> Html:
    columns = [(name, listed) for name, listed, _ in _scored(record, part) if listed]
    if part == "test" and (procedure := (record.get("scores") or {}).get("procedure")):
        columns.insert(1, ("its procedure", procedure))
    everyone = [(name, {s.get("metric"): s for s in listed}) for name, listed in columns]
    metrics = list(dict.fromkeys(metric for _, listed in everyone for metric in listed))
    if not metrics:
        return Html("")
    rows = [[metric_name(metric), *(score(listed.get(metric)) for _, listed in everyone)] for metric in metrics]
    return table(["metric", *(name for name, _ in everyone)], rows)


def _methods(listed: Sequence[Facts]) -> Html:
    by: dict[str, list[str]] = {}
    for found in listed:
        by.setdefault(str(found.get("method") or "an unnamed method"), []).append(metric_name(found.get("metric")))
    if not listed:
        return Html("")
    first = listed[0]
    how = "; ".join(f"{method} for {', '.join(names)}" for method, names in by.items())
    said = f"Below each score is its {level_text(first)} interval over {first.get('unit') or 'rows'}: {how}."
    return paragraph(said, css="soft")


def zone(record: Record) -> Html:
    """Return the picture, what was chosen and why, the edges, the trials."""
    facts = record.get("zone")
    if not facts:
        return missing()
    tuning, trials = record.get("trials") or {}, facts.get("trials") or []
    tried = counted(tuning.get("tried", len(trials)), "trial")
    failed = f", {tuning['failed']} of them failed" if tuning.get("failed") else ""
    by = f" by {tuning['tuner']}" if tuning.get("tuner") else ""
    said = f"{tried}{by}{failed}. In the zone are {len(facts.get('members') or [])}: {facts.get('rule') or UNSAID}. "
    said += f"Chosen is trial {facts.get('chosen')}, {facts.get('reason') or UNSAID}."
    caption = "A line follows the medians of neighbouring trials; ▲ marks a trial beyond the picture."
    drawn = fewer_trials(facts)
    caption += f" Of {drawn['of']:,} trials {len(drawn['trials']):,} are drawn." if "of" in drawn else ""
    reading = "A model too small misses what is there, one too large learns noise; between them lies the zone, where "
    return joined(
        (
            about(reading + "the loss on rows not seen is as low as the data can tell."),
            figure(charts.zone_chart, drawn, caption=caption if len(trials) > 1 else ""),
            paragraph(said),
            paragraph(search_text(record)) if search_text(record) else Html(""),
            _progress(facts, tuning.get("progress")),
            _plane(facts),
            _preferences(facts),
            _edges(facts),
            details(f"Every trial ({len(trials)})", _trials(facts)) if trials else Html(""),
        )
    )


UNSAID = "for a reason that the record does not hold"


def _progress(facts: Facts, progress: Facts | None) -> Html:
    """Return the picture of the search; nothing of a single trial."""
    trials = [*(facts.get("trials") or []), *(facts.get("pruned") or [])]
    if not progress or not progress.get("best") or len(trials) < SEVERAL:
        return Html("")
    caption = (
        "Dashed: what is usual around each trial. A trial that was clearly worse on its first folds stands at what it "
    )
    caption += "would have lost."
    chart = figure(progress_chart, trials, progress, facts.get("loss") or "loss", caption=caption)
    return joined((tag("h3", "Progress"), chart))


def _plane(facts: Facts) -> Html:
    if not has_plane(facts):
        return Html("")
    sides = Counter((facts.get("sides") or {}).values())
    said = " and ".join(f"{counted(count, 'trial')} on the side of {side}" for side, count in sorted(sides.items()))
    caption = "By squared distance, on rows that neither of two samples saw. Along a dashed line the loss is the same. "
    caption += "Green: in the zone; a ring: taken."
    chart = figure(plane_chart, fewer_trials(facts), caption=caption)
    return joined(
        (tag("h3", "Bias and variance"), chart, paragraph(f"Outside the zone: {said}.") if said else Html(""))
    )


def _preferences(facts: Facts) -> Html:
    found = facts.get("preferences") or []
    if len(found) < 2:
        return Html("")
    head = ["zone.prefer", f"{facts.get('loss') or 'loss'} more than what was taken", "size", "what"]
    rows = [
        [
            row.get("name"),
            score(row["worse"]) if row.get("worse") else "taken",
            number(row.get("complexity")),
            row.get("reason"),
        ]
        for row in found
    ]
    return joined((tag("h3", "What else could be taken from the zone"), table(head, rows)))


def _edges(facts: Facts) -> Html:
    edges = facts.get("edges") or {}
    if not edges:
        return Html("")
    chosen: Facts = next((t for t in facts.get("trials") or [] if t.get("number") == facts.get("chosen")), {})
    params = chosen.get("params") or {}
    rows = [
        [name, _edge(limits), _width(name, facts), plain(params[name]) if name in params else ""]
        for name, limits in edges.items()
    ]
    if facts.get("complexity") and facts["complexity"] not in edges:
        size = number(chosen.get("complexity"))
        rows.append([facts["complexity"], _edge(facts.get("complexity_edges")), _times(facts), size])
    return joined((tag("h3", "Edges of the zone"), table(["option", "in the zone", "width", "chosen"], rows)))


def _width(name: str, facts: Facts) -> str:
    share = known((facts.get("width") or {}).get(name))
    return "" if share is None else f"{share:.0%} of the search"


def _times(facts: Facts) -> str:
    times = known(facts.get("complexity_width"))
    return "" if times is None else f"{times:.3g}-fold"


def _edge(limits: Sequence[Any] | None) -> str:
    if not limits:
        return "nothing in common"
    both_numbers = len(limits) == 2 and all(known(limit) is not None for limit in limits)
    shown = list(dict.fromkeys(plain(limit) for limit in limits))
    return (" to " if both_numbers else ", ").join(shown)


def _trials(facts: Facts) -> Html:
    trials = sorted(facts.get("trials") or [], key=lambda trial: _order(trial.get("loss")))
    rows = [
        [
            trial.get("number"),
            _trial_loss(trial),
            trial.get("complexity"),
            _place(trial, facts),
            chips(trial.get("params") or {}),
        ]
        for trial in trials[:MOST_TRIALS]
    ]
    loss, size = facts.get("loss") or "loss", facts.get("complexity") or "size"
    more = paragraph(f"The best {MOST_TRIALS} of {len(trials)}.") if len(trials) > MOST_TRIALS else Html("")
    return joined((table(["trial", f"{loss} ± standard error", size, "", "options"], rows), more))


def _order(loss: Any) -> float:
    found = known(loss)
    return float("inf") if found is None else found


def _trial_loss(trial: Facts) -> str:
    loss, error = known(trial.get("loss")), known(trial.get("loss_se"))
    if loss is None:
        return "failed"
    return f"{loss:.4g} ± {'unknown' if error is None else f'{error:.2g}'}"


def _place(trial: Facts, facts: Facts) -> str:
    named = {facts.get("chosen"): "chosen", facts.get("best"): "lowest loss"}
    if trial.get("number") == facts.get("chosen") == facts.get("best"):
        return "chosen, lowest loss"
    return named.get(trial.get("number"), "in the zone" if trial.get("in_zone") else "")


def evaluation(record: Record, name: str) -> Facts | None:
    """Return what an evaluator found, or None."""
    found: Facts | None = (record.get("evaluations") or {}).get(name)
    return found


def calibration(record: Record) -> Html:
    """Return whether predictions mean what they say."""
    facts = evaluation(record, "calibration")
    bins = [row for row in (facts or {}).get("bins") or [] if known(row.get("predicted")) is not None]
    if facts is None or not bins:
        return missing()
    right = sum(charts.agrees(row) for row in bins)
    said = f"In {right} of {len(bins)} bins the prediction lies in the interval of what was observed."
    error = facts.get("error")
    named = f" The {metric_name(error.get('metric') or 'error')} is {score_text(error)}." if error else ""
    rows = [[number(row["predicted"]), score({**row, "value": row.get("observed")}), row.get("n")] for row in bins]
    return joined(
        (
            about("Do predictions mean what they say? On the dashed line they do."),
            figure(charts.calibration_chart, bins, caption=_title(facts)),
            paragraph(said + named),
            details("All bins", table(["predicted", "observed", "rows"], rows)),
            calibration_groups(facts.get("by") or []),
        )
    )


def _title(facts: Facts) -> str:
    title = str(facts.get("title") or "")
    return f"{title[:1].upper()}{title[1:]}." if title else ""


def errors(record: Record) -> Html:
    """Return who is taken for whom, how far off, and the worst rows."""
    facts = evaluation(record, "errors")
    if not facts:
        return missing()
    return joined((_confusion(facts), _residuals(facts), _worst(facts)))


def _confusion(facts: Facts) -> Html:
    labels, confusion = facts.get("labels") or [], facts.get("confusion") or []
    if not confusion:
        return Html("")
    drawn = f"The {MOST_CLASSES} largest of {len(labels)} classes. " if len(labels) > MOST_CLASSES else ""
    reading = "Test rows. The stronger the colour, the larger the share of the row; green was right, orange was wrong."
    pairs = [
        [f"{labels[actual]} → {labels[said]}", count, f"of {sum(row):,} {labels[actual]}"]
        for actual, row in enumerate(confusion)
        for said, count in enumerate(row)
        if count and actual != said
    ]
    pairs.sort(key=lambda pair: -pair[1])
    mixed = table(["is → said", "rows", "of all"], pairs[:MOST_CONFUSIONS]) if pairs and len(labels) > 2 else Html("")
    head = tag("h3", "Most often mistaken") if mixed else Html("")
    return joined((figure(charts.confusion_chart, labels, confusion, caption=drawn + reading), head, mixed))


def _residuals(facts: Facts) -> Html:
    bands, residuals = facts.get("by_prediction") or [], facts.get("residuals") or {}
    parts = [figure(charts.residual_chart, bands)] if bands else []
    edges, counts = residuals.get("edges") or [], residuals.get("counts") or []
    if len(edges) == len(counts) + 1 > 1 and all(known(edge) is not None for edge in edges):
        parts.append(figure(charts.histogram_chart, edges, counts, "observed minus predicted"))
    return joined(parts)


def _worst(facts: Facts) -> Html:
    worst = facts.get("worst")
    head = tag("h3", "Worst rows")
    if worst is None:
        return joined((head, missing()))
    rows = [
        [str(w.get("row")), w.get("target"), w.get("prediction"), w.get("loss"), chips(w.get("features") or {})]
        for w in worst
    ]
    said = about("The test rows with the highest loss: mislabelled, rare, or missing a column that would explain them?")
    return joined((head, said, table(["row", "is", "predicted", "its loss", "columns"], rows)))
