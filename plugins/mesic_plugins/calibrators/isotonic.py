"""Any rising curve."""

import numpy as np
from sklearn.isotonic import isotonic_regression

from mesic import PortableStep
from mesic_plugins.calibrators.fitting import classes_one_by_one, few_rows

FEWEST = 300


class Isotonic:
    """The rising steps with the least squared error, joined by lines; of more than two classes each by itself.

    One row of the other class is made up at either end, so that no probability becomes 0 or 1.

    Attributes
    ----------
    step_ : PortableStep
        What was learned, for the pipeline.
    findings_ : tuple of Finding
        Whether a class had too few rows.

    References
    ----------
    B. Zadrozny, C. Elkan, Transforming classifier scores into probability estimates, KDD 2002.

    Examples
    --------
    >>> p = np.array([0.1, 0.2, 0.3, 0.4])
    >>> Isotonic().fit(np.column_stack([1 - p, p]), np.array([0, 1, 0, 1])).step_.arrays["y"].round(2).tolist()
    [0.5, 0.5]
    """

    def fit(self, p, y, sample_weight=None):
        """Learn from probabilities (n, k) that were given before the class codes y (n,) were known."""
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        curves = [_knots(own, hit, weight) for own, hit in classes_one_by_one(p, y)]
        arrays = {
            "start": np.cumsum([0, *(len(x) for x, _ in curves)]),
            "x": np.concatenate([x for x, _ in curves]),
            "y": np.concatenate([y for _, y in curves]),
        }
        self.step_ = PortableStep("isotonic", {"classes": p.shape[1]}, arrays)
        self.findings_ = few_rows("isotonic", y, p.shape[1], FEWEST)
        return self


def _knots(p, hit, weight):
    """Return both ends of each step."""
    usual = weight.sum() / len(weight)
    p, hit = np.r_[p.min(), p, p.max()], np.r_[1.0, hit, 0.0]
    weight = np.r_[usual, weight, usual]
    x, place = np.unique(p, return_inverse=True)
    mass = np.bincount(place, weight)
    there = mass > 0
    means = np.bincount(place, weight * hit)[there] / mass[there]
    x, y = x[there], isotonic_regression(means, sample_weight=mass[there])
    is_end = np.r_[True, np.diff(y) != 0] | np.r_[np.diff(y) != 0, True]
    return x[is_end], y[is_end]
