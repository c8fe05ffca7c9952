"""One number that makes all probabilities bolder or more timid."""

import numpy as np

from mesic import PortableStep
from mesic_plugins.calibrators.fitting import SMALLEST, few_rows

FEWEST = 10
BOLDEST, MOST_TIMID = 0.05, 20.0


class Temperature:
    """Probabilities to the power of one over a temperature: above 1 they become more timid, below 1 bolder.

    Which class is the most probable one stays.

    Attributes
    ----------
    step_ : PortableStep
        What was learned, for the pipeline.
    findings_ : tuple of Finding
        Whether a class had too few rows.

    References
    ----------
    C. Guo et al., On calibration of modern neural networks, ICML 2017.

    Examples
    --------
    >>> p = np.repeat([0.9, 0.1], 50)
    >>> y = np.r_[np.zeros(15, int), np.ones(35, int), np.ones(15, int), np.zeros(35, int)]
    >>> Temperature().fit(np.column_stack([1 - p, p]), y).step_.arrays["temperature"].round(2).tolist()
    [2.59]
    """

    def fit(self, p, y, sample_weight=None):
        """Learn from probabilities (n, k) that were given before the class codes y (n,) were known."""
        from scipy.optimize import minimize_scalar

        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        share, score, rows = weight / weight.sum(), np.log(np.clip(p, SMALLEST, None)), np.arange(len(y))

        def loss(power):
            scaled = score * power
            largest = scaled.max(axis=1)
            total = np.log(np.exp(scaled - largest[:, np.newaxis]).sum(axis=1)) + largest
            return float(share @ (total - scaled[rows, y]))

        limits, close = (1 / MOST_TIMID, 1 / BOLDEST), {"xatol": 1e-9}
        power = float(minimize_scalar(loss, bounds=limits, method="bounded", options=close).x)  # convex in the power
        self.step_ = PortableStep("temperature", {"classes": p.shape[1]}, {"temperature": np.array([1 / power])})
        self.findings_ = few_rows("temperature", y, p.shape[1], FEWEST)
        return self
