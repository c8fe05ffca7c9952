"""How much of the gain stands first."""

import math

import numpy as np

from mesic import SettingError
from mesic_plugins.metrics.queries import MeanOverQueries


class Ndcg(MeanOverQueries):
    """Normalised discounted cumulative gain of each group, averaged; the gain of a row is its code or value.

    Rows that tie share their places; nan where no row has a gain or one has a gain below 0.

    Parameters
    ----------
    k : int, optional
        Places looked at, from 1; all by default.
    task : {"binary", "regression"}
        Whether rows are ranked by the probability of code 1, or by the predicted value.

    References
    ----------
    K. Järvelin, J. Kekäläinen, Cumulated gain-based evaluation of IR techniques, ACM TOIS 20, 2002.

    Examples
    --------
    >>> round(Ndcg(task="regression").score(np.array([3.0, 2.0, 0.0]), np.array([0.2, 0.9, 0.1])), 3)
    0.913
    """

    name = "ndcg"
    weighs_otherwise = "a weight is that of a query, and a row that stands there twice takes two places"

    def __init__(self, k: int | None = None, task: str | None = None) -> None:
        super().__init__(task)
        if k is not None and not k >= 1:
            raise SettingError("k", k, "a whole number from 1, or null for all places")
        self.k = k

    def of_query(self, y, ranked_by, weight):  # noqa: ARG002 - rows of one query are not weighted against each other
        """Return the gain over the largest that could be."""
        if not (y >= 0).all() or not (y > 0).any():
            return math.nan
        discount = 1 / np.log2(np.arange(2, len(y) + 2))
        discount[len(y) if self.k is None else self.k :] = 0.0
        places = np.bincount(tie := np.unique(-ranked_by, return_inverse=True)[1])
        gains = np.bincount(tie, y) / places
        ends = np.cumsum(np.concatenate([[0], places]))
        reached = np.concatenate([[0.0], np.cumsum(discount)])[ends]
        return float(gains @ np.diff(reached) / (np.sort(y)[::-1] @ discount))
