"""Do predictions mean what they say: of the rows that were given 30 %, do 30 % turn out so."""

import numpy as np

from mesic import Evaluation, SettingError
from mesic_plugins.evaluators.contrasts import Rows, wilson
from mesic_plugins.evaluators.fairness import sensitive_columns
from mesic_plugins.evaluators.slicing import cut

SETTING = "evaluator.calibration.by"
FEWEST, PARTS = 30, 4


class Calibration:
    """A table of predicted against observed, in bins of equal size, with an interval a bin.

    For two classes it is about the positive one's probability, for more about the probability of the class that was
    named, for numbers about the predicted value. The same is told of the groups of columns that the schema calls
    sensitive, and of others that are named: levels, or ranges of about as many rows each.

    Parameters
    ----------
    bins : int
        Bins of equal size, from 2.
    by : list of str
        Columns whose groups are told by themselves, beside sensitive ones.
    """

    def __init__(self, bins=10, by=()):
        self.bins = bins
        self.by = list(by or ())

    def check(self, columns):
        """Refuse columns that are not there."""
        for name in self.by:
            if name not in columns:
                raise SettingError(SETTING, name, f"columns of the table, such as {', '.join(list(columns)[:5])}")

    def evaluate(self, view):
        """Return the table; wherever the interval leaves the diagonal, the model is not calibrated."""
        predicted, observed, title = _claims(view)
        every = np.ones(len(view), dtype=bool)
        data = {"title": title, "bins": self._table(view, predicted, observed, every)}
        if names := sensitive_columns(view, self.by):
            data["by"] = [row for name in names for row in self._groups(view, name, predicted, observed)]
        return Evaluation(data)

    def _table(self, view, predicted, observed, inside):
        places = np.flatnonzero(inside)
        order = places[np.argsort(predicted[places], kind="stable")]
        most = max(1, places.size // FEWEST) if places.size < len(view) else places.size
        parts = [part for part in np.array_split(order, min(self.bins, most, places.size)) if part.size]
        weight = np.ones(len(view)) if view.weight is None else view.weight
        is_share = view.task != "regression"
        rows = [_bin(predicted[part], observed[part], weight[part], view.level, is_share=is_share) for part in parts]
        return [row for row in rows if row is not None]

    def _groups(self, view, name, predicted, observed):
        """Yield the table of each group of a column, and by how much more is observed than predicted."""
        rows = Rows(len(view), view.weight, view.groups, view.level)
        for part in cut(view, name, PARTS):
            inside = part.holds(view)
            is_told = inside.sum() >= FEWEST
            facts = {"group": str(part), "column": name, "rows": int(inside.sum())}
            if is_told:
                facts["gap"] = rows.part(inside).mean((observed - predicted)[inside])
                facts["bins"] = self._table(view, predicted, observed, inside)
            yield facts


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
    low, high = wilson(mean, effective, level) if is_share else _normal(observed, weight, mean, effective, level)
    row = {
        "predicted": float(np.average(predicted, weights=weight)),
        "observed": mean,
        "low": low,
        "high": high,
    }
    return row | {"n": int(predicted.size)}


def _normal(observed, weight, mean, n, level):
    if n <= 1:
        return float("nan"), float("nan")
    from scipy.special import ndtri

    z = float(ndtri(0.5 + level / 2))
    spread = np.sqrt(np.average((observed - mean) ** 2, weights=weight) / (n - 1))
    return float(mean - z * spread), float(mean + z * spread)
