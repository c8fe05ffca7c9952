"""Answer without having learned how columns and target belong together."""

import numpy as np

from mesic import PortableStep
from mesic_plugins.learners.portable import PortableLearner, constant_step

MAX_TARGETS = 10_000


class Random(PortableLearner):
    """Answer every class alike, or for numbers a training target by chance.

    Parameters
    ----------
    task : {"binary", "multiclass", "regression"}
        What is predicted.
    seed : int
        Of the draws. A row's draw follows from its cells, so it is the same in any file.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"x": [0.0, 1.0]})
    >>> Random().fit(X, [0, 1]).predict_proba(X.head(1)).tolist()
    [[0.5, 0.5]]
    """

    def __init__(self, task="binary", seed=0):
        self.task = task
        self.seed = seed

    def _learn(self, matrix, y, classes, weight):  # noqa: ARG002 - as every learner
        if classes:
            return constant_step(np.full(classes, 1 / classes), classes)
        value = np.asarray(self._kept(y, weight), dtype=np.float64)
        return PortableStep("draw", {"classes": 0, "seed": self.seed % 2**63}, {"value": value})

    def _kept(self, y, weight):
        rng = np.random.default_rng(self.seed)
        if weight is not None:
            return rng.choice(y, MAX_TARGETS, p=weight / weight.sum())
        return y if y.size <= MAX_TARGETS else rng.choice(y, MAX_TARGETS, replace=False)
