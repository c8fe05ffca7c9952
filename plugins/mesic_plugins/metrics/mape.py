"""Mean absolute error as a share of the truth."""

import math

import numpy as np

from mesic_plugins.metrics.rows import MeanOverRows


class Mape(MeanOverRows):
    """Mean absolute percentage error, as a share: 0.1 is 10 %; nan where a true value is 0.

    Examples
    --------
    >>> Mape().score(np.array([1.0, 2.0]), np.array([1.5, 2.0]))
    0.25
    """

    name = "mape"
    greater_is_better = False
    resampled = "studentised"
    needs = "value"
    bounds = (0.0, math.inf)

    def of_rows(self, y, prediction):
        """Return errors as shares."""
        return np.abs(prediction - y) / np.where(y == 0, math.nan, np.abs(y))
