"""Rows as they would come with noise: numbers moved by shares of their spread, levels swapped for others."""

import numpy as np
import pandas as pd

from mesic_plugins.evaluators.cells import is_levels

MANY_VALUES = 8


class Noise:
    """Noise of one draw, so that more of it moves every cell farther the same way.

    A number is moved by a normal deviate times the strength times the spread of its column among the rows that the
    model learned from; numbers of at most eight values, and levels, are swapped, with a probability of the strength
    (one from 1 on), for what another of these rows has.

    Parameters
    ----------
    X, known : DataFrame
        Rows to be moved; rows that say how columns spread.
    rng : numpy.random.Generator
    """

    def __init__(self, X, known, rng):
        self.X = X
        self.draws = {name: self._drawn(known[name], rng) for name in X}

    def _drawn(self, column, rng):
        size = len(self.X)
        if is_levels(column) or column.nunique() <= MANY_VALUES:
            present = column.dropna()
            others = present.iloc[rng.integers(0, len(present), size)].array if len(present) else None
            return "swap", others, rng.random(size)
        return "move", float(column.std()) * rng.normal(size=size), None

    @property
    def names(self):
        """Columns that noise can reach."""
        return [name for name, (sort, drawn, _) in self.draws.items() if drawn is not None]

    def sort(self, name):
        """Return whether noise moves a column or swaps its cells."""
        return self.draws[name][0]

    def of(self, strength, names=None):
        """Return the rows with noise of a strength in some columns, by default in all; missing cells stay missing."""
        moved = {name: self._moved(name, strength) for name in (self.names if names is None else names)}
        return self.X.assign(**moved)

    def _moved(self, name, strength):
        column, (sort, drawn, chance) = self.X[name], self.draws[name]
        if sort == "move":
            return column + strength * drawn
        swapped = (chance < strength) & column.notna().to_numpy()
        if is_levels(column):
            codes = np.where(swapped, column.cat.categories.get_indexer(pd.Index(drawn)), column.cat.codes)
            return pd.Series(pd.Categorical.from_codes(codes, dtype=column.dtype), index=column.index)
        return column.mask(swapped, pd.Series(np.asarray(drawn), index=column.index))
