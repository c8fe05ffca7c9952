"""Charts of decisions: precision and recall, false alarms, what a calibrator did."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.svg import NARROW, WIDE, Drawing, Scale, short, text_width
from mesic.report.words import known, number, score_parts

Point = Mapping[str, Any]
AXES = {
    "precision": "precision: positive answers that are right",
    "recall": "recall: positive rows that are answered so",
    "false_alarms": "other rows that are answered positive",
}


def precision_recall_chart(curves: Mapping[str, Any], marked: Mapping[str, Any], width: float = WIDE) -> str:
    """Draw precision over recall with its band; dashed: what answering every row positive would give."""
    drawing, x, y = _square(width, "Precision and recall", "recall", "precision")
    base = float(curves["base_rate"])
    drawing.line((x.start, y(base)), (x.end, y(base)), style="stroke:var(--soft);stroke-dasharray:5 5")
    _promise(drawing, marked.get("promise") or {}, x, y)
    _curve(drawing, curves["points"], ("recall", "precision"), x, y)
    _mark(drawing, curves["points"], ("recall", "precision"), known(marked.get("threshold")), x, y)
    return drawing.svg()


def roc_chart(curves: Mapping[str, Any], marked: Mapping[str, Any], width: float = WIDE) -> str:
    """Draw recall over the share of false alarms with its band; the dashed line is chance."""
    drawing, x, y = _square(width, "ROC curve", "false_alarms", "recall")
    drawing.line((x.start, y.start), (x.end, y.end), style="stroke:var(--soft);stroke-dasharray:5 5")
    _curve(drawing, curves["points"], ("false_alarms", "recall"), x, y)
    _mark(drawing, curves["points"], ("false_alarms", "recall"), known(marked.get("threshold")), x, y)
    return drawing.svg()


def _square(width: float, title: str, across: str, up: str) -> tuple[Drawing, Scale, Scale]:
    drawing = Drawing(width, 400 if width > NARROW else 340, title)
    y = Scale(0, 1, drawing.height - 50, 30)
    x = Scale(0, 1, 14 + max(text_width(short(tick)) for tick in y.ticks(56)), width - 12)
    drawing.axis_y(y, x.start, x.end)
    drawing.axis_x(x, y.start, y.end)
    drawing.text((2, 16), AXES[up] if not drawing.is_narrow else up)
    drawing.centred((x.start + x.end) / 2, y.start + 40, AXES[across], within=(0, width))
    return drawing, x, y


def _curve(drawing: Drawing, points: Sequence[Point], axes: tuple[str, str], x: Scale, y: Scale) -> None:
    across, up = axes
    told = [point for point in points if all(known(point[name]["value"]) is not None for name in axes)]
    whole = [point for point in told if known(point[up]["low"]) is not None]
    upper = [(x(point[across]["value"]), y(point[up]["high"])) for point in whole]
    lower = [(x(point[across]["value"]), y(point[up]["low"])) for point in whole]
    drawing.area([*upper, *reversed(lower)], "fill:var(--a);opacity:.18")
    drawing.path(
        [(x(point[across]["value"]), y(point[up]["value"])) for point in told], "stroke:var(--a);stroke-width:2.5"
    )
    for point in told:
        where = x(point[across]["value"]), y(point[up]["value"])
        drawing.dot(where, 3, "fill:var(--a);opacity:.6", note=_note(point, axes))


def _note(point: Point, axes: tuple[str, str]) -> str:
    said = [f"{name.replace('_', ' ')} {' ('.join(score_parts(point[name]))})" for name in axes]
    return f"from a probability of {number(point['threshold'], 3)} on: {', '.join(said)}"


def _promise(drawing: Drawing, promise: Mapping[str, Any], x: Scale, y: Scale) -> None:
    """Draw what is promised as a line."""
    least = known(promise.get("at_least"))
    if least is None:
        return
    style = "stroke:var(--zone);stroke-width:1.5;stroke-dasharray:2 4"
    if promise.get("of") == "precision":
        drawing.line((x.start, y(least)), (x.end, y(least)), style=style)
        drawing.text((x.start + 6, y(least) - 6), f"promised: {least:g}", css="halo")
    else:
        drawing.line((x(least), y.start), (x(least), y.end), style=style)
        drawing.centred(x(least), y.end + 14, f"promised: {least:g}", within=(0, drawing.width))


def _mark(
    drawing: Drawing, points: Sequence[Point], axes: tuple[str, str], threshold: float | None, x: Scale, y: Scale
) -> None:
    """Draw the chosen threshold with its intervals both ways."""
    own = [point for point in points if threshold is not None and point["threshold"] == threshold]
    if not own or any(known(own[0][name]["value"]) is None for name in axes):
        return
    across, up = (own[0][name] for name in axes)
    where, style = (x(across["value"]), y(up["value"])), "stroke:var(--b);stroke-width:2.5"
    if known(up["low"]) is not None:
        drawing.line((where[0], y(up["low"])), (where[0], y(up["high"])), style=style)
    if known(across["low"]) is not None:
        drawing.line((x(across["low"]), where[1]), (x(across["high"]), where[1]), style=style)
    drawing.dot(where, 6, "fill:var(--b);stroke:var(--paper);stroke-width:2", note=_note(own[0], axes))
    beside = -22 if where[1] > y.end + 40 else 26
    drawing.centred(where[0], where[1] + beside, f"chosen: {number(threshold, 3)}", within=(x.start, drawing.width))


def reliability_chart(bins: Mapping[str, Sequence[Point]], width: float = WIDE) -> str:
    """Draw what came over what was stated, before and after a calibrator; on the dashed line both are one."""
    rows = [row for part in bins.values() for row in part]
    ends = [float(row[key]) for row in rows for key in ("predicted", "low", "high")] or [0.0, 1.0]
    most = min(1.0, max(ends) * 1.03)
    drawing = Drawing(width, 400 if width > NARROW else 340, "Reliability before and after the calibrator")
    y = Scale(0, most, drawing.height - 50, 30)
    x = Scale(0, most, 14 + max(text_width(short(tick)) for tick in y.ticks(56)), width - 12)
    drawing.axis_y(y, x.start, x.end)
    drawing.axis_x(x, y.start, y.end)
    drawing.line((x.start, y.start), (x.end, y.end), style="stroke:var(--soft);stroke-dasharray:5 5")
    drawing.text((2, 16), "came true")
    drawing.centred((x.start + x.end) / 2, y.start + 40, "stated", within=(0, width))
    for name, colour, shift in (("before", "var(--b)", -1.5), ("after", "var(--a)", 1.5)):
        _reliable(drawing, bins.get(name) or [], name, colour, shift, x, y)
    return drawing.svg()


def _reliable(
    drawing: Drawing, rows: Sequence[Point], name: str, colour: str, shift: float, x: Scale, y: Scale
) -> None:
    drawing.path([(x(row["predicted"]), y(row["observed"])) for row in rows], f"stroke:{colour};stroke-width:2")
    for row in rows:
        across = x(row["predicted"]) + shift
        drawing.line((across, y(row["low"])), (across, y(row["high"])), style=f"stroke:{colour};stroke-width:1.5")
        said = " (".join(score_parts({**row, "value": row["observed"]})) + ")"
        note = f"{name}: stated {number(row['predicted'], 3)}, came true {said}, {number(row['n'])} rows"
        drawing.dot((across, y(row["observed"])), 4.5, f"fill:{colour};stroke:var(--paper)", note=note)
