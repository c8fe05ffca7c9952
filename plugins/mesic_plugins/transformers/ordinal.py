"""A number for each level."""

from mesic import PortableStep
from mesic_plugins.transformers.portable import PortableTransformer


class Ordinal(PortableTransformer):
    """Number the levels of each category column from 0, in the order of the column's level list.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"town": pd.Categorical(["Ulm", "Bonn", None])})
    >>> Ordinal().fit_transform(X)["town"].tolist()
    [1.0, 0.0, nan]
    """

    def _learn(self, matrix):
        return PortableStep("ordinal"), matrix.names, {}
