"""Products of pairs of columns of numbers."""

from itertools import combinations

import numpy as np

from mesic import PortableStep, SettingError
from mesic_plugins.transformers.portable import Learned, PortableTransformer, unused


class Interactions(PortableTransformer):
    """Put the products of all pairs of columns of numbers beside the columns; a missing cell has no product.

    Parameters
    ----------
    squares : bool
        Whether columns are multiplied by themselves, too.
    most : int
        Products at most, from 1; where there would be more, columns must be named.
    columns : list of str or None
        Names or patterns of the columns of numbers; None for all.

    Examples
    --------
    >>> import pandas as pd
    >>> Interactions().fit_transform(pd.DataFrame({"a": [2.0], "b": [3.0], "c": [5.0]})).to_dict("list")
    {'a': [2.0], 'b': [3.0], 'c': [5.0], 'a * b': [6.0], 'a * c': [10.0], 'b * c': [15.0]}
    """

    def __init__(self, squares=False, most=200, columns=None):
        self.squares = squares
        self.most = most
        self.columns = columns

    def _learn(self, matrix):
        places = self._numbers(matrix)
        pairs = [(place, place) for place in places if self.squares] + list(combinations(places, 2))
        self._tell_if_none(pairs, "pairs of numbers")
        refuse_many(len(pairs), self.most, "products")
        taken = set(matrix.names)
        names = [unused(f"{matrix.names[a]} * {matrix.names[b]}", taken) for a, b in pairs]
        arrays = {"pairs": np.array(pairs, dtype=np.int64).reshape(-1, 2)}
        step = PortableStep("products", {"names": names}, arrays)
        return Learned(step, (*matrix.names, *names), dict(matrix.levels))


def refuse_many(pairs, most, what):
    """Raise SettingError where there are more pairs than may be."""
    if pairs > most:
        raise SettingError("most", most, f"a number from {pairs:,}, as many {what} as there are, or fewer columns")
