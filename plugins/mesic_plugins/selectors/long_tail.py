"""Cut the long tail: columns that almost always say the same."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from mesic import Matrix, PortableStep, SettingError


class LongTail(TransformerMixin, BaseEstimator):
    """Keep the columns that say something in enough rows.

    A number says something where it is neither zero nor missing; a level, where it is neither the most
    frequent one nor missing. The best column stays even if it is below the share.

    Parameters
    ----------
    min_share : float, default=0.01
        Smallest share of rows, in [0, 1], in which a column must say something.

    Attributes
    ----------
    evidence_ : DataFrame
        A row a column: ``column``, ``share``, ``kept`` and ``reason``.

    References
    ----------
    A. Burkov, Machine Learning Engineering, 2020, chapter 4.

    Examples
    --------
    >>> X = pd.DataFrame({"a": [1.0, 1, 1, 1], "b": [0.0, 0, 0, 1], "c": [1.0, 0, 0, 0]})
    >>> LongTail(min_share=0.5).fit(X).get_support().tolist()
    [True, False, False]
    """

    def __init__(self, min_share=0.01):
        self.min_share = min_share  # stored as given; checked in fit, as set_params may change it

    def fit(self, X, y=None):  # noqa: ARG002 - scikit-learn's signature
        """Measure every column of a data frame X, shape (n, p)."""
        if not 0 <= self.min_share <= 1:
            raise SettingError("min_share", self.min_share, "a share of rows from 0 to 1")
        matrix = Matrix.from_frame(X)
        self.feature_names_in_, self.n_features_in_ = np.array(matrix.names, dtype=object), len(matrix.names)
        share = _shares(matrix)
        is_enough = share >= self.min_share
        self.support_ = is_enough if is_enough.any() else np.arange(share.size) == share.argmax()
        reason = [self._reason(*facts) for facts in zip(share, is_enough, self.support_, strict=True)]
        self.evidence_ = pd.DataFrame({"column": matrix.names, "share": share, "kept": self.support_, "reason": reason})
        return self

    def get_support(self, indices=False):
        """Return which columns are kept: booleans of shape (p,), or their places."""
        check_is_fitted(self)
        return np.flatnonzero(self.support_) if indices else self.support_.copy()

    def get_feature_names_out(self, input_features=None):  # noqa: ARG002 - scikit-learn's signature
        """Return the names of the columns that are kept."""
        return self.feature_names_in_[self.get_support()]

    def transform(self, X):
        """Return the columns that are kept."""
        return X[list(self.get_feature_names_out())]

    def to_portable(self):
        """Return the choice as a step of a pipeline."""
        return PortableStep("take", {"columns": self.get_support(indices=True).tolist()})

    def _reason(self, share, is_enough, is_kept):
        if is_enough:
            return f"says something in {share:.4g} of the rows"
        if is_kept:
            return f"below the share of {self.min_share:g}, but the best: one column always stays"
        return f"says something in {share:.4g} of the rows, below {self.min_share:g}"


def _shares(matrix):
    rows = max(len(matrix), 1)
    counts = [_telling(matrix.values[:, place], name in matrix.levels) for place, name in enumerate(matrix.names)]
    return np.array(counts, dtype=np.float64) / rows


def _telling(column, is_category):
    present = column[~np.isnan(column)]
    if is_category:
        return present.size - np.unique(present, return_counts=True)[1].max(initial=0)
    return np.count_nonzero(present)
