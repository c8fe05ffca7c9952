"""Metrics that are the mean of something over rows."""

import math
from statistics import NormalDist

import numpy as np

from mesic import Metric


class MeanOverRows(Metric):
    """Base of metrics that say :meth:`of_rows` and average it."""

    def of_rows(self, y: np.ndarray, prediction: np.ndarray) -> np.ndarray:
        """Return what is averaged, shape (n,)."""
        raise NotImplementedError

    def moments(self, y, prediction):
        """Return one column, shape (n, 1)."""
        return np.asarray(self.of_rows(y, prediction), dtype=float)[:, np.newaxis]

    def value(self, means):
        """Return the mean itself."""
        return means[..., 0]


class ShareOfRows(MeanOverRows):
    """Base of metrics that are the share of rows of which something is true; Wilson's interval."""

    bounds = (0.0, 1.0)

    def closed_form(self, y, prediction, weight, groups, level):
        """Return Wilson's interval for independent rows that count the same."""
        if weight is not None or groups is not None:
            return None
        low, high = wilson(float(np.mean(self.of_rows(y, prediction))), len(y), level)
        return low, high, "Wilson"


def wilson(share: float, n: int, level: float) -> tuple[float, float]:
    """Return the ends of Wilson's interval of a share of n rows.

    References
    ----------
    E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22, 1927.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(0.5, 10, 0.95)]
    [0.2366, 0.7634]
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + (z / (2 * n)) ** 2)
    return middle - half, middle + half
