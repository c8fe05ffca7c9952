"""How surprising counts are."""

import math

import numpy as np
from scipy.special import xlogy

from mesic_plugins.metrics.rows import MeanOverRows


class PoissonDeviance(MeanOverRows):
    """Mean deviance of counts from predictions; nan where a count is below 0 or a prediction not above 0.

    Examples
    --------
    >>> round(PoissonDeviance().score(np.array([1.0, 2.0]), np.array([1.0, 1.0])), 3)
    0.386
    """

    name = "poisson_deviance"
    greater_is_better = False
    resampled = "studentised"
    needs = "value"
    bounds = (0.0, math.inf)

    def of_rows(self, y, prediction):
        """Return the deviance of each row."""
        y, prediction = np.where(y < 0, math.nan, y), np.where(prediction > 0, prediction, math.nan)
        return 2 * (xlogy(y, y / prediction) - y + prediction)
