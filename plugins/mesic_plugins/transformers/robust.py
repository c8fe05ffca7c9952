"""Bring columns of numbers to median 0 and interquartile range 1."""

import numpy as np

from mesic import SettingError
from mesic_plugins.transformers.scaling import Scaler, moments


class Robust(Scaler):
    """Subtract each column's median and divide by the distance of its quartiles, which outliers do not move.

    Where the quartiles are equal, as in a column that is mostly zero, the standard deviation is taken; a constant
    column becomes 0. Missing cells and categories stay.

    Parameters
    ----------
    clip : float or None
        Distances of the quartiles from the median, above 0, beyond which values are cut off; None for no limit.
    columns : list of str or None
        Names or patterns of the columns of numbers that are rewritten; None for all.

    Examples
    --------
    >>> import pandas as pd
    >>> Robust().fit_transform(pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0, 1e6]}))["x"].tolist()[:3]
    [-1.0, -0.5, 0.0]
    """

    def __init__(self, clip=None, columns=None):
        self.clip = clip
        self.columns = columns

    def _measured(self, values):
        if self.clip is not None and not self.clip > 0:
            raise SettingError("clip", self.clip, "a number above 0, or null for no limit")
        low, middle, high = np.quantile(values / 2, [0.25, 0.5, 0.75])  # halves: the distance must not overflow
        mean, width = moments(values)
        center, width = (2 * middle, min(2 * (high - low), np.finfo(np.float64).max)) if high > low else (mean, width)
        limit = np.inf if self.clip is None else self.clip
        return center, width, -limit, limit
