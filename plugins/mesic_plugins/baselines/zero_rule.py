"""Always answer the same, without a look at the columns."""

import numpy as np

from mesic_plugins.learners.portable import PortableLearner, constant_step


class ZeroRule(PortableLearner):
    """Answer the share of each class, or the mean.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
        What is predicted.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
    >>> ZeroRule().fit(X, [0, 1, 1, 1]).predict_proba(X.head(1)).tolist()
    [[0.25, 0.75]]
    """

    def __init__(self, task="binary"):
        self.task = task

    def _learn(self, matrix, y, classes, weight):  # noqa: ARG002 - as every learner
        if not classes:
            return constant_step([np.average(y, weights=weight)], 0)
        share = np.bincount(y, weights=weight, minlength=classes)
        return constant_step(share / share.sum(), classes)
