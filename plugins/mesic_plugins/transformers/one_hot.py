"""A column for each level."""

import numpy as np

from mesic import PortableStep, SettingError
from mesic_plugins.transformers.portable import Learned, PortableTransformer, levels_left, unused


class OneHot(PortableTransformer):
    """Give each frequent level of a category column a column that is 1 where a row has the level.

    Rarer levels share a column; missing cells have one where training rows had any, else a missing or new
    level counts among the rarer ones. Columns of numbers stay as they are.

    Parameters
    ----------
    max_levels : int
        Levels of a column that get a column of their own at most, from 1.
    min_rows : int
        Rows that a level needs for a column of its own, from 1.
    columns : list of str or None
        Names or patterns of the category columns that are rewritten; None for all.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"town": pd.Categorical(["Ulm", "Rome", "Bonn", "Ulm"])})
    >>> OneHot(max_levels=2).fit_transform(X).columns.tolist()
    ['town=Ulm', 'town=Bonn', 'town=(other)']
    """

    def __init__(self, max_levels=32, min_rows=1, columns=None):
        self.max_levels = max_levels
        self.min_rows = min_rows
        self.columns = columns

    def _learn(self, matrix):
        if self.max_levels < 1:
            raise SettingError("max_levels", self.max_levels, "a whole number from 1")
        chosen = set(self._categories(matrix))
        left = levels_left(matrix, chosen)
        plan = _Plan(matrix, chosen)
        for place, name in enumerate(matrix.names):
            if place in chosen:
                plan.add_levels(name, matrix.levels[name], matrix.values[:, place], self._kept)
            else:
                plan.add_as_it_is(name)
        return Learned(plan.step(left), tuple(plan.names), left)

    def _kept(self, levels, counts):
        """Return codes by count, then name."""
        order = sorted(range(len(levels)), key=lambda code: (-counts[code], levels[code]))
        return [code for code in order if counts[code] >= self.min_rows][: self.max_levels]


class _Plan:
    """Where each value and each level goes, column by column."""

    def __init__(self, matrix, chosen):
        self.names, self.target, self.start, self.table = [], [], [0], []
        self.taken = {name for place, name in enumerate(matrix.names) if place not in chosen}

    def add_as_it_is(self, name):
        self.target.append(len(self.names))
        self.names.append(name)
        self.start.append(len(self.table))

    def add_levels(self, name, levels, column, kept):
        missing = np.isnan(column)
        counts = np.bincount(column[~missing].astype(np.int64), minlength=len(levels))
        chosen = kept(levels, counts)
        goes_to = {code: self._column(f"{name}={levels[code]}") for code in chosen}
        other = self._column(f"{name}=(other)") if len(chosen) < len(levels) else -1
        nowhere = self._column(f"{name}=(missing)") if missing.any() else other
        self.table += [goes_to.get(code, other) for code in range(len(levels))] + [nowhere]
        self.target.append(-1)
        self.start.append(len(self.table))

    def _column(self, name):
        self.names.append(unused(name, self.taken))
        return len(self.names) - 1

    def step(self, levels):
        arrays = {name: np.array(getattr(self, name), dtype=np.int64) for name in ("target", "start", "table")}
        params = {"names": list(self.names), "levels": {name: list(own) for name, own in levels.items()}}
        return PortableStep("one_hot", params, arrays)
