"""Intervals: how far a score may be from what it would be on endless rows of the same kind.

Rows (or whole groups) are drawn anew. Scores that are made of cells or of means follow from sums, so that a
thousand resamples cost one matrix product; closed forms are used where they cover better.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mesic.errors import SettingError
from mesic.evaluation.comparison import Comparison, paired_difference, skill
from mesic.evaluation.metrics import Metric, values_of
from mesic.evaluation.resampling import Resampling, coded, percentile_ends, plan_resampling

BINARY_CELLS = 4
FEWEST_SCORED_RESAMPLES = 200
ROWS_SCORED_IN_RESAMPLES = 4_000_000
LARGEST_TABLE = 4_000_000
USE_CELLS, USE_SCORES, USE_PRIOR = 2, 3, 4
NO_INTERVAL, BOOTSTRAP = "no interval", "percentile bootstrap"

__all__ = ["Comparison", "Interval", "paired_difference", "score_all", "score_with_interval", "skill"]


@dataclass(frozen=True)
class Interval:
    """A score with its interval; ends are nan where they cannot be told.

    Rows that count differently are worth fewer: `effective_n` is as how many of equal weight they count; None where
    they all count the same.

    Examples
    --------
    >>> Interval("accuracy", 0.5, 0.1, math.nan, 0.95, "Wilson", "rows", 4, True).as_dict()["high"] is None
    True
    """

    metric: str
    value: float
    low: float
    high: float
    level: float
    method: str
    unit: str
    n: int
    greater_is_better: bool
    effective_n: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; None for nan and for what has no end."""
        facts = dict(self.__dict__)
        return facts | {name: _finite(facts[name]) for name in ("value", "low", "high")}


def score_with_interval(
    metric: Metric,
    y: np.ndarray,
    prediction: np.ndarray,
    *,
    weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    replicates: int = 1_000,
) -> Interval:
    """Return a metric's score with its interval.

    Parameters
    ----------
    metric
        What to score.
    y
        Class codes or values, shape (n,).
    prediction
        As ``metric.needs`` says: codes (n,), probabilities (n, k) or values (n,).
    weight
        How much each row counts, shape (n,).
    groups
        Rows of one group stay together when they are drawn, shape (n,).
    rng
        Decides the draws.
    level
        Share of such intervals that hold the truth, in (0, 1).
    replicates
        Number of resamples, from 1.

    Raises
    ------
    SettingError
        `level` or `replicates` cannot work.

    Examples
    --------
    >>> from mesic_plugins.metrics.accuracy import Accuracy
    >>> codes, answers = np.repeat([0, 1], 50), np.repeat([0, 1, 1], [40, 10, 50])
    >>> found = score_with_interval(Accuracy(), codes, answers, rng=np.random.default_rng(0))
    >>> found.value, round(found.low, 3), round(found.high, 3), found.method
    (0.9, 0.826, 0.945, 'Wilson')
    """
    _check(level, replicates)
    groups = None if groups is None else coded(groups)
    plan = plan_resampling(len(y), groups, rng=rng, replicates=replicates)
    return _scored(metric, _Sample(y, prediction, weight, groups), plan, level)


def score_all(  # noqa: PLR0913 - all but the first three have a default, or are named
    metrics: Sequence[Metric],
    y: np.ndarray,
    prediction: np.ndarray,
    *,
    labels: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    replicates: int = 1_000,
) -> list[Interval]:
    """Return every metric's score with its interval, from the same resamples, in the order of `metrics`.

    Parameters
    ----------
    metrics
        What to score; what one gets does not depend on the others.
    y
        Class codes or values, shape (n,).
    prediction
        Probabilities (n, k), or values (n,).
    labels
        Class codes answered, shape (n,); None: the most probable class, the first of equals.
    weight, groups, rng, level, replicates
        As in :func:`score_with_interval`.

    Examples
    --------
    >>> from mesic_plugins.metrics.accuracy import Accuracy
    >>> from mesic_plugins.metrics.brier import Brier
    >>> p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    >>> found = score_all([Accuracy(), Brier()], np.array([0, 1, 1]), p, rng=np.random.default_rng(0))
    >>> [(score.metric, round(score.value, 3)) for score in found]
    [('accuracy', 0.667), ('brier', 0.137)]
    """
    _check(level, replicates)
    groups = None if groups is None else coded(groups)
    plan = plan_resampling(len(y), groups, rng=rng, replicates=replicates)
    if labels is None and prediction.ndim == 2:
        labels = prediction.argmax(axis=1)
    answers = {"label": labels, "probability": prediction, "value": prediction}
    samples = {need: _Sample(y, answer, weight, groups) for need, answer in answers.items() if answer is not None}
    return [_scored(metric, samples[metric.needs], plan, level) for metric in metrics]


