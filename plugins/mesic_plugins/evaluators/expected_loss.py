"""What a prediction says of its own loss: a hard row is one thing, a row that is worse than the model knows another."""

import numpy as np

BINS, FEWEST = 20, 50


class ExpectedLoss:
    """The loss that rows of such a prediction usually have.

    Of classes the entropy of the stated probabilities, which is their expected log loss where they mean what they say,
    and what is usually missing from it at such a prediction; of numbers the mean squared error at such a prediction.

    Parameters
    ----------
    prediction : ndarray of shape (n,) or (n, k)
    losses, weight : ndarray of shape (n,)
        `weight` may be None.

    Examples
    --------
    >>> p = np.full((200, 2), 0.5)
    >>> ExpectedLoss(p, np.full(200, np.log(2)), None).excess(p[:2], np.log([2, 4])).round(3).tolist()
    [0.0, 0.693]
    """

    def __init__(self, prediction, losses, weight):
        place = _place(prediction)
        self.ends = np.unique(np.quantile(place, np.linspace(0, 1, max(1, min(BINS, place.size // FEWEST)) + 1)[1:-1]))
        bins = np.searchsorted(self.ends, place, side="right")
        weight = np.ones(place.size) if weight is None else weight
        sums = np.bincount(bins, weight, minlength=self.ends.size + 1)
        left = np.bincount(bins, weight * (losses - _entropy(prediction)), minlength=self.ends.size + 1)
        self.usual = left / np.maximum(sums, 1e-300)

    def excess(self, prediction, losses):
        """Return how much more rows lose than rows of such predictions usually do, shape (n,)."""
        usual = self.usual[np.searchsorted(self.ends, _place(prediction), side="right")]
        return losses - _entropy(prediction) - usual


def _place(prediction):
    if prediction.ndim == 1:
        return prediction
    return prediction[:, 1] if prediction.shape[1] == 2 else _entropy(prediction)


def _entropy(prediction):
    if prediction.ndim == 1:
        return 0.0
    p = np.clip(prediction, np.finfo(float).tiny, 1.0)
    return -(p * np.log(p)).sum(axis=1)
