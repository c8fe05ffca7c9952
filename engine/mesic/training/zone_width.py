"""How wide the zone is in each option that makes a model more or less complex."""

from collections.abc import Mapping
from math import inf, log
from typing import Any

from mesic.host.components import Choice, Range


def width_of(zone: Mapping[str, Any], space: Mapping[str, Range | Choice]) -> dict[str, float]:
    """Return the share of its searched range that the zone's members span, by option of known direction.

    Parameters
    ----------
    zone
        As :func:`~mesic.training.zone.estimate_zone` returns it.
    space
        What was searched; shares are of its scale: on one of logarithms, 2 to 8 is half of 1 to 16.

    Examples
    --------
    >>> width_of({"edges": {"k": [2, 8], "kind": ["a"]}}, {"k": Range(1, 16, log=True, complexity=-1)})
    {'k': 0.5}
    """
    found = {}
    for name, span in space.items():
        if isinstance(span, Range) and span.complexity and zone["edges"].get(name):
            low, high = (min(max(place_in(span, edge), 0.0), 1.0) for edge in zone["edges"][name])
            found[name] = round(high - low, 4)
    return found


def place_in(span: Range, value: float) -> float:
    """Return where a value lies in a range, from 0 to 1, on its scale; a configured value may lie outside."""
    if span.log:
        return log(value / span.low) / log(span.high / span.low) if value > 0 else -inf
    return (value - span.low) / (span.high - span.low)
