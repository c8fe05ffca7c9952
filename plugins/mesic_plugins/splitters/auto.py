"""The splitter that the declared columns ask for."""

from mesic_plugins.splitters.group import Group
from mesic_plugins.splitters.holdout import Holdout
from mesic_plugins.splitters.predefined import Predefined
from mesic_plugins.splitters.time import Time


class Auto:
    """By ``source.part`` where it is declared, else by time, else by group, else hold-out.

    By time groups stay whole where they are declared too.

    Parameters
    ----------
    test_share : float
        Share of the rows in the test part, in (0, 1); a declared part says it itself.
    folds : int
        Number of folds, from 2.
    mode : {"auto", "stable", "exact"}
        As of the hold-out splitter.
    """

    def __init__(self, test_share=0.2, folds=5, mode="auto"):
        self.test_share, self.folds, self.mode = test_share, folds, mode

    def split(self, rows, *, seed):
        """Return the parts of the rows."""
        return self.chosen(rows).split(rows, seed=seed)

    def chosen(self, rows):
        """Return the splitter for these rows."""
        if rows.part is not None:
            return Predefined(self.folds)
        if rows.time is not None:
            return Time(self.test_share, self.folds)
        if rows.groups is not None:
            return Group(self.test_share, self.folds)
        return Holdout(self.test_share, self.folds, self.mode)
