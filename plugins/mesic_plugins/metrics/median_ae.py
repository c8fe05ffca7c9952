"""Median absolute error."""

import math

import numpy as np

from mesic import Metric


class MedianAe(Metric):
    """Median absolute error, in the unit of the target; the mean of both middle ones where there are two.

    Examples
    --------
    >>> MedianAe().score(np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.5, 9.0]))
    0.5
    """

    name = "median_ae"
    greater_is_better = False
    needs = "value"
    bounds = (0.0, math.inf)

    def closed_form(self, y, prediction, weight, groups, level):
        """Return the order statistics that hold the median (binomial; H. A. David, Order Statistics, 1981)."""
        if weight is not None or groups is not None or len(y) < 8:
            return None
        from scipy.special import ndtri

        error, half = np.sort(np.abs(prediction - y)), ndtri(0.5 + level / 2) * math.sqrt(len(y)) / 2
        low, high = math.floor(len(y) / 2 - half), math.ceil(len(y) / 2 + half)
        return float(error[max(low, 0)]), float(error[min(high, len(y) - 1)]), "order statistics"

    def score(self, y, prediction, weight=None, groups=None):  # noqa: ARG002 - groups are not looked at
        """Return the weighted median."""
        error = np.abs(prediction - y)
        if weight is None:
            return float(np.median(error)) if len(y) else math.nan
        order = np.argsort(error)
        error, heap = error[order], np.cumsum(weight[order])
        if not len(y) or not heap[-1] > 0:
            return math.nan
        below, upto = np.searchsorted(heap, heap[-1] / 2), np.searchsorted(heap, heap[-1] / 2, side="right")
        return float((error[below] + error[min(upto, len(y) - 1)]) / 2)
