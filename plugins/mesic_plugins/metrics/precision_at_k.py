"""How many of the first few are right."""

import math

import numpy as np

from mesic import SettingError
from mesic_plugins.metrics.queries import MeanOverQueries


class PrecisionAtK(MeanOverQueries):
    """Share of code 1 among the k rows of highest probability, averaged over groups as queries.

    Rows that tie for the last places share them; a query of fewer than k rows is counted whole.

    Parameters
    ----------
    k : int, default=10
        Places looked at, from 1.

    Examples
    --------
    >>> p = np.array([0.9, 0.8, 0.7, 0.1])
    >>> PrecisionAtK(k=2).score(np.array([1, 0, 1, 1]), np.column_stack([1 - p, p]))
    0.5
    """

    name = "precision_at_k"
    weighs_otherwise = "k places are of rows, whatever those weigh"

    def __init__(self, k: int = 10, task: str | None = None) -> None:
        super().__init__(task)
        if not k >= 1:
            raise SettingError("k", k, "a whole number from 1")
        self.k = k

    def of_query(self, y, ranked_by, weight):
        """Return the weighted share of code 1 in the first places."""
        last = np.sort(ranked_by)[-min(self.k, len(y))]
        above, tied = ranked_by > last, ranked_by == last
        share = (min(self.k, len(y)) - above.sum()) / tied.sum()
        places = weight * (above + share * tied)
        return float(places @ (y == 1) / places.sum()) if places.sum() > 0 else math.nan
