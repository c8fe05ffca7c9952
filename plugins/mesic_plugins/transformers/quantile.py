"""Bring columns of numbers to an even or a normal distribution, by their ranks."""

import numpy as np
from scipy.special import ndtri

from mesic import PortableStep, SettingError
from mesic_plugins.transformers.portable import Learned, PortableTransformer


class Quantile(PortableTransformer):
    """Replace each number by the share of training rows below it, equal ones counting half; straight lines between.

    Outliers end up beside their neighbours. Later values beyond the training rows' are as the last ones; missing
    cells and categories stay.

    Parameters
    ----------
    shape : {"uniform", "normal"}
        What the training rows are then distributed like.
    knots : int
        Values a column at most between which lines are drawn, from 2.
    columns : list of str or None
        Names or patterns of the columns of numbers that are rewritten; None for all.

    Examples
    --------
    >>> import pandas as pd
    >>> Quantile().fit_transform(pd.DataFrame({"x": [1.0, 10.0, 10.0, 1e9]}))["x"].tolist()
    [0.125, 0.5, 0.5, 0.875]
    """

    def __init__(self, shape="uniform", knots=256, columns=None):
        self.shape = shape
        self.knots = knots
        self.columns = columns

    def _learn(self, matrix):
        if self.shape not in ("uniform", "normal"):
            raise SettingError("shape", self.shape, "uniform or normal")
        if self.knots < 2:
            raise SettingError("knots", self.knots, "a whole number from 2")
        knots = [np.empty((2, 0))] * len(matrix.names)
        for place in self._numbers(matrix):
            column = matrix.values[:, place]
            knots[place] = self._found(column[~np.isnan(column)])
        x, y = np.concatenate(knots, axis=1) if knots else np.empty((2, 0))
        start = np.cumsum([0, *(found.shape[1] for found in knots)])
        step = PortableStep("interpolate", {}, {"start": start, "x": x, "y": y})
        return Learned(step, matrix.names, dict(matrix.levels))

    def _found(self, values):
        """Return some distinct values and what they become, shape (2, m)."""
        distinct, counts = np.unique(values, return_counts=True)
        share = (np.cumsum(counts) - counts / 2) / max(values.size, 1)
        if distinct.size > self.knots:
            near = np.searchsorted(share, np.linspace(share[0], share[-1], self.knots))
            kept = np.unique(np.minimum(near, distinct.size - 1))
            distinct, share = distinct[kept], share[kept]
        return np.stack([distinct, ndtri(share) if self.shape == "normal" else share])
