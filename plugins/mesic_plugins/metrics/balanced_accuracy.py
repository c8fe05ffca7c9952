"""Mean recall of the classes."""

import numpy as np

from mesic_plugins.metrics.confusion import OfConfusion, mean_of_defined


class BalancedAccuracy(OfConfusion):
    """Mean over the classes that occur of the share of their rows that is answered rightly.

    Examples
    --------
    >>> BalancedAccuracy().score(np.array([0, 0, 0, 1]), np.array([0, 0, 0, 0]))
    0.5
    """

    name = "balanced_accuracy"

    def of_table(self, table):
        """Return the mean recall."""
        truth = table.sum(axis=-1)
        return mean_of_defined(table.diagonal(axis1=-2, axis2=-1) / truth, np.ones_like(truth))
