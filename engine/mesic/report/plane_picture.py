"""The picture of trials in the plane of bias and variance, with lines of equal loss.

References
----------
S. Geman, E. Bienenstock, R. Doursat, Neural Networks and the Bias/Variance Dilemma, Neural Computation 4, 1992.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.svg import NARROW, WIDE, Drawing, Scale, short, text_width
from mesic.report.words import known, number

MEMBER, OUTSIDE = "var(--zone)", "var(--a)"
LINES = 4


def plane_chart(zone: Mapping[str, Any], width: float = WIDE) -> str:
    """Draw each trial's variance over its bias; along a line both add up to the same loss.

    Parameters
    ----------
    zone
        As ``zone.json`` holds it; trials without both are left out.
    width
        ``WIDE`` or ``NARROW``.
    """
    trials = [trial for trial in zone.get("trials") or [] if _place(trial) is not None]
    drawing = Drawing(width, 400 if width > NARROW else 340, "Trials by bias and variance")
    x, y = _scales(drawing, [_place(trial) or (0.0, 0.0) for trial in trials])
    drawing.axis_y(y, x.start, x.end)
    drawing.axis_x(x, y.start, y.end)
    drawing.text((2, 16), "variance: what another sample changes")
    drawing.centred((x.start + x.end) / 2, y.start + 40, "bias and noise: what no sample mends", within=(0, width))
    _lines(drawing, x, y)
    for trial in sorted(trials, key=lambda trial: bool(trial.get("in_zone"))):
        _trial(drawing, trial, zone, x, y)
    return drawing.svg()


def has_plane(zone: Mapping[str, Any]) -> bool:
    """Return whether there are trials to be drawn."""
    return sum(_place(trial) is not None for trial in zone.get("trials") or []) > 1


def _place(trial: Mapping[str, Any]) -> tuple[float, float] | None:
    bias, variance = known(trial.get("bias")), known(trial.get("variance"))
    return None if bias is None or variance is None else (bias, variance)


def _scales(drawing: Drawing, places: Sequence[tuple[float, float]]) -> tuple[Scale, Scale]:
    across, up = zip(*(places or [(0.0, 1.0), (1.0, 0.0)]), strict=True)
    both = max(max(across) - min(across), max(up) - min(up)) or abs(max(across)) or 1.0
    y = Scale(max(min(up) - 0.05 * both, 0.0), max(up) + 0.08 * both, drawing.height - 50, 30)
    left = 14 + max(text_width(short(tick)) for tick in y.ticks(56))
    return Scale(min(across) - 0.05 * both, max(across) + 0.08 * both, left, drawing.width - 14), y


def _lines(drawing: Drawing, x: Scale, y: Scale) -> None:
    """Draw lines along which bias and variance add up to one loss."""
    least, most = x.low + y.low, x.high + y.high
    for step in range(1, LINES + 1):
        loss = least + (most - least) * step / (LINES + 1)
        ends = [(at, loss - at) for at in (max(x.low, loss - y.high), min(x.high, loss - y.low))]
        (left, top), (right, bottom) = ends
        drawing.line((x(left), y(top)), (x(right), y(bottom)), style="stroke:var(--soft);stroke-dasharray:3 5")
        drawing.text((x(left) + 4, y(top) + 12), f"loss {number(loss)}", css="soft halo")


def _trial(drawing: Drawing, trial: Mapping[str, Any], zone: Mapping[str, Any], x: Scale, y: Scale) -> None:
    bias, variance = _place(trial) or (0.0, 0.0)
    colour = MEMBER if trial.get("in_zone") else OUTSIDE
    side = "" if trial.get("in_zone") else f", outside: {trial.get('side')}"
    note = f"trial {trial.get('number')}: bias and noise {number(bias)}, variance {number(variance)}{side}"
    at = (x(bias), y(variance))
    drawing.dot(at, 4.5, f"fill:{colour};stroke:var(--paper)", note=note)
    if str(trial.get("number")) in (zone.get("taken") or {}):
        drawing.dot(at, 9, f"fill:none;stroke:{MEMBER};stroke-width:2", note=note)
