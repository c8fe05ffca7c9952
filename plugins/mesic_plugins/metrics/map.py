"""Average precision, averaged over queries."""

from mesic_plugins.metrics.average_precision import AveragePrecision
from mesic_plugins.metrics.queries import MeanOverQueries


class MeanAveragePrecision(MeanOverQueries):
    """Mean average precision: each group is a query; queries without a row of code 1 are left out.

    Examples
    --------
    >>> import numpy as np
    >>> p = np.array([0.9, 0.1, 0.8, 0.3])
    >>> groups = np.array([1, 1, 2, 2])
    >>> MeanAveragePrecision().score(np.array([1, 0, 0, 1]), np.column_stack([1 - p, p]), groups=groups)
    0.75
    """

    name = "map"

    def of_query(self, y, ranked_by, weight):
        """Return the average precision of one query."""
        return AveragePrecision().area(y == 1, ranked_by, weight)
