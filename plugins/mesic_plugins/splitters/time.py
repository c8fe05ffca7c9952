"""Train on the past, test on the future."""

import numpy as np

from mesic import DataError, SettingError, Split
from mesic_plugins.splitters.folding import group_facts

LEAST_TIMES = 4  # two folds, what came before them, and the test part


class Time:
    """The last rows in time are the test part; each fold trains on what came before it.

    Rows of one time stay in one part. With ``gap`` nobody fits on the while before a validated or tested row, as when
    a label is known late. With ``window`` each model, the final one too, is fitted on the latest past only (rolling
    origin); without, on all of it (expanding origin). Where groups are declared, a model is fitted on no row of a
    group that it is validated or tested on.

    Parameters
    ----------
    test_share : float
        Share of the rows in the test part, in (0, 1).
    folds : int
        Number of folds, from 2; what comes before the test part is cut into one block more.
    gap : float
        Least time between a row that is fitted on and a row that is validated, from 0; in days for dates, else in the
        column's own numbers.
    window : float or None
        Length of the past that is fitted on, above 0, in the same unit; None for all of it.

    Raises
    ------
    DataError
        The rows have too few different times, or gap, window or groups leave nothing to fit on.
    SettingError
        There are more folds than times.

    Examples
    --------
    >>> from mesic import Rows
    >>> rows = Rows(np.arange(12, dtype=np.uint64), np.zeros(12, int), time=np.arange(12.0))
    >>> split = Time(test_share=0.25, folds=2).split(rows, seed=0)
    >>> split.test.tolist(), [validate.tolist() for _, validate in split.folds]
    ([9, 10, 11], [[3, 4, 5], [6, 7, 8]])
    >>> split = Time(test_share=0.25, folds=2, gap=1, window=3).split(rows, seed=0)
    >>> split.train.tolist(), [fit.tolist() for fit, _ in split.folds]
    ([5, 6, 7], [[0, 1], [2, 3, 4]])
    """

    def __init__(self, test_share=0.2, folds=5, gap=0.0, window=None):
        self.test_share, self.folds, self.gap, self.window = test_share, folds, gap, window

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
        test = np.flatnonzero(moment_of_row >= cut)
        validated = [np.flatnonzero(block == number) for number in range(1, self.folds + 1)]
        pairs = tuple((self._past(rows, part), part) for part in validated)
        train = self._past(rows, test)
        self._refuse_nothing_to_fit_on(rows, [train, *(fit for fit, _ in pairs)])
        facts = {"cut": float(moments[cut]), "gap": float(self.gap), "window": self.window}
        left_out = np.setdiff1d(np.flatnonzero(moment_of_row < cut), train)
        return Split(train, test, pairs, "time", "ordered", facts | group_facts(rows, test), left_out=left_out)

    def _past(self, rows, later):
        """Return the rows that a model for these later rows is fitted on."""
        if not later.size:
            return later
        end = rows.time[later].min() - self.gap
        is_past = rows.time < end
        if self.window is not None:
            is_past &= rows.time >= end - self.window
        if rows.groups is not None:
            is_past &= ~np.isin(rows.groups, rows.groups[later])
        return np.flatnonzero(is_past)

    def _refuse_nothing_to_fit_on(self, rows, fitted):
        if all(part.size for part in fitted):
            return
        if rows.groups is not None:
            raise DataError(
                "in some fold every group of the past comes again later, and no group may stand on both sides: take "
                "source.group away and divide by time, or give splitter=group and no source.time"
            )
        raise DataError(
            f"splitter.gap={self.gap:g} and splitter.window={self.window} leave a fold nothing to fit on: "
            f"give a shorter gap, a longer window, or fewer folds"
        )


def _moment(counts, rows):
    """Return the number of moments that hold about `rows` rows, at least one and not all."""
    return int(np.clip(np.searchsorted(counts, rows, side="left") + 1, 1, counts.size - 1))
