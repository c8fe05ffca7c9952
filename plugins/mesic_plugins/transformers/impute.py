"""Fill missing cells."""

import numpy as np

from mesic import PortableStep, SettingError
from mesic_plugins.transformers.portable import Learned, PortableTransformer, rest, unused


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
    columns : list of str or None
        Names or patterns of the columns that are filled; None for all.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"age": [30.0, None, 50.0], "town": pd.Categorical(["Ulm", None, "Ulm"])})
    >>> Impute().fit_transform(X).to_dict("list")
    {'age': [30.0, 40.0, 50.0], 'town': ['Ulm', '(missing)', 'Ulm']}
    """

    def __init__(self, category="own_level", indicator=False, columns=None):
        self.category = category
        self.indicator = indicator
        self.columns = columns

    def _learn(self, matrix):
        if self.category not in ("own_level", "most_frequent"):
            raise SettingError("category", self.category, "own_level or most_frequent")
        filled = self._chosen(matrix, lambda _: True, "any kind")
        missing = np.isnan(matrix.values).any(axis=0)
        missing[rest(matrix, filled)] = False
        levels = {name: self._levels(matrix, name, missing) for name in matrix.levels}
        value = np.full(len(matrix.names), np.nan)
        value[filled] = [self._value(matrix, place, levels) for place in filled]
        marked = np.flatnonzero(missing & bool(self.indicator))
        taken = set(matrix.names)
        names = (*matrix.names, *(unused(f"{matrix.names[place]} is missing", taken) for place in marked))
        params = {"names": list(names), "levels": {name: list(known) for name, known in levels.items()}}
        return Learned(PortableStep("impute", params, {"value": value, "indicator": marked}), names, levels)

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
