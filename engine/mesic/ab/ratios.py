"""Ratios of totals, such as revenue a session: the delta method makes a mean of them."""

import math

import numpy as np

from mesic.ab.moments import COVARIATE, DENOMINATOR, OUTCOME, Moments


def level(moments: Moments) -> float:
    """Return the mean outcome, or the ratio of the mean outcome to the mean denominator; nan without one.

    Examples
    --------
    >>> level(Moments.of({"outcome": [2.0, 4.0], "denominator": [1.0, 3.0]}))
    1.5
    """
    mean = dict(zip(moments.names, moments.mean, strict=True))
    below = mean.get(DENOMINATOR, 1.0)
    return float(mean[OUTCOME] / below) if below else math.nan


def slopes(moments: Moments) -> np.ndarray:
    """Return how much the level moves with each mean, shape (k,); 0 for a covariate.

    References
    ----------
    A. Deng, U. Knoblich, J. Lu, Applying the delta method in metric analytics, KDD 2018.

    Examples
    --------
    >>> slopes(Moments.of({"outcome": [2.0, 4.0], "denominator": [1.0, 3.0]})).tolist()
    [0.5, -0.75]
    """
    mean = dict(zip(moments.names, moments.mean, strict=True))
    below = mean.get(DENOMINATOR, 1.0) or math.nan
    steep = {OUTCOME: 1 / below, DENOMINATOR: -mean[OUTCOME] / below**2, COVARIATE: 0.0}
    return np.array([steep[name] for name in moments.names])
