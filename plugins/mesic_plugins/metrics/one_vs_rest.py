"""Metrics of how well probabilities rank one class before the rest."""

import math

import numpy as np

from mesic import Metric


class OneVersusRest(Metric):
    """Base of ranking metrics: of code 1 for two classes, else the mean over the classes that have one.

    A subclass says :meth:`area` and :meth:`influence` for one class, given whether each row is of it, the
    class's probability, and the weight of each row, all of shape (n,).
    """

    greater_is_better = True
    needs = "probability"
    bounds = (0.0, 1.0)
    fewest_for_influence = 1

    def area(self, positive: np.ndarray, p: np.ndarray, weight: np.ndarray) -> float:
        """Return the metric of one class, nan where it is not defined."""
        raise NotImplementedError

    def influence(self, positive: np.ndarray, p: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """Return the area's derivative by each row's weight, shape (n,)."""
        raise NotImplementedError

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
