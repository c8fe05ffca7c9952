"""How often a row of a class is ranked before one of another."""

import math

import numpy as np
from scipy import special

from mesic_plugins.metrics.one_vs_rest import OneVersusRest


class RocAuc(OneVersusRest):
    """Area under the ROC curve; nan where a class, or its rest, has no rows.

    Two classes: of code 1, with DeLong's interval on the logit scale and Student's t by the rarer class.
    More: the mean over the classes, each against the rest.

    References
    ----------
    E. R. DeLong et al., Comparing the areas under two or more correlated ROC curves, Biometrics 44, 1988.
    J. A. Hanley, B. J. McNeil, The meaning and use of the area under a ROC curve, Radiology 143, 1982.

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
        placed, own = (
            _placements(positive, p, weight),
            np.where(positive, weight @ positive, weight @ ~positive),
        )
        area = weight[positive] @ placed[positive] / (weight @ positive)
        return (placed - area) / own

    def closed_form(self, y, prediction, weight, level):
        """Return DeLong's interval for two classes."""
        if prediction.shape[1] != 2:
            return None
        positive, p = y == 1, prediction[:, 1]
        weight = np.ones(len(y)) if weight is None else weight
        sizes = _effective_size(weight[positive]), _effective_size(weight[~positive])
        if min(sizes) < 2:
            return math.nan, math.nan, "logit DeLong"
        area = self.area(positive, p, weight)
        squares = (weight * self.influence(positive, p, weight)) ** 2
        variance = sum(
            squares[own].sum() * n / (n - 1) for own, n in zip((positive, ~positive), sizes, strict=True)
        )
        if area in (0.0, 1.0) or variance == 0:
            area, variance = _never_certain(area, *sizes)
        half = -special.stdtrit(min(sizes) - 1, (1 - level) / 2) * math.sqrt(variance) / (area * (1 - area))
        middle = special.logit(area)
        return float(special.expit(middle - half)), float(special.expit(middle + half)), "logit DeLong"


def _placements(positive, p, weight):
    """Return the weighted share of the other class that each row is rightly ranked against, shape (n,)."""
    placed = np.full(len(p), np.nan)
    for own, upside in ((positive, 1), (~positive, -1)):
        others, other_weight = p[~own], weight[~own]
        order = np.argsort(others)
        others, heap = others[order], np.concatenate([[0.0], np.cumsum(other_weight[order])])
        if heap[-1] > 0:
            below, upto = (
                heap[np.searchsorted(others, p[own])],
                heap[np.searchsorted(others, p[own], side="right")],
            )
            share = (below + upto) / (2 * heap[-1])
            placed[own] = share if upside == 1 else 1 - share
    return placed


def _effective_size(weight):
    return float(weight.sum() ** 2 / (weight**2).sum()) if weight.any() else 0.0


def _never_certain(area, positives, negatives):
    """Return area and variance (Hanley and McNeil's) as if half a pair more were right and half wrong."""
    pairs = positives * negatives
    area = (area * pairs + 0.5) / (pairs + 1)
    first, second = area / (2 - area), 2 * area**2 / (1 + area)
    spread = area * (1 - area) + (positives - 1) * (first - area**2) + (negatives - 1) * (second - area**2)
    return area, spread / pairs
