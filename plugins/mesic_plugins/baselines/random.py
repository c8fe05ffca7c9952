"""Answer without having learned how columns and target belong together."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

MAX_TARGETS = 10_000


def _has_classes(estimator):
    return estimator.task != "regression"


class Random(BaseEstimator):
    """Answer every class alike, or for numbers a training target by chance.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
        What is predicted.
    seed : int
        Of the draws. A row's draw follows from its place in the table.

    Attributes
    ----------
    targets_ : ndarray
        Observed labels, or at most 10,000 observed values.

    Examples
    --------
    >>> Random().fit([[0.0], [1.0]], [0, 1]).predict_proba([[5.0]]).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, task="binary", seed=0):
        self.task = task
        self.seed = seed

    def fit(self, X, y):  # noqa: ARG002 - it does not look at the columns
        """Remember which targets there are."""
        y, rng = np.asarray(y), np.random.default_rng(self.seed)
        if _has_classes(self):
            self.targets_ = self.classes_ = np.unique(y)
        else:
            self.targets_ = y if y.size <= MAX_TARGETS else rng.choice(y, MAX_TARGETS, replace=False)
        return self

    @available_if(_has_classes)
    def predict_proba(self, X):
        """Return one over the number of classes, shape (n, n_classes)."""
        check_is_fitted(self)
        return np.full((len(X), self.targets_.size), 1 / self.targets_.size)

    def predict(self, X):
        """Return a target by chance for each row, shape (n,)."""
        check_is_fitted(self)
        return np.random.default_rng(self.seed).choice(self.targets_, len(X))
