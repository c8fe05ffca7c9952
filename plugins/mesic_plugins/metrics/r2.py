"""Share of variance that is explained."""

import numpy as np

from mesic import Metric


class R2(Metric):
    """Coefficient of determination: 1 is perfect, 0 is as good as the mean; nan where the truth is constant.

    Examples
    --------
    >>> R2().score(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 4.0]))
    0.5
    """

    name = "r2"
    greater_is_better = True
    needs = "value"
    bounds = (-np.inf, 1.0)

    def moments(self, y, prediction):
        """Return squared error, and the truth and its square around the median, exact if it is constant."""
        centred = y - np.median(y)
        return np.column_stack([(prediction - y) ** 2, centred, centred**2])

    def value(self, means):
        """Return one minus the unexplained share of the variance."""
        error, mean, square = (means[..., column] for column in range(3))
        variance = square - mean**2
        return 1 - error / np.where(variance > 1e-14 * square, variance, np.nan)
