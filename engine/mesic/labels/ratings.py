"""Who gave which item which label."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from mesic.errors import DataError

MOST_CLASSES = 100


@dataclass(frozen=True)
class Ratings:
    """Labels of several labelers, one a labeler and item at most.

    Parameters
    ----------
    item, labeler, label
        Codes from 0, int64 of shape (n,).
    items, labelers, classes
        What the codes stand for.
    """

    item: np.ndarray
    labeler: np.ndarray
    label: np.ndarray
    items: tuple[str, ...]
    labelers: tuple[str, ...]
    classes: tuple[str, ...]

    @property
    def votes(self) -> np.ndarray:
        """How often each item was given each class, shape (items, classes)."""
        flat = self.item * len(self.classes) + self.label
        counts = np.bincount(flat, minlength=len(self.items) * len(self.classes))
        return counts.reshape(len(self.items), len(self.classes)).astype(float)


def ratings_of(items: pd.Series, labelers: pd.Series, labels: pd.Series) -> Ratings:
    """Return ratings of three columns of text, shape (n,) each; rows without a label are left out.

    Raises
    ------
    DataError
        A labeler labels an item twice, an item or labeler is missing, there is one labeler only, or labels are of one
        class or of more than 100.

    Examples
    --------
    >>> found = ratings_of(pd.Series(["a", "a", "b"]), pd.Series(["x", "y", "x"]), pd.Series(["no", "yes", "no"]))
    >>> found.votes.tolist()
    [[1.0, 1.0], [1.0, 0.0]]
    """
    table = pd.DataFrame({"item": items, "labeler": labelers, "label": labels}).dropna(subset="label")
    for name in ("item", "labeler"):
        if (lost := table[name].isna()).any():
            raise DataError(f"the {name} is missing in {lost.sum():,} rows, first in row {table.index[lost][0]}")
    twice = table.duplicated(["item", "labeler"])
    if twice.any():
        row = table[twice].iloc[0]
        raise DataError(
            f"{twice.sum():,} items have two labels of one labeler, such as {row['item']} of {row['labeler']}: keep one"
        )
    codes = {name: pd.factorize(table[name], sort=True) for name in table}
    classes = codes["label"][1]
    if len(codes["labeler"][1]) < 2:
        raise DataError(f"there is one labeler only, {codes['labeler'][1][0]}: agreement takes two")
    if not 2 <= len(classes) <= MOST_CLASSES:
        raise DataError(f"labels are of {len(classes)} classes: give 2 to {MOST_CLASSES}")
    item, labeler, label = (np.asarray(codes[name][0], dtype=np.int64) for name in ("item", "labeler", "label"))
    names = {name: tuple(map(str, found[1])) for name, found in codes.items()}
    return Ratings(item, labeler, label, names["item"], names["labeler"], names["label"])
