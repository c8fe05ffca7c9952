"""How well a quantile is predicted."""

import math

import numpy as np

from mesic import SettingError
from mesic_plugins.metrics.rows import MeanOverRows


class QuantileLoss(MeanOverRows):
    """Mean pinball loss: an error counts `alpha` where the prediction is too low, 1 - `alpha` where too high.

    Parameters
    ----------
    alpha : float, default=0.5
        The quantile that is predicted, in (0, 1).

    References
    ----------
    R. Koenker, G. Bassett, Regression quantiles, Econometrica 46, 1978.

    Examples
    --------
    >>> round(QuantileLoss(alpha=0.9).score(np.array([1.0, 2.0]), np.array([0.0, 3.0])), 3)
    0.5
    """

    name = "quantile_loss"
    greater_is_better = False
    resampled = "studentised"
    needs = "value"
    bounds = (0.0, math.inf)

    def __init__(self, alpha: float = 0.5) -> None:
        if not 0 < alpha < 1:
            raise SettingError("alpha", alpha, "a quantile between 0 and 1")
        self.alpha = alpha

    def of_rows(self, y, prediction):
        """Return the pinball loss of each row."""
        short = y - prediction
        return np.maximum(self.alpha * short, (self.alpha - 1) * short)
