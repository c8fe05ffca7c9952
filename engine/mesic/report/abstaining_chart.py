"""The picture of risk over coverage: what answers lose that are left when the least sure ones are not given."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.svg import NARROW, WIDE, Drawing, Scale, short, text_width
from mesic.report.words import known, number, score_parts

Facts = Mapping[str, Any]


def risk_chart(facts: Facts, width: float = WIDE) -> str:
    """Draw risk over coverage with its band, and the cut that was chosen; dashed: answering every row.

    Parameters
    ----------
    facts
        What the evaluator ``selective`` told.
    width
        ``WIDE`` or ``NARROW``.

    Examples
    --------
    >>> facts = {"loss": "share of wrong answers", "points": []}
    >>> "share of wrong answers" in risk_chart(facts)
    True
    """
    points = sorted(_told(facts.get("points") or []), key=lambda point: float(point["coverage"]["value"]))
    drawing = Drawing(width, 360 if width > NARROW else 320, "Risk over coverage")
    chosen = (facts.get("chosen") or {}).get("test") or {}
    y = Scale(*_span(points, chosen), drawing.height - 50, 34)
    x = Scale(0, 1, 14 + max(text_width(short(tick)) for tick in y.ticks(56)), width - 14)
    drawing.axis_y(y, x.start, x.end)
    drawing.axis_x(x, y.start, y.end)
    drawing.text((2, 16), f"{facts.get('loss')} among the answers" if not drawing.is_narrow else str(facts.get("loss")))
    label = "share of test rows that are answered"
    drawing.centred((x.start + x.end) / 2, y.start + 40, label, within=(0, width))
    if points:
        every = y(points[-1]["risk"]["value"])
        drawing.line((x.start, every), (x.end, every), style="stroke:var(--soft);stroke-dasharray:5 5")
        _curve(drawing, points, x, y)
    _chosen(drawing, chosen, x, y)
    return drawing.svg()


def _told(points: Sequence[Facts]) -> list[Facts]:
    return [point for point in points if all(known(point[key]["value"]) is not None for key in ("coverage", "risk"))]


def _span(points: Sequence[Facts], chosen: Facts) -> tuple[float, float]:
    """Return 0 and somewhat above the curve, with the intervals of the chosen cut and of answering every row."""
    whole = [*points[-1:], *([chosen] if chosen else [])]
    ends = [end for point in whole if (end := known(point["risk"]["high"])) is not None]
    highest = max([float(point["risk"]["value"]) for point in points] + ends, default=1.0)
    return 0.0, highest * 1.06 or 1.0


def _curve(drawing: Drawing, points: Sequence[Facts], x: Scale, y: Scale) -> None:
    whole = [point for point in points if known(point["risk"]["low"]) is not None]
    upper = [(x(point["coverage"]["value"]), y(point["risk"]["high"])) for point in whole]
    lower = [(x(point["coverage"]["value"]), y(point["risk"]["low"])) for point in whole]
    drawing.area([*upper, *reversed(lower)], "fill:var(--a);opacity:.18")
    line = [(x(point["coverage"]["value"]), y(point["risk"]["value"])) for point in points]
    drawing.path(line, "stroke:var(--a);stroke-width:2.5")
    for where, point in zip(line, points, strict=True):
        drawing.dot(where, 3, "fill:var(--a);opacity:.6", note=_note(point))


def _note(point: Facts) -> str:
    said = [
        f"{name} {' ('.join(score_parts(point[key]))})"
        for name, key in (("answered", "coverage"), ("of these", "risk"))
    ]
    return ", ".join(said)


def _chosen(drawing: Drawing, point: Facts, x: Scale, y: Scale) -> None:
    """Draw the chosen cut with its intervals both ways."""
    if not point or not _told([point]):
        return
    coverage, risk = point["coverage"], point["risk"]
    where, style = (x(coverage["value"]), y(risk["value"])), "stroke:var(--b);stroke-width:2.5"
    if known(risk["low"]) is not None:
        drawing.line((where[0], y(risk["low"])), (where[0], y(risk["high"])), style=style)
    if known(coverage["low"]) is not None:
        drawing.line((x(coverage["low"]), where[1]), (x(coverage["high"]), where[1]), style=style)
    drawing.dot(where, 6, "fill:var(--b);stroke:var(--paper);stroke-width:2", note=_note(point))
    beside = -24 if where[1] > y.end + 60 else 28
    said = f"chosen: {number(coverage['value'], 3)} answered"
    drawing.centred(where[0], where[1] + beside, said, within=(x.start, drawing.width))
