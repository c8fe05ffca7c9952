"""The lower part of the picture of the zone: bias and variance over the same complexity.

Noise is in the bias that can be estimated, and the same for all: bias is drawn above the least.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.svg import Drawing, Scale, text_width
from mesic.report.trend import trend
from mesic.report.words import known

HEIGHT = 118.0
PARTS = (
    ("bias", "bias, above the least", "stroke:var(--quiet);stroke-width:2.5", "var(--quiet)"),
    ("variance", "variance", "stroke:var(--warning);stroke-width:2.5;stroke-dasharray:8 3", "var(--warning)"),
)


def has_panel(trials: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether bias and variance of several sizes are known."""
    return len({trial.get("complexity") for trial in trials if _is_known(trial)}) > 1


def heights(trials: Sequence[Mapping[str, Any]], top: float = 0.0) -> Scale:
    """Return the vertical scale of a panel that begins at `top`."""
    shown, least = _shown(trials)
    highest = max(trial[part] - least[part] for trial in shown for part in least)
    return Scale(0.0, 1.1 * highest or 1.0, top + HEIGHT, top + 24)


def draw_panel(drawing: Drawing, x: Scale, top: float, trials: Sequence[Mapping[str, Any]]) -> None:
    """Draw both parts of the squared error over model complexity.

    Parameters
    ----------
    drawing
        What is drawn on.
    x
        Places of complexity.
    top
        Where the panel begins.
    trials
        As ``zone.json`` holds them; those without both parts are left out.
    """
    shown, least = _shown(trials)
    y = heights(trials, top)
    drawing.axis_y(y, x.start, x.end)
    drawing.line((x.start, y.start), (x.end, y.start), css="axis")
    at = x.start + 4
    for part, label, style, colour in PARTS:
        points = [(trial["complexity"], trial[part] - least[part]) for trial in shown]
        for place, height in points:
            drawing.dot((x(place), y(height)), 2.5, f"fill:{colour};opacity:.7")
        drawing.curve([(x(place), y(height)) for place, height in trend(points, log=True)], style)
        drawing.line((at, top + 8), (at + 26, top + 8), style=style)
        drawing.text((at + 32, top + 12), label, css="halo")
        at += 44 + text_width(label)
    if not drawing.is_narrow:
        drawing.text((x.end - 4, top + 12), "what makes the squared error", anchor="end", css="soft halo")


def _shown(trials: Sequence[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], dict[str, float]]:
    """Return the trials that are drawn, and what is taken off each part."""
    shown = [trial for trial in trials if _is_known(trial)]
    return shown, {"bias": min(trial["bias"] for trial in shown), "variance": 0.0}


def _is_known(trial: Mapping[str, Any]) -> bool:
    return (known(trial.get("complexity")) or 0) > 0 and None not in (
        known(trial.get("bias")),
        known(trial.get("variance")),
    )
