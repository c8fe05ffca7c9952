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
