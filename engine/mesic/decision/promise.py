"""Thresholds that keep a promise: a precision or a recall of at least so much, with confidence, on rows to come.

A threshold passes where so many hits among the rows at hand would be unlikely if the rows to come broke the promise:
given both together the hits at hand are hypergeometric (A. R. Thatcher, Relationships between Bayesian and confidence
limits for predictions, JRSS B 26, 1964); for endless rows to come that is the exact binomial tail. Thresholds are tried
in an order that no target decides, and a trial ends at the first that does not pass, so that looking at many costs
nothing (A. N. Angelopoulos et al., Learn then Test, 2021).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mesic.decision.cuts import Cuts

SHARES = (
    0.8,
    0.1,
    0.1,
)  # of the error: for the start that the model's own words choose, and for two of hoped-for shares
HOPES = (0.5, 0.25)  # how far from what is promised to 1 a share is hoped for
FINENESS = 1.05  # rows of a threshold that is tried, over those of the one before
FEWEST_ROWS = 30  # from which a share is looked at when nothing can be promised
MOST_TIMES = 1000.0  # as many rows that are thought of when it is said how many would do
ENDLESS = 10_000_000


@dataclass(frozen=True)
class Promise:
    """What is promised of the rows to come.

    Parameters
    ----------
    of
        ``precision`` or ``recall``.
    at_least
        The share, in (0, 1).
    confidence
        The chance that it is kept, in (0, 1).
    rows
        How many rows come, from 1.
    """

    of: str
    at_least: float
    confidence: float
    rows: int

    @property
    def error(self) -> float:
        """The chance that it is broken."""
        return 1 - self.confidence


@dataclass(frozen=True)
class Reached:
    """What can be promised.

    Parameters
    ----------
    cut
        Place of the threshold that keeps the promise and gives most of the other measure; None: none does.
    best
        The largest share that can be promised with the same confidence; None: nothing can.
    at
        Place of the threshold of `best`.
    needed
        Times as many rows as there are that would do; None: more rows alone will not.
    """

    cut: int | None
    best: float | None = None
    at: int | None = None
    needed: float | None = None


def reached(cuts: Cuts, promise: Promise) -> Reached:
    """Return the threshold that keeps a promise, or the best that can be promised and what it would take.

    Examples
    --------
    >>> from mesic.decision.cuts import Scored, cuts_of
    >>> p = np.linspace(0, 1, 2000)
    >>> y = (np.random.default_rng(0).random(2000) < p).astype(int)
    >>> cuts = cuts_of(Scored(p, y, np.ones(2000), np.arange(2000), p))
    >>> float(cuts.threshold[reached(cuts, Promise("precision", 0.8, 0.9, ENDLESS)).cut].round(3))
    0.697
    >>> reached(cuts, Promise("precision", 0.999, 0.9, ENDLESS)).cut is None
    True
    """
    found = _cut(cuts, promise, promise.at_least)
    if found is not None:
        return Reached(found)
    best, at = _best(cuts, promise)
    return Reached(None, best, at, _needed(cuts, promise))


def p_value(hits: float, size: float, future: float, at_least: float) -> float:
    """Return how likely so many hits are, at most, if the rows to come held fewer than promised.

    Parameters
    ----------
    hits, size
        Among how many rows at hand; parts of rows are left out.
    future
        Rows to come, from 1.
    at_least
        Share of hits that is promised among these.

    Examples
    --------
    >>> from scipy.stats import binom
    >>> round(p_value(90, 100, ENDLESS, 0.8), 5), round(float(binom.sf(89, 100, 0.8)), 5)
    (0.0057, 0.0057)
    """
    from scipy.special import bdtrc
    from scipy.stats import hypergeom

    rows = math.floor(size + 1e-9)
    known = math.floor(rows * hits / size + 1e-9) if size > 0 else 0
    coming = max(1, math.floor(future + 1e-9))
    if coming >= ENDLESS / 10 or coming > 10_000 * max(rows, 1):
        return float(bdtrc(known - 1, rows, at_least)) if known > 0 else 1.0
    broken = math.ceil(at_least * coming - 1e-9) - 1
    return float(hypergeom.sf(known - 1, rows + coming, known + broken, rows))


def _counts(cuts: Cuts, promise: Promise, times: float = 1.0) -> Callable[[int], tuple[float, float, float]]:
    """Return what tells of a threshold its hits, of how many rows, and how many such rows come."""
    share_of_positive = cuts.positive / cuts.total

    def of_precision(place: int) -> tuple[float, float, float]:
        size, answered = float(cuts.size[place]) * times, float(cuts.answered[place])
        coming = promise.rows * answered / cuts.total * _thinned(cuts, place)
        return size * float(cuts.hits[place]) / answered, size, coming

    def of_recall(place: int) -> tuple[float, float, float]:
        size = float(cuts.size[-1]) * share_of_positive * times
        coming = promise.rows * share_of_positive * _thinned(cuts, -1)
        return size * float(cuts.hits[place]) / cuts.positive, size, coming

    return of_precision if promise.of == "precision" else of_recall


def _thinned(cuts: Cuts, place: int) -> float:
    """Return as how many independent rows a row counts; those to come hang together as these do."""
    rows = cuts.answered[place] / cuts.total * cuts.rows
    return float(min(1.0, cuts.size[place] / rows)) if rows > 0 else 1.0


def _cut(cuts: Cuts, promise: Promise, at_least: float, times: float = 1.0) -> int | None:
    if not cuts.positive > 0:
        return None
    counts = _counts(cuts, promise, times)

    def passes(place: int, error: float) -> bool:
        return p_value(*counts(place), at_least) <= error

    if promise.of == "recall":
        return _highest_passing(cuts.threshold.size, passes, promise.error)
    found = [_last_passing(places, passes, error) for places, error in _orders(cuts, promise, at_least)]
    return max((place for place in found if place is not None), default=None)


def _last_passing(places: Sequence[int], passes: Callable[[int, float], bool], error: float) -> int | None:
    last = None
    for place in places:
        if not passes(place, error):
            break
        last = place
    return last


def _highest_passing(count: int, passes: Callable[[int, float], bool], error: float) -> int | None:
    """Return the first place that passes; as a recall only grows with the place, so do all after it."""
    low, high = 0, count
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if passes(middle, error) else (middle + 1, high)
    return low if low < count else None


def _orders(cuts: Cuts, promise: Promise, at_least: float) -> list[tuple[list[int], float]]:
    """Return which thresholds are tried one after the other, and with which chance of error."""
    grid = _grid(cuts.size)
    stated = cuts.stated[grid] / cuts.answered[grid]
    coming = np.maximum(1.0, promise.rows * cuts.answered[grid] / cuts.total)
    strength = (stated - at_least) * np.sqrt(1 / (1 / np.maximum(cuts.size[grid], 1) + 1 / coming))
    starts = [int(strength.argmax())]
    for hope, share in zip(HOPES, SHARES[1:], strict=True):
        hits = at_least + hope * (1 - at_least)
        starts.append(_first_that_could_pass(cuts, promise, grid, (at_least, hits), share * promise.error))
    return [(grid[start:], share * promise.error) for start, share in zip(starts, SHARES, strict=True)]


def _first_that_could_pass(
    cuts: Cuts, promise: Promise, grid: Sequence[int], shares: tuple[float, float], error: float
) -> int:
    """Return where in the grid the first threshold stands that would pass if a share of its rows were hits."""
    at_least, hits = shares
    low, high = 0, len(grid) - 1
    while low < high:
        middle = (low + high) // 2
        _, size, coming = _counts(cuts, promise)(grid[middle])
        passes = p_value(hits * size, size, coming, at_least) <= error
        low, high = (low, middle) if passes else (middle + 1, high)
    return low


def _grid(size: np.ndarray) -> list[int]:
    """Return places whose rows grow by a twentieth from one to the next, the last one among them."""
    places, wanted = [], 1.0
    for place, rows in enumerate(size):
        if rows >= wanted:
            places.append(place)
            wanted = max(rows * FINENESS, rows + 1)
    return places if places and places[-1] == size.size - 1 else [*places, size.size - 1]


def _best(cuts: Cuts, promise: Promise) -> tuple[float | None, int | None]:
    """Return the largest share that can be promised, to a thousandth, and where."""
    low, high, at = 0.0, promise.at_least, None
    while high - low > 0.001:
        middle = (low + high) / 2
        place = _cut(cuts, promise, middle)
        low, high, at = (middle, high, place) if place is not None else (low, middle, at)
    return (low, at) if at is not None else (None, None)


def _needed(cuts: Cuts, promise: Promise) -> float | None:
    """Return times as many rows as would do, if their shares were those of the rows at hand."""
    low, high = 1.0, MOST_TIMES
    if _cut(cuts, promise, promise.at_least, high) is None or not _holds_at_hand(cuts, promise):
        return None
    while high / low > 1.02:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if _cut(cuts, promise, promise.at_least, middle) is None else (low, middle)
    return high


def _holds_at_hand(cuts: Cuts, promise: Promise) -> bool:
    """Return whether any share of enough rows is what is promised."""
    if promise.of == "recall":
        return True
    enough = cuts.size >= min(FEWEST_ROWS, cuts.size[-1])
    return bool((cuts.hits[enough] / cuts.answered[enough] >= promise.at_least).any())
