"""Metrics of how well probabilities rank one class before the rest."""

import math

import numpy as np

from mesic import Bins, Metric


class OneVersusRest(Metric):
    """Base of ranking metrics: of code 1 for two classes, else the mean over the classes that have one.

    A subclass says :meth:`area` and :meth:`influence` for one class, given whether each row is of it, the
    class's probability, and the weight of each row, all of shape (n,); and :meth:`of_bins` for two classes.
    """

    greater_is_better = True
    needs = "probability"
    bounds = (0.0, 1.0)
    fewest_for_influence = 1
    most_bins, first_alone = 128, 0

    def area(self, positive: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
        """Return the metric of one class, nan where it is not defined."""
        raise NotImplementedError

    def influence(self, positive: np.ndarray, p: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return the area's derivative by each row's weight, shape (n,)."""
        raise NotImplementedError

    def of_bins(self, others: np.ndarray, own: np.ndarray, is_wide: np.ndarray) -> np.ndarray:
        """Return areas, shape (...), from what other rows and rows of the class weigh in bins of falling probability.

        Both have shape (..., bins); `is_wide`, shape (bins,), says which bins hold different probabilities.
        """
        raise NotImplementedError

    def binned(self, y, prediction):
        """Return rows by bins of their probability and class, of two classes; few probabilities have a bin each."""
        if prediction.shape[1] != 2:
            return None
        positive = y == 1
        bin_of_row, is_wide = falling_bins(prediction[:, 1], self.most_bins, self.first_alone)

        def value(shares):
            table = shares.reshape(*shares.shape[:-1], is_wide.size, 2)
            with np.errstate(divide="ignore", invalid="ignore"):
                return self.of_bins(table[..., 0], table[..., 1], is_wide)

        rarer = float(min(positive.sum(), (~positive).sum()))
        return Bins(2 * bin_of_row + positive, 2 * is_wide.size, value, rarer)

    def score(self, y, prediction, weight=None, groups=None):  # noqa: ARG002 - groups are not looked at
        """Return the mean area."""
        weight = np.ones(len(y)) if weight is None else weight
        areas = [self.area(y == code, prediction[:, code], weight) for code in _codes(prediction)]
        known = [area for area in areas if not math.isnan(area)]
        return float(np.mean(known)) if known else math.nan

    def linearised(self, y, prediction, weight, groups):  # noqa: ARG002 - groups are not looked at
        """Return one column a class: its area, moved by the influence of the row."""
        weight = np.ones(len(y)) if weight is None else weight
        columns = []
        for code in _codes(prediction):
            positive, p = y == code, prediction[:, code]
            area = self.area(positive, p, weight)
            if not math.isnan(area):
                if min(positive.sum(), (~positive).sum()) < self.fewest_for_influence:
                    return None
                columns.append(area + weight.sum() * self.influence(positive, p, weight))
        return np.stack(columns, axis=1)

    def value(self, means):
        """Return the mean over classes."""
        return means.mean(axis=-1)


def _codes(prediction):
    return (1,) if prediction.shape[1] == 2 else range(prediction.shape[1])


def falling_bins(p: np.ndarray, most: int, alone: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the bin of each row, shape (n,), by falling p, and whether each bin holds different p, shape (bins,).

    Parameters
    ----------
    p
        What rows are ranked by, shape (n,); equal ones share a bin.
    most
        Bins, at most.
    alone
        How many of the largest distinct p have a bin each, at least; the others share bins of as many rows.

    Examples
    --------
    >>> found, is_wide = falling_bins(np.array([0.1, 0.9, 0.2, 0.9, 0.3]), most=2, alone=1)
    >>> found.tolist(), is_wide.tolist()
    ([1, 0, 1, 0, 1], [False, True])
    """
    distinct, step, rows = np.unique(-p, return_inverse=True, return_counts=True)
    if distinct.size <= most:
        return step, np.zeros(distinct.size, dtype=bool)
    before = np.cumsum(rows) - rows
    share = (before[alone:] - before[alone]) / (rows[alone:].sum())
    bin_of_step = np.r_[np.arange(alone), alone + np.floor(share * (most - alone)).astype(np.int64)]
    used, bin_of_step = np.unique(bin_of_step, return_inverse=True)
    return bin_of_step[step], np.bincount(bin_of_step, minlength=used.size) > 1
