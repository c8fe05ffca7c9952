"""What a suspicion costs: the score with and without a column, or by one division of the rows and by another."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mesic.data.view import Dataset
from mesic.evaluation.intervals import Interval, score_all
from mesic.evaluation.metrics import Metric
from mesic.training.fitted import Predictor
from mesic.training.folds import cross_fit
from mesic.training.recipe import Recipe

MOST_ROWS = 10_000


@dataclass(frozen=True)
class Pricing:
    """Scores of the configured learner, with its default options, on some training rows.

    Parameters
    ----------
    recipe
        Of a learner alone.
    dataset
        All rows; test rows are never asked for.
    fold
        Rows to fit on and to score, where no others are given.
    metric
        What is scored; greater is better.
    level
        Of the interval.
    seed
        Decides which rows are taken where there are many.
    """

    recipe: Recipe
    dataset: Dataset
    fold: tuple[np.ndarray, np.ndarray]
    metric: Metric
    level: float
    seed: int

    def score(
        self, *, without: Collection[str] = (), fold: tuple[np.ndarray, np.ndarray] | None = None
    ) -> Interval | None:
        """Fit and score once, on 10,000 rows each at most; None where no column is left.

        Parameters
        ----------
        without
            Columns that are left out.
        fold
            Training rows to fit on and to score; None for the fold of the run's own splitter.
        """
        fit, score = fold or self.fold
        return self.scores(fit, [score], without=without)[0]

    def scores(
        self, fit: np.ndarray, scored: Sequence[np.ndarray], *, without: Collection[str] = ()
    ) -> list[Interval | None]:
        """Fit once, and score several sets of training rows by that; None where there is nothing to fit or score."""
        data = replace(self.dataset, X=self.dataset.X.drop(columns=list(without)))
        if data.X.shape[1] == 0:
            return [None for _ in scored]
        predict = self.recipe.fit(data.view(self._some(fit))).predictor()
        return [self._scored(data, self._some(rows), predict) if rows.size else None for rows in scored]

    def out_of_fold(
        self, folds: Sequence[tuple[np.ndarray, np.ndarray]], *, most: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Predict training rows by models that never saw them.

        Parameters
        ----------
        folds
            Rows to fit on and to predict; of each so many that `most` are predicted in all.
        most
            Rows predicted at most.

        Returns
        -------
        rows
            Of the dataset, sorted, each once; int64 of shape (m,).
        prediction
            Values of shape (m,), or probabilities of shape (m, classes).
        """
        of_all = sum(held.size for _, held in folds)
        share = min(1.0, most / of_all)
        few = [tuple(self._some(part, int(np.ceil(share * part.size))) for part in fold) for fold in folds]
        found = cross_fit(self.recipe, self.dataset, [(fit, held) for fit, held in few])
        rows, first = np.unique(found.rows, return_index=True)
        return rows, found.prediction[first]

    def _scored(self, data: Dataset, score: np.ndarray, predict: Predictor) -> Interval:
        prediction = predict(data.X.iloc[score])
        (found,) = score_all(
            [self.metric],
            data.y[score],
            prediction,
            weight=None if data.weight is None else data.weight[score],
            groups=None if data.groups is None else data.groups[score],
            rng=np.random.default_rng(self.seed),
            level=self.level,
        )
        return found

    def _some(self, rows: np.ndarray, most: int = MOST_ROWS) -> np.ndarray:
        if rows.size <= most:
            return rows
        return np.sort(np.random.default_rng(self.seed).choice(rows, most, replace=False))


def in_words(score: Interval | None) -> str:
    """Return a score with its interval.

    Examples
    --------
    >>> in_words(Interval("roc_auc", 0.9, 0.88, 0.92, 0.95, "DeLong", "rows", 400, True))
    'roc_auc 0.9 (0.88 to 0.92)'
    >>> in_words(None)
    'nothing to learn from'
    """
    if score is None:
        return "nothing to learn from"
    return f"{score.metric} {score.value:.3g} ({score.low:.3g} to {score.high:.3g})"


def facts_of(score: Interval | None) -> dict[str, Any] | None:
    """Return a score as evidence holds it."""
    return None if score is None else score.as_dict()
