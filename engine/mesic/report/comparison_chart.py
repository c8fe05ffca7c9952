"""The picture of a comparison: by how much each model differs from the reference."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.charts import Rows
from mesic.report.comparison_words import difference_parts
from mesic.report.svg import WIDE, Scale
from mesic.report.words import known

TONES = {"better": "var(--zone)", "worse": "var(--b)", "equivalent": "var(--a)", "cannot tell": "var(--quiet)"}
MOST_ROWS = 40


def differences_chart(pairs: Sequence[Mapping[str, Any]], label: str, width: float = WIDE) -> str:
    """Draw a dot with its interval a model, and where there is no difference; at most forty of them.

    Parameters
    ----------
    pairs
        Differences to the reference, each with ``name`` and ``verdict``.
    label
        What differs; under the axis.
    width
        ``WIDE`` or ``NARROW``.

    Examples
    --------
    >>> pair = {"name": "linear", "value": 0.1, "low": 0.05, "high": 0.15, "verdict": "worse"}
    >>> "linear" in differences_chart([pair], "log loss")
    True
    """
    shown = [pair for pair in pairs if known(pair.get("value")) is not None][:MOST_ROWS]
    layout = Rows.drawn(width, f"Difference of the {label}", [(str(pair["name"]), _said(pair)) for pair in shown])
    ends = [end for pair in shown for end in (pair["low"], pair["value"], pair["high"]) if known(end) is not None]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    room = (high - low) * 0.05 or 1.0
    x = Scale(low - room, high + room, *layout.ends)
    layout.axis(x, f"difference of the {label}")
    layout.drawing.line((x(0), 0), (x(0), layout.bottom), css="axis")
    for place, pair in enumerate(shown):
        _mark(layout, x, layout.write(place), pair)
    return layout.drawing.svg()


def _said(pair: Mapping[str, Any]) -> str:
    value, span = difference_parts(pair)
    return f"{value} ({span}), {pair['verdict']}"


def _mark(layout: Rows, x: Scale, y: float, pair: Mapping[str, Any]) -> None:
    colour = TONES[pair["verdict"]]
    if known(pair["low"]) is not None and known(pair["high"]) is not None:
        style = f"stroke:{colour};stroke-width:5;stroke-linecap:round;opacity:.4"
        layout.drawing.line((x(pair["low"]), y), (x(pair["high"]), y), style=style)
    layout.drawing.dot((x(pair["value"]), y), 5.5, f"fill:{colour};stroke:var(--paper)")
