"""Fill missing cells."""

import numpy as np

from mesic import PortableStep, SettingError
from mesic_plugins.transformers.portable import PortableTransformer, unused


class Impute(PortableTransformer):
    """Fill numbers with the median; give missing levels a level of their own, or the most frequent one.

    A column of numbers that is missing everywhere becomes 0. A category column without a missing training
    cell gets the most frequent level where one is missing later.

    Parameters
    ----------
    category : {"own_level", "most_frequent"}
        What a missing level becomes.
    indicator : bool
        Whether columns with missing training cells get a column that is 1 where the cell was missing.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"age": [30.0, None, 50.0], "town": pd.Categorical(["Ulm", None, "Ulm"])})
    >>> Impute().fit_transform(X).to_dict("list")
    {'age': [30.0, 40.0, 50.0], 'town': ['Ulm', '(missing)', 'Ulm']}
    """

    def __init__(self, category="own_level", indicator=False):
        self.category = category
        self.indicator = indicator

    def _learn(self, matrix):
        if self.category not in ("own_level", "most_frequent"):
            raise SettingError("category", self.category, "own_level or most_frequent")
        missing = np.isnan(matrix.values).any(axis=0)
        levels = {name: self._levels(matrix, name, missing) for name in matrix.levels}
        value = np.array([self._value(matrix, place, levels) for place in range(len(matrix.names))], dtype=np.float64)
        marked = np.flatnonzero(missing & bool(self.indicator))
        taken = set(matrix.names)
        names = (*matrix.names, *(unused(f"{matrix.names[place]} is missing", taken) for place in marked))
        params = {"names": list(names), "levels": {name: list(known) for name, known in levels.items()}}
        return PortableStep("impute", params, {"value": value, "indicator": marked}), names, levels

    def _levels(self, matrix, name, missing):
        known = matrix.levels[name]
        wanted = missing[matrix.names.index(name)] and self.category == "own_level"
        return (*known, unused("(missing)", set(known))) if wanted or not known else known

    @staticmethod
    def _value(matrix, place, levels):
        name, column = matrix.names[place], matrix.values[:, place]
        present = column[~np.isnan(column)]
        if name not in levels:
            return np.median(present) if present.size else 0.0
        known = len(matrix.levels[name])
        return known if len(levels[name]) > known else np.bincount(present.astype(np.int64), minlength=known).argmax()
