"""Do predictions mean what they say: of the rows that were given 30 %, do 30 % turn out so."""

import numpy as np

from mesic import Evaluation


class Calibration:
    """A table of predicted against observed, in bins of equal size, with an interval a bin.

    For two classes it is about the positive one's probability, for more about the probability of the class that was
    named, for numbers about the predicted value.

    Parameters
    ----------
    bins : int
        Bins of equal size, from 2.
    """

    def __init__(self, bins=10):
        self.bins = bins

    def evaluate(self, view):
        """Return the table; wherever the interval leaves the diagonal, the model is not calibrated."""
        predicted, observed, title = _claims(view)
        is_share = view.task != "regression"
        order = np.argsort(predicted, kind="stable")
        parts = [part for part in np.array_split(order, min(self.bins, len(order))) if part.size]
        weight = np.ones(len(view)) if view.weight is None else view.weight
        rows = [_bin(predicted[part], observed[part], weight[part], view.level, is_share=is_share) for part in parts]
        return Evaluation({"title": title, "bins": [row for row in rows if row is not None]})


def _claims(view):
    if view.task == "regression":
        return view.prediction, view.y, "predicted and observed value"
    if view.task == "binary":
        return view.prediction[:, 1], (view.y == 1).astype(float), f"probability of {view.classes[1]!r}"
    named = view.prediction.argmax(axis=1)
    return (
        view.prediction.max(axis=1),
        (view.y == named).astype(float),
        "probability of the class that was named",
    )


def _bin(predicted, observed, weight, level, *, is_share):
    total = weight.sum()
    if total <= 0:
        return None
    mean = float(np.average(observed, weights=weight))
    effective = total**2 / (weight**2).sum()
    z = _normal_quantile(level)
    low, high = _wilson(mean, effective, z) if is_share else _normal(observed, weight, mean, effective, z)
    row = {
        "predicted": float(np.average(predicted, weights=weight)),
        "observed": mean,
        "low": low,
        "high": high,
    }
    return row | {"n": int(predicted.size)}


def _normal_quantile(level):
    from scipy.special import ndtri

    return float(ndtri(0.5 + level / 2))


def _wilson(share, n, z):
    """Return the Wilson interval of a share (E. B. Wilson, JASA 22, 1927)."""
    centre = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(share * (1 - share) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return float(max(0.0, centre - half)), float(min(1.0, centre + half))


def _normal(observed, weight, mean, n, z):
    if n <= 1:
        return float("nan"), float("nan")
    spread = np.sqrt(np.average((observed - mean) ** 2, weights=weight) / (n - 1))
    return float(mean - z * spread), float(mean + z * spread)
