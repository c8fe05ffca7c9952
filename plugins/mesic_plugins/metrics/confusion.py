"""Metrics that follow from the confusion matrix."""

from math import isqrt

import numpy as np

from mesic import Metric, SettingError

AVERAGES = ("auto", "positive", "macro", "weighted", "micro")


class OfConfusion(Metric):
    """Base of metrics that say :meth:`of_table`."""

    greater_is_better = True
    needs = "label"
    bounds = (0.0, 1.0)

    def of_table(self, table: np.ndarray) -> np.ndarray:
        """Return scores, shape (...), from shares of rows by class (axis -2) and answer (axis -1)."""
        raise NotImplementedError

    def classes(self, y, prediction):
        """Return the number of classes, at least 2."""
        return max(2, int(np.max(y)) + 1, int(np.max(prediction)) + 1)

    def cells(self, y, prediction):
        """Return the cell ``k * class + answer`` of each row, and the number of cells, k * k."""
        k = self.classes(y, prediction)
        return np.asarray(y, dtype=np.int64) * k + np.asarray(prediction, dtype=np.int64), k * k

    def value(self, means):
        """Return scores from shares of the cells, shape (..., k * k)."""
        k = isqrt(means.shape[-1])
        return self.of_table(means.reshape(*means.shape[:-1], k, k))


class AveragedOverClasses(OfConfusion):
    """Base of metrics that treat one class as positive at a time and say :meth:`of_class`.

    Parameters
    ----------
    average : {"auto", "positive", "macro", "weighted", "micro"}
        The class of code 1 alone; the mean over classes, each the same or by its rows; or of the pooled
        counts. ``auto`` is ``positive`` for two classes and ``macro`` for more. Classes for which the metric
        is not defined are left out of a mean, as by scikit-learn with ``zero_division=nan``.
    task : {"binary", "multiclass"}, optional
        What ``auto`` goes by; without it, by the classes that occur.
    """

    def __init__(self, average: str = "auto", task: str | None = None) -> None:
        if average not in AVERAGES:
            raise SettingError("average", average, f"one of {', '.join(AVERAGES)}")
        self.average, self.task = average, task

    def of_class(self, hit: np.ndarray, truth: np.ndarray, answered: np.ndarray) -> np.ndarray:
        """Return the metric of classes from their shares of right, true and answered rows, (..., k) each."""
        raise NotImplementedError

    def of_table(self, table):
        """Return the average over classes."""
        hit, truth, answered = table.diagonal(axis1=-2, axis2=-1), table.sum(axis=-1), table.sum(axis=-2)
        average = self._average(table.shape[-1])
        if average == "micro":
            return self.of_class(hit.sum(axis=-1), truth.sum(axis=-1), answered.sum(axis=-1))
        each = self.of_class(hit, truth, answered)
        if average == "positive":
            return each[..., 1]
        return mean_of_defined(each, truth if average == "weighted" else np.ones_like(truth))

    def _average(self, k):
        if self.average != "auto":
            return self.average
        is_binary = k == 2 if self.task is None else self.task == "binary"
        return "positive" if is_binary else "macro"


def mean_of_defined(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the weighted mean over the last axis without what is nan; nan where nothing is left.

    Examples
    --------
    >>> float(mean_of_defined(np.array([1.0, np.nan, 2.0]), np.ones(3)))
    1.5
    """
    known = ~np.isnan(values)
    weight = weight * known
    with np.errstate(invalid="ignore"):
        return np.asarray((np.where(known, values, 0.0) * weight).sum(axis=-1) / weight.sum(axis=-1))
