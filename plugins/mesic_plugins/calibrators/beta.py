"""A curve that may bend otherwise near 0 than near 1."""

import numpy as np

from mesic import PortableStep
from mesic_plugins.calibrators.fitting import classes_one_by_one, few_rows, logistic, logs, softened

FEWEST = 50


class Beta:
    """Probabilities from a logistic regression on ln(p) and -ln(1 - p); of more than two classes each by itself.

    Unlike Platt's line it can leave probabilities as they are. Both coefficients are kept from 0, so that the curve
    never falls.

    Attributes
    ----------
    step_ : PortableStep
        What was learned, for the pipeline.
    findings_ : tuple of Finding
        Whether a class had too few rows.

    References
    ----------
    M. Kull, T. Silva Filho, P. Flach, Beta calibration, AISTATS 2017.

    Examples
    --------
    >>> p = np.repeat([0.1, 0.5, 0.9], 1000)
    >>> y = np.concatenate([np.arange(1000) < 1000 * share for share in (0.1, 0.5, 0.9)]).astype(int)
    >>> Beta().fit(np.column_stack([1 - p, p]), y).step_.arrays["coef"].round(2).tolist()
    [[1.0, 1.0]]
    """

    def fit(self, p, y, sample_weight=None):
        """Learn from probabilities (n, k) that were given before the class codes y (n,) were known."""
        weight = np.ones(len(y)) if sample_weight is None else sample_weight
        curves = [_rising(logs(own), softened(hit, weight), weight) for own, hit in classes_one_by_one(p, y)]
        arrays = {"coef": np.array([coef for coef, _ in curves]), "intercept": np.array([c for _, c in curves])}
        self.step_ = PortableStep("log_odds", {"classes": p.shape[1]}, arrays)
        self.findings_ = few_rows("beta", y, p.shape[1], FEWEST)
        return self


def _rising(columns, target, weight):
    """Return the curve without the column whose coefficient would be below 0."""
    coef, intercept = logistic(columns, target, weight)
    if (coef >= 0).all():
        return coef, intercept
    kept = int(coef.argmax())
    slope, intercept = logistic(columns[:, [kept]], target, weight)
    coef = np.zeros(2)
    coef[kept] = max(float(slope[0]), 0.0)
    return (coef, intercept) if slope[0] >= 0 else (coef, logistic(columns[:, :0], target, weight)[1])
