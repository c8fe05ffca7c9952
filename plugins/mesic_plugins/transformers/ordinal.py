"""A number for each level."""

from mesic import PortableStep
from mesic_plugins.transformers.portable import Learned, PortableTransformer, levels_left


class Ordinal(PortableTransformer):
    """Number the levels of each category column from 0, in the order of the column's level list.

    Parameters
    ----------
    columns : list of str or None
        Names or patterns of the category columns that are rewritten; None for all.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"town": pd.Categorical(["Ulm", "Bonn", None])})
    >>> Ordinal().fit_transform(X)["town"].tolist()
    [1.0, 0.0, nan]
    """

    def __init__(self, columns=None):
        self.columns = columns

    def _learn(self, matrix):
        left = levels_left(matrix, self._categories(matrix))
        params = {"levels": {name: list(levels) for name, levels in left.items()}}
        return Learned(PortableStep("ordinal", params), matrix.names, left)
