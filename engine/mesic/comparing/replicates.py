"""Scores of resamples, for any metric: models that are scored on the same draws can be told apart."""

from dataclasses import dataclass

import numpy as np

from mesic.evaluation.metrics import Metric, values_of

LARGEST_TABLE = 4_000_000
ROWS_SCORED_IN_RESAMPLES = 4_000_000
FEWEST_SCORED_RESAMPLES = 200


@dataclass(frozen=True)
class Side:
    """What one model answered, and which unit each answer is of.

    Parameters
    ----------
    y
        Class codes or values, shape (n,).
    labels
        Class codes answered, shape (n,); None for regression.
    prediction
        Probabilities (n, k), or values (n,).
    unit
        Of each row, from 0, shape (n,).
    weight
        Of each row, shape (n,), or None.
    groups
        Which rows belong together, from 0, shape (n,), or None; for metrics that rank within groups.
    """

    y: np.ndarray
    labels: np.ndarray | None
    prediction: np.ndarray
    unit: np.ndarray
    weight: np.ndarray | None = None
    groups: np.ndarray | None = None

    def answer(self, metric: Metric) -> np.ndarray:
        """Return what a metric scores."""
        if metric.needs != "label":
            return self.prediction
        assert self.labels is not None
        return self.labels

    def score(self, metric: Metric) -> float:
        """Return the score of all rows."""
        return metric.score(self.y, self.answer(metric), self.weight, self.groups)


def replicated(metric: Metric, side: Side, counts: np.ndarray) -> np.ndarray:
    """Return a metric's score in each resample, nan where it is undefined.

    Parameters
    ----------
    metric
        What to score.
    side
        Answers.
    counts
        How often each unit is drawn, shape (replicates, units).

    Returns
    -------
    ndarray of shape (replicates,)
        Fewer where the metric has to be scored anew in each resample of many rows.
    """
    answer = side.answer(metric)
    found = metric.cells(side.y, answer)
    if found is not None:
        return _of_cells(metric, *found, side, counts)
    moments = metric.linearised(side.y, answer, side.weight, side.groups)
    if moments is None:
        return _scored_anew(metric, side, counts)
    weight = np.ones(len(side.y)) if side.weight is None else side.weight
    columns = np.column_stack([weight, moments * weight[:, np.newaxis]])
    sums = np.stack([np.bincount(side.unit, column, minlength=counts.shape[1]) for column in columns.T], axis=1)
    drawn = counts @ sums
    with np.errstate(divide="ignore", invalid="ignore"):
        means = drawn[:, 1:] / drawn[:, :1]
    return values_of(metric, means)


def _of_cells(metric: Metric, cell: np.ndarray, count: int, side: Side, counts: np.ndarray) -> np.ndarray:
    """Return scores from drawn tables of cells, a few tables at a time."""
    seen, place = np.unique(cell, return_inverse=True)
    units = counts.shape[1]
    sums = np.bincount(side.unit * seen.size + place, side.weight, minlength=units * seen.size)
    drawn = counts @ sums.reshape(units, seen.size)
    step = max(1, LARGEST_TABLE // count)
    parts = []
    for start in range(0, len(drawn), step):
        part = drawn[start : start + step]
        shares = np.zeros((len(part), count))
        with np.errstate(divide="ignore", invalid="ignore"):
            shares[:, seen] = part / part.sum(axis=1, keepdims=True)
        parts.append(values_of(metric, shares))
    return np.concatenate(parts)


def _scored_anew(metric: Metric, side: Side, counts: np.ndarray) -> np.ndarray:
    affordable = max(FEWEST_SCORED_RESAMPLES, ROWS_SCORED_IN_RESAMPLES // max(len(side.y), 1))
    return np.array([_score_of(metric, side, drawn) for drawn in counts[:affordable]])


def _score_of(metric: Metric, side: Side, drawn: np.ndarray) -> float:
    """Return the score of drawn units; a group that is drawn twice becomes two groups."""
    times = drawn[side.unit].astype(np.int64)
    rows = np.repeat(np.arange(len(times)), times)
    copy = np.arange(rows.size) - np.repeat(np.cumsum(times) - times, times)
    groups = None if side.groups is None else side.groups[rows] * (times.max(initial=0) + 1) + copy
    weight = None if side.weight is None else side.weight[rows]
    return metric.score(side.y[rows], side.answer(metric)[rows], weight, groups)
