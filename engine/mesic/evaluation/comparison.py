"""Which of two predictors errs less, on the same rows."""

import math
from typing import TypedDict

import numpy as np

from mesic.evaluation.resampling import FEWEST_UNITS, Resampling, percentile_ends, plan_resampling


class Comparison(TypedDict):
    """A difference with its interval and the two-sided p of none; None where it cannot be told."""

    value: float | None
    low: float | None
    high: float | None
    p: float | None
    level: float
    method: str
    unit: str
    n: int


def paired_difference(
    loss_a: np.ndarray,
    loss_b: np.ndarray,
    *,
    weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    unit: str = "groups",
) -> Comparison:
    """Return how much larger the mean of `loss_a` is than that of `loss_b`, by a paired t test.

    Parameters
    ----------
    loss_a, loss_b
        Losses of the same rows, shape (n,).
    weight
        How much each row counts, shape (n,).
    groups
        Rows of one group are not independent, shape (n,).
    rng
        Deals rows into blocks where there are more than 2,000.
    level
        Of the interval, in (0, 1).
    unit
        What a group is, in words.

    Examples
    --------
    >>> a, b = np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 1.5, 3.0, 3.5])
    >>> found = paired_difference(a, b, rng=np.random.default_rng(0))
    >>> found["value"], round(found["p"], 3)
    (-0.75, 0.014)
    """
    plan = plan_resampling(len(loss_a), groups, rng=rng, unit=unit)
    value, low, high, p = _student(loss_a - loss_b, weight, plan, level)
    return _comparison((value, low, high, p), level, "paired t", plan, len(loss_a))


def skill(
    loss_model: np.ndarray,
    loss_baseline: np.ndarray,
    *,
    weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    replicates: int = 1_000,
    unit: str = "groups",
) -> Comparison:
    """Return the share of the baseline's mean loss that the model saves: 1 is all; below 0 it adds to it.

    The interval resamples both losses of a row, or of a group, together; `p` is that of
    :func:`paired_difference`.

    Parameters
    ----------
    loss_model, loss_baseline
        Losses of the same rows, from 0, shape (n,).
    weight, groups, rng, level, unit
        As in :func:`paired_difference`.
    replicates
        Number of resamples, from 1.

    Examples
    --------
    >>> found = skill(np.array([0.1, 0.2, 0.3]), np.array([0.4, 0.4, 0.4]), rng=np.random.default_rng(0))
    >>> round(found["value"], 3), found["method"]
    (0.5, 'paired percentile bootstrap')
    """
    plan = plan_resampling(len(loss_model), groups, rng=rng, replicates=replicates, unit=unit)
    sums = plan.sums(np.column_stack([loss_model, loss_baseline]).astype(float), weight)
    value = float(_saved(sums.sum(axis=0)))
    low, high, p = math.nan, math.nan, _student(loss_model - loss_baseline, weight, plan, level)[3]
    if plan.units >= 2:
        low, high = percentile_ends(_saved(plan.counts @ sums), level, plan.effective(weight))
    return _comparison((value, low, high, p), level, "paired percentile bootstrap", plan, len(loss_model))


def _student(
    difference: np.ndarray, weight: np.ndarray | None, plan: Resampling, level: float
) -> tuple[float, float, float, float]:
    """Return the weighted mean, its ends, and p; rows of one unit may depend on each other.

    References
    ----------
    J. G. MacKinnon, H. White, Some heteroskedasticity-consistent covariance matrix estimators, Journal of Econometrics
    29, 1985 (HC2).
    """
    from scipy import special

    sums = plan.sums(np.column_stack([difference, np.ones(len(difference))]).astype(float), weight)
    total = sums[:, 1].sum()
    if plan.units < 2 or not total > 0:
        return (float(sums[:, 0].sum() / total) if total > 0 else math.nan), math.nan, math.nan, math.nan
    mean = float(sums[:, 0].sum() / total)
    share = sums[:, 1] / total  # what a unit hides of its own distance, for it draws the mean towards itself
    spread = ((sums[:, 0] - mean * sums[:, 1]) ** 2 / np.maximum(1 - share, 1e-9)).sum()
    error = math.sqrt(spread) / total
    freedom = max(plan.effective(weight), FEWEST_UNITS) - 1
    half = -float(special.stdtrit(freedom, (1 - level) / 2)) * error
    if error == 0:
        return mean, mean, mean, float(mean == 0)
    return mean, mean - half, mean + half, float(2 * special.stdtr(freedom, -abs(mean) / error))


def _saved(sums: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        saved = 1 - sums[..., 0] / sums[..., 1]
    return np.where(np.isfinite(saved), saved, math.nan)


def _comparison(
    found: tuple[float, float, float, float], level: float, method: str, plan: Resampling, n: int
) -> Comparison:
    value, low, high, p = (number if math.isfinite(number) else None for number in found)
    return Comparison(value=value, low=low, high=high, p=p, level=level, method=method, unit=plan.unit, n=n)
