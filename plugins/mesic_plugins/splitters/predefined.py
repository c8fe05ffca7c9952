"""Parts that a column says."""

import numpy as np

from mesic import DataError, Split
from mesic_plugins.splitters.folding import group_facts, repeated_folds, units

SAME = {"training": "train", "testing": "test", "validation": "validate", "valid": "validate", "val": "validate"}
PARTS = ("train", "test", "validate")


class Predefined:
    """The column ``source.part`` says of each row where it stands.

    ``train`` and ``test`` name the two parts. Rows of ``validate`` are one fold, validated by models of the ``train``
    rows. A whole number names a fold, validated by models of all other training rows. Where neither is said, the
    training rows are dealt to folds. The final model is fitted on all rows but those of the test part.

    Parameters
    ----------
    folds : int
        Number of folds where the column names none, from 2.
    repeats : int
        How often these folds are dealt anew, from 1.

    Raises
    ------
    DataError
        A row says something else, no row says ``test``, or every row does.

    Examples
    --------
    >>> from mesic import Rows
    >>> part = np.array(["train"] * 6 + ["validate"] * 2 + ["test"] * 2, dtype=object)
    >>> split = Predefined().split(Rows(np.arange(10, dtype=np.uint64), np.zeros(10, int), part=part), seed=0)
    >>> split.test.tolist(), split.folds[0][1].tolist(), split.train.tolist()
    ([8, 9], [6, 7], [0, 1, 2, 3, 4, 5, 6, 7])
    """

    def __init__(self, folds=5, repeats=1):
        self.folds, self.repeats = folds, repeats

    def split(self, rows, *, seed):
        """Return the parts of the rows."""
        said = [str(value).strip().lower() for value in rows.part]
        part = np.array([SAME.get(value, value) for value in said], dtype=object)
        _refuse_strange(part)
        train, test = np.flatnonzero(part != "test"), np.flatnonzero(part == "test")
        named = sorted(set(part[train]) - {"train"})
        pairs = (
            tuple((train[part[train] != name], train[part[train] == name]) for name in named)
            if named
            else repeated_folds(rows, units(rows)[0], train, self.folds, self.repeats, seed)
        )
        facts = {"folds": "of the column" if named else "dealt"} | group_facts(rows, test)
        return Split(train, test, pairs, "declared part", "declared", facts)


def _refuse_strange(part):
    strange = sorted(value for value in set(part) if value not in PARTS and not value.isdecimal())
    if strange:
        rows = int(np.isin(part, strange).sum())
        listed = ", ".join(map(repr, strange[:5])) + (", ..." if len(strange) > 5 else "")
        raise DataError(
            f"source.part says {listed} in {rows:,} rows, first in row {int(np.argmax(np.isin(part, strange)))}: "
            "say train, test, validate, or the number of a fold"
        )
    tested = int((part == "test").sum())
    if tested in (0, part.size):
        which = "every row" if tested else "no row"
        raise DataError(f"{which} of source.part says 'test': some rows must be kept for the one look at the end")
