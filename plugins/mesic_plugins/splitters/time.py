"""Train on the past, test on the future."""

import numpy as np

from mesic import DataError, SettingError, Split

LEAST_TIMES = 4  # two folds, what came before them, and the test part


class Time:
    """The last rows in time are the test part; each fold trains on what came before it (expanding origin).

    Rows of one time stay in one part.

    Parameters
    ----------
    test_share : float
        Share of the rows in the test part, in (0, 1).
    folds : int
        Number of folds, from 2; the training part is cut into one block more.

    Examples
    --------
    >>> from mesic import Rows
    >>> rows = Rows(np.arange(12, dtype=np.uint64), np.zeros(12, int), time=np.arange(12.0))
    >>> split = Time(test_share=0.25, folds=2).split(rows, seed=0)
    >>> split.test.tolist(), [validate.tolist() for _, validate in split.folds]
    ([9, 10, 11], [[3, 4, 5], [6, 7, 8]])
    """

    def __init__(self, test_share=0.2, folds=5):
        self.test_share, self.folds = test_share, folds

    def split(self, rows, *, seed):  # noqa: ARG002 - time decides, not chance
        """Return the parts of the rows."""
        moments, moment_of_row = np.unique(rows.time, return_inverse=True)
        if moments.size < LEAST_TIMES:
            raise DataError(
                f"rows have {moments.size} different times: give {LEAST_TIMES} at least, or another splitter"
            )
        if moments.size < self.folds + 2:
            raise SettingError("splitter.folds", self.folds, f"at most {moments.size - 2}: there are that few times")
        counts = np.cumsum(np.bincount(moment_of_row))
        cut = _moment(counts, (1 - self.test_share) * len(rows))
        edges = [_moment(counts, counts[cut - 1] * part / (self.folds + 1)) for part in range(1, self.folds + 1)]
        block = np.searchsorted([*edges, cut], moment_of_row, side="right")
        train, test = np.flatnonzero(moment_of_row < cut), np.flatnonzero(moment_of_row >= cut)
        pairs = tuple(
            (np.flatnonzero(block < number), np.flatnonzero(block == number)) for number in range(1, self.folds + 1)
        )
        return Split(train, test, pairs, "time", "ordered", {"cut": float(moments[cut])})


def _moment(counts, rows):
    """Return the number of moments that hold about `rows` rows, at least one and not all."""
    return int(np.clip(np.searchsorted(counts, rows, side="left") + 1, 1, counts.size - 1))
