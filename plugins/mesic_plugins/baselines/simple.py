"""A small decision tree: what a person could have found in an afternoon."""

import numpy as np

from mesic_plugins.learners.nodes import trees_step
from mesic_plugins.learners.portable import PortableLearner
from mesic_plugins.learners.tree import tree


class Simple(PortableLearner):
    """A decision tree on few rows; levels are read as the numbers of their codes, missing cells as they are.

    Parameters
    ----------
    max_depth : int
        Questions from root to leaf at most, from 1.
    max_rows : int
        Rows that are learned from at most, from 1; one of each class is always among them.
    task : {"binary", "multiclass", "regression"}
        What is predicted.
    seed : int
        Of the draw of rows.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
    >>> Simple().fit(X, [0, 0, 1, 1]).predict(X).tolist()
    [0, 0, 1, 1]
    """

    def __init__(self, max_depth=3, max_rows=20_000, *, task="binary", seed=0):
        self.max_depth = max_depth
        self.max_rows = max_rows
        self.task = task
        self.seed = seed

    def _learn(self, matrix, y, classes, weight):
        rows = self._rows(y, classes)
        model = tree(max_depth=self.max_depth, min_samples_leaf=1, task=self.task, seed=self.seed)
        model.fit(matrix.values[rows], y[rows], None if weight is None else weight[rows])
        return trees_step(model)

    def _rows(self, y, classes):
        if y.size <= self.max_rows:
            return np.arange(y.size)
        drawn = np.random.default_rng(self.seed).choice(y.size, self.max_rows, replace=False)
        return np.union1d(drawn, np.unique(y, return_index=True)[1]) if classes else np.sort(drawn)
