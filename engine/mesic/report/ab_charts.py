"""Charts of an A/B test: effects beside their limits, and the way of the test statistic between its bounds."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.ab_words import relative_text
from mesic.report.charts import Rows
from mesic.report.svg import WIDE, Drawing, Scale, short
from mesic.report.words import known

Facts = Mapping[str, Any]
HIGHEST_Z = 6.0
SIGNIFICANT, OTHER = "var(--zone)", "var(--quiet)"


def change_chart(rows: Sequence[Facts], width: float = WIDE) -> str:
    """Draw the relative effect of each row with its interval, and its limit where it has one.

    Parameters
    ----------
    rows
        Each with ``name``, ``relative`` (value, low, high), ``tone`` (a colour of the style sheet) and ``limit``, a
        share of the control's level or None.
    width
        ``WIDE`` or ``NARROW``.
    """
    drawn = [row for row in rows if known(row["relative"].get("low")) is not None]
    named = [(str(row["name"]), relative_text(row)) for row in drawn]
    layout = Rows.drawn(width, "Change against the control", named)
    ends = [0.0, *(float(row["relative"][end]) for row in drawn for end in ("low", "high"))]
    ends += [float(row["limit"]) for row in drawn if row["limit"] is not None]
    room = (max(ends) - min(ends)) * 0.06 or 0.01
    x = Scale(100 * (min(ends) - room), 100 * (max(ends) + room), *layout.ends)
    layout.axis(x, "change against the control, %")
    layout.drawing.line((x(0), 0), (x(0), layout.bottom), style="stroke:var(--soft);stroke-width:1.5")
    for place, row in enumerate(drawn):
        _change(layout, x, place, row)
    return layout.drawing.svg()


def _change(layout: Rows, x: Scale, place: int, row: Facts) -> None:
    height, drawing = layout.write(place), layout.drawing
    low, value, high = (x(100 * float(row["relative"][name])) for name in ("low", "value", "high"))
    colour = f"var(--{row['tone']})"
    style = f"stroke:{colour};stroke-width:5;stroke-linecap:round;opacity:.4"
    drawing.line((low, height), (high, height), style=style)
    drawing.dot((value, height), 5.5, f"fill:{colour};stroke:var(--paper)", note=relative_text(row))
    if row["limit"] is not None:
        across = x(100 * float(row["limit"]))
        drawing.line((across, height - 10), (across, height + 10), style="stroke:var(--block);stroke-width:2")


def bounds_chart(effects: Sequence[Facts], width: float = WIDE) -> str:
    """Draw z at each look and the bounds that it must pass to decide; beyond them the test stops.

    Parameters
    ----------
    effects
        With ``z``, ``bound``, ``time`` and ``fraction``, the share of the planned units, a look each.
    width
        ``WIDE`` or ``NARROW``.
    """
    drawing = Drawing(width, 330, "The test statistic at each look")
    looks = [(float(e["fraction"]), e) for e in effects if known(e.get("z")) is not None]
    highest = max([HIGHEST_Z, *(abs(float(effect["z"])) * 1.1 for _, effect in looks)])
    y = Scale(-highest, highest, drawing.height - 48, 12)
    x = Scale(0, 100 * max([1.0, *(fraction for fraction, _ in looks)]), 44, width - 14)
    drawing.axis_y(y, x.start, x.end)
    drawing.axis_x(x, y.start, y.end)
    drawing.line((x.start, y(0)), (x.end, y(0)), style="stroke:var(--soft)")
    for sign in (1, -1):
        bounds = [(x(100 * f), y(sign * min(known(e.get("bound")) or highest, highest))) for f, e in looks]
        _bound(drawing, bounds, y(sign * highest), sign)
    drawing.path([(x(0), y(0)), *((x(100 * f), y(e["z"])) for f, e in looks)], "stroke:var(--a);stroke-width:2")
    for fraction, effect in looks:
        _statistic(drawing, (x(100 * fraction), y(effect["z"])), effect)
    drawing.centred((x.start + x.end) / 2, drawing.height - 8, "planned units, %", within=(0, width))
    return drawing.svg()


def _bound(drawing: Drawing, bounds: Sequence[tuple[float, float]], edge: float, sign: int) -> None:
    if not bounds:
        return
    outside = [(bounds[0][0], edge), *bounds, (bounds[-1][0], edge)]
    drawing.area(outside, f"fill:var(--{'zone' if sign > 0 else 'b'});opacity:.13")
    drawing.path(bounds, f"stroke:var(--{'zone' if sign > 0 else 'b'});stroke-width:2;stroke-dasharray:5 4")
    for across, height in bounds:
        drawing.dot((across, height), 2.5, f"fill:var(--{'zone' if sign > 0 else 'b'})")


def _statistic(drawing: Drawing, where: tuple[float, float], effect: Facts) -> None:
    colour = "var(--zone)" if effect["is_significant"] else "var(--a)"
    bound = known(effect.get("bound"))
    note = (
        f"{effect.get('time') or ''} z {effect['z']:.2f}, bound {'none' if bound is None else short(round(bound, 2))}"
    )
    drawing.dot(where, 5.5, f"fill:{colour};stroke:var(--paper)", note=note.strip())
