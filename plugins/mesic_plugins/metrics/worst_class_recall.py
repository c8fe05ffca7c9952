"""Accuracy of the class that fares worst."""

import numpy as np

from mesic_plugins.metrics.confusion import OfConfusion


class WorstClassRecall(OfConfusion):
    """Smallest share, over the classes that occur, of a class's rows that is answered rightly.

    Examples
    --------
    >>> WorstClassRecall().score(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 0]))
    0.5
    """

    name = "worst_class_recall"

    def of_table(self, table):
        """Return the smallest recall."""
        return np.fmin.reduce(table.diagonal(axis1=-2, axis2=-1) / table.sum(axis=-1), axis=-1)
