"""The mean of the nearest training rows."""

from mesic import PortableStep
from mesic_plugins.learners.portable import PortableLearner


class Neighbors(PortableLearner):
    """k nearest neighbours by Euclidean distance; columns are expected on one scale.

    Parameters
    ----------
    k : int
        Nearest rows that are asked, from 1; all, where there are fewer.
    weights : {"uniform", "distance"}
        Whether nearer rows count more.
    task : {"binary", "multiclass", "regression"}
        What is predicted.
    threads : int
        Threads that search.

    References
    ----------
    T. Cover, P. Hart, Nearest neighbor pattern classification, IEEE Transactions 13, 1967.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"x": [0.0, 1.0, 9.0]})
    >>> Neighbors(k=2, weights="uniform", task="regression").fit(X, [1.0, 2.0, 7.0]).predict(X).tolist()
    [1.5, 1.5, 4.5]
    """

    def __init__(self, k=15, weights="distance", *, task="binary", threads=1):
        self.k = k
        self.weights = weights
        self.task = task
        self.threads = threads

    def fit(self, X, y):  # type: ignore[override]  # rows cannot be weighted, and nobody may think so
        """Learn from a data frame X of shape (n, p) and targets y of shape (n,); rows cannot be weighted."""
        return super().fit(X, y)

    def complexity(self):
        """Return how many rows there are for each neighbour asked."""
        if self.step_.op == "constant":
            return 1.0, "rows per neighbour"
        return len(self.step_.arrays["y"]) / self.step_.params["k"], "rows per neighbour"

    def _learn(self, matrix, y, classes, weight):  # noqa: ARG002 - as every learner
        params = {"k": min(self.k, len(matrix)), "weights": self.weights, "classes": classes}
        return PortableStep("neighbors", params, {"X": matrix.values, "y": y})
