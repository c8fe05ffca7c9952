"""Share of predictions that are nearly right."""

import numpy as np

from mesic import SettingError
from mesic_plugins.metrics.rows import ShareOfRows


class Acper(ShareOfRows):
    """Almost correct predictions error rate: share of predictions within some percent of the truth.

    Parameters
    ----------
    percent : float, default=10.0
        How far from the truth a prediction may be, in percent of it, above 0.

    References
    ----------
    A. Burkov, Machine Learning Engineering, 2020, chapter 5.

    Examples
    --------
    >>> Acper(percent=10).score(np.array([100.0, 100.0]), np.array([95.0, 120.0]))
    0.5
    """

    name = "acper"
    greater_is_better = True
    needs = "value"

    def __init__(self, percent: float = 10.0) -> None:
        if not percent > 0:
            raise SettingError("percent", percent, "a number of percent above 0")
        self.percent = percent

    def of_rows(self, y, prediction):
        """Return whether each prediction is near enough."""
        return np.abs(prediction - y) <= self.percent / 100 * np.abs(y)
