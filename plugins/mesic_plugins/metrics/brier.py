"""Squared distance of probabilities from outcomes."""

import numpy as np

from mesic_plugins.metrics.rows import MeanOverRows


class Brier(MeanOverRows):
    """Mean squared distance of probabilities from outcomes.

    Two classes: of the probability of code 1, from 0 to 1. More: summed over the classes, from 0 to 2.

    References
    ----------
    G. W. Brier, Verification of forecasts expressed in terms of probability, Monthly Weather Review 78, 1950.

    Examples
    --------
    >>> round(Brier().score(np.array([0, 1]), np.array([[0.9, 0.1], [0.2, 0.8]])), 3)
    0.025
    """

    name = "brier"
    greater_is_better = False
    resampled = "studentised"
    needs = "probability"
    bounds = (0.0, 2.0)

    def __init__(self, task: str | None = None) -> None:
        if task == "binary":
            self.bounds = (0.0, 1.0)

    def of_rows(self, y, prediction):
        """Return the squared distance of each row."""
        if prediction.shape[1] == 2:
            return (prediction[:, 1] - y) ** 2
        return ((prediction - np.eye(prediction.shape[1])[y]) ** 2).sum(axis=1)
