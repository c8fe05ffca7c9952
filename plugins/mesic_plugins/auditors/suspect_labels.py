"""Rows whose target contradicts what models of the other rows are sure of."""

import numpy as np
import pandas as pd

from mesic import Evaluation, Finding

SHOWN, FAR, LEAST_ALIKE = 50, 8, 100


class SuspectLabels:
    """Predicts every training row by models that never saw it, and names those that contradict their target.

    Classes: confident learning. A row is suspect where the likeliest class among those as likely as rows of that class
    are on average is another than its own. Numbers: the prediction misses by more than eight times the usual (median
    absolute) error of rows with such a prediction. It is a list to look at, the clearest first, no verdict: where
    classes overlap, rows on the wrong side are on it though their label is right.

    Parameters
    ----------
    rows : int
        Training rows at most, from 100.

    References
    ----------
    C. Northcutt, L. Jiang, I. Chuang: Confident Learning, Journal of Artificial Intelligence Research 2021.
    """

    def __init__(self, rows=50_000):
        self.rows = rows

    def audit(self, view):
        """Return the rows to look at, the clearest first."""
        rows, prediction = view.pricing.out_of_fold(view.split.folds, most=self.rows)
        y = view.y[np.searchsorted(view.split.train, rows)]
        suspect, clear, instead = (_classes if view.classes else _numbers)(prediction, y)
        order = np.flatnonzero(suspect)[np.argsort(-clear[suspect], kind="stable")]
        named = [
            {
                "row": int(view.origin[rows[place]]),
                "target": view.classes[y[place]] if view.classes else float(y[place]),
                "predicted": view.classes[instead[place]] if view.classes else float(instead[place]),
            }
            for place in order[:SHOWN]
        ]
        data = {"looked_at": int(rows.size), "suspect": int(suspect.sum()), "rows": named}
        if not named:
            return Evaluation(data)
        shown = ", ".join(f"{one['row']} ({_said(one['target'])}, not {_said(one['predicted'])}?)" for one in named[:3])
        message = (
            f"the target of {data['suspect']:,} of {rows.size:,} training rows ({suspect.mean():.1%}) contradicts "
            f"models that never saw it, most of all rows {shown}"
        )
        fix = "look at them, the clearest first: the record has their numbers"
        return Evaluation(data, (Finding("SUSPECT-LABELS", "info", message, data, fix),))


def _said(value):
    return repr(value) if isinstance(value, str) else f"{value:.6g}"


def _classes(prediction, y):
    """Return which rows are suspect, how clearly, and the class that they seem to have."""
    own = prediction[np.arange(y.size), y]
    codes = range(prediction.shape[1])
    usual = np.array([own[y == code].mean() if (y == code).any() else np.inf for code in codes])
    likely = np.where(prediction >= usual, prediction, -1.0)
    instead = likely.argmax(axis=1)
    best = likely.max(axis=1)
    return (best >= 0) & (instead != y), best - own, instead


def _numbers(prediction, y):
    error = np.abs(prediction - y)
    edges = np.quantile(prediction, np.linspace(0, 1, max(1, y.size // LEAST_ALIKE) + 1)[1:-1])
    alike = np.searchsorted(edges, prediction)
    usual = pd.Series(error).groupby(alike).transform("median").to_numpy()
    times = error / np.maximum(usual, max(float(np.median(error)) / 10, 1e-300))
    return times > FAR, times, prediction
