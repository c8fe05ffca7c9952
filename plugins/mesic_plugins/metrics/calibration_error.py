"""How far probabilities are from how often they come true."""

import numpy as np

from mesic import Metric, SettingError


class CalibrationError(Metric):
    """Expected calibration error: mean distance of stated from seen shares, over bins of equal size.

    Two classes: of the probability of code 1. More: of that of the most probable class. Equal probabilities
    share a bin. Chance alone makes it larger than 0, so its interval is reflected.

    Parameters
    ----------
    bins : int, default=10
        Number of bins, from 1.

    References
    ----------
    M. P. Naeini et al., Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015.

    Examples
    --------
    >>> p = np.array([0.2, 0.2, 0.8, 0.8])
    >>> score = CalibrationError(bins=2).score(np.array([0, 0, 1, 1]), np.column_stack([1 - p, p]))
    >>> round(score, 3)
    0.2
    """

    name = "calibration_error"
    greater_is_better = False
    needs = "probability"
    weighs_otherwise = "bins hold as many rows, whatever those weigh"
    bounds = (0.0, 1.0)
    resampled = "reflected"

    def __init__(self, bins: int = 10) -> None:
        if not bins >= 1:
            raise SettingError("bins", bins, "a whole number from 1")
        self.bins = bins

    def moments(self, y, prediction):
        """Return what is stated less what came, in the column of the row's bin, shape (n, bins)."""
        if prediction.shape[1] == 2:
            stated, came = prediction[:, 1], y == 1
        else:
            stated, came = prediction.max(axis=1), prediction.argmax(axis=1) == y
        edges = np.quantile(stated, np.arange(1, self.bins) / self.bins)
        columns = np.zeros((len(y), self.bins))
        columns[np.arange(len(y)), np.searchsorted(edges, stated)] = stated - came
        return columns

    def value(self, means):
        """Return the sum of the bins' distances, each by its share of rows."""
        return np.abs(means).sum(axis=-1)
