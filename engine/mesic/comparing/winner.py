"""What the best of several models is worth on rows that did not choose it."""

from collections.abc import Sequence

import numpy as np

from mesic.comparing.replicates import Side, replicated
from mesic.evaluation.metrics import Metric
from mesic.evaluation.resampling import Resampling, percentile_ends
from mesic.training.optimism import METHOD, Optimism


def worth_of_best(metric: Metric, sides: Sequence[Side], plan: Resampling, *, level: float) -> Optimism | None:
    """Return by how much the best score of several is too good, and what to expect of it elsewhere.

    Units are drawn with replacement; the model of the best score on those that were drawn is scored on those that were
    not. No model is fitted again. :func:`~mesic.training.optimism.optimism_of_best` does the same with losses.

    Parameters
    ----------
    metric
        What chooses.
    sides
        Answers of each model.
    plan
        What is drawn.
    level
        Of the interval, in (0, 1).

    References
    ----------
    I. Tsamardinos, E. Greasidou, G. Borboudakis, Bootstrapping the out-of-sample predictions for efficient and accurate
    cross-validation, Machine Learning 107, 2018.
    """
    sign = -1.0 if metric.greater_is_better else 1.0
    values = sign * np.array([side.score(metric) for side in sides])
    if np.isnan(values).any():
        return None
    inside = np.stack([replicated(metric, side, plan.counts) for side in sides], axis=1)
    outside = np.stack([replicated(metric, side, (plan.counts == 0).astype(float)) for side in sides], axis=1)
    best = np.nan_to_num(sign * inside, nan=np.inf).argmin(axis=1)
    picked = outside[np.arange(len(best)), best]
    picked = np.where(np.isnan(inside).all(axis=1), np.nan, picked)
    if np.isnan(picked).all():
        return None
    expected = float(np.nanmean(picked))
    return Optimism(
        sign * expected - float(values.min()), expected, *percentile_ends(picked, level), level, METHOD, plan.unit
    )
