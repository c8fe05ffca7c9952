"""Columns without which a model predicts worse, on rows that it did not see."""

import numpy as np
from scipy import sparse, stats

from mesic import SettingError
from mesic_plugins.selectors.boosting import boosted, losses_of
from mesic_plugins.selectors.columns import read_rows
from mesic_plugins.selectors.false_discovery import q_values
from mesic_plugins.selectors.judging import folds_of
from mesic_plugins.selectors.selecting import ColumnSelector

REPEATS = 5


class Permutation(ColumnSelector):
    """Keep the columns whose shuffling costs LightGBM something, out of fold.

    Of columns that say the same, each is worth little here, as the model falls back on the others: this answers
    what one model needs, and ``boruta`` what tells of the target.

    Parameters
    ----------
    alpha : float
        Share of falsely kept columns, in (0, 1).
    folds : int
        From 2.
    task : {"binary", "multiclass", "regression"} or None
        What is predicted; by default what the target looks like.
    seed, threads : int
        Of folds and shuffles, and of LightGBM.

    Attributes
    ----------
    support_, evidence_, statistic_, findings_
        As of every selector; the evidence has besides ``low`` and ``high``, the ends of the 95 % interval of the
        loss over rows, ``p_value`` and ``q_value``.

    References
    ----------
    L. Breiman, Random Forests, Machine Learning 45, 2001.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(500, 4))
    >>> Permutation().fit(X, X[:, 2] * X[:, 0] + 0.1 * rng.normal(size=500)).get_support().tolist()
    [True, False, True, False]
    """

    def __init__(self, *, alpha=0.05, folds=5, task=None, seed=0, threads=1):
        self.alpha = alpha
        self.folds = folds
        self.task = task
        self.seed = seed
        self.threads = threads

    def fit(self, X, y=None, sample_weight=None):
        """Judge the columns of X, shape (n, p), by a target of shape (n,).

        Raises
        ------
        SettingError
            An option cannot work.
        """
        if not 0 < self.alpha < 1:
            raise SettingError("alpha", self.alpha, "a share above 0 and below 1")
        if self.folds < 2:
            raise SettingError("folds", self.folds, "a whole number from 2")
        rows = read_rows(self, X, y, sample_weight, task=self.task)
        columns, target, weight = rows.columns, rows.target, rows.weight
        excess = self._excess(columns, target, weight)
        share = np.full(len(columns), 1 / len(columns)) if weight is None else weight / weight.sum()
        mean = share @ excess
        error = np.sqrt((share**2) @ (excess - mean) ** 2)
        p_values = np.where(error > 0, stats.norm.sf(mean / np.where(error > 0, error, 1)), 1.0)
        found = q_values(p_values)
        kept = found <= self.alpha
        reasons = [
            f"shuffling it costs {cost:.3g} of loss ({cost - 1.96 * se:.3g} to {cost + 1.96 * se:.3g}); q = {q:.2g}"
            for cost, se, q in zip(mean, error, found, strict=True)
        ]
        more = {"low": mean - 1.96 * error, "high": mean + 1.96 * error, "p_value": p_values, "q_value": found}
        return self._decide(
            columns, kept, mean, what="loss that shuffling costs", threshold=0.0, reasons=reasons, more=more
        )

    def _excess(self, columns, target, weight):
        """Return what shuffling each column costs each row, out of fold, shape (n, p)."""
        excess = np.zeros(columns.values.shape)
        values = sparse.csr_array(columns.values) if sparse.issparse(columns.values) else columns.values
        for number, (fit, validate) in enumerate(folds_of(target, len(columns), self.folds, self.seed)):
            model = boosted(values[fit], columns, target, weight, fit, seed=self.seed, threads=self.threads)
            used = np.flatnonzero(model.feature_importance())
            rows = values[validate]
            rows = rows.toarray() if sparse.issparse(rows) else rows.copy()
            before = losses_of(model, rows, target, validate)
            for place in used:
                whole = rows[:, place].copy()
                for repeat in range(REPEATS):
                    rng = np.random.default_rng([self.seed, number, repeat])
                    rows[:, place] = whole[rng.permutation(whole.size)]
                    excess[validate, place] += (losses_of(model, rows, target, validate) - before) / REPEATS
                rows[:, place] = whole
        return excess
