"""Keep groups whole: a person, a mouse, a machine stands in one part only."""

import numpy as np

from mesic import Split
from mesic_plugins.splitters.folding import dealt_groups, group_facts, repeated_folds
from mesic_plugins.splitters.hashing import salted


class Group:
    """A test part and folds of whole groups, balanced in rows and classes (stratified).

    Parameters
    ----------
    test_share : float
        Share of the rows in the test part, in (0, 1).
    folds : int
        Number of folds, from 2.
    repeats : int
        How often the folds are dealt anew, from 1.

    Examples
    --------
    >>> from mesic import Rows
    >>> rows = Rows(np.arange(60, dtype=np.uint64), np.tile([0, 1], 30), groups=np.repeat(np.arange(12), 5))
    >>> split = Group(test_share=0.25, folds=3).split(rows, seed=0)
    >>> bool(np.isin(rows.groups[split.test], rows.groups[split.train]).any())
    False
    """

    def __init__(self, test_share=0.2, folds=5, repeats=1):
        self.test_share, self.folds, self.repeats = test_share, folds, repeats

    def split(self, rows, *, seed):
        """Return the parts of the rows."""
        shares = np.array([self.test_share, 1 - self.test_share])
        is_test = dealt_groups(rows, np.arange(len(rows)), shares, salted(seed, "test")) == 0
        train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
        pairs = repeated_folds(rows, rows.keys, train, self.folds, self.repeats, seed)
        return Split(train, test, pairs, "group", "exact", group_facts(rows, test))
