"""Let the levels of long category columns share a few columns."""

import numpy as np

from mesic import Matrix, PortableStep, SettingError
from mesic_plugins.transformers.portable import Learned, PortableTransformer, levels_left, rest, unused


class Hashing(PortableTransformer):
    """Give category columns of many levels some columns each, of which a level has one by its hash.

    Levels that no training row had have theirs, too; a missing cell has none. The columns themselves go.

    Parameters
    ----------
    buckets : int
        Columns that a category column gets, from 2.
    seed : int
        Of the hash.
    columns : list of str or None
        Names or patterns of the category columns; None for those with more levels than buckets.

    References
    ----------
    K. Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML 2009.

    Examples
    --------
    >>> import pandas as pd
    >>> towns = pd.DataFrame({"town": pd.Categorical(["Ulm", "Bonn", "Rome"])})
    >>> Hashing(buckets=2).fit_transform(towns).to_dict("list")
    {'town#0': [0.0, 0.0, 0.0], 'town#1': [1.0, 1.0, 1.0]}
    """

    def __init__(self, buckets=16, seed=0, columns=None):
        self.buckets = buckets
        self.seed = seed
        self.columns = columns

    def fit(self, X, y=None, kinds=None):  # noqa: ARG002 - scikit-learn's signature
        """Learn from a data frame X of shape (n, p); `kinds` says what the schema calls its columns."""
        if self.buckets < 2:
            raise SettingError("buckets", self.buckets, "a whole number from 2")
        return self._described(Matrix.from_frame(X), lambda matrix: self._learn(matrix, kinds or {}))

    def _learn(self, matrix, kinds):
        long = {name for name, levels in matrix.levels.items() if len(levels) > self.buckets}
        usual = {name for name in long if kinds.get(name) != "text"}
        places = self._chosen(matrix, matrix.levels.__contains__, "levels", usual.__contains__)
        keep, self.texts_ = rest(matrix, places), tuple(matrix.names[place] for place in places)
        taken = {matrix.names[place] for place in keep}
        made = [unused(f"{name}#{bucket}", taken) for name in self.texts_ for bucket in range(self.buckets)]
        params = {"names": made, "buckets": self.buckets, "seed": self.seed % 2**31}
        arrays = {"keep": keep, "places": np.array(places, dtype=np.int64)}
        names = (*(matrix.names[place] for place in keep), *made)
        return Learned(PortableStep("hashed", params, arrays), names, levels_left(matrix, places))
