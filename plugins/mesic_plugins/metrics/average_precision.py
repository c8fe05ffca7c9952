"""Precision averaged over recall."""

import math

import numpy as np

from mesic_plugins.metrics.one_vs_rest import OneVersusRest


class AveragePrecision(OneVersusRest):
    """Area under the precision-recall curve, as a sum of steps; nan where a class has no rows.

    Two classes: of code 1. More: the mean over the classes, each against the rest.

    Examples
    --------
    >>> p = np.array([0.1, 0.4, 0.35, 0.8])
    >>> round(AveragePrecision().score(np.array([0, 0, 1, 1]), np.column_stack([1 - p, p])), 3)
    0.833
    """

    name = "average_precision"
    fewest_for_influence = 100
    most_bins, first_alone = 512, 256

    def area(self, positive, p, weight):
        """Return the weighted mean, over the rows of the class, of the precision down to them."""
        hits = weight[positive].sum()
        if not hits > 0:
            return math.nan
        _, _, step_hits, precision = _steps(positive, p, weight)
        return float(step_hits @ precision / hits)

    def influence(self, positive, p, weight):
        """Return the derivative: a row changes the precision of every step from its own on down."""
        step, above, step_hits, precision = _steps(positive, p, weight)
        hits = step_hits.sum()
        down = np.cumsum((step_hits / above)[::-1])[::-1]
        down_precision = np.cumsum((step_hits * precision / above)[::-1])[::-1]
        own = positive * (precision[step] - step_hits @ precision / hits + down[step])
        return (own - down_precision[step]) / hits

    def of_bins(self, others, own, is_wide):
        """Return the mean precision of the bins by their rows of the class; of a wide bin that of its middle."""
        hits, rows = np.cumsum(own, axis=-1), np.cumsum(own + others, axis=-1)
        middle = np.where(is_wide, 0.5, 0.0)
        precision = (hits - middle * own) / (rows - middle * (own + others))
        return np.where(own > 0, precision * own, 0.0).sum(axis=-1) / hits[..., -1]


def _steps(positive, p, weight):
    """Return each row's step (n,); of each distinct p, falling: weight down to it, its hits, precision."""
    distinct, step = np.unique(-p, return_inverse=True)
    step_weight = np.bincount(step, weight, minlength=distinct.size)
    step_hits = np.bincount(step, weight * positive, minlength=distinct.size)
    above = np.cumsum(step_weight)
    above = np.where(above > 0, above, 1.0)
    return step, above, step_hits, np.cumsum(step_hits) / above
