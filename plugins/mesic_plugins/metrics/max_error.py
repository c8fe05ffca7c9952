"""The largest error."""

import math

import numpy as np

from mesic import Metric


class MaxError(Metric):
    """Largest absolute error of a row that counts, in the unit of the target; has no interval.

    Examples
    --------
    >>> MaxError().score(np.array([1.0, 2.0]), np.array([1.0, 5.0]))
    3.0
    """

    name = "max_error"
    greater_is_better = False
    needs = "value"
    bounds = (0.0, math.inf)
    resampled = "not"

    def score(self, y, prediction, weight=None, groups=None):  # noqa: ARG002 - groups are not looked at
        """Return the largest error."""
        error = np.abs(prediction - y)[slice(None) if weight is None else weight > 0]
        return float(error.max()) if error.size else math.nan
