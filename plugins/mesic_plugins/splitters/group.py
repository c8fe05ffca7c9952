"""Keep groups whole: a person, a mouse, a machine stands in one part only."""

import numpy as np

from mesic import Split
from mesic_plugins.splitters.hashing import hashed, salted


class Group:
    """A test part and folds of whole groups, balanced in rows and classes.

    Groups are taken in the order of their size (ties by hash), each into the part that lacks most of its classes,
    measured by the part's share.

    Parameters
    ----------
    test_share : float
        Share of the rows in the test part, in (0, 1).
    folds : int
        Number of folds, from 2.

    Examples
    --------
    >>> from mesic import Rows
    >>> rows = Rows(np.arange(60, dtype=np.uint64), np.tile([0, 1], 30), groups=np.repeat(np.arange(12), 5))
    >>> split = Group(test_share=0.25, folds=3).split(rows, seed=0)
    >>> bool(np.isin(rows.groups[split.test], rows.groups[split.train]).any())
    False
    """

    def __init__(self, test_share=0.2, folds=5):
        self.test_share, self.folds = test_share, folds

    def split(self, rows, *, seed):
        """Return the parts of the rows."""
        shares = np.array([self.test_share, 1 - self.test_share])
        is_test = _deal(rows, np.arange(len(rows)), shares, salted(seed, "test")) == 0
        train, test = np.flatnonzero(~is_test), np.flatnonzero(is_test)
        fold = _deal(rows, train, np.full(self.folds, 1 / self.folds), salted(seed, "folds"))
        pairs = tuple((train[fold != number], train[fold == number]) for number in range(self.folds))
        facts = {
            "groups": int(np.unique(rows.groups).size),
            "groups_in_test": int(np.unique(rows.groups[test]).size),
        }
        return Split(train, test, pairs, "group", "exact", facts)


def _deal(rows, chosen, part_shares, salt):
    """Return the part of each chosen row, shape (chosen.size,)."""
    groups, group_of_row = np.unique(rows.groups[chosen], return_inverse=True)
    counts = np.zeros((groups.size, int(rows.strata.max()) + 1))
    np.add.at(counts, (group_of_row, rows.strata[chosen]), 1)
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    order = np.lexsort((hashed(groups.view(np.uint64), salt), -counts.sum(axis=1)))
    filled = np.zeros((part_shares.size, counts.shape[1]))
    part = np.empty(groups.size, dtype=np.int64)
    for group in order:
        spread = ((filled + shares[group]) ** 2 - filled**2).sum(axis=1) / part_shares
        part[group] = int(np.argmin(np.round(spread, 12)))
        filled[part[group]] += shares[group]
    return part[group_of_row]
