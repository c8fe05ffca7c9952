"""What learners share that are described as they are fitted: predictions come from the description."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from mesic import Matrix, PortableStep, compile_pipeline


def _has_classes(estimator):
    return estimator.task != "regression"


class PortableLearner(BaseEstimator):
    """An estimator whose predictions are those of its portable step.

    A subclass has the attribute ``task`` and the method ``_learn(matrix, y, classes, weight)``, which returns
    the step. Labels reach it as codes 0..classes-1; it is not asked when there is but one class.

    Attributes
    ----------
    step_ : PortableStep
        What was learned.
    classes_ : ndarray of shape (n_classes,)
        The labels, in the order of the columns of ``predict_proba``; for classes only.
    """

    task = "binary"
    threads = 1

    def fit(self, X, y, sample_weight=None):
        """Learn from a data frame X of shape (n, p) and targets y of shape (n,)."""
        y, classes, weight = self._told(X, y, sample_weight)
        self.step_ = ONE_CLASS if classes == 1 else self._learn(Matrix.from_frame(X), y, classes, weight)
        return self

    def _told(self, X, y, sample_weight, layout=None):
        """Return class codes or values, the number of classes, and weights; remember the columns."""
        layout, y, classes = layout_of(X) if layout is None else layout, np.asarray(y), 0
        if _has_classes(self):
            self.classes_, y = np.unique(y, return_inverse=True)
            classes = len(self.classes_)
        self.feature_names_in_, self.levels_in_ = np.array(layout.names, dtype=object), dict(layout.levels)
        self.n_features_in_ = len(layout.names)
        return y, classes, None if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)

    @available_if(_has_classes)
    def predict_proba(self, X):
        """Return probabilities of shape (n, n_classes)."""
        return self._answer(X)

    def predict(self, X):
        """Return labels, or values for regression; shape (n,)."""
        answer = self._answer(X)
        return self.classes_[answer.argmax(axis=1)] if _has_classes(self) else answer

    def to_portable(self):
        """Return what was learned as a step of a pipeline."""
        check_is_fitted(self)
        return self.step_

    def _answer(self, X):
        matrix = Matrix.from_frame(X).arranged(tuple(self.feature_names_in_), self.levels_in_)
        return compile_pipeline([self.to_portable()], threads=self.threads)(matrix)


def layout_of(X):
    """Return the columns of a data frame, without a row."""
    return Matrix.from_frame(X.head(0))


def constant_step(value, classes):
    """Return a step that answers every row with `value`: k probabilities, or one number for regression.

    Examples
    --------
    >>> constant_step([0.25, 0.75], classes=2).arrays["value"].tolist()
    [0.25, 0.75]
    """
    return PortableStep("constant", {"classes": classes}, {"value": np.asarray(value, dtype=np.float64)})


ONE_CLASS = constant_step([1.0], classes=1)
