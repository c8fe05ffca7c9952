"""Measure a learning curve: a run's recipe, fitted on ever more of its training rows, scored out of fold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mesic.advising.curve import LearningCurve
from mesic.advising.subsets import Folds, Nested, usable_shares
from mesic.comparing.replicates import Side, replicated
from mesic.data.view import Dataset
from mesic.errors import DataError
from mesic.evaluation.metrics import Metric
from mesic.evaluation.resampling import Resampling, coded, plan_resampling
from mesic.runs.seeds import stage_rng
from mesic.training.folds import OutOfFold, cross_fit
from mesic.training.recipe import Recipe

SEVERAL_DRAWS = 0.5  # of fewer rows than this share several sets are drawn
REPLICATES = 400


@dataclass(frozen=True)
class Measured:
    """What a recipe predicted out of fold, having learned from ever more rows.

    Parameters
    ----------
    dataset
        All rows.
    sizes
        Rows that were learned from, the mean of the folds, ascending.
    found
        By size, of one draw or of several.
    resampling
        Of the distinct rows that were predicted.
    rows
        These rows, sorted.
    """

    dataset: Dataset
    sizes: Sequence[int]
    found: Sequence[Sequence[OutOfFold]]
    resampling: Resampling
    rows: np.ndarray

    def curve(self, name: str, metric: Metric, *, level: float) -> LearningCurve:
        """Return the curve of a metric."""
        values = np.array([np.mean([self._side(one).score(metric) for one in draws]) for draws in self.found])
        of_draws = [
            [replicated(metric, self._side(one), self.resampling.counts) for one in draws] for draws in self.found
        ]
        perfect = metric.bounds[1 if metric.greater_is_better else 0]
        return LearningCurve(
            name, np.array(self.sizes), values, self._picked(of_draws), perfect, metric.greater_is_better, level
        )

    def curve_of_losses(self, name: str, rows: np.ndarray, *, level: float) -> LearningCurve:
        """Return the curve of the mean loss on some of the rows, bool of shape (n_dataset,)."""
        values, of_draws = [], []
        for draws in self.found:
            sums = [self._sums(one, rows) for one in draws]
            values.append(np.mean([own[:, 0].sum() / own[:, 1].sum() for own in sums]))
            with np.errstate(invalid="ignore", divide="ignore"):
                drawn = [self.resampling.counts @ own for own in sums]
                of_draws.append([both[:, 0] / both[:, 1] for both in drawn])
        return LearningCurve(
            name,
            np.array(self.sizes),
            np.array(values),
            self._picked(of_draws),
            0.0,
            greater_is_better=False,
            level=level,
        )

    def _picked(self, of_draws: Sequence[Sequence[np.ndarray]]) -> np.ndarray:
        """Return replicates, each of one draw of a size."""
        rng, columns = self.resampling.rng(5), []
        for draws in of_draws:
            stacked = np.stack(draws)
            columns.append(stacked[rng.integers(0, len(draws), stacked.shape[1]), np.arange(stacked.shape[1])])
        shortest = min(map(len, columns))
        return np.column_stack([column[:shortest] for column in columns])

    def _side(self, found: OutOfFold) -> Side:
        dataset, rows = self.dataset, found.rows
        labels = found.prediction.argmax(axis=1) if dataset.classes else None
        weight = None if dataset.weight is None else dataset.weight[rows]
        groups = None if dataset.groups is None else coded(dataset.groups[rows])
        return Side(dataset.y[rows], labels, found.prediction, self._units(rows), weight, groups)

    def _units(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(self.resampling.unit_of_row[np.searchsorted(self.rows, rows)])

    def _sums(self, found: OutOfFold, rows: np.ndarray) -> np.ndarray:
        """Return weighted sums of losses and of weights in each unit, of some of the rows."""
        dataset = self.dataset
        share = np.ones(found.rows.size) if dataset.weight is None else dataset.weight[found.rows]
        share = share * rows[found.rows]
        unit, units = self._units(found.rows), self.resampling.units
        columns = (np.where(share > 0, found.losses, 0.0) * share, share)
        return np.stack([np.bincount(unit, column, minlength=units) for column in columns], axis=1)


def measure(
    recipe: Recipe,
    dataset: Dataset,
    folds: Folds,
    *,
    draws: int,
    seed: int,
    by_time: bool,
    say: Callable[[str], None] = lambda _: None,
) -> Measured:
    """Fit a recipe on nested parts of each fold's fitting rows, and predict what the fold validates.

    Parameters
    ----------
    recipe
        What is fitted.
    dataset
        All rows.
    folds
        Of the run; no test row is among them.
    draws
        Of the small sizes, from 1; by time there is one.
    seed
        Decides them.
    by_time
        Whether parts are the latest rows.
    say
        Told what is being done.

    Raises
    ------
    DataError
        There are too few rows for parts of several sizes.
    """
    shares = usable_shares(dataset, folds)
    if len(shares) < 2:
        raise DataError("there are too few training rows to learn from fewer: a learning curve takes hundreds")
    orders = [
        Nested.drawn(dataset, stage_rng(seed, f"subset {n}"), by_time=by_time) for n in range(1 if by_time else draws)
    ]
    sizes, found = list[int](), list[list[OutOfFold]]()
    for share in shares:
        parts = [order.folds(folds, share) for order in orders[: None if share <= SEVERAL_DRAWS else 1]]
        sizes.append(round(float(np.mean([fit.size for fit, _ in parts[0]]))))
        say(f"learning from {sizes[-1]:,} rows")
        found.append([cross_fit(recipe, dataset, part) for part in parts])
    rows = np.unique(found[0][0].rows)
    groups = None if dataset.groups is None else dataset.groups[rows]
    resampling = plan_resampling(rows.size, groups, rng=stage_rng(seed, "learning curve"), replicates=REPLICATES)
    return Measured(dataset, sizes, found, resampling, rows)
