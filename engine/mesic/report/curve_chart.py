"""The picture of a learning curve: scores by the rows that were learned from, and what is to be expected beyond."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.svg import NARROW, WIDE, Drawing, Scale, short, text_width
from mesic.report.words import counted, known, metric_name, score_text

Points = Sequence[Mapping[str, Any]]


def curve_chart(curve: Points, ahead: Points, now: int, metric: str, width: float = WIDE) -> str:
    """Draw scores with their intervals over rows, on a logarithmic scale, and the band of what lies ahead.

    Parameters
    ----------
    curve, ahead
        Measured, and to be expected: ``rows``, ``value``, ``low``, ``high``.
    now
        Rows that the model learns from.
    metric
        Its name.
    width
        ``WIDE`` or ``NARROW``.

    Examples
    --------
    >>> points = [{"rows": 100 * n, "value": 1 / n, "low": 0.5 / n, "high": 2 / n, "level": 0.95} for n in (1, 2, 4)]
    >>> "measured" in curve_chart(points, [], 400, "log_loss")
    True
    """
    drawing = Drawing(width, 380 if width > NARROW else 320, "Learning curve")
    shown = [point for point in (*curve, *ahead) if known(point["value"]) is not None]
    ends = [end for point in shown for end in (point["low"], point["value"], point["high"]) if known(end) is not None]
    room = (max(ends) - min(ends)) * 0.06 or abs(ends[0]) * 0.1 or 1.0
    y = Scale(min(ends) - room, max(ends) + room, drawing.height - 52, 34)
    rows = [point["rows"] for point in shown]
    left = 14 + max(text_width(short(tick)) for tick in y.ticks(56))
    x = Scale(min(rows), max(*rows, now), left, width - 14, log=True)
    drawing.axis_y(y, x.start, x.end)
    drawing.axis_x(x, y.start, y.end)
    drawing.text((2, 16), metric_name(metric))
    drawing.centred((x.start + x.end) / 2, y.start + 42, "rows that were learned from", within=(0, width))
    _band(drawing, ahead, x, y)
    drawing.line((x(now), y.start), (x(now), y.end), style="stroke:var(--soft);stroke-dasharray:4 4")
    drawing.centred(x(now), y.end - 6, "now", within=(x.start, width))
    _measured(drawing, [point for point in curve if known(point["value"]) is not None], x, y)
    return drawing.svg()


def _band(drawing: Drawing, ahead: Points, x: Scale, y: Scale) -> None:
    if not ahead:
        return
    above = [(x(point["rows"]), y(point["high"])) for point in ahead]
    below = [(x(point["rows"]), y(point["low"])) for point in reversed(ahead)]
    drawing.area([*above, *below], "fill:var(--zone);opacity:.18")
    drawing.path([(x(point["rows"]), y(point["value"])) for point in ahead], "stroke:var(--zone);stroke-width:2")
    last = ahead[-1]
    drawing.text((x(last["rows"]) - 4, y(last["value"]) - 10), "to be expected", anchor="end", css="halo")


def _measured(drawing: Drawing, curve: Points, x: Scale, y: Scale) -> None:
    drawing.path([(x(point["rows"]), y(point["value"])) for point in curve], "stroke:var(--a);stroke-width:2")
    for point in curve:
        across = x(point["rows"])
        if known(point["low"]) is not None and known(point["high"]) is not None:
            drawing.line(
                (across, y(point["low"])), (across, y(point["high"])), style="stroke:var(--a);stroke-width:2;opacity:.5"
            )
        note = f"{counted(point['rows'], 'row')}: {score_text(point)}, measured"
        drawing.dot((across, y(point["value"])), 4.5, "fill:var(--a);stroke:var(--paper)", note=note)
