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
from mesic.evaluation import drawing
from mesic.evaluation.comparison import Comparison, paired_difference, skill
from mesic.evaluation.drawing import BINARY_CELLS, Draws, Sample, means_of
from mesic.evaluation.ends import FEWEST_FOR_STUDENT, STEEP, acceleration, bca_ends, studentised_ends
from mesic.evaluation.metrics import Metric, values_of
from mesic.evaluation.resampling import Resampling, coded, percentile_ends, plan_resampling

BLOCKS_OF_TIME = "blocks of time"
METHODS = ("auto", "bca", "percentile")
NO_INTERVAL, PERCENTILE, BCA, STUDENTISED = (
    "no interval",
    "percentile bootstrap",
    "BCa bootstrap",
    "studentised bootstrap",
)

__all__ = ["Comparison", "Interval", "paired_difference", "score_all", "score_with_interval", "skill"]


@dataclass(frozen=True)
class Interval:
    """A score with its interval; ends are nan where they cannot be told.

    Rows that count differently are worth fewer: `effective_n` is as how many of equal weight they count; None where
    they all count the same. `undefined` is the share of the resamples on which the score is not defined; the ends are
    those of the others, and nan where it is half or more.

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
    undefined: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold; None for nan and for what has no end."""
        facts = dict(self.__dict__)
        return facts | {name: _finite(facts[name]) for name in ("value", "low", "high")}


