"""Root of the mean squared error."""

import numpy as np

from mesic_plugins.metrics.mse import Mse


class Rmse(Mse):
    """Root of the mean squared error, in the unit of the target.

    Examples
    --------
    >>> Rmse().score(np.array([0.0, 0.0]), np.array([3.0, 3.0]))
    3.0
    """

    name = "rmse"

    def value(self, means):
        """Return the root of the mean."""
        return np.sqrt(means[..., 0])
