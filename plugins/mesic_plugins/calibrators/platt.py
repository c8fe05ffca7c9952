"""A line through the log odds."""

import numpy as np

from mesic import PortableStep
from mesic_plugins.calibrators.fitting import classes_one_by_one, few_rows, logistic, logs, softened

FEWEST = 20


class Platt:
    """Probabilities from a logistic regression on their log odds; of more than two classes each by itself.

    A probability that is too bold is drawn towards the middle, and one that is too high or too low is moved.

    Attributes
    ----------
    step_ : PortableStep
        What was learned, for the pipeline.
    findings_ : tuple of Finding
        Whether a class had too few rows.

    References
    ----------
    J. Platt, Probabilistic outputs for support vector machines, 1999.

    Examples
    --------
    >>> p = np.repeat([0.01, 0.99], 50)
    >>> y = np.r_[np.zeros(40, int), np.ones(10, int), np.zeros(10, int), np.ones(40, int)]
    >>> Platt().fit(np.column_stack([1 - p, p]), y).step_.arrays["coef"].round(2).tolist()
    [[0.29, 0.29]]
    """

    def fit(self, p, y, sample_weight=None):
        """Learn from probabilities (n, k) that were given before the class codes y (n,) were known."""
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        curves = []
        for own, hit in classes_one_by_one(p, y):
            odds = logs(own).sum(axis=1, keepdims=True)
            curves.append(logistic(odds, softened(hit, weight), weight))
        coef = np.array([[slope[0], slope[0]] for slope, _ in curves])
        intercept = np.array([intercept for _, intercept in curves])
        self.step_ = PortableStep("log_odds", {"classes": p.shape[1]}, {"coef": coef, "intercept": intercept})
        self.findings_ = few_rows("platt", y, p.shape[1], FEWEST)
        return self