@dataclass(frozen=True)
class _Sample:
    y: np.ndarray
    prediction: np.ndarray
    weight: np.ndarray | None
    groups: np.ndarray | None

    @property
    def is_plain(self) -> bool:
        """Whether rows are independent and count the same."""
        return self.weight is None and self.groups is None


@dataclass(frozen=True)
class _Draws:
    """Scores of resamples; `units` is as how many equal things those drawn count: few of them call for wider ends."""

    scores: np.ndarray
    method: str
    unit: str
    units: float = math.inf


def _scored(metric: Metric, sample: _Sample, plan: Resampling, level: float) -> Interval:
    value = metric.score(sample.y, sample.prediction, sample.weight, sample.groups)
    low, high, method, unit = math.nan, math.nan, NO_INTERVAL, plan.unit
    if not math.isnan(value) and plan.units >= 2 and metric.resampled != "not":
        low, high, method, unit = _ends(metric, sample, plan, level)
    least, most = metric.bounds
    if not (math.isnan(low) or math.isnan(high)):
        low, high = max(least, min(low, value)), min(most, max(high, value))
    n, greater = len(sample.y), metric.greater_is_better
    effective = None if sample.weight is None else plan.effective(sample.weight)
    return Interval(metric.name, value, low, high, level, method, unit, n, greater, effective)


def _ends(metric: Metric, sample: _Sample, plan: Resampling, level: float) -> tuple[float, float, str, str]:
    closed = metric.closed_form(sample.y, sample.prediction, sample.weight, sample.groups, level)
    if closed is not None:
        return (*closed, "rows" if sample.groups is None else "groups")
    found = metric.cells(sample.y, sample.prediction)
    if found is not None:
        return _read(_drawn_cells(metric, *found, sample, plan), level)
    moments = metric.linearised(sample.y, sample.prediction, sample.weight, sample.groups)
    if moments is None:
        return _read(_scored_resamples(metric, sample, plan), level)
    weight = np.ones(len(sample.y)) if sample.weight is None else sample.weight
    sums = plan.sums(np.column_stack([weight, moments * weight[:, np.newaxis]]))
    means, drawn = _means(sums.sum(axis=0)), _means(plan.counts @ sums)
    if metric.resampled == "reflected":
        return _reflected(metric, means, drawn - means, plan, level, plan.effective(sample.weight))
    return _read(_Draws(values_of(metric, drawn), BOOTSTRAP, plan.unit, plan.effective(sample.weight)), level)


def _read(draws: _Draws, level: float) -> tuple[float, float, str, str]:
    return (*percentile_ends(draws.scores, level, draws.units), draws.method, draws.unit)


def _reflected(
    metric: Metric, means: np.ndarray, noise: np.ndarray, plan: Resampling, level: float, units: float
) -> tuple[float, float, str, str]:
    """Take off the score what noise may have added to it.

    For the low end that is what noise, shape (replicates, m), adds to means, shape (m,), once they are freed
    of it; for the high end, what more of it adds to the means as seen.
    """
    value = float(values_of(metric, means))
    quiet = np.sign(means) * np.sqrt(np.maximum(means**2 - 2 * np.nanmean(noise**2, axis=0), 0.0))
    most = percentile_ends(values_of(metric, quiet + noise), level, units)[1] - float(values_of(metric, quiet))
    least = percentile_ends(values_of(metric, means + noise), level, units)[0] - value
    return float(value - most), value - least, "reflected bootstrap", plan.unit


