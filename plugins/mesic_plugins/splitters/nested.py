"""Nested cross-validation: outer parts that test, inner folds that tune."""

import numpy as np

from mesic import Split
from mesic_plugins.splitters.folding import group_facts, repeated_folds
from mesic_plugins.splitters.kfold import outer_parts


class Nested:
    """One of k outer parts is the test part; the rest is dealt to inner folds of their own.

    A sweep over ``outer_fold`` is a nested cross-validation: every row is tested once, each outer part by a model that
    was tuned on inner folds of the others. Where groups are declared they stay whole.

    Parameters
    ----------
    outer : int
        Number of outer parts, from 2.
    outer_fold : int
        Which of them is the test part, from 0 to outer - 1.
    folds : int
        Number of inner folds, from 2.
    repeats : int
        How often the inner folds are dealt anew, from 1.

    Raises
    ------
    SettingError
        There is no such outer part.

    References
    ----------
    S. Varma, R. Simon: Bias in error estimation when using cross-validation for model selection, BMC Bioinformatics
    2006.

    Examples
    --------
    >>> from mesic import Rows
    >>> rows = Rows(np.arange(60, dtype=np.uint64), np.zeros(60, int))
    >>> split = Nested(outer=3, outer_fold=1, folds=4).split(rows, seed=0)
    >>> split.test.size, [validate.size for _, validate in split.folds]
    (20, [10, 10, 10, 10])
    """

    def __init__(self, outer=5, outer_fold=0, folds=5, repeats=1):
        self.outer, self.outer_fold, self.folds, self.repeats = outer, outer_fold, folds, repeats

    def split(self, rows, *, seed):
        """Return the parts of the rows."""
        keys, part, facts = outer_parts(rows, self.outer, seed, "outer", ("outer_fold", self.outer_fold))
        train, test = np.flatnonzero(part != self.outer_fold), np.flatnonzero(part == self.outer_fold)
        pairs = repeated_folds(rows, keys, train, self.folds, self.repeats, seed)
        by = "row content" if rows.groups is None else "group"
        return Split(train, test, pairs, by, "exact", facts | group_facts(rows, test))
