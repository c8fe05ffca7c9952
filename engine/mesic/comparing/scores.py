"""Scores of several models on the same rows, and how sure each difference is, by resampling all of them alike."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mesic.comparing.difference import difference_of
from mesic.comparing.replicates import Side, replicated
from mesic.evaluation.comparison import Comparison
from mesic.evaluation.metrics import Metric
from mesic.evaluation.resampling import FEWEST_UNITS, Resampling, percentile_ends


@dataclass(frozen=True)
class Scores:
    """Scores of k models by one metric, and those of the same resamples.

    Parameters
    ----------
    values
        Shape (k,).
    drawn
        Scores of resamples, shape (k, replicates).
    units, unit, n
        As how many independent things the rows count, what these are, rows.
    widened
        By how much differences of resamples are too small.
    """

    values: np.ndarray
    drawn: np.ndarray
    units: float
    unit: str
    n: int
    widened: float = 1.0

    def p(self, one: int, other: int) -> float:
        """Return the two-sided p of no difference: 1 less the level of the widest interval without 0; nan: unknown."""
        from scipy import special

        value = float(self.values[one] - self.values[other])
        drawn = self._differences(one, other)
        drawn = drawn[~np.isnan(drawn)]
        if np.isnan(value) or drawn.size < max(1, self.drawn.shape[1] / 2):
            return float("nan")
        if not drawn.any():
            return 1.0
        beyond = min((drawn <= 0).sum(), (drawn >= 0).sum())
        share = (1 + float(beyond)) / (1 + drawn.size)
        units = max(self.units, FEWEST_UNITS)
        tail = special.stdtr(units - 1, special.ndtri(min(share, 0.5)) / np.sqrt(units / (units - 1)))
        return min(1.0, float(2 * tail))

    def difference(self, one: int, other: int, level: float) -> Comparison:
        """Return how much larger the score of `one` is than that of `other`, with its interval and p."""
        value = float(self.values[one] - self.values[other])
        low, high = percentile_ends(self._differences(one, other), level, self.units)
        ends = min(low, value), max(high, value)
        method = "paired percentile bootstrap"
        if self.widened != 1:
            method += f", distances times {self.widened:g} for folds that share training rows"
        return difference_of(value, ends, self.p(one, other), level=level, method=method, unit=self.unit, n=self.n)

    def _differences(self, one: int, other: int) -> np.ndarray:
        value = float(self.values[one] - self.values[other])
        return np.asarray(value + self.widened * (self.drawn[one] - self.drawn[other] - value))


def scores_of_sides(
    metric: Metric, sides: Sequence[Side], plan: Resampling, weight: np.ndarray | None, *, widened: float = 1.0
) -> Scores:
    """Return the scores of several models on the same rows, and those of the same resamples.

    Parameters
    ----------
    metric
        What to score.
    sides
        Answers of each model; their units are those of `plan`.
    plan
        What is drawn.
    weight
        Of the distinct rows, or None.
    widened
        By how much differences of resamples are too small.

    References
    ----------
    B. Efron, R. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 16.
    """
    values = np.array([side.score(metric) for side in sides])
    unknown = np.full(plan.replicates, np.nan)
    drawn = [
        unknown if np.isnan(value) else replicated(metric, side, plan.counts)
        for side, value in zip(sides, values, strict=True)
    ]
    shortest = min(len(scores) for scores in drawn)
    stacked = np.stack([scores[:shortest] for scores in drawn])
    return Scores(values, stacked, plan.effective(weight), plan.unit, plan.unit_of_row.size, widened)
