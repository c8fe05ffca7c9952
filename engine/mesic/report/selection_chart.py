"""The picture of a choice: every column's statistic by rank, and where the cut lies."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.svg import NARROW, WIDE, Drawing, Scale, short, text_width
from mesic.report.words import counted, known, number

LONG = 60
NAMED = 200


def selection_chart(choice: Mapping[str, Any], width: float = WIDE) -> str:
    """Draw columns from the highest statistic to the lowest; a long tail by logarithms, so that all of it shows.

    Parameters
    ----------
    choice
        With ``ranked``, ``threshold`` and ``evidence``.
    width
        ``WIDE`` or ``NARROW``.
    """
    values = [known(value) or 0.0 for value in choice["ranked"]]
    drawing = Drawing(width, 300 if width > NARROW else 260, f"{choice.get('selector')}: columns by rank")
    y = _heights(values, known(choice.get("threshold")), drawing.height)
    left = 14 + max(text_width(short(tick)) for tick in y.ticks(56))
    x = Scale(1, max(len(values), 2), left, width - 14, log=len(values) > LONG)
    drawing.axis_y(y, left, x.end)
    drawing.axis_x(x, y.start, y.end)
    drawing.text((2, 16), str(choice.get("statistic") or "statistic"))
    drawing.centred((x.start + x.end) / 2, y.start + 40, "rank of the column", within=(0, width))
    _marks(drawing, values, choice.get("evidence") or [], x, y)
    _cut(drawing, choice, x, y)
    return drawing.svg()


def _heights(values: Sequence[float], threshold: float | None, height: float) -> Scale:
    low, high = min([*values, threshold or 0.0, 0.0]), max([*values, threshold or 0.0])
    positive = [value for value in values if value > 0]
    if low >= 0 and len(positive) > LONG and high > 100 * min(positive):
        return Scale(min(positive) / 1.3, high * 1.3, height - 50, 30, log=True)
    return Scale(low, high + ((high - low) or 1.0) * 0.05, height - 50, 30)


def _marks(
    drawing: Drawing, values: Sequence[float], evidence: Sequence[Mapping[str, Any]], x: Scale, y: Scale
) -> None:
    drawing.path([(x(rank), y(value)) for rank, value in enumerate(values, 1)], "stroke:var(--quiet);stroke-width:1.5")
    for rank, row in reversed(list(enumerate(evidence[:NAMED], 1))):
        value = known(row.get("statistic")) or 0.0
        tone = "var(--zone)" if row.get("kept") else "var(--quiet)"
        note = f"{row.get('column')}: {number(value)}, {'kept' if row.get('kept') else 'dropped'}"
        drawing.dot((x(rank), y(value)), 3.5, f"fill:{tone}", note=note)


def _cut(drawing: Drawing, choice: Mapping[str, Any], x: Scale, y: Scale) -> None:
    threshold = known(choice.get("threshold"))
    if threshold is None:
        return
    drawing.line((x.start, y(threshold)), (x.end, y(threshold)), style="stroke:var(--soft);stroke-dasharray:5 5")
    said = f"{choice.get('kept')} of {counted(choice.get('of'), 'column')} kept"
    drawing.text((x.end, max(y(threshold) - 8, 44)), said, anchor="end", css="halo")
