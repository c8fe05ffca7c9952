"""Divide rows by what they say: stratified, and stable under re-sorting the file."""

import dataclasses

import numpy as np

from mesic import Split
from mesic_plugins.splitters.folding import repeated_folds, units
from mesic_plugins.splitters.hashing import every_nth, salted, unit_interval

LEAST_ROWS_FOR_STABLE = 1_000


class Holdout:
    """A test part and stratified folds, decided by a hash of each row's content.

    Rows that say the same (twins) stay together, unless one set of twins is so large that parts would depend on it;
    then each repetition counts as a row of its own.

    Parameters
    ----------
    test_share : float
        Share of the rows in the test part, in (0, 1).
    folds : int
        Number of folds, from 2.
    mode : {"auto", "stable", "exact"}
        ``stable`` decides each row by a threshold on its own hash: appended rows move none, and shares are exact in
        expectation only. ``exact`` fills quotas a class in the order of the hashes. ``auto`` is exact below 1,000
        rows.
    repeats : int
        How often the folds are dealt anew, from 1.

    Examples
    --------
    >>> from mesic import Rows
    >>> rows = Rows(np.arange(100, dtype=np.uint64), np.repeat([0, 1], 50))
    >>> split = Holdout(test_share=0.2, folds=5, mode="exact").split(rows, seed=0)
    >>> split.test.size, len(split.folds)
    (20, 5)
    """

    def __init__(self, test_share=0.2, folds=5, mode="auto", repeats=1):
        self.test_share, self.folds, self.mode, self.repeats = test_share, folds, mode, repeats

    def split(self, rows, *, seed):
        """Return the parts of the rows."""
        rows = dataclasses.replace(rows, groups=None)
        keys, facts = units(rows)
        stable = self.mode == "stable" or (self.mode == "auto" and len(rows) >= LEAST_ROWS_FOR_STABLE)
        salt = salted(seed, "test")
        is_test = (
            unit_interval(keys, salt) < self.test_share
            if stable
            else every_nth(keys, rows.strata, self.test_share, salt)
        )
        train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
        pairs = repeated_folds(rows, keys, train, self.folds, self.repeats, seed)
        return Split(train, test, pairs, "row content", "stable" if stable else "exact", facts)