def _drawn_cells(metric: Metric, cell: np.ndarray, count: int, sample: _Sample, plan: Resampling) -> _Draws:
    """Draw tables of cells; of two classes with half a row more in each cell, for few rows hide much."""
    if not sample.is_plain:
        seen, sums = _cell_sums(cell, count, sample.weight, plan)
        return _Draws(_values_of_tables(metric, seen, sums, count), BOOTSTRAP, plan.unit, plan.effective(sample.weight))
    rows = np.bincount(cell, minlength=count)
    rng = plan.rng(USE_CELLS)
    if count == BINARY_CELLS:
        tables = rng.dirichlet(rows + 0.5, plan.replicates)
        return _Draws(values_of(metric, tables), "Dirichlet", "rows")
    seen = np.flatnonzero(rows)
    counts = rng.multinomial(len(cell), rows[seen] / len(cell), plan.replicates)
    return _Draws(_values_of_tables(metric, seen, counts, count), BOOTSTRAP, "rows")


def _cell_sums(
    cell: np.ndarray, count: int, weight: np.ndarray | None, plan: Resampling
) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells that occur, shape (c,), and their drawn weights, shape (replicates, c)."""
    seen, place = np.unique(cell, return_inverse=True)
    if count == BINARY_CELLS:
        seen, place = np.arange(count), cell
    sums = np.bincount(plan.unit_of_row * seen.size + place, weight, minlength=plan.units * seen.size)
    drawn: np.ndarray = plan.counts @ sums.reshape(plan.units, seen.size)
    if count == BINARY_CELLS:
        mean_weight = 1.0 if weight is None else float(weight.mean())
        drawn = drawn + mean_weight * plan.rng(USE_PRIOR).gamma(0.5, size=drawn.shape)
    return seen, drawn


def _values_of_tables(metric: Metric, seen: np.ndarray, sums: np.ndarray, count: int) -> np.ndarray:
    """Return the scores of drawn tables, a few at a time, for tables of many classes are large."""
    parts = []
    step = max(1, LARGEST_TABLE // count)
    for start in range(0, len(sums), step):
        part = sums[start : start + step]
        shares = np.zeros((len(part), count))
        shares[:, seen] = _ratio(part, part.sum(axis=1, keepdims=True))
        parts.append(values_of(metric, shares))
    return np.concatenate(parts)


def _scored_resamples(metric: Metric, sample: _Sample, plan: Resampling) -> _Draws:
    rng = plan.rng(USE_SCORES)
    affordable = ROWS_SCORED_IN_RESAMPLES // len(sample.y)
    replicates = min(plan.replicates, max(FEWEST_SCORED_RESAMPLES, affordable))
    draws = [_score_of(metric, sample, plan, rng.integers(0, plan.units, plan.units)) for _ in range(replicates)]
    return _Draws(np.array(draws), BOOTSTRAP, plan.unit, plan.effective(sample.weight))


def _score_of(metric: Metric, sample: _Sample, plan: Resampling, drawn: np.ndarray) -> float:
    """Return the score of the drawn units; a group that is drawn twice becomes two groups."""
    pieces = [plan.members[unit] for unit in drawn]
    rows = np.concatenate(pieces)
    weight = None if sample.weight is None else sample.weight[rows]
    copies = None
    if sample.groups is not None:
        turn = np.repeat(np.arange(drawn.size), [piece.size for piece in pieces])
        copies = sample.groups[rows] * drawn.size + turn
    return metric.score(sample.y[rows], sample.prediction[rows], weight, copies)


def _means(sums: np.ndarray) -> np.ndarray:
    """Return means from sums of weights and of weighted moments, shape (..., 1 + m)."""
    return _ratio(sums[..., 1:], sums[..., :1])


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above / below)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def _check(level: float, replicates: int) -> None:
    if not 0 < level < 1:
        raise SettingError("level", level, "a share between 0 and 1, such as 0.95")
    if replicates < 1:
        raise SettingError("replicates", replicates, "a whole number from 1")
