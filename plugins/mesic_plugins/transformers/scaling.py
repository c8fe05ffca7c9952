"""What scalers share: a centre, a width and limits for each column of numbers."""

import numpy as np

from mesic import PortableStep
from mesic_plugins.transformers.portable import Learned, PortableTransformer


class Scaler(PortableTransformer):
    """Subtract a centre and divide by a width; missing cells and categories stay.

    A subclass has the method ``_measured(values)``, which returns centre, width, low and high for the present values
    of a column.
    """

    def _learn(self, matrix):
        measured = np.tile([0.0, 1.0, -np.inf, np.inf], (len(matrix.names), 1))
        for place in self._numbers(matrix):
            present = matrix.values[~np.isnan(matrix.values[:, place]), place]
            if present.size:
                measured[place] = self._measured(present)
        arrays = dict(zip(("center", "scale", "low", "high"), measured.T.copy(), strict=True))
        return Learned(PortableStep("scale", {}, arrays), matrix.names, dict(matrix.levels))


def moments(values):
    """Return mean and standard deviation, the latter 1 where it is nothing but rounding error."""
    peak = np.abs(values).max() or 1.0  # squares of large numbers overflow, those of small ones vanish
    mean, width = np.mean(values / peak), np.std(values / peak)
    return mean * peak, width * peak if width > 10 * np.finfo(np.float64).eps else 1.0
