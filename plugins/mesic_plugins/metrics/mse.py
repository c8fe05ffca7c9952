"""Mean squared error."""

import math

from mesic import example_losses
from mesic_plugins.metrics.rows import MeanOverRows


class Mse(MeanOverRows):
    """Mean squared error, in the squared unit of the target.

    Examples
    --------
    >>> import numpy as np
    >>> Mse().score(np.array([1.0, 2.0]), np.array([1.0, 4.0]))
    2.0
    """

    name = "mse"
    greater_is_better = False
    resampled = "studentised"
    needs = "value"
    bounds = (0.0, math.inf)

    def of_rows(self, y, prediction):
        """Return squared errors."""
        return example_losses("regression", y, prediction)
