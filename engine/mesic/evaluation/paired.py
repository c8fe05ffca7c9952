"""By how much one prediction scores better than another, by any metric, on the same rows and the same resamples."""

import math

import numpy as np

from mesic.evaluation.comparison import Comparison
from mesic.evaluation.metrics import Metric, values_of
from mesic.evaluation.resampling import FEWEST_UNITS, Resampling, percentile_ends, plan_resampling

MOST_CELLS = 4_096


def paired_scores(  # noqa: PLR0913 - all but the first four are named
    metric: Metric,
    y: np.ndarray,
    one: np.ndarray,
    other: np.ndarray,
    *,
    weight: np.ndarray | None,
    groups: np.ndarray | None,
    level: float,
    rng: np.random.Generator,
    unit: str = "groups",
) -> Comparison:
    """Return how much larger the score of `one` is than that of `other`, with interval and two-sided p.

    Both are scored on the same resamples of rows, or of groups. Scores that are neither made of means nor of cells have
    no interval.

    Parameters
    ----------
    metric
        Whose scores.
    y
        Class codes or values, shape (n,).
    one, other
        Two predictions as ``metric.needs`` says.
    weight, groups
        Shape (n,), or None.
    level
        Of the interval, in (0, 1).
    rng
        For resampling.
    unit
        What a group is, in words.

    Examples
    --------
    >>> from mesic_plugins.metrics.accuracy import Accuracy
    >>> y = np.tile([0, 1], 50)
    >>> worse = np.where(np.arange(100) < 20, 1 - y, y)
    >>> about = {"weight": None, "groups": None, "level": 0.95, "rng": np.random.default_rng(0)}
    >>> found = paired_scores(Accuracy(), y, y, worse, **about)
    >>> round(found["value"], 3), round(found["low"], 2), found["p"] < 0.01
    (0.2, 0.12, True)
    """
    plan = plan_resampling(len(y), groups, rng=rng, unit=unit)
    value = metric.score(y, one, weight, groups) - metric.score(y, other, weight, groups)
    parts = [_sums(metric, y, prediction, plan, weight, groups) for prediction in (one, other)]
    low, high, p, method = math.nan, math.nan, math.nan, "no interval"
    if (
        parts[0] is not None
        and parts[1] is not None
        and plan.units > 1
        and not math.isnan(value)
        and metric.resampled != "not"
    ):
        drawn = _scores(metric, plan.counts @ parts[0]) - _scores(metric, plan.counts @ parts[1])
        low, high, method = _ends(metric, value, drawn, level, max(plan.effective(weight), FEWEST_UNITS))
        p = math.nan if metric.resampled == "reflected" else _p_value(drawn)
    ends = [number if math.isfinite(number) else None for number in (value, low, high, p)]
    return Comparison(
        value=ends[0], low=ends[1], high=ends[2], p=ends[3], level=level, method=method, unit=plan.unit, n=len(y)
    )


def _ends(metric: Metric, value: float, drawn: np.ndarray, level: float, units: float) -> tuple[float, float, str]:
    """Return the ends; a score that noise only raises has them reflected."""
    low, high = percentile_ends(drawn, level, units)
    if metric.resampled == "reflected":
        return 2 * value - high, 2 * value - low, "paired reflected bootstrap"
    return low, high, "paired percentile bootstrap"


def _p_value(drawn: np.ndarray) -> float:
    """Return twice the share of resamples on the other side of no difference, which themselves count as one more."""
    known = drawn[~np.isnan(drawn)]
    beyond = min(np.count_nonzero(known <= 0), np.count_nonzero(known >= 0))
    return min(1.0, 2 * (int(beyond) + 1) / (known.size + 1)) if known.size else math.nan


def _sums(
    metric: Metric,
    y: np.ndarray,
    prediction: np.ndarray,
    plan: Resampling,
    weight: np.ndarray | None,
    groups: np.ndarray | None,
) -> np.ndarray | None:
    """Return each unit's weight and its weighted moments or cells, shape (units, 1 + m); None where it has none."""
    mass = np.ones(len(y)) if weight is None else weight
    found = metric.cells(y, prediction)
    if found is not None:
        cell, count = found
        if count > MOST_CELLS:
            return None
        table = np.bincount(plan.unit_of_row * count + cell, mass, minlength=plan.units * count)
        table = table.reshape(plan.units, count)
        return np.column_stack([table.sum(axis=1), table])
    moments = metric.linearised(y, prediction, weight, groups)
    return None if moments is None else plan.sums(np.column_stack([mass, moments * mass[:, np.newaxis]]))


def _scores(metric: Metric, sums: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return values_of(metric, sums[:, 1:] / sums[:, :1])
