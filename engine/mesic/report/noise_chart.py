"""The chart of noise: what more of it in the columns costs."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.svg import NARROW, WIDE, Drawing, Scale, short, text_width
from mesic.report.words import known, number, score_text


def noise_chart(strengths: Sequence[Mapping[str, Any]], label: str, width: float = WIDE) -> str:
    """Draw the loss over the strength of noise, with its interval.

    Parameters
    ----------
    strengths
        Each with ``strength``, above 0, and ``loss``, a score.
    label
        What is lost.
    width
        ``WIDE`` or ``NARROW``.
    """
    rows = [row for row in strengths if _is_whole(row)]
    drawing = Drawing(width, 320 if width > NARROW else 300, "Noise")
    ends = [float(row["loss"][end]) for row in rows for end in ("low", "high")] or [0.0, 1.0]
    room = (max(ends) - min(ends)) * 0.05 or 1.0
    y = Scale(min(ends) - room, max(ends) + room, drawing.height - 50, 30)
    left = 14 + max(text_width(short(tick)) for tick in y.ticks(56))
    places = [float(row["strength"]) for row in rows] or [0.1, 1.0]
    x = Scale(min(places), max(places), left, width - 16, log=True)
    drawing.axis_y(y, left, x.end)
    drawing.axis_x(x, y.start, y.end)
    drawing.text((2, 16), label)
    drawing.centred((x.start + x.end) / 2, y.start + 40, "noise, in standard deviations", within=(0, width))
    upper = [(x(row["strength"]), y(row["loss"]["high"])) for row in rows]
    lower = [(x(row["strength"]), y(row["loss"]["low"])) for row in rows]
    drawing.area([*upper, *reversed(lower)], "fill:var(--a);opacity:.18")
    drawing.path([(x(row["strength"]), y(row["loss"]["value"])) for row in rows], "stroke:var(--a);stroke-width:2.5")
    for row in rows:
        note = f"noise {number(row['strength'])}: {score_text(row['loss'])}"
        drawing.dot((x(row["strength"]), y(row["loss"]["value"])), 4, "fill:var(--a);stroke:var(--paper)", note=note)
    return drawing.svg()


def _is_whole(row: Mapping[str, Any]) -> bool:
    found = row.get("loss") or {}
    return (known(row.get("strength")) or 0) > 0 and all(
        known(found.get(e)) is not None for e in ("value", "low", "high")
    )
