"""Bring columns of numbers to mean 0 and standard deviation 1."""

import numpy as np

from mesic import PortableStep
from mesic_plugins.transformers.portable import PortableTransformer


class Standardize(PortableTransformer):
    """Subtract each column's mean and divide by its standard deviation; missing cells and categories stay.

    A constant column becomes 0.

    Examples
    --------
    >>> import pandas as pd
    >>> Standardize().fit_transform(pd.DataFrame({"x": [1.0, 3.0], "one": [1.0, 1.0]})).to_numpy().tolist()
    [[-1.0, 0.0], [1.0, 0.0]]
    """

    def _learn(self, matrix):
        center, scale = np.zeros(len(matrix.names)), np.ones(len(matrix.names))
        for place, name in enumerate(matrix.names):
            present = matrix.values[~np.isnan(matrix.values[:, place]), place]
            if name not in matrix.levels and present.size:
                center[place], scale[place] = _moments(present)
        return PortableStep("scale", {}, {"center": center, "scale": scale}), matrix.names, matrix.levels


def _moments(values):
    """Return mean and standard deviation, the latter 1 where it is nothing but rounding error."""
    peak = np.abs(values).max() or 1.0  # squares of large numbers overflow, those of small ones vanish
    mean, width = np.mean(values / peak), np.std(values / peak)
    return mean * peak, width * peak if width > 10 * np.finfo(np.float64).eps else 1.0
