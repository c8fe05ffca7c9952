"""Scores of resamples, from sums wherever a metric says how: of cells, of bins, of means; else one by one."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from mesic.evaluation.metrics import Bins, Metric, values_of
from mesic.evaluation.resampling import Resampling

BINARY_CELLS = 4
FEWEST_SCORED_RESAMPLES = 200
ROWS_SCORED_IN_RESAMPLES = 4_000_000
LARGEST_TABLE = 4_000_000
MOST_LEFT_OUT, MOST_CELLS_LEFT_OUT = 100, 200
USE_CELLS, USE_SCORES, USE_PRIOR, USE_LEFT_OUT = 2, 3, 4, 5

LeftOut = tuple[np.ndarray, np.ndarray | None]


@dataclass(frozen=True)
class Sample:
    """What is scored; `blocks` are rows that are drawn together, `groups` are so too, and metrics may read them."""

    y: np.ndarray
    prediction: np.ndarray
    weight: np.ndarray | None
    groups: np.ndarray | None
    blocks: np.ndarray | None = None

    @property
    def together(self) -> np.ndarray | None:
        """What keeps rows together when they are drawn."""
        return self.blocks if self.groups is None else self.groups

    @property
    def is_plain(self) -> bool:
        """Whether rows are independent and count the same."""
        return self.weight is None and self.together is None


@dataclass(frozen=True)
class Draws:
    """Scores of resamples.

    Parameters
    ----------
    scores
        Of each, shape (replicates,); nan where it is not defined.
    unit
        What was drawn.
    left_out
        Gives the scores without one unit, and how many units each of them stands for.
    units
        As how many equal things those drawn count: few of them call for wider ends.
    """

    scores: np.ndarray
    unit: str
    left_out: Callable[[], LeftOut]
    units: float = math.inf


def of_cells(metric: Metric, cell: np.ndarray, count: int, sample: Sample, plan: Resampling) -> Draws:
    """Draw tables of cells anew."""
    if sample.is_plain:
        return _tables(lambda shares: values_of(metric, shares), cell, count, plan)
    seen, sums = _cell_sums(cell, sample.weight, plan)
    return _of_sums(lambda shares: values_of(metric, shares), seen, sums, count, sample, plan)


def of_bins(bins: Bins, exact: float, sample: Sample, plan: Resampling) -> Draws:
    """Draw binned scores anew, moved by what the bins hide of the score as seen."""
    if sample.is_plain:
        rows = np.bincount(bins.cell, minlength=bins.count)
        draws = _tables(bins.value, bins.cell, bins.count, plan)
    else:
        rows = np.bincount(bins.cell, sample.weight, minlength=bins.count)
        seen, sums = _cell_sums(bins.cell, sample.weight, plan)
        draws = _of_sums(bins.value, seen, sums, bins.count, sample, plan)
    hidden = exact - float(bins.value(rows / rows.sum()))
    return replace(draws, scores=draws.scores + hidden, units=min(draws.units, bins.units))


def with_half_a_row(metric: Metric, cell: np.ndarray, count: int, sample: Sample, plan: Resampling) -> Draws:
    """Draw tables with half a row more in each cell, for few rows hide much.

    References
    ----------
    D. B. Rubin, The Bayesian bootstrap, Annals of Statistics 9, 1981; the half is Jeffreys'.
    """
    if sample.is_plain:
        rows = np.bincount(cell, minlength=count)
        tables = plan.rng(USE_CELLS).dirichlet(rows + 0.5, plan.replicates)
        return Draws(values_of(metric, tables), "rows", _nothing)
    sums = _sums_of_cells(cell, count, sample.weight, plan)
    mean_weight = 1.0 if sample.weight is None else float(sample.weight.mean())
    drawn = plan.counts @ sums
    drawn = drawn + mean_weight * plan.rng(USE_PRIOR).gamma(0.5, size=drawn.shape)
    shares = _ratio(drawn, drawn.sum(axis=1, keepdims=True))
    return Draws(values_of(metric, shares), plan.unit, _nothing, plan.effective(sample.weight))


def of_means(metric: Metric, sums: np.ndarray, sample: Sample, plan: Resampling) -> Draws:
    """Draw means anew, from sums of weights and of weighted moments in each unit, shape (units, 1 + m)."""

    def left_out() -> LeftOut:
        return values_of(metric, means_of(sums.sum(axis=0) - sums)), None

    drawn = values_of(metric, means_of(plan.counts @ sums))
    return Draws(drawn, plan.unit, left_out, plan.effective(sample.weight))


def one_by_one(metric: Metric, sample: Sample, plan: Resampling) -> Draws:
    """Score each resample; fewer of them where there are many rows."""
    rng = plan.rng(USE_SCORES)
    affordable = ROWS_SCORED_IN_RESAMPLES // len(sample.y)
    replicates = min(plan.replicates, max(FEWEST_SCORED_RESAMPLES, affordable))
    draws = [_score_of(metric, sample, plan, rng.integers(0, plan.units, plan.units)) for _ in range(replicates)]

    def left_out() -> LeftOut:
        dealt = _dealt(plan)
        parts = [np.flatnonzero(dealt != part) for part in range(dealt.max() + 1)]
        return np.array([_score_of(metric, sample, plan, part) for part in parts]), None

    return Draws(np.array(draws), plan.unit, left_out, plan.effective(sample.weight))


def means_of(sums: np.ndarray) -> np.ndarray:
    """Return means from sums of weights and of weighted moments, shape (..., 1 + m)."""
    return _ratio(sums[..., 1:], sums[..., :1])


def _nothing() -> LeftOut:
    return np.empty(0), None


def _dealt(plan: Resampling) -> np.ndarray:
    """Return which part of the units each unit is left out with, shape (units,)."""
    return plan.rng(USE_LEFT_OUT).permutation(plan.units) % min(plan.units, MOST_LEFT_OUT)


def _tables(value: Callable[[np.ndarray], np.ndarray], cell: np.ndarray, count: int, plan: Resampling) -> Draws:
    """Draw rows that count the same: which cell each falls in is one draw of a table."""
    rows = np.bincount(cell, minlength=count)
    seen = np.flatnonzero(rows)
    counts = plan.rng(USE_CELLS).multinomial(len(cell), rows[seen] / len(cell), plan.replicates)

    def left_out() -> LeftOut:
        if seen.size > MOST_CELLS_LEFT_OUT:
            part = plan.rng(USE_LEFT_OUT).permutation(len(cell)) % MOST_LEFT_OUT
            parts = np.bincount(part * count + cell, minlength=MOST_LEFT_OUT * count).reshape(MOST_LEFT_OUT, count)
            return _values_of_tables(value, seen, (rows - parts)[:, seen], count), None
        without = rows[seen] - np.eye(seen.size)
        return _values_of_tables(value, seen, without, count), rows[seen].astype(float)

    return Draws(_values_of_tables(value, seen, counts, count), "rows", left_out, float(len(cell)))


def _of_sums(
    value: Callable[[np.ndarray], np.ndarray],
    seen: np.ndarray,
    sums: np.ndarray,
    count: int,
    sample: Sample,
    plan: Resampling,
) -> Draws:
    def left_out() -> LeftOut:
        parts = np.zeros((plan.units, sums.shape[1]))
        np.add.at(parts, _dealt(plan), sums)
        without = sums.sum(axis=0) - parts[: min(plan.units, MOST_LEFT_OUT)]
        return _values_of_tables(value, seen, without, count), None

    drawn = _values_of_tables(value, seen, plan.counts @ sums, count)
    return Draws(drawn, plan.unit, left_out, plan.effective(sample.weight))


def _cell_sums(cell: np.ndarray, weight: np.ndarray | None, plan: Resampling) -> tuple[np.ndarray, np.ndarray]:
    """Return the cells that occur, shape (c,), and the weight that each unit has in them, shape (units, c)."""
    seen, place = np.unique(cell, return_inverse=True)
    return seen, _sums_of_cells(place, seen.size, weight, plan)


def _sums_of_cells(cell: np.ndarray, count: int, weight: np.ndarray | None, plan: Resampling) -> np.ndarray:
    sums = np.bincount(plan.unit_of_row * count + cell, weight, minlength=plan.units * count)
    return np.asarray(sums.reshape(plan.units, count), dtype=float)


def _values_of_tables(
    value: Callable[[np.ndarray], np.ndarray], seen: np.ndarray, sums: np.ndarray, count: int
) -> np.ndarray:
    """Return the scores of drawn tables, a few at a time, for tables of many cells are large."""
    parts = []
    step = max(1, LARGEST_TABLE // count)
    for start in range(0, len(sums), step):
        part = sums[start : start + step]
        shares = np.zeros((len(part), count))
        shares[:, seen] = _ratio(part, part.sum(axis=1, keepdims=True))
        parts.append(value(shares))
    return np.concatenate(parts)


def _score_of(metric: Metric, sample: Sample, plan: Resampling, drawn: np.ndarray) -> float:
    """Return the score of the drawn units; a group that is drawn twice becomes two groups."""
    pieces = [plan.members[unit] for unit in drawn]
    rows = np.concatenate(pieces)
    weight = None if sample.weight is None else sample.weight[rows]
    copies = None
    if sample.groups is not None:
        turn = np.repeat(np.arange(drawn.size), [piece.size for piece in pieces])
        copies = sample.groups[rows] * drawn.size + turn
    return metric.score(sample.y[rows], sample.prediction[rows], weight, copies)


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(above / below)
