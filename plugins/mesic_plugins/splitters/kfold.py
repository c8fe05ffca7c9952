"""Parts of equal size, of which one is the test part: cross-validation, one run a part."""

import numpy as np

from mesic import SettingError, Split
from mesic_plugins.splitters.folding import dealt, group_facts, units
from mesic_plugins.splitters.hashing import salted


class KFold:
    """k stratified parts of equal size: one is the test part, each other one validates once.

    The parts do not depend on which of them is the test part. A sweep over ``test_fold`` tests every row once, each by
    a model that was tuned without it. Where groups are declared they stay whole.

    Parameters
    ----------
    folds : int
        Number of parts, the test part among them, from 3.
    test_fold : int
        Which part is the test part, from 0 to folds - 1.

    Raises
    ------
    SettingError
        There is no such part.

    Examples
    --------
    >>> from mesic import Rows
    >>> rows = Rows(np.arange(50, dtype=np.uint64), np.zeros(50, int))
    >>> tests = [KFold(5, part).split(rows, seed=0).test for part in range(5)]
    >>> np.array_equal(np.sort(np.concatenate(tests)), np.arange(50))
    True
    """

    def __init__(self, folds=5, test_fold=0):
        self.folds, self.test_fold = folds, test_fold

    def split(self, rows, *, seed):
        """Return the parts of the rows."""
        _, part, facts = outer_parts(rows, self.folds, seed, "folds", ("test_fold", self.test_fold))
        train, test = np.flatnonzero(part != self.test_fold), np.flatnonzero(part == self.test_fold)
        inner = [number for number in range(self.folds) if number != self.test_fold]
        pairs = tuple((train[part[train] != number], train[part[train] == number]) for number in inner)
        by = "row content" if rows.groups is None else "group"
        return Split(train, test, pairs, by, "exact", facts | group_facts(rows, test))


def outer_parts(rows, count, seed, count_option, chosen):
    """Return the key of each row, the one of `count` parts that it is in, and what to tell.

    Raises
    ------
    SettingError
        `chosen`, an option's name and value, is no number of a part.
    """
    option, number = chosen
    if number >= count:
        raise SettingError(f"splitter.{option}", number, f"0 to {count - 1}: splitter.{count_option} is {count}")
    keys, facts = units(rows) if rows.groups is None else (rows.keys, {})
    part = dealt(rows, keys, np.arange(len(rows)), count, salted(seed, "outer"))
    return keys, part, facts | {"parts": count, option: number}
