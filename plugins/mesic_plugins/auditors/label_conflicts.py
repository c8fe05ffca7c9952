"""Rows that say the same and have different targets: what no model can reach."""

import numpy as np
import pandas as pd

from mesic import Evaluation, Finding
from mesic.data.identity import row_keys

MANY = 0.01


class LabelConflicts:
    """Counts training rows whose features repeat those of another row with another target.

    No model tells such rows apart, so they are a ceiling: the largest accuracy, or share of the variance, that any
    model of these columns can reach on these rows. It is an upper bound, for rows that are repeated once are few.
    """

    def audit(self, view):
        """Return the rows in conflict and the ceiling."""
        X = view.X.iloc[view.split.train]
        keys = row_keys({str(name): X[name].array for name in X}, len(X))
        sets = pd.Series(view.y).groupby(keys)
        conflicting = sets.transform("nunique").to_numpy() > 1
        ceiling = _largest_share(keys, view.y) if view.classes else _explained(sets, view.y)
        measure = "accuracy" if view.classes else "r2"
        rows = int(conflicting.sum())
        data = {"rows": rows, "sets": int(np.unique(keys[conflicting]).size), "ceiling": ceiling, "measure": measure}
        if not rows:
            return Evaluation(data)
        example = view.origin[view.split.train[keys == keys[conflicting.argmax()]]][:2].tolist()
        message = (
            f"{rows:,} training rows ({rows / len(X):.1%}) say the same as another one with another target, such as "
            f"rows {example[0]} and {example[1]}: no model of these columns reaches more than {measure} {ceiling:.4g} "
            "on them all"
        )
        fix = "look at their labels; or find the column in which such rows differ"
        is_many = rows >= MANY * len(X)
        finding = Finding(
            "CONFLICTING-LABELS", "warning" if is_many else "info", message, data | {"example": example}, fix
        )
        return Evaluation(data, (finding,))


def _largest_share(keys, y):
    """Return the share of rows that have the most frequent class of their set."""
    counts = pd.DataFrame({"key": keys, "y": y}).groupby(["key", "y"]).size()
    return float(counts.groupby(level=0).max().sum() / y.size)


def _explained(sets, y):
    """Return the share of the target's variance that lies between the sets."""
    within = float(((y - sets.transform("mean").to_numpy()) ** 2).sum())
    return 1 - within / float(((y - y.mean()) ** 2).sum())
