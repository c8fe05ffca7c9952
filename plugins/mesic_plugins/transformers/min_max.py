"""Bring columns of numbers between 0 and 1."""

import numpy as np

from mesic_plugins.transformers.scaling import Scaler


class MinMax(Scaler):
    """Let the smallest training value be 0 and the largest 1; missing cells and categories stay.

    A constant column becomes 0.

    Parameters
    ----------
    clip : bool
        Whether later values beyond the training rows' become 0 or 1.
    columns : list of str or None
        Names or patterns of the columns of numbers that are rewritten; None for all.

    Examples
    --------
    >>> import pandas as pd
    >>> found = MinMax().fit(pd.DataFrame({"x": [1.0, 3.0]}))
    >>> found.transform(pd.DataFrame({"x": [2.0, 9.0]}))["x"].tolist()
    [0.5, 1.0]
    """

    def __init__(self, clip=True, columns=None):
        self.clip = clip
        self.columns = columns

    def _measured(self, values):
        low, high = values.min(), values.max()
        with np.errstate(over="ignore"):
            width = min(high - low, np.finfo(np.float64).max)
        return (low, width or 1.0, 0.0, 1.0) if self.clip else (low, width or 1.0, -np.inf, np.inf)
