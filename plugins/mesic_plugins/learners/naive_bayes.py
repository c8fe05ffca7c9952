"""One Gaussian a class and column, as if columns were independent."""

import numpy as np
from sklearn.naive_bayes import GaussianNB

from mesic import PortableStep
from mesic_plugins.learners.portable import PortableLearner

LEAST_VARIANCE = 1e-9  # of columns scaled to 1; a class whose rows all say the same has none


class NaiveBayes(PortableLearner):
    """Gaussian naive Bayes; columns are expected on one scale.

    Parameters
    ----------
    var_smoothing : float
        Share of the largest variance that is added to all, from 0.

    References
    ----------
    D. Hand, K. Yu, Idiot's Bayes: Not So Stupid After All?, International Statistical Review 69, 2001.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"x": [0.0, 0.2, 0.7, 0.9]})
    >>> NaiveBayes().fit(X, [0, 0, 1, 1]).predict(X).tolist()
    [0, 0, 1, 1]
    """

    def __init__(self, var_smoothing=1e-9):
        self.var_smoothing = var_smoothing

    def complexity(self):
        """Return how many means, variances and shares were estimated."""
        return float(sum(array.size for array in self.step_.arrays.values())), "parameters"

    def _learn(self, matrix, y, classes, weight):
        model = GaussianNB(var_smoothing=self.var_smoothing).fit(matrix.values, y, weight)
        arrays = {
            "theta": model.theta_,
            "var": np.maximum(model.var_, LEAST_VARIANCE),
            "log_prior": np.log(model.class_prior_),
        }
        return PortableStep("naive_bayes", {"classes": classes}, arrays)
