"""Metrics of rankings: one score a query, and their mean."""

import math

import numpy as np

from mesic import Metric


class MeanOverQueries(Metric):
    """Base of metrics that say :meth:`of_query`; groups are queries, without groups all rows are one.

    A query counts by the mean weight of its rows; queries for which the metric is not defined are left out.

    Parameters
    ----------
    task : {"binary", "regression"}
        Whether rows are ranked by the probability of code 1, or by the predicted value.
    """

    greater_is_better = True
    bounds = (0.0, 1.0)

    def __init__(self, task: str | None = None) -> None:
        self.needs = "value" if task == "regression" else "probability"

    def of_query(self, y: np.ndarray, ranked_by: np.ndarray, weight: np.ndarray) -> float:
        """Return the score of one query, nan where it is not defined; all of shape (n,)."""
        raise NotImplementedError

    def score(self, y, prediction, weight=None, groups=None):
        """Return the weighted mean over queries."""
        found = list(self._queries(y, prediction, weight, groups))
        counts = [1.0 if weight is None else weight[rows].mean() for rows, _ in found]
        return float(np.average([score for _, score in found], weights=counts)) if any(counts) else math.nan

    def linearised(self, y, prediction, weight, groups):
        """Return each row's part of its query's score and count; None for one query, which is ranked anew."""
        if groups is None:
            return None
        columns = np.zeros((len(y), 2))
        for rows, score in self._queries(y, prediction, weight, groups):
            columns[rows] = score / rows.size, 1 / rows.size
        return columns

    def value(self, means):
        """Return the sum of scores over their count."""
        return means[..., 0] / means[..., 1]

    def _queries(self, y, prediction, weight, groups):
        """Yield the rows of each query that has a score, and the score."""
        ranked_by = prediction if prediction.ndim == 1 else prediction[:, 1]
        weight = np.ones(len(y)) if weight is None else weight
        query = np.zeros(len(y), dtype=int) if groups is None else np.unique(groups, return_inverse=True)[1]
        order = np.argsort(query, kind="stable")
        for rows in np.split(order, np.cumsum(np.bincount(query))[:-1]):
            if rows.size and not math.isnan(score := self.of_query(y[rows], ranked_by[rows], weight[rows])):
                yield rows, score
