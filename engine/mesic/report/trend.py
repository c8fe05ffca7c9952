"""A line through scattered points: what is usual around each place."""

import math
from collections.abc import Sequence
from itertools import groupby
from statistics import median

from mesic.report.svg import Point

PLACES = 9
NEAR = 1 / 8  # of the span


def trend(points: Sequence[Point], *, log: bool) -> list[Point]:
    """Return a few points from the first place to the last, each the median of its neighbours, weighted by nearness.

    Parameters
    ----------
    points
        Places (above 0 where `log`) and heights.
    log
        Whether places lie on a logarithmic scale.

    Examples
    --------
    >>> [y for _, y in trend([(x, abs(x - 5)) for x in range(11)], log=False)]
    [4, 4, 2, 1, 1, 1, 2, 4, 4]
    """
    steps = one_a_place(points)
    if len(steps) < PLACES:
        return steps
    bent = [(math.log(x) if log else x, y) for x, y in points]
    low, high = min(bent)[0], max(bent)[0]
    found = []
    for number in range(PLACES):
        at = low + (high - low) * number / (PLACES - 1)
        weighed = [(y, math.exp(-(((x - at) / (NEAR * (high - low))) ** 2) / 2)) for x, y in bent]
        found.append((math.exp(at) if log else at, _weighted_median(weighed)))
    return found


def one_a_place(points: Sequence[Point]) -> list[Point]:
    """Return each place once, in order, with the median of its heights."""
    return [(x, median(y for _, y in same)) for x, same in groupby(sorted(points), key=lambda point: point[0])]


def _weighted_median(weighed: Sequence[Point]) -> float:
    ordered, half, total = sorted(weighed), sum(weight for _, weight in weighed) / 2, 0.0
    for value, weight in ordered:
        total += weight
        if total >= half:
            return value
    return ordered[-1][0]
