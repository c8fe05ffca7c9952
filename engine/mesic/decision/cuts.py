"""Where a threshold may lie, and what lies at or above it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Scored:
    """Rows of a binary task from which a threshold is chosen.

    Parameters
    ----------
    p
        Probability of the positive class, by which the threshold decides, shape (n,).
    y
        Class codes, 1 for the positive class, shape (n,).
    weight
        How much each row counts, shape (n,).
    unit
        Codes from 0 of what is independent of each other: rows, or groups, shape (n,).
    stated
        What was stated before the row's own target was known, shape (n,).
    times
        How often the row stands here, predicted by several folds, shape (n,); None: each once.
    """

    p: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    unit: np.ndarray
    stated: np.ndarray
    times: np.ndarray | None = None

    def taken(self, rows: np.ndarray) -> "Scored":
        """Return some of the rows."""
        own = None if self.times is None else self.times[rows]
        return Scored(self.p[rows], self.y[rows], self.weight[rows], self.unit[rows], self.stated[rows], own)


@dataclass(frozen=True)
class Cuts:
    """Every threshold that tells rows apart, the highest first, and what is answered positive from there on.

    Parameters
    ----------
    threshold
        Half-way between two probabilities, the last one 0, shape (c,).
    answered, hits, stated
        Weight of the rows from the threshold on, of the positive ones among them, and of what is stated of them, (c,).
    size
        As how many independent rows of equal weight these count, shape (c,).
    positive, total
        Weight of all positive rows, and of all rows.
    rows
        The number of different rows.
    """

    threshold: np.ndarray
    answered: np.ndarray
    hits: np.ndarray
    stated: np.ndarray
    size: np.ndarray
    positive: float
    total: float
    rows: int


def cuts_of(rows: Scored) -> Cuts:
    """Return where a threshold may lie.

    Examples
    --------
    >>> one = np.ones(3)
    >>> cuts = cuts_of(Scored(np.array([0.9, 0.5, 0.5]), np.array([1, 0, 1]), one, np.arange(3), one))
    >>> cuts.threshold.tolist(), cuts.hits.tolist(), cuts.size.tolist()
    ([0.7, 0.0], [1.0, 2.0], [1.0, 3.0])
    """
    order = np.argsort(-rows.p, kind="stable")
    p, weight = rows.p[order], rows.weight[order]
    hit, stated = weight * (rows.y[order] == 1), weight * rows.stated[order]
    square = np.cumsum(weight * (2 * _before(rows.unit[order], weight) + weight))
    ends = np.flatnonzero(np.r_[p[1:] != p[:-1], True])
    answered = np.cumsum(weight)[ends]
    size = np.divide(answered**2, square[ends], out=np.zeros(ends.size), where=square[ends] > 0)
    lower = np.r_[p[ends[:-1] + 1], 0.0]
    threshold = np.r_[(p[ends[:-1]] + lower[:-1]) / 2, 0.0]
    return Cuts(
        threshold=threshold,
        answered=answered,
        hits=np.cumsum(hit)[ends],
        stated=np.cumsum(stated)[ends],
        size=size,
        positive=float(hit.sum()),
        total=float(weight.sum()),
        rows=p.size if rows.times is None else round(float((1 / rows.times).sum())),
    )


def _before(unit: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the weight of earlier rows of the same unit, shape (n,)."""
    order = np.argsort(unit, kind="stable")
    sums = np.cumsum(weight[order]) - weight[order]
    starts = np.flatnonzero(np.r_[True, np.diff(unit[order]) != 0])
    lengths = np.diff(np.r_[starts, unit.size])
    before = np.empty(unit.size)
    before[order] = np.maximum(sums - np.repeat(sums[starts], lengths), 0.0)
    return before
