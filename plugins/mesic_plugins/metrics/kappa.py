"""Agreement beyond chance."""

import numpy as np

from mesic import SettingError
from mesic_plugins.metrics.confusion import OfConfusion

WEIGHTS = ("none", "linear", "quadratic")


class Kappa(OfConfusion):
    """Cohen's kappa: 1 is agreement, 0 is what chance gives; nan where all rows and answers are of one class.

    Parameters
    ----------
    weights : {"none", "linear", "quadratic"}
        What a confusion of classes i and j counts: the same for all, |i - j| or (i - j)².

    References
    ----------
    J. Cohen, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20,
    1960.

    Examples
    --------
    >>> Kappa().score(np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1]))
    0.5
    """

    name = "kappa"
    bounds = (-1.0, 1.0)

    def __init__(self, weights: str = "none") -> None:
        if weights not in WEIGHTS:
            raise SettingError("weights", weights, f"one of {', '.join(WEIGHTS)}")
        self.weights = weights

    def of_table(self, table):
        """Return one minus the disagreement seen over that of chance."""
        truth, answered = table.sum(axis=-1), table.sum(axis=-2)
        penalty = self._penalty(table.shape[-1])
        seen = (table * penalty).sum(axis=(-2, -1))
        chance = np.einsum("...i,ij,...j->...", truth, penalty, answered)
        return 1 - seen / np.where(chance > 0, chance, np.nan)

    def _penalty(self, k):
        apart = np.abs(np.subtract.outer(np.arange(k), np.arange(k))).astype(float)
        return {"none": np.sign(apart), "linear": apart, "quadratic": apart**2}[self.weights]
