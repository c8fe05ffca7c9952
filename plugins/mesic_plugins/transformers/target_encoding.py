"""A number for each level: what the target is like where it occurs."""

import numpy as np

from mesic import Matrix, PortableStep, SettingError
from mesic_plugins.selectors.columns import read_target, read_weight
from mesic_plugins.transformers.portable import Learned, PortableTransformer, levels_left, rest, unused


class TargetEncoding(PortableTransformer):
    """Replace each level by the mean of the target where it occurs, drawn to the mean of all rows where it is rare.

    Training rows are answered out of fold: :meth:`fit_transform` takes each row's number from folds without it, or
    without its group, for a number that has seen its row's own target would tell it to the learner. Later rows are
    answered from all training rows. Of more than two classes each level gets the share of every class.

    Parameters
    ----------
    folds : int
        Of the training rows, from 2.
    columns : list of str or None
        Names or patterns of the category columns; None for all.
    task : {"binary", "multiclass", "regression"} or None
        What is predicted; by default what the target looks like.
    seed : int
        Deals rows into folds.

    References
    ----------
    D. Micci-Barreca, A Preprocessing Scheme for High-Cardinality Categorical Attributes, SIGKDD Explorations 3, 2001.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"town": pd.Categorical(["Ulm", "Bonn"] * 50)})
    >>> found = TargetEncoding().fit(X, [1.5, 3.5] * 50)
    >>> found.transform(pd.DataFrame({"town": pd.Categorical(["Bonn", "Oslo"])}))["town: target"].tolist()
    [3.5, 2.5]
    """

    def __init__(self, folds=5, columns=None, task=None, seed=0):
        self.folds = folds
        self.columns = columns
        self.task = task
        self.seed = seed

    def fit(self, X, y=None, sample_weight=None, groups=None):  # noqa: ARG002 - groups are for fit_transform
        """Learn from a data frame X of shape (n, p), a target of shape (n,) and weights (n,)."""
        if self.folds < 2:
            raise SettingError("folds", self.folds, "a whole number from 2")
        matrix = Matrix.from_frame(X)
        outcomes, weight = self._outcomes(y), self._weights(sample_weight, X)
        return self._described(matrix, lambda given: self._learn(given, outcomes, weight))

    def fit_transform(self, X, y=None, sample_weight=None, groups=None):
        """Learn, and return the training rows, each answered without its own fold; `groups` (n,) stay whole."""
        self.fit(X, y, sample_weight)
        matrix, outcomes, weight = Matrix.from_frame(X), self._outcomes(y), self._weights(sample_weight, X)
        answered = self.transform(X)
        made = list(answered.columns[answered.shape[1] - outcomes.shape[1] * len(self.places_) :])
        values, fold_of_row = np.empty((len(matrix), len(made))), self._fold_of_rows(outcomes, groups)
        for fold in np.unique(fold_of_row) if made else ():
            inside = fold_of_row == fold
            tables = self._tables(matrix, outcomes, np.where(inside, 0.0, weight))
            codes = matrix.values[inside][:, self.places_].T
            values[inside] = np.hstack([_looked_up(*pair) for pair in zip(codes, tables, strict=True)])
        return answered.assign(**dict(zip(made, values.T, strict=True)))

    def _learn(self, matrix, outcomes, weight):
        self.places_ = self._categories(matrix)
        tables = self._tables(matrix, outcomes, weight)
        keep = rest(matrix, self.places_)
        taken = {matrix.names[place] for place in keep}
        of = ["target"] if outcomes.shape[1] == 1 else [f"class {code}" for code in range(outcomes.shape[1])]
        made = [unused(f"{matrix.names[place]}: {what}", taken) for place in self.places_ for what in of]
        arrays = {
            "keep": keep,
            "places": np.array(self.places_, dtype=np.int64),
            "start": np.cumsum([0, *map(len, tables)]),
            "table": np.concatenate([np.empty((0, outcomes.shape[1])), *tables]),
        }
        names = (*(matrix.names[place] for place in keep), *made)
        return Learned(PortableStep("lookup", {"names": made}, arrays), names, levels_left(matrix, self.places_))

    def _outcomes(self, y):
        """Return what is averaged: values, or whether each class is there; shape (n, k)."""
        target = read_target(y, self.task)
        if not target.classes:
            return target.y[:, None]
        return (target.y[:, None] == np.arange(target.classes))[:, 1 if target.classes == 2 else 0 :].astype(np.float64)

    @staticmethod
    def _weights(sample_weight, X):
        weight = read_weight(sample_weight, X)
        return np.ones(len(X)) if weight is None else weight * weight.sum() / (weight**2).sum()

    def _tables(self, matrix, outcomes, weight):
        return [
            encoded(matrix.values[:, place], len(matrix.levels[matrix.names[place]]), outcomes, weight)
            for place in self.places_
        ]

    def _fold_of_rows(self, outcomes, groups):
        """Return the fold of each row: rows, or groups, of like targets are dealt one to each fold."""
        rng = np.random.default_rng(self.seed)
        unit = np.arange(len(outcomes)) if groups is None else np.unique(groups, return_inverse=True)[1]
        means = np.bincount(unit, outcomes @ np.arange(1, outcomes.shape[1] + 1)) / np.bincount(unit)
        order = np.lexsort((rng.random(means.size), means))
        fold = np.empty(means.size, dtype=np.int64)
        fold[order] = np.arange(means.size) % self.folds
        shuffled = rng.permutation(self.folds)
        return shuffled[fold[unit]]


def encoded(codes, levels, outcomes, weight):
    """Return the number of each level, and of missing cells, shape (levels + 1, k).

    A level's mean is drawn to that of all rows by as much as chance would move it: by the variance within levels, all
    together, and that between them, which is what the means differ more than by chance (empirical Bayes of a random
    effect, moments by Henderson). Levels that do not occur have the mean of all rows.

    Parameters
    ----------
    codes
        Shape (n,), NaN where a cell is missing.
    levels
        How many there are.
    outcomes, weight
        Shape (n, k) and (n,).

    Examples
    --------
    >>> encoded(np.array([0.0, 0, 1, 1]), 2, np.array([[0.0], [0], [1], [3]]), np.ones(4)).round(2).tolist()
    [[0.25], [1.75], [1.0]]
    """
    place = np.where(np.isnan(codes), levels, codes).astype(np.int64)
    count = np.bincount(place, weight, minlength=levels + 1)
    table = np.empty((levels + 1, outcomes.shape[1]))
    for column, values in enumerate(outcomes.T):
        counts_any = weight if weight.any() else np.ones(weight.size)  # without other rows, all get one number
        mean = np.average(values, weights=counts_any)
        centred = values - mean
        own = np.bincount(place, weight * centred, minlength=levels + 1) / np.where(count > 0, count, 1)
        within, between = _variances(count, own, np.sum(weight * (centred - own[place]) ** 2))
        both = count * between + within
        table[:, column] = mean + np.divide(count * between, both, out=np.zeros(levels + 1), where=both > 0) * own
    return table


def _variances(count, own, rest):
    """Return the variance within levels and that between them, by their counts, centred means and squares within."""
    occurs = count > 0
    rows, levels = count.sum(), occurs.sum()
    within = rest / max(rows - levels, 1.0)
    free = rows - (count**2).sum() / rows if rows > 0 else 0.0
    more = np.sum(count * own**2) - (levels - 1) * within
    return within, max(more / free, 0.0) if free > 0 else 0.0


def _looked_up(codes, table):
    return table[np.where(np.isnan(codes), len(table) - 1, codes).astype(np.int64)]
