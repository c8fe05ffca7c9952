"""Correlation of classes and answers."""

import numpy as np

from mesic_plugins.metrics.confusion import OfConfusion


class Mcc(OfConfusion):
    """Matthews's correlation coefficient; nan where all rows or all answers are of one class.

    References
    ----------
    J. Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient, Computational
    Biology and Chemistry 28, 2004.

    Examples
    --------
    >>> Mcc().score(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    0.0
    """

    name = "mcc"
    bounds = (-1.0, 1.0)

    def of_table(self, table):
        """Return the covariance over both deviations."""
        truth, answered = table.sum(axis=-1), table.sum(axis=-2)
        total = truth.sum(axis=-1)
        hit = table.diagonal(axis1=-2, axis2=-1).sum(axis=-1)
        shared = hit * total - (truth * answered).sum(axis=-1)
        spread = _spread(truth, total) * _spread(answered, total)
        return shared / np.sqrt(np.where(spread > 0, spread, np.nan))


def _spread(share, total):
    """Return total² - Σ share², exactly 0 where one class has all."""
    return (share * (total[..., np.newaxis] - share)).sum(axis=-1) * (np.count_nonzero(share, axis=-1) > 1)
