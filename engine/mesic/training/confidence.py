"""Which trials cannot be told from the best: a set that holds the truly best one with a stated probability.

The best of many trials owes its place partly to luck, and its lead with it. So a trial is judged by the lead that luck
alone would give: trials of equal worth are drawn again and again, as correlated as these are, and in each draw it is
asked by how many paired standard errors the trial trails the leader. What it trails by in `level` of the draws is its
limit.

References
----------
J. Hsu, Multiple Comparisons: Theory and Methods, 1996: multiple comparisons with the best.
P. Hansen, A. Lunde, J. Nason, The Model Confidence Set, Econometrica 79, 2011.
D. Andrews, G. Soares, Inference for Parameters Defined by Moment Inequalities, Econometrica 78, 2010: what is clearly
worse competes no more.
C. Nadeau, Y. Bengio, Inference for the Generalization Error, Machine Learning 52, 2003: folds share training rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

SHARED_ROWS = 1.35  # by how much standard errors of independent rows are too small: decision 9
CLEARLY_WORSE = 3.0  # standard errors
DRAWS = 500
MOST_UNITS = 1_000


@dataclass(frozen=True)
class Excess:
    """By how much trials lose more than the best, paired by row.

    Parameters
    ----------
    mean, error
        Of the excess and its standard error, shape (n_trials,) each.
    limit
        Standard errors that each may lose more, shape (n_trials,).
    """

    mean: np.ndarray
    error: np.ndarray
    limit: np.ndarray

    @property
    def cannot_be_told(self) -> np.ndarray:
        """Which trials cannot be told from the best, bool of shape (n_trials,)."""
        allowed: np.ndarray = np.maximum(self.limit * self.error, 0.0)
        return self.mean <= allowed


def excess_over(
    best: np.ndarray,
    losses: Sequence[np.ndarray],
    *,
    level: float,
    weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
) -> Excess:
    """Return by how much each trial loses more than the best one, and by how much it might by luck.

    Parameters
    ----------
    best
        Losses a row of the best trial, shape (m,).
    losses
        Those of every trial, the best one among them.
    level
        Probability with which the truly best trial is to be told from none.
    weight
        Of rows, shape (m,), or None.
    groups
        Of rows, shape (m,): rows of one group are no independent evidence. None: every row is its own.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> best = rng.exponential(size=300)
    >>> excess_over(best, [best, best + 0.1 * rng.normal(size=300), best + 1], level=0.9).cannot_be_told.tolist()
    [True, True, False]
    """
    share = np.full(best.size, 1 / best.size) if weight is None else weight / weight.sum()
    unit = _units(best.size, groups)
    count = int(unit.max()) + 1
    sums = np.stack([np.bincount(unit, share * (own - best), minlength=count) for own in losses])
    mean = sums.sum(axis=1)
    spread = sums - np.outer(mean, np.bincount(unit, share, minlength=count))
    spread *= np.sqrt(count / max(count - 1, 1))
    error = np.linalg.norm(spread, axis=1)
    return Excess(mean, error, SHARED_ROWS * _limits(spread, mean - CLEARLY_WORSE * error, level))


def limit_of_one(level: float) -> float:
    """Return the standard errors by which one may lose more that is compared with one other."""
    return SHARED_ROWS * NormalDist().inv_cdf(level)


def _units(rows: int, groups: np.ndarray | None) -> np.ndarray:
    """Return what counts as one piece of evidence for each row: itself or its group; where these are many, a handful.

    Handfuls are dealt at random, as rows may be in an order that means something.
    """
    own = np.arange(rows) if groups is None else np.unique(groups, return_inverse=True)[1]
    count = int(own.max()) + 1
    if count == 1:
        return np.arange(rows)
    if count <= MOST_UNITS:
        return own
    return (np.random.default_rng(0).permutation(count) % MOST_UNITS)[own]


def _limits(spread: np.ndarray, behind: np.ndarray, level: float) -> np.ndarray:
    """Return the quantile of the standard errors by which each trial trails the leader when it is as good as any."""
    drawn = np.random.default_rng(0).normal(size=(DRAWS, spread.shape[1])) @ spread.T
    raced = drawn + np.maximum(behind, 0.0)
    leaders, place = np.unique(raced.argmin(axis=1), return_inverse=True)
    size = np.einsum("tu,tu->t", spread, spread)
    both = size[leaders, None] + size
    error = np.sqrt(np.maximum(both - 2 * spread[leaders] @ spread.T, 0.0))
    is_twin = error <= 1e-7 * np.sqrt(both)
    trails = drawn - raced.min(axis=1, keepdims=True)
    trails /= np.where(is_twin, np.inf, error)[place]
    limits: np.ndarray = np.quantile(trails, level, axis=0)
    return limits
