"""Charts of errors: who is taken for whom, how far off."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from mesic.report.svg import NARROW, WIDE, Drawing, Scale, short, shortened, text_width
from mesic.report.words import known, number

MOST_CLASSES = 40
FEW_CLASSES = 12


def largest(confusion: Sequence[Sequence[int]]) -> list[int]:
    """Return which classes a picture has room for: those of most rows, in their own order."""
    order = sorted(range(len(confusion)), key=lambda place: (-sum(confusion[place]), place))
    return sorted(order[:MOST_CLASSES])


def confusion_chart(labels: Sequence[Any], confusion: Sequence[Sequence[int]], width: float = WIDE) -> str:
    """Draw who is taken for whom: a row what it is, a column what was said, darker the larger the row's share."""
    shown = largest(confusion)
    names = [str(labels[place]) for place in shown]
    drawing = Drawing(width, 0, "Confusion matrix")
    left, top, cell = _room(drawing, names)
    high = min(cell, 56.0)
    drawing.height = top + high * len(shown) + 8
    drawing.text((2, 16), "is ↓   said →", css="soft")
    _labels(drawing, names, (left, top), (cell, high))
    for row, actual in enumerate(shown):
        total = sum(confusion[actual]) or 1
        for column, said in enumerate(shown):
            count = confusion[actual][said]
            where = (left + column * cell, top + row * high)
            note = f"{names[row]}, said {names[column]}: {count:,} of {total:,} rows"
            _cell(drawing, where, (cell, high), count / total, is_right=row == column, note=note)
            if len(shown) <= FEW_CLASSES:
                middle = (where[0] + cell / 2, where[1] + high / 2 + 5)
                drawing.text(middle, number(count), anchor="middle", css="" if count else "soft")
    return drawing.svg()


def _room(drawing: Drawing, names: Sequence[str]) -> tuple[float, float, float]:
    """Return left margin, top margin and the width of a cell."""
    if not _has_labels(drawing, names):
        return 8.0, 28.0, (drawing.width - 16) / max(len(names), 1)
    longest = max([text_width(name) for name in names] or [0.0])
    left = min(longest + 12, drawing.width * 0.3)
    cell = min((drawing.width - left - 8) / max(len(names), 1), 110.0)
    if all(text_width(name) <= cell - 6 for name in names):
        return left, 48.0, cell
    slanted = min(longest, 110.0) * 0.72
    return left, slanted + 34, min((drawing.width - left - slanted) / len(names), 110.0)


def _has_labels(drawing: Drawing, names: Sequence[str]) -> bool:
    return not drawing.is_narrow or len(names) <= FEW_CLASSES


def _labels(drawing: Drawing, names: Sequence[str], corner: tuple[float, float], size: tuple[float, float]) -> None:
    if not _has_labels(drawing, names):
        return
    (left, top), (wide, high) = corner, size
    small = f"font-size:{min(13.0, high * 0.8):.1f}px"
    fits = all(text_width(name) <= wide - 6 for name in names)
    for place, name in enumerate(names):
        middle = left + (place + 0.5) * wide
        row = (left - 6, top + (place + 0.5) * high + 4)
        drawing.text(row, shortened(name, left - 10), anchor="end", style=small)
        if fits:
            drawing.text((middle, top - 8), name, anchor="middle")
        else:
            drawing.text((middle, top - 8), shortened(name, 110), style=small, turn=-45)


def _cell(
    drawing: Drawing,
    where: tuple[float, float],
    size: tuple[float, float],
    share: float,
    *,
    is_right: bool,
    note: str,
) -> None:
    inner = (size[0] - 1.5, size[1] - 1.5)
    colour = "var(--zone)" if is_right else "var(--b)"
    style = f"fill:{colour};opacity:{0.08 + 0.52 * share:.2f}" if share else "fill:var(--panel)"
    drawing.box(where, inner, style, note=note if share else "")


def residual_chart(bands: Sequence[Mapping[str, Any]], width: float = WIDE) -> str:
    """Draw the middle and the range of what was observed over what was predicted; the diagonal is exact."""
    rows = [row for row in bands if all(known(row.get(key)) is not None for key in ("predicted", "observed"))]
    rows = sorted(rows, key=lambda row: float(row["predicted"]))
    drawing = Drawing(width, 380 if width > NARROW else 320, "Observed over predicted")
    y = Scale(*_ends(rows, ("observed", "low", "high")), drawing.height - 50, 30)
    left = 14 + max(text_width(short(tick)) for tick in y.ticks(56))
    x = Scale(*_ends(rows, ("predicted",)), left, width - 12)
    drawing.axis_y(y, left, x.end)
    drawing.axis_x(x, y.start, y.end)
    exact = max(x.low, y.low), min(x.high, y.high)
    if exact[0] < exact[1]:
        drawing.path([(x(value), y(value)) for value in exact], "stroke:var(--soft);stroke-dasharray:5 5")
    _band(drawing, rows, x, y)
    drawing.text((2, 16), "observed: middle, and the middle 80% of rows")
    drawing.centred((x.start + x.end) / 2, y.start + 40, "predicted", within=(0, width))
    return drawing.svg()


def _ends(rows: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> tuple[float, float]:
    values = [value for row in rows for key in keys if (value := known(row.get(key))) is not None] or [0.0, 1.0]
    room = (max(values) - min(values)) * 0.04 or abs(values[0]) * 0.04 or 1.0
    return min(values) - room, max(values) + room


def _band(drawing: Drawing, rows: Sequence[Mapping[str, Any]], x: Scale, y: Scale) -> None:
    whole = [row for row in rows if known(row.get("low")) is not None and known(row.get("high")) is not None]
    upper = [(x(row["predicted"]), y(row["high"])) for row in whole]
    lower = [(x(row["predicted"]), y(row["low"])) for row in whole]
    drawing.area([*upper, *reversed(lower)], "fill:var(--a);opacity:.18")
    drawing.path([(x(row["predicted"]), y(row["observed"])) for row in rows], "stroke:var(--a);stroke-width:2.5")
    for row in rows:
        note = (
            f"predicted {number(row['predicted'])}: half of {number(row.get('n'))} rows below {number(row['observed'])}"
        )
        drawing.dot((x(row["predicted"]), y(row["observed"])), 4, "fill:var(--a);stroke:var(--paper)", note=note)


def histogram_chart(edges: Sequence[float], counts: Sequence[int], label: str, width: float = WIDE) -> str:
    """Draw how many rows fall between the edges; the ends hold what lies beyond them."""
    drawing = Drawing(width, 260, label)
    y = Scale(0, max([*counts, 1]) * 1.05, 210, 30)
    left = 14 + max(text_width(short(tick)) for tick in y.ticks(56))
    x = Scale(edges[0], edges[-1], left, width - 12)
    drawing.axis_y(y, left, x.end)
    drawing.axis_x(x, 210, 210)
    drawing.text((2, 16), "rows")
    drawing.centred((x.start + x.end) / 2, 250, label, within=(0, width))
    for (low, high), count in zip(pairwise(edges), counts, strict=False):
        size = (x(high) - x(low) - 1, 210 - y(count))
        note = f"{number(low)} to {number(high)}: {count:,} rows"
        drawing.box((x(low) + 0.5, y(count)), size, "fill:var(--a);opacity:.85", note=note, radius=1)
    if edges[0] < 0 < edges[-1]:
        drawing.line((x(0), 30), (x(0), 210), style="stroke:var(--soft);stroke-dasharray:4 4")
    return drawing.svg()
