"""How much worse the model is when it does not know one column."""

import numpy as np
import pandas as pd

from mesic import Evaluation, Finding, example_losses


class Importance:
    """Permutation importance: the increase in loss when a column's values are shuffled among test rows.

    The model stays as it is, so the figure says what this model relies on, not what could be learned without the
    column. The interval is over rows.

    Parameters
    ----------
    rows : int
        Test rows at most, from 10.

    References
    ----------
    L. Breiman, Random Forests, Machine Learning 45, 2001.
    """

    def __init__(self, rows=2000):
        self.rows = rows

    def evaluate(self, view):
        """Return a row a column, the most important first."""
        chosen = np.sort(view.rng.permutation(len(view))[: self.rows])
        X, y = view.X.iloc[chosen], view.y[chosen]
        weight = None if view.weight is None else view.weight[chosen]
        before = example_losses(view.task, y, view.predict(X))
        features = []
        for name in X.columns:
            shuffled = X.assign(**{name: _shuffled(X[name], view.rng)})
            excess = example_losses(view.task, y, view.predict(shuffled)) - before
            features.append({"name": name, **_with_interval(excess, weight, view.level)})
        features.sort(key=lambda row: (-row["increase"], row["name"]))
        method = f"loss increase when shuffled among {chosen.size:,} test rows"
        unused = [row["name"] for row in features if row["increase"] == row["low"] == row["high"] == 0]
        return Evaluation(
            {"title": "what the model relies on", "method": method, "features": features}, _findings(unused)
        )


def _shuffled(values, rng):
    order = rng.permutation(len(values))
    return pd.Series(values.array.take(order), index=values.index)


def _with_interval(excess, weight, level):
    share = np.full(excess.size, 1 / excess.size) if weight is None else weight / weight.sum()
    mean = float(np.sum(share * excess))
    spread = np.sqrt(np.sum((share * (excess - mean)) ** 2))
    from scipy.special import ndtri

    half = float(ndtri(0.5 + level / 2) * spread)
    return {"increase": mean, "low": mean - half, "high": mean + half}


def _findings(unused):
    if not unused:
        return ()
    shown = ", ".join(map(repr, unused[:5])) + (", ..." if len(unused) > 5 else "")
    message = f"the model does not use {len(unused)} of its columns: {shown}"
    return (Finding("UNUSED-COLUMNS", "info", message, {"columns": unused}, "leave them out, by source.ignore"),)
