"""Rows whose target contradicts what models of the other rows are sure of."""

import numpy as np
import pandas as pd

from mesic import Evaluation, Finding
from mesic_plugins.evaluators.contrasts import Rows

SHOWN, FAR, LEAST_ALIKE, CLEARLY = 50, 8, 100, 3


class SuspectLabels:
    """Predicts every training row by models that never saw it, and names those that contradict their target.

    Classes: confident learning. A row is suspect where the likeliest class among those as likely as rows of that class
    are on average is another than its own, and at least three times as likely. Numbers: the prediction misses by more
    than eight times the usual (median absolute) error of rows with such a prediction. It is a list to look at, the
    clearest first, no verdict: where classes overlap, rows on the wrong side are on it though their label is right.
    Where models of the other rows do not tell more of the target than nothing does, it says that it cannot tell.

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
        knowledge = _knowledge(view, rows, prediction, y)
        if not (knowledge["low"] or 0.0) > 0:
            return _untold(rows.size, knowledge)
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
        data = {"looked_at": int(rows.size), "knowledge": knowledge, "suspect": int(suspect.sum()), "rows": named}
        if not named:
            return Evaluation(data)
        shown = ", ".join(f"{one['row']} ({_said(one['target'])}, not {_said(one['predicted'])}?)" for one in named[:3])
        message = (
            f"the target of {data['suspect']:,} of {rows.size:,} training rows ({suspect.mean():.1%}) contradicts "
            f"models that never saw it, most of all rows {shown}"
        )
        fix = "look at them, the clearest first: the record has their numbers"
        return Evaluation(data, (Finding("SUSPECT-LABELS", "info", message, data, fix),))


def _knowledge(view, rows, prediction, y):
    """Return what predictions know of the target, 0 for nothing.

    Classes: how much more likely than its share the class of a row is, on average, less one; where that is not above
    zero, no mixture of the predictions and the shares loses less than the shares. Numbers: Spearman's correlation.
    """
    groups = None if view.groups is None else view.groups[rows]
    if view.classes:
        shares = np.bincount(y, minlength=prediction.shape[1]) / y.size
        known = prediction[np.arange(y.size), y] / shares[y] - 1
    else:
        said, seen = (pd.Series(values).rank().to_numpy() for values in (prediction, y))
        spread = float(said.std() * seen.std())
        known = (said - said.mean()) * (seen - seen.mean()) / (spread or 1.0)
    return Rows(y.size, None, groups, view.level).mean(known)


def _untold(count, knowledge):
    message = (
        f"models tell nothing of the target of {count:,} training rows that they never saw: suspect labels cannot "
    )
    message += "be told from others"
    fix = "find columns that say something of the target first, or have rows labelled twice (mesic data label)"
    data = {"looked_at": count, "knowledge": knowledge, "suspect": None, "rows": []}
    return Evaluation(data, (Finding("UNTOLD-LABELS", "info", message, {"knowledge": knowledge}, fix),))


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
    return (best >= 0) & (instead != y) & (best > CLEARLY * own), best - own, instead


def _numbers(prediction, y):
    error = np.abs(prediction - y)
    edges = np.quantile(prediction, np.linspace(0, 1, max(1, y.size // LEAST_ALIKE) + 1)[1:-1])
    alike = np.searchsorted(edges, prediction)
    usual = pd.Series(error).groupby(alike).transform("median").to_numpy()
    times = error / np.maximum(usual, max(float(np.median(error)) / 10, 1e-300))
    return times > FAR, times, prediction
