"""Divide rows by a hash alone: appended rows move none, in no part and no fold."""

import numpy as np

from mesic import Split
from mesic_plugins.splitters.folding import group_facts
from mesic_plugins.splitters.hashing import hashed, salted, unit_interval


class Hash:
    """Each row's part and fold follow from the hash of its key and from nothing else.

    The key is ``source.group`` where it is declared, else ``source.key``, else what the row says. Shares are exact in
    expectation only, and classes are not balanced: that is what it costs that no row ever moves.

    Parameters
    ----------
    test_share : float
        Share of the keys in the test part, in (0, 1).
    folds : int
        Number of folds, from 2.

    Examples
    --------
    >>> from mesic import Rows
    >>> rows = Rows(np.arange(1_000, dtype=np.uint64), np.zeros(1_000, int))
    >>> few = Rows(rows.keys[:400], rows.strata[:400])
    >>> later = Hash().split(rows, seed=0).folds[0][1]
    >>> np.array_equal(later[later < 400], Hash().split(few, seed=0).folds[0][1])
    True
    """

    def __init__(self, test_share=0.2, folds=5):
        self.test_share, self.folds = test_share, folds

    def split(self, rows, *, seed):
        """Return the parts of the rows."""
        keys = rows.keys if rows.groups is None else rows.groups.view(np.uint64)
        is_test = unit_interval(keys, salted(seed, "test")) < self.test_share
        train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
        fold = (hashed(keys[train], salted(seed, "folds")) >> np.uint64(11)) % np.uint64(self.folds)
        pairs = tuple((train[fold != number], train[fold == number]) for number in range(self.folds))
        by = "row content" if rows.groups is None else "group"
        return Split(train, test, pairs, by, "stable", {"twins": "together"} | group_facts(rows, test))
