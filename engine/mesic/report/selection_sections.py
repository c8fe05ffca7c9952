"""The section about the columns that the model sees: each choice with its picture, what it costs, how stable it is."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.blocks import Html, about, details, figure, joined, paragraph, score, table, tag
from mesic.report.selection_chart import selection_chart
from mesic.report.words import counted, number, percent, score_text

Record = Mapping[str, Any]
Facts = Mapping[str, Any]
MOST_REASONS = 200


def selection(record: Record) -> Html:
    """Return every choice of columns with its evidence; nothing where nothing was chosen."""
    facts = record.get("selection") or {}
    choices = facts.get("choices") or []
    chosen = ((facts.get("stability") or {}).get("chosen")) or {}
    return joined(
        (
            about("Which columns does the model see? What is left out must cost nothing that can be told from chance."),
            *(_choice(choice, chosen) for choice in choices),
            _beside(facts.get("beside") or [], str(facts.get("loss") or "loss")),
            _stability(facts.get("stability")),
        )
    )


def _choice(choice: Facts, chosen: Mapping[str, float]) -> Html:
    evidence = choice.get("evidence") or []
    title = f"{choice.get('selector')}: {choice.get('kept')} of {counted(choice.get('of'), 'column')}"
    kept_anyway = f"; {choice['protected']} of them protected" if choice.get("protected") else ""
    parts = [tag("h3", f"{title}{kept_anyway}")]
    if choice.get("ranked"):
        caption = f"Columns by rank; {choice.get('statistic') or 'the statistic'}. Dashed: the cut."
        parts.append(figure(selection_chart, choice, caption=caption))
    head = ["column", str(choice.get("statistic") or "statistic"), "kept", *(["on halves"] if chosen else []), "why"]
    rows = [
        [
            row.get("column"),
            row.get("statistic"),
            bool(row.get("kept")),
            *([_share(chosen.get(str(row.get("column"))))] if chosen else []),
            row.get("reason"),
        ]
        for row in evidence[:MOST_REASONS]
    ]
    shown = "Every column" if len(evidence) == choice.get("of") else f"The first {len(evidence)} columns"
    return joined((*parts, details(f"{shown}, with the reason", table(head, rows))))


def _share(value: float | None) -> str:
    return "-" if value is None else percent(value)


def _beside(found: Sequence[Facts], loss: str) -> Html:
    if not found:
        return Html("")
    rows = [[row.get("name"), score(row.get("score")), score(row.get("difference"))] for row in found]
    head = ["columns by", f"{loss} out of fold", "the first one's less this one's"]
    return joined((tag("h3", "Beside all columns and univariate control"), table(head, rows)))


def _stability(facts: Facts | None) -> Html:
    if not facts:
        return Html("")
    columns = facts.get("columns") or {}
    return paragraph(
        f"Stability on {facts.get('samples')} halves of the training rows: {score_text(facts)} by "
        f"{facts.get('method')}; 1 is the same columns each time, 0 what chance gives. Between "
        f"{number(columns.get('least'))} and {counted(columns.get('most'), 'column')} were kept."
    )
