"""The picture of a search: the loss of each trial in turn, and the best so far with its interval."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.svg import NARROW, WIDE, Drawing, Point, Scale, short, text_width
from mesic.report.trend import trend
from mesic.report.words import known, score_text

Trials = Sequence[Mapping[str, Any]]
SHOWN_ABOVE = 3.0  # spans of the best ones; trials that are worse yet stand at the edge


def progress_chart(trials: Trials, progress: Mapping[str, Any], loss: str, width: float = WIDE) -> str:
    """Draw trials in the order of trying, the best so far as steps with a band, and what is usual around each place.

    Parameters
    ----------
    trials
        ``number`` and ``loss`` each.
    progress
        ``best``: the trials that took the lead; ``improved``: places of those beyond the noise.
    loss
        Its name.
    width
        ``WIDE`` or ``NARROW``.

    Examples
    --------
    >>> best = [{"trial": 0, "number": 0, "value": 0.5, "low": 0.4, "high": 0.6, "level": 0.95}]
    >>> "best so far" in progress_chart([{"number": 0, "loss": 0.5}], {"best": best, "improved": []}, "log loss")
    True
    """
    drawing = Drawing(width, 300 if width > NARROW else 260, "Progress of the search")
    points = [
        (float(trial["number"]), float(trial["loss"])) for trial in trials if known(trial.get("loss")) is not None
    ]
    best, last = progress["best"], max(number for number, _ in points)
    x, y = _scales(drawing, points, best, last)
    drawing.axis_y(y, x.start, x.end)
    drawing.axis_x(x, y.start, y.end, shown=lambda tick: short(tick) if tick == int(tick) else "")
    drawing.text((2, 16), f"{loss} out of fold")
    drawing.centred((x.start + x.end) / 2, y.start + 40, "trial, in the order of trying", within=(0, width))
    _steps(drawing, best, last, x, y)
    usual = trend(points, log=False)
    drawing.curve(
        [(x(at), y(height)) for at, height in usual], "stroke:var(--quiet);stroke-width:1.5;stroke-dasharray:3 4"
    )
    for number, value in points:
        drawing.dot((x(number), y(value)), 3.5, "fill:var(--a);opacity:.7", note=f"trial {number:.0f}: {value:.4g}")
    return drawing.svg()


def _scales(drawing: Drawing, points: Sequence[Point], best: Trials, last: float) -> tuple[Scale, Scale]:
    ends = [end for one in best for end in (one["low"], one["value"], one["high"]) if known(end) is not None]
    span = max(ends) - min(ends) or abs(ends[0]) or 1.0
    highest = min(max(ends) + SHOWN_ABOVE * span, max([*ends, *(value for _, value in points)]))
    y = Scale(min(ends) - 0.06 * span, highest + 0.06 * span, drawing.height - 50, 34)
    left = 14 + max(text_width(short(tick)) for tick in y.ticks(56))
    return Scale(0, max(last, 1), left, drawing.width - 14), y


def _steps(drawing: Drawing, best: Trials, last: float, x: Scale, y: Scale) -> None:
    ends = [*(one["number"] for one in best[1:]), last]
    line: list[Point] = []
    for one, end in zip(best, ends, strict=True):
        line += [(x(one["number"]), y(one["value"])), (x(end), y(one["value"]))]
        if known(one["low"]) is not None and known(one["high"]) is not None:
            size = (max(x(end) - x(one["number"]), 2.0), y(one["low"]) - y(one["high"]))
            note = f"best so far, trial {one['number']}: {score_text(one)}"
            corner = (x(one["number"]), y(one["high"]))
            drawing.box(corner, size, "fill:var(--zone);opacity:.16", note=note, radius=0)
    drawing.path(line, "stroke:var(--zone);stroke-width:2.5")
    drawing.text((x(last) - 2, line[-1][1] + 18), "best so far", anchor="end", css="halo")
