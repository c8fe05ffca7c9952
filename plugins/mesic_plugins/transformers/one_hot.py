"""A column for each level."""

import numpy as np

from mesic import PortableStep, SettingError
from mesic_plugins.transformers.portable import PortableTransformer, unused


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

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"town": pd.Categorical(["Ulm", "Rome", "Bonn", "Ulm"])})
    >>> OneHot(max_levels=2).fit_transform(X).columns.tolist()
    ['town=Ulm', 'town=Bonn', 'town=(other)']
    """

    def __init__(self, max_levels=32, min_rows=1):
        self.max_levels = max_levels
        self.min_rows = min_rows

    def _learn(self, matrix):
        if self.max_levels < 1:
            raise SettingError("max_levels", self.max_levels, "a whole number from 1")
        plan = _Plan(matrix)
        for place, name in enumerate(matrix.names):
            if name in matrix.levels:
                plan.add_levels(name, matrix.levels[name], matrix.values[:, place], self._kept)
            else:
                plan.add_number(name)
        return plan.step(), tuple(plan.names), {}

    def _kept(self, levels, counts):
        """Return codes by count, then name."""
        order = sorted(range(len(levels)), key=lambda code: (-counts[code], levels[code]))
        return [code for code in order if counts[code] >= self.min_rows][: self.max_levels]


class _Plan:
    """Where each value and each level goes, column by column."""

    def __init__(self, matrix):
        self.names, self.target, self.start, self.table = [], [], [0], []
        self.taken = {name for name in matrix.names if name not in matrix.levels}

    def add_number(self, name):
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

    def step(self):
        arrays = {name: np.array(getattr(self, name), dtype=np.int64) for name in ("target", "start", "table")}
        return PortableStep("one_hot", {"names": list(self.names)}, arrays)
