"""A learning curve: scores by the number of rows that were learned from, and what lies beyond."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np

from mesic.advising.power_law import PowerLaws, fit_power_laws
from mesic.runs.files import finite

FARTHEST = 8.0  # times the largest size
FEWEST_SIZES = 5
FALSE_ALARM = 0.05
MISFIT = 3.0  # standard deviations of a resample by which the laws may miss a size on average


@dataclass(frozen=True)
class LearningCurve:
    """Scores of one recipe that learned from ever more rows.

    Parameters
    ----------
    metric
        What is scored.
    sizes
        Rows that were learned from, ascending, shape (s,).
    values
        Mean scores of the draws of each size, shape (s,).
    drawn
        Scores of resamples of the rows that were scored, each of one draw, shape (replicates, s).
    perfect
        The best score there can be; infinite where there is none.
    greater_is_better
        Which way is up.
    level
        Of intervals, such as 0.95.
    """

    metric: str
    sizes: np.ndarray
    values: np.ndarray
    drawn: np.ndarray
    perfect: float
    greater_is_better: bool
    level: float

    @property
    def reach(self) -> int:
        """The largest number of rows of which anything is said."""
        return int(FARTHEST * self.sizes[-1])

    @cached_property
    def rise(self) -> tuple[int, int] | None:
        """Two sizes of which the larger one has clearly the worse score; None where the curve falls throughout.

        The chance of a false alarm is 5 % for all pairs together (Bonferroni).
        """
        from scipy import special

        pairs = list(combinations(range(self.sizes.size), 2))
        limit = -float(special.ndtri(FALSE_ALARM / len(pairs)))
        errors, drawn = self._errors(self.values), self._errors(self.drawn)
        apart = [(errors[late] - errors[early], np.nanstd(drawn[:, late] - drawn[:, early])) for early, late in pairs]
        heights = [rise / noise if noise > 0 else 0.0 for rise, noise in apart]
        worst = int(np.argmax(heights))
        early, late = pairs[worst]
        return (int(self.sizes[early]), int(self.sizes[late])) if heights[worst] > limit else None

    @property
    def refusal(self) -> str:
        """Why nothing is said of more rows; empty where something is."""
        if self.sizes.size < FEWEST_SIZES:
            return f"the curve has {self.sizes.size} sizes, too few to go on from: {FEWEST_SIZES} are needed"
        if np.isnan(self.values).any() or np.isnan(self.drawn).all(axis=0).any():
            return f"{self.metric} is undefined for some of the sizes"
        if self.rise is not None:
            return (
                f"{self.metric} gets worse from {self.rise[0]:,} to {self.rise[1]:,} rows, so that no law that falls "
                "with the rows holds"
            )
        if self.start is None:
            return f"no power law fits the last {FEWEST_SIZES} sizes, so that none can be trusted beyond them"
        return ""

    @cached_property
    def start(self) -> int | None:
        """The place of the smallest size from which a power law holds; None: from none. Learners may wake up late."""
        starts = range(self.sizes.size - FEWEST_SIZES + 1)
        return next((start for start in starts if self._misfit(start) <= MISFIT), None)

    def _misfit(self, start: int) -> float:
        """Return by how many standard deviations of a resample the laws miss the worst size on average."""
        laws, drawn = self._fitted(start), self._errors(self._known)[:, start:]
        missed = drawn - np.column_stack([laws.at(size) for size in self.sizes[start:]])
        with np.errstate(divide="ignore", invalid="ignore"):
            apart = np.abs(missed.mean(axis=0)) / missed.std(axis=0)
        return float(np.nan_to_num(apart, nan=0.0).max())

    def points(self) -> list[dict[str, Any]]:
        """Return a row a size: the score with its interval."""
        return [self._point(size, value, self.drawn[:, place]) for place, (size, value) in enumerate(self._pairs())]

    def at(self, size: float) -> np.ndarray:
        """Return the scores at a size by the laws of all resamples, shape (replicates,).

        Raises
        ------
        ValueError
            The size is beyond the curve's reach, or the curve refuses.
        """
        if self.refusal or size > self.reach:
            raise ValueError(self.refusal or f"{size:,.0f} rows are more than {FARTHEST:g} times {self.sizes[-1]:,}")
        return np.asarray(self._scores(self._laws.at(size)))

    def expected(self, size: float) -> dict[str, Any]:
        """Return the score to expect at a size: the mean over resamples, and the interval of `level` of them."""
        scores = self.at(size)
        return self._point(size, float(np.mean(scores)), scores)

    def gain(self, size: float, more: float) -> dict[str, Any]:
        """Return how much better the score gets by more rows, above 0 where it does, with its interval."""
        better = self.at(size + more) - self.at(size)
        better = better if self.greater_is_better else -better
        return self._point(size + more, float(np.mean(better)), better)

    def _point(self, size: float, value: float, drawn: np.ndarray) -> dict[str, Any]:
        tail = (1 - self.level) / 2
        low, high = np.nanquantile(drawn, [tail, 1 - tail])
        told: dict[str, Any] = finite(
            {"rows": int(size), "value": value, "low": low, "high": high, "level": self.level}
        )
        return told

    def _pairs(self) -> Sequence[tuple[float, float]]:
        return list(zip(self.sizes.tolist(), self.values.tolist(), strict=True))

    @property
    def _known(self) -> np.ndarray:
        return np.asarray(self.drawn[~np.isnan(self.drawn).any(axis=1)])

    @cached_property
    def _laws(self) -> PowerLaws:
        assert self.start is not None
        return self._fitted(self.start)

    def _fitted(self, start: int) -> PowerLaws:
        least = 0.0 if np.isfinite(self.perfect) else -np.inf
        return fit_power_laws(self.sizes[start:], self._errors(self._known)[:, start:], least=least)

    def _errors(self, scores: np.ndarray) -> np.ndarray:
        base = self.perfect if np.isfinite(self.perfect) else 0.0
        return np.asarray(base - scores if self.greater_is_better else scores - base)

    def _scores(self, errors: np.ndarray) -> np.ndarray:
        base = self.perfect if np.isfinite(self.perfect) else 0.0
        return np.asarray(base - errors if self.greater_is_better else errors + base)
