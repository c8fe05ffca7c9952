"""What transformers share: they are described as they are fitted, and the description does the work."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mesic import Matrix, compile_pipeline


class PortableTransformer(TransformerMixin, BaseEstimator):
    """A transformer whose result is that of its portable step.

    A subclass has the method ``_learn(matrix)``, which returns the step, the names of the resulting columns
    and the levels of those that remain categories.

    Attributes
    ----------
    step_ : PortableStep
        What was learned.
    """

    def fit(self, X, y=None):  # noqa: ARG002 - scikit-learn's signature
        """Learn from a data frame X of shape (n, p)."""
        matrix = Matrix.from_frame(X)
        self.step_, self.names_out_, self.levels_out_ = self._learn(matrix)
        self.feature_names_in_, self.levels_in_ = np.array(matrix.names, dtype=object), dict(matrix.levels)
        self.n_features_in_ = len(matrix.names)
        return self

    def transform(self, X):
        """Return a new data frame of the same rows; X stays as it is."""
        check_is_fitted(self)
        matrix = Matrix.from_frame(X).arranged(tuple(self.feature_names_in_), self.levels_in_)
        values = compile_pipeline([self.step_])(matrix)
        return Matrix(values, self.names_out_, self.levels_out_).frame().set_axis(X.index)

    def get_feature_names_out(self, input_features=None):  # noqa: ARG002 - scikit-learn's signature
        """Return the names of the resulting columns."""
        check_is_fitted(self)
        return np.array(self.names_out_, dtype=object)

    def to_portable(self):
        """Return what was learned as a step of a pipeline."""
        check_is_fitted(self)
        return self.step_


def unused(wanted, taken):
    """Return a name that is not among `taken`, as near to `wanted` as can be, and take it.

    Examples
    --------
    >>> unused("a=1", {"a=1", "b"})
    'a=1_'
    """
    while wanted in taken:
        wanted += "_"
    taken.add(wanted)
    return wanted
