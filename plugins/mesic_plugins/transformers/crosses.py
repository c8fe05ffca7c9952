"""Crosses of pairs of category columns."""

from itertools import combinations

import numpy as np

from mesic import PortableStep
from mesic_plugins.transformers.interactions import refuse_many
from mesic_plugins.transformers.portable import Learned, PortableTransformer, unused


class Crosses(PortableTransformer):
    """Put a category column beside each pair of category columns: a level for each pair of levels that occurs.

    Pairs in fewer training rows, and those that come later, share a level; a missing cell has no cross.

    Parameters
    ----------
    min_rows : int
        Rows that a pair of levels needs for a level of its own, from 1.
    most : int
        Crosses at most, from 1; where there would be more, columns must be named.
    columns : list of str or None
        Names or patterns of the category columns; None for all.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"town": pd.Categorical(["Ulm", "Bonn"]), "sex": pd.Categorical(["f", "m"])})
    >>> Crosses(min_rows=1).fit_transform(X)["town & sex"].tolist()
    ['Ulm & f', 'Bonn & m']
    """

    def __init__(self, min_rows=5, most=50, columns=None):
        self.min_rows = min_rows
        self.most = most
        self.columns = columns

    def _learn(self, matrix):
        pairs = list(combinations(self._categories(matrix), 2))
        self._tell_if_none(pairs, "pairs of levels")
        refuse_many(len(pairs), self.most, "crosses")
        width = np.array([len(matrix.levels[matrix.names[b]]) for _, b in pairs], dtype=np.int64)
        numbers = [self._numbers_of(matrix, pair, own) for pair, own in zip(pairs, width, strict=True)]
        taken = set(matrix.names)
        names = [unused(f"{matrix.names[a]} & {matrix.names[b]}", taken) for a, b in pairs]
        made = {
            name: _levels(matrix, pair, own, kept)
            for name, pair, own, kept in zip(names, pairs, width, numbers, strict=True)
        }
        arrays = {
            "pairs": np.array(pairs, dtype=np.int64).reshape(-1, 2),
            "width": width,
            "start": np.cumsum([0, *(kept.size for kept in numbers)]),
            "numbers": np.concatenate([np.empty(0, np.int64), *numbers]),
        }
        params = {"names": names, "levels": {name: list(levels) for name, levels in made.items()}}
        return Learned(PortableStep("crosses", params, arrays), (*matrix.names, *names), {**matrix.levels, **made})

    def _numbers_of(self, matrix, pair, width):
        """Return the numbers of the pairs of levels that get one of their own, ascending."""
        a, b = matrix.values[:, pair].T
        number = (a * width + b)[~np.isnan(a) & ~np.isnan(b)]
        found, counts = np.unique(number.astype(np.int64), return_counts=True)
        return found[counts >= self.min_rows]


def _levels(matrix, pair, width, numbers):
    first, second = (matrix.levels[matrix.names[place]] for place in pair)
    taken: set[str] = set()
    own = [unused(f"{first[number // width]} & {second[number % width]}", taken) for number in numbers]
    return (*own, unused("(other)", taken))
