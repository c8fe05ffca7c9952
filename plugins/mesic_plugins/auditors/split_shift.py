"""Do the test rows look like the training rows."""

import numpy as np

from mesic import Evaluation, Finding, Profile, score_with_interval, shifts
from mesic.audit.pricing import in_words
from mesic_plugins.metrics.roc_auc import RocAuc

LARGEST_AREA, LEAST_ROWS, NAMED = 0.55, 50, 3
TREES = {
    "num_leaves": 15,
    "learning_rate": 0.1,
    "min_data_in_leaf": 20,
    "verbosity": -1,
    "seed": 0,
    "deterministic": True,
}
ROUNDS = 60


class SplitShift:
    """Lets a classifier tell test rows from training rows: the area under its ROC curve is 0.5 where they are alike.

    Each half of the rows is told by trees that were fitted on the other half. Where the lower end of the interval is
    above 0.55 the parts differ, and the columns that tell them apart are named, with what two-sample tests say of each
    column. Parts by content differ by chance only and are not looked at.

    Parameters
    ----------
    rows : int
        Rows of each part at most, from 100.

    References
    ----------
    D. Lopez-Paz, M. Oquab: Revisiting classifier two-sample tests, ICLR 2017.
    """

    def __init__(self, rows=5_000):
        self.rows = rows

    def audit(self, view):
        """Return the area under the ROC curve with its interval, and the columns that matter."""
        split = view.split
        if split.by == "row content" or min(split.train.size, split.test.size) < LEAST_ROWS:
            return Evaluation({"area": None})
        parts = [
            rows if rows.size <= self.rows else view.rng.choice(rows, self.rows, replace=False)
            for rows in (split.train, split.test)
        ]
        rows, is_test = np.concatenate(parts), np.repeat([0, 1], [part.size for part in parts])
        X = view.X.iloc[rows].apply(lambda column: column.cat.codes if column.dtype == "category" else column)
        told, gain = _told_apart(X.to_numpy(dtype=np.float64), is_test, view.rng)
        area = score_with_interval(RocAuc(), is_test, np.c_[1 - told, told], rng=view.rng, level=view.level)
        order = np.argsort(-gain, kind="stable")[:NAMED]
        columns = {str(X.columns[place]): float(gain[place] / max(gain.sum(), 1e-300)) for place in order}
        whole = Profile.of(view.X)  # levels that are listed for one part alone would seem to go
        before, after = (whole.counted(view.X.iloc[part]) for part in (split.train, split.test))
        moved = shifts(before, after, level=view.level)
        data = {"area": area.as_dict(), "columns": columns, "shifts": [shift.as_dict() for shift in moved]}
        if area.low <= LARGEST_AREA:
            return Evaluation(data)
        named = ", ".join(f"{name!r} ({share:.0%})" for name, share in columns.items())
        message = f"test rows can be told from training rows: {in_words(area)}, by {named}"
        message += "".join(
            f"; {shift}" for shift in moved if shift.columns[0] in columns and shift.test != "correlation"
        )
        fix = "expect other scores in use; leave out columns that only tell the part, such as dates and counters"
        return Evaluation(data, (Finding("SPLIT-SHIFT", "warning", message, data, fix),))


def _told_apart(X, is_test, rng):
    import lightgbm

    half = rng.permutation(is_test.size) % 2 == 0
    told, gain = np.empty(is_test.size), np.zeros(X.shape[1])
    for held in (half, ~half):
        trees = lightgbm.train(
            {"objective": "binary", "num_threads": 1, **TREES}, lightgbm.Dataset(X[~held], is_test[~held]), ROUNDS
        )
        told[held] = trees.predict(X[held], num_threads=1)
        gain += trees.feature_importance("gain")
    return told, gain
