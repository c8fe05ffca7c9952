"""Where predictions are wrong: who is taken for whom, how far off, and the worst rows."""

import numpy as np

from mesic import Evaluation
from mesic_plugins.evaluators.cells import cell_text, kind_of

MOST_COLUMNS_SHOWN = 8
RESIDUAL_BINS = 31


class Errors:
    """Confusion matrix or residuals, and the rows with the highest loss.

    Parameters
    ----------
    worst : int
        Worst rows listed, from 0.
    """

    def __init__(self, worst=10):
        self.worst = worst

    def evaluate(self, view):
        """Return counts and the worst rows."""
        data = _residuals(view) if view.task == "regression" else _confusion(view)
        return Evaluation(data | {"worst": [_described(view, row) for row in np.argsort(-view.losses)[: self.worst]]})


def _confusion(view):
    named = view.answered
    size = len(view.classes)
    counts = np.bincount(view.y * size + named, minlength=size * size).reshape(size, size)
    return {"labels": list(view.classes), "confusion": counts.tolist()}


def _residuals(view):
    residuals = view.y - view.prediction
    limits = np.quantile(residuals, [0.005, 0.995])
    edges = (
        np.linspace(limits[0], limits[1], RESIDUAL_BINS)
        if limits[0] < limits[1]
        else np.array([limits[0] - 1, limits[0] + 1])
    )
    counts, _ = np.histogram(np.clip(residuals, edges[0], edges[-1]), edges)
    order = np.array_split(np.argsort(view.prediction, kind="stable"), min(10, len(view)))
    return {
        "residuals": {"edges": edges.tolist(), "counts": counts.tolist()},
        "by_prediction": [_band(view.prediction[part], view.y[part]) for part in order],
    }


def _band(predicted, observed):
    low, middle, high = np.quantile(observed, [0.1, 0.5, 0.9])
    row = {
        "predicted": float(np.mean(predicted)),
        "observed": float(middle),
        "low": float(low),
        "high": float(high),
    }
    return row | {"n": int(observed.size)}


def _described(view, row):
    if view.task == "regression":
        target, prediction = f"{view.y[row]:g}", f"{view.prediction[row]:g}"
    else:
        code = int(view.answered[row])
        target = view.classes[int(view.y[row])]
        prediction = f"{view.classes[code]} ({view.prediction[row, code]:.2f})"
    shown = view.X.columns[:MOST_COLUMNS_SHOWN]
    cells = {str(name): cell_text(view.X[name].iloc[row], kind_of(view, name)) for name in shown}
    facts = {"row": int(view.origin[row]), "target": target, "prediction": prediction}
    return facts | {"loss": float(view.losses[row]), "features": cells}
