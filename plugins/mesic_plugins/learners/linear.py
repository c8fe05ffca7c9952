"""Logistic and linear regression with a penalty."""

import inspect
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge

from mesic import PortableStep, SettingError
from mesic_plugins.learners.portable import PortableLearner

MAX_STEPS = {"lbfgs": 5_000, "saga": 1_000}
MAX_DESCENTS = 20_000


class Linear(PortableLearner):
    """A weighted sum of columns: logistic for two classes, softmax for more, the sum itself for numbers.

    The loss of a row counts `C`, the penalty 1; row weights are brought to a mean of 1, and a numeric target
    to a standard deviation of 1 while an L1 penalty is applied, so that `C` means the same for every table.

    Parameters
    ----------
    penalty : {"l1", "l2", "elastic_net"}
        What keeps coefficients small.
    C : float
        Inverse strength of the penalty, above 0.
    l1_ratio : float
        Share of L1 in ``elastic_net``, in [0, 1].
    task : {"binary", "multiclass", "regression"}
        What is predicted.
    seed : int
        Of the order in which rows are visited, for L1 penalties on classes.

    Attributes
    ----------
    converged_ : bool
        Whether the solver came to an end.

    References
    ----------
    T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2009, chapters 3 and 4.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"x": [0.0, 1.0, 2.0]})
    >>> Linear(C=1e9, task="regression").fit(X, [1.0, 3.0, 5.0]).predict(X).round(3).tolist()
    [1.0, 3.0, 5.0]
    """

    def __init__(self, penalty="l2", C=1.0, l1_ratio=0.5, *, task="binary", seed=0):
        self.penalty = penalty
        self.C = C
        self.l1_ratio = l1_ratio
        self.task = task
        self.seed = seed

    def complexity(self):
        """Return C where all coefficients are kept, else the number of those that are not zero."""
        if self.penalty == "l2":
            return float(self.C), "C"
        return float(np.count_nonzero(self.step_.arrays.get("coef", 0))), "coefficients"

    def _learn(self, matrix, y, classes, weight):
        if not self.C > 0:
            raise SettingError("C", self.C, "a number above 0")
        weight = None if weight is None else weight / weight.mean()
        learn = self._classes if classes else self._numbers
        coef, intercept = learn(matrix.values, y, weight)
        link = {0: "identity", 2: "sigmoid"}.get(classes, "softmax")
        arrays = {"coef": np.atleast_2d(coef), "intercept": np.atleast_1d(intercept).astype(np.float64)}
        return PortableStep("linear", {"link": link, "classes": classes}, arrays)

    def _l1_share(self):
        shares = {"l1": 1.0, "l2": 0.0, "elastic_net": self.l1_ratio}
        if self.penalty not in shares:
            raise SettingError("penalty", self.penalty, "l1, l2 or elastic_net")
        return shares[self.penalty]

    def _classes(self, X, y, weight):
        share = self._l1_share()
        solver = "saga" if share > 0 else "lbfgs"
        model = LogisticRegression(
            C=self.C,
            solver=solver,
            max_iter=MAX_STEPS[solver],
            random_state=self.seed % 2**32,
            **_penalty(share),
        )
        self._fit(model, X, y, weight)
        return model.coef_, model.intercept_

    def _numbers(self, X, y, weight):
        share = self._l1_share()
        if share == 0:
            model, width = Ridge(alpha=1 / self.C), 1.0
        else:
            model = ElasticNet(
                alpha=1 / (self.C * len(y)), l1_ratio=share, max_iter=MAX_DESCENTS, random_state=self.seed % 2**32
            )
            width = np.std(y) or 1.0
        self._fit(model, X, y / width, weight)
        return model.coef_ * width, model.intercept_ * width

    def _fit(self, model, X, y, weight):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(X, y, sample_weight=weight)
        self.converged_ = not any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
        for warning in caught:
            if not issubclass(warning.category, ConvergenceWarning):
                warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)


def _penalty(share):
    """Return an L1 share as this scikit-learn wants it: before 1.8, the word ``penalty`` decides."""
    if inspect.signature(LogisticRegression).parameters["penalty"].default == "deprecated":
        return {"l1_ratio": share}
    return {"penalty": "elasticnet", "l1_ratio": share} if share else {"penalty": "l2"}
