"""Keep the columns that vary enough."""

from sklearn.feature_selection import VarianceThreshold


class Spread(VarianceThreshold):
    """scikit-learn's variance threshold under another name."""

    def __init__(self, at_least=0.0):
        self.at_least = at_least

    def fit(self, X, y=None):
        """Remember the variances."""
        self.threshold = self.at_least
        return super().fit(X, y)