def score_with_interval(  # noqa: PLR0913 - all but the first three have a default, or are named
    metric: Metric,
    y: np.ndarray,
    prediction: np.ndarray,
    *,
    weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    blocks: np.ndarray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    replicates: int = 1_000,
    method: str = "auto",
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
    blocks
        Where there are no groups: rows that stay together when they are drawn, such as those of one stretch of time,
        shape (n,); metrics do not see them.
    rng
        Decides the draws.
    level
        Share of such intervals that hold the truth, in (0, 1).
    replicates
        Number of resamples, from 1.
    method
        ``"auto"``: what covers best for the metric; or ``"bca"`` or ``"percentile"`` for all.

    Raises
    ------
    SettingError
        `level`, `replicates` or `method` cannot work.

    Examples
    --------
    >>> from mesic_plugins.metrics.accuracy import Accuracy
    >>> codes, answers = np.repeat([0, 1], 50), np.repeat([0, 1, 1], [40, 10, 50])
    >>> found = score_with_interval(Accuracy(), codes, answers, rng=np.random.default_rng(0))
    >>> found.value, round(found.low, 3), round(found.high, 3), found.method
    (0.9, 0.826, 0.945, 'Wilson')
    """
    wanted, (groups, blocks) = _Wanted(level, replicates, method), _coded(groups, blocks)
    sample = Sample(y, prediction, weight, groups, blocks)
    return _scored(metric, sample, _plan(sample, wanted, rng), wanted)


def score_all(  # noqa: PLR0913 - all but the first three have a default, or are named
    metrics: Sequence[Metric],
    y: np.ndarray,
    prediction: np.ndarray,
    *,
    labels: np.ndarray | None = None,
    weight: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    blocks: np.ndarray | None = None,
    rng: np.random.Generator,
    level: float = 0.95,
    replicates: int = 1_000,
    method: str = "auto",
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
    weight, groups, blocks, rng, level, replicates, method
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
    wanted, (groups, blocks) = _Wanted(level, replicates, method), _coded(groups, blocks)
    if labels is None and prediction.ndim == 2:
        labels = prediction.argmax(axis=1)
    answers = {"label": labels, "probability": prediction, "value": prediction}
    answered = {need: answer for need, answer in answers.items() if answer is not None}
    samples = {need: Sample(y, answer, weight, groups, blocks) for need, answer in answered.items()}
    plan = _plan(Sample(y, prediction, weight, groups, blocks), wanted, rng)
    return [_scored(metric, samples[metric.needs], plan, wanted) for metric in metrics]


@dataclass(frozen=True)
class _Wanted:
    level: float
    replicates: int
    method: str

    def __post_init__(self) -> None:
        if not 0 < self.level < 1:
            raise SettingError("level", self.level, "a share between 0 and 1, such as 0.95")
        if self.replicates < 1:
            raise SettingError("replicates", self.replicates, "a whole number from 1")
        if self.method not in METHODS:
            raise SettingError("method", self.method, f"one of {', '.join(METHODS)}")


def _coded(*several: np.ndarray | None) -> tuple[np.ndarray | None, ...]:
    return tuple(None if each is None else coded(each) for each in several)


def _plan(sample: Sample, wanted: _Wanted, rng: np.random.Generator) -> Resampling:
    unit = "groups" if sample.groups is not None or sample.blocks is None else BLOCKS_OF_TIME
    return plan_resampling(len(sample.y), sample.together, rng=rng, replicates=wanted.replicates, unit=unit)


def _scored(metric: Metric, sample: Sample, plan: Resampling, wanted: _Wanted) -> Interval:
    value = metric.score(sample.y, sample.prediction, sample.weight, sample.groups)
    found = _Ends(math.nan, math.nan, NO_INTERVAL, plan.unit)
    if not math.isnan(value) and plan.units >= 2 and metric.resampled != "not":
        found = _ends(metric, value, sample, plan, wanted)
    low, high = found.low, found.high
    least, most = metric.bounds
    if not (math.isnan(low) or math.isnan(high)):
        low, high = max(least, min(low, value)), min(most, max(high, value))
    n, greater = len(sample.y), metric.greater_is_better
    effective = None if sample.weight is None else plan.effective(sample.weight)
    level, undefined = wanted.level, found.undefined
    return Interval(metric.name, value, low, high, level, found.method, found.unit, n, greater, effective, undefined)


@dataclass(frozen=True)
class _Ends:
    low: float
    high: float
    method: str
    unit: str
    undefined: float = 0.0


def _ends(metric: Metric, value: float, sample: Sample, plan: Resampling, wanted: _Wanted) -> _Ends:
    """Return the ends by what covers best, or by the way that is wanted."""
    is_free = wanted.method == "auto"
    if is_free:
        closed = metric.closed_form(sample.y, sample.prediction, sample.weight, sample.together, wanted.level)
        if closed is not None:
            return _Ends(*closed, "rows" if sample.together is None else plan.unit)
    cells = metric.cells(sample.y, sample.prediction)
    if cells is not None and is_free and cells[1] == BINARY_CELLS:
        draws = drawing.with_half_a_row(metric, *cells, sample, plan)
        return _by_percentiles(draws, wanted.level, "Dirichlet" if sample.is_plain else PERCENTILE)
    if cells is not None:
        return _read(drawing.of_cells(metric, *cells, sample, plan), value, metric, wanted)
    bins = metric.binned(sample.y, sample.prediction)
    if bins is not None:
        return _read(drawing.of_bins(bins, value, sample, plan), value, metric, wanted)
    moments = metric.linearised(sample.y, sample.prediction, sample.weight, sample.groups)
    if moments is None:
        return _read(drawing.one_by_one(metric, sample, plan), value, metric, wanted)
    return _of_moments(metric, value, moments, sample, plan, wanted)


def _of_moments(
    metric: Metric, value: float, moments: np.ndarray, sample: Sample, plan: Resampling, wanted: _Wanted
) -> _Ends:
    weight = np.ones(len(sample.y)) if sample.weight is None else sample.weight
    sums = plan.sums(np.column_stack([weight, moments * weight[:, np.newaxis]]))
    units = plan.effective(sample.weight)
    if wanted.method == "auto" and metric.resampled == "reflected":
        return _reflected(metric, sums, plan, wanted.level, units)
    draws = drawing.of_means(metric, sums, sample, plan)
    is_studentised = wanted.method == "auto" and metric.resampled == "studentised" and units >= FEWEST_FOR_STUDENT
    if is_studentised and abs(acceleration(*draws.left_out())) < STEEP:
        ends = studentised_ends(sums, plan.counts, level=wanted.level, least=float(moments.min()))
        low, high = np.sort(values_of(metric, np.array(ends)[:, np.newaxis]))
        return _Ends(float(low), float(high), STUDENTISED, plan.unit)
    return _read(draws, value, metric, wanted)


def _read(draws: Draws, value: float, metric: Metric, wanted: _Wanted) -> _Ends:
    if wanted.method == "percentile" or (wanted.method == "auto" and metric.resampled == "percentile"):
        return _by_percentiles(draws, wanted.level, PERCENTILE)
    ends = bca_ends(draws.scores, value, *draws.left_out(), level=wanted.level, units=draws.units)
    return _Ends(*ends, BCA, draws.unit, _undefined(draws))


def _by_percentiles(draws: Draws, level: float, method: str) -> _Ends:
    return _Ends(*percentile_ends(draws.scores, level, draws.units), method, draws.unit, _undefined(draws))


def _undefined(draws: Draws) -> float:
    return float(np.isnan(draws.scores).mean())


def _reflected(metric: Metric, sums: np.ndarray, plan: Resampling, level: float, units: float) -> _Ends:
    """Take off the score what noise may have added to it.

    For the low end that is what noise adds to the means once they are freed of it; for the high end, what more of it
    adds to the means as seen.
    """
    means = means_of(sums.sum(axis=0))
    noise = means_of(plan.counts @ sums) - means
    value = float(values_of(metric, means))
    quiet = np.sign(means) * np.sqrt(np.maximum(means**2 - 2 * np.nanmean(noise**2, axis=0), 0.0))
    most = percentile_ends(values_of(metric, quiet + noise), level, units)[1] - float(values_of(metric, quiet))
    least = percentile_ends(values_of(metric, means + noise), level, units)[0] - value
    return _Ends(float(value - most), value - least, "reflected bootstrap", plan.unit)


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None
