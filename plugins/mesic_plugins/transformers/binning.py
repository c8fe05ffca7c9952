"""Replace numbers by the bins that they lie in."""

from itertools import pairwise

import numpy as np

from mesic import PortableStep, SettingError
from mesic_plugins.transformers.portable import Learned, PortableTransformer, unused


class Binning(PortableTransformer):
    """Make a category of each column of numbers: a level a bin. Missing cells stay.

    Parameters
    ----------
    bins : int
        Bins a column at most, from 2; a column of few values gets fewer.
    strategy : {"quantile", "uniform"}
        Bins of as many training rows, or of equal width.
    columns : list of str or None
        Names or patterns of the columns of numbers that are rewritten; None for all.

    Examples
    --------
    >>> import pandas as pd
    >>> Binning(bins=2).fit_transform(pd.DataFrame({"age": [20.0, 30.0, 40.0, 50.0]}))["age"].tolist()
    ['below 35', 'below 35', 'from 35', 'from 35']
    """

    def __init__(self, bins=8, strategy="quantile", columns=None):
        self.bins = bins
        self.strategy = strategy
        self.columns = columns

    def _learn(self, matrix):
        if self.bins < 2:
            raise SettingError("bins", self.bins, "a whole number from 2")
        if self.strategy not in ("quantile", "uniform"):
            raise SettingError("strategy", self.strategy, "quantile or uniform")
        edges, made = [np.empty(0)] * len(matrix.names), {}
        for place in self._numbers(matrix):
            column = matrix.values[:, place]
            edges[place] = self._edges(column[~np.isnan(column)])
            made[matrix.names[place]] = _named(edges[place])
        start = np.cumsum([0, *(own.size for own in edges)])
        params = {"levels": {name: list(levels) for name, levels in made.items()}}
        step = PortableStep("bins", params, {"start": start, "edges": np.concatenate([np.empty(0), *edges])})
        return Learned(step, matrix.names, {**matrix.levels, **made})

    def _edges(self, values):
        """Return the lower edges of all bins but the first; each bin holds a training row."""
        distinct = np.unique(values)
        if distinct.size < 2:
            return np.empty(0)
        share = np.arange(1, self.bins) / self.bins
        low, high = distinct[0] / 2, distinct[-1] / 2  # halves: the distance must not overflow
        wanted = np.quantile(values, share) if self.strategy == "quantile" else 2 * (low + (high - low) * share)
        between = np.searchsorted(distinct, wanted, side="right")
        between = np.unique(np.clip(between, 1, distinct.size - 1))
        return distinct[between - 1] / 2 + distinct[between] / 2


def _named(edges):
    """Return the levels of the bins, as short as tells them apart."""
    if not edges.size:
        return ("any",)
    digits = next((d for d in range(3, 17) if len({f"{edge:.{d}g}" for edge in edges}) == edges.size), 17)
    told = [f"{edge:.{digits}g}" for edge in edges]
    between = [f"{low} to {high}" for low, high in pairwise(told)]
    taken: set[str] = set()
    return tuple(unused(name, taken) for name in (f"below {told[0]}", *between, f"from {told[-1]}"))
