"""Mean absolute error."""

import math

import numpy as np

from mesic_plugins.metrics.rows import MeanOverRows


class Mae(MeanOverRows):
    """Mean absolute error, in the unit of the target.

    Examples
    --------
    >>> Mae().score(np.array([1.0, 2.0]), np.array([1.0, 5.0]))
    1.5
    """

    name = "mae"
    greater_is_better = False
    resampled = "studentised"
    needs = "value"
    bounds = (0.0, math.inf)

    def of_rows(self, y, prediction):
        """Return absolute errors."""
        return np.abs(prediction - y)
