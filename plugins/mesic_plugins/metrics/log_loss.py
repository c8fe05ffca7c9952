"""How surprising the outcomes are."""

import math

from mesic import example_losses
from mesic_plugins.metrics.rows import MeanOverRows


class LogLoss(MeanOverRows):
    """Mean negative logarithm of the probability that was given to what came, in nats.

    Probabilities are kept 2.2e-16 away from 0 and 1.

    Examples
    --------
    >>> import numpy as np
    >>> round(LogLoss().score(np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]])), 3)
    0.693
    """

    name = "log_loss"
    greater_is_better = False
    resampled = "studentised"
    needs = "probability"
    bounds = (0.0, math.inf)

    def of_rows(self, y, prediction):
        """Return the log loss of each row."""
        return example_losses("multiclass", y, prediction)
