"""How often a row of a class is ranked before one of another."""

import math

import numpy as np
from scipy import special

from mesic_plugins.metrics.one_vs_rest import OneVersusRest

METHOD = "logit DeLong"


class RocAuc(OneVersusRest):
    """Area under the ROC curve; nan where a class, or its rest, has no rows.

    Two classes: of code 1, with DeLong's interval on the logit scale and Student's t by the rarer class.
    More: the mean over the classes, each against the rest.

    References
    ----------
    E. R. DeLong et al., Comparing the areas under two or more correlated ROC curves, Biometrics 44, 1988.
    N. A. Obuchowski, Nonparametric analysis of clustered ROC curve data, Biometrics 53, 1997.

    Examples
    --------
    >>> p = np.array([0.1, 0.4, 0.35, 0.8])
    >>> RocAuc().score(np.array([0, 0, 1, 1]), np.column_stack([1 - p, p]))
    0.75
    """

    name = "roc_auc"

    def area(self, positive, p, weight):
        """Return the weighted share of pairs in the right order; ties count half."""
        placed, own = _placements(positive, p, weight), weight * positive
        return float(own @ placed / own.sum()) if own.sum() > 0 else math.nan

    def influence(self, positive, p, weight):
        """Return how far each row's placement is from the area, over the weight of its class."""
        placed = _placements(positive, p, weight)
        own = np.where(positive, weight @ positive, weight @ ~positive)
        area = weight[positive] @ placed[positive] / (weight @ positive)
        return (placed - area) / own

    def of_bins(self, others, own, is_wide):  # noqa: ARG002 - rows of one bin tie
        """Return the share of pairs in the right order; those of one bin count half."""
        above = np.cumsum(own, axis=-1) - own / 2
        return (others * above).sum(axis=-1) / (others.sum(axis=-1) * own.sum(axis=-1))

    def closed_form(self, y, prediction, weight, groups, level):
        """Return DeLong's interval for two classes; Obuchowski's where rows come in groups."""
        if prediction.shape[1] != 2:
            return None
        positive, p = y == 1, prediction[:, 1]
        weight = np.ones(len(y)) if weight is None else weight
        groups = np.arange(len(y)) if groups is None else groups
        units = min(_units(weight * own, groups) for own in (positive, ~positive))
        if units < 2:
            return math.nan, math.nan, METHOD
        area, t = self.area(positive, p, weight), -float(special.stdtrit(units - 1, (1 - level) / 2))
        if area in (0.0, 1.0):
            slack = t * t / (units + t * t)
            return area * (1 - slack), area + (1 - area) * slack, "Wilson"
        error = math.sqrt(_variance(weight * self.influence(positive, p, weight), positive, groups))
        middle, half = special.logit(area), t * error / (area * (1 - area))
        return float(special.expit(middle - half)), float(special.expit(middle + half)), METHOD


def _units(weight, groups):
    """Return how many groups have weight, fewer where some weigh more than others (Kish)."""
    total = np.bincount(groups, weight)
    return float(total.sum() ** 2 / (total**2).sum()) if total.any() else 0.0


def _variance(moved, positive, groups):
    """Return the variance of the area from how far each row, so each group, moves it."""
    parts = [np.bincount(groups, moved * own) for own in (positive, ~positive)]
    sizes = [np.count_nonzero(np.bincount(groups[own])) for own in (positive, ~positive)]
    own = sum((part**2).sum() * size / (size - 1) for part, size in zip(parts, sizes, strict=True))
    return max(own + 2 * float(parts[0] @ parts[1]), 0.0)


def _placements(positive, p, weight):
    """Return the weighted share of the other class that each row is rightly ranked against, shape (n,)."""
    step = np.unique(p, return_inverse=True)[1]
    below_negatives, below_positives = (_share_below(step, weight * own) for own in (~positive, positive))
    return np.where(positive, below_negatives[step], 1 - below_positives[step])


def _share_below(step, weight):
    """Return the share of the weight that stands below each step, and half of that on it; nan without any."""
    own = np.bincount(step, weight)
    heap = np.cumsum(own)
    return (heap - own / 2) / (own.sum() or math.nan)
