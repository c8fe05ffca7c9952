"""What is drawn anew to see how sure a score is: rows, blocks of rows, or whole groups."""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import pandas as pd

MOST_UNITS = 2_000
FEWEST_UNITS = 2.0


@dataclass(frozen=True)
class Resampling:
    """Units of rows, and how often each unit is drawn in each replicate.

    Parameters
    ----------
    unit_of_row
        The unit of each row, shape (n,), from 0.
    units
        The number of units.
    unit
        What a unit is, in words.
    replicates
        The number of resamples.
    seed
        Decides every draw; metrics that share it share the resamples.
    """

    unit_of_row: np.ndarray
    units: int
    unit: str
    replicates: int
    seed: int

    def rng(self, use: int) -> np.random.Generator:
        """Return a fresh generator for one use, so that no use changes another."""
        return np.random.default_rng([self.seed, use])

    @cached_property
    def counts(self) -> np.ndarray:
        """How often each unit is drawn, shape (replicates, units)."""
        return _drawn_counts(self.seed, self.replicates, self.units)

    def effective(self, weight: np.ndarray | None) -> float:
        """Return as how many units of equal weight these count: the squared sum of weights over the sum of squares.

        References
        ----------
        L. Kish, Survey Sampling, 1965, section 11.2.
        """
        if weight is None:
            return float(self.units)
        sums = np.bincount(self.unit_of_row, weight, minlength=self.units)
        return float(sums.sum() ** 2 / (sums**2).sum()) if sums.any() else 0.0

    def sums(self, columns: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
        """Return the weighted sums of columns, shape (n, m), in each unit, shape (units, m)."""
        weighted = columns if weight is None else columns * weight[:, np.newaxis]
        if self.unit == "rows":
            return np.asarray(weighted, dtype=float)
        each = [np.bincount(self.unit_of_row, column, minlength=self.units) for column in weighted.T]
        return np.stack(each, axis=1) if each else np.empty((self.units, 0))

    @cached_property
    def members(self) -> list[np.ndarray]:
        """Row numbers of each unit."""
        order = np.argsort(self.unit_of_row, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.unit_of_row, minlength=self.units))[:-1])


@lru_cache(maxsize=1)
def _drawn_counts(seed: int, replicates: int, units: int) -> np.ndarray:
    """Return the draws of a plan; model and baselines are scored one after the other with the same ones."""
    drawn = np.random.default_rng([seed, 1]).integers(0, units, (replicates, units), dtype=np.int32)
    drawn += np.arange(replicates, dtype=np.int32)[:, np.newaxis] * units
    counts = np.bincount(drawn.ravel(), minlength=replicates * units).reshape(replicates, units).astype(float)
    counts.flags.writeable = False
    return counts


def plan_resampling(
    n: int, groups: np.ndarray | None, *, rng: np.random.Generator, replicates: int = 1_000, unit: str = "groups"
) -> Resampling:
    """Decide what is drawn: up to 2,000 rows, else 2,000 random blocks; whole groups where there are any.

    Parameters
    ----------
    n
        Number of rows.
    groups
        Which rows belong together, shape (n,), or None.
    rng
        Read once.
    replicates
        Number of resamples, from 1.
    unit
        What a group is, in words.

    Examples
    --------
    >>> plan = plan_resampling(5, np.array(["a", "a", "b", "b", "b"]), rng=np.random.default_rng(0))
    >>> plan.unit, plan.units
    ('groups', 2)
    """
    seed = int(rng.integers(2**63))
    if groups is None:
        drawn = "rows" if n <= MOST_UNITS else "blocks of rows"
        return Resampling(_dealt(n, seed), min(n, MOST_UNITS), drawn, replicates, seed)
    group = coded(groups)
    count = int(group.max(initial=-1)) + 1
    return Resampling(_dealt(count, seed)[group], min(count, MOST_UNITS), unit, replicates, seed)


def coded(groups: np.ndarray) -> np.ndarray:
    """Return groups as numbers from 0, shape (n,), as they first occur; missing ones are one group.

    Examples
    --------
    >>> coded(np.array(["b", "a", "b"])).tolist()
    [0, 1, 0]
    """
    return np.asarray(pd.factorize(np.asarray(groups), use_na_sentinel=False)[0], dtype=np.int64)


def percentile_ends(scores: np.ndarray, level: float, units: float = math.inf) -> tuple[float, float]:
    """Return the percentiles of resampled scores, shape (r,), that hold `level` of them.

    Percentiles of few drawn units are too narrow; they are widened as by Student's t (T. Hesterberg, What
    teachers should know about the bootstrap, 2015). Units of unequal weight count as fewer. nan where half of the
    scores are not defined.

    Examples
    --------
    >>> percentile_ends(np.arange(101.0), 0.5)
    (25.0, 75.0)
    """
    known = scores[~np.isnan(scores)]
    if known.size < max(1, scores.size / 2):
        return math.nan, math.nan
    tail = expanded_tail((1 - level) / 2, units)
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)


def expanded_tail(tail: float, units: float) -> float:
    """Return the share to leave out on each side where `units` things were drawn, as Student's t would.

    Examples
    --------
    >>> round(expanded_tail(0.025, 10), 4), expanded_tail(0.025, math.inf)
    (0.0086, 0.025)
    """
    if not math.isfinite(units):
        return tail
    from scipy import special

    units = max(units, FEWEST_UNITS)
    return float(special.ndtr(math.sqrt(units / (units - 1)) * special.stdtrit(units - 1, tail)))


def _dealt(things: int, seed: int) -> np.ndarray:
    if things <= MOST_UNITS:
        return np.arange(things)
    return np.random.default_rng([seed, 0]).permutation(things) % MOST_UNITS
