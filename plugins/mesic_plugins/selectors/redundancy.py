"""One column of each cluster of columns that say the same."""

import numpy as np
from scipy import sparse, stats
from scipy.cluster import hierarchy
from scipy.spatial.distance import squareform

from mesic import SettingError
from mesic_plugins.selectors.columns import read_columns
from mesic_plugins.selectors.selecting import ColumnSelector, named

SAMPLED_ROWS = 20_000


class Redundancy(ColumnSelector):
    """Keep one column of each cluster: the one with the fewest missing cells, and of these the most central.

    Numbers are compared by the rank correlation of Spearman, levels by Cramér's V without its bias, numbers with
    levels by the correlation ratio of the ranks; clusters are joined by average linkage. The target is not looked
    at.

    Parameters
    ----------
    similarity : float
        From which columns say the same, in (0, 1].
    seed : int
        Of the 20,000 rows that are compared where there are more.

    Attributes
    ----------
    support_, evidence_, statistic_, findings_
        As of every selector; the evidence has besides ``cluster``, a number, and ``says_the_same_as``, the column
        of the cluster that is kept. The statistic is the greatest similarity with a column that is kept.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, z = rng.normal(size=(2, 200))
    >>> found = Redundancy().fit(np.column_stack([x, np.exp(x), z]))
    >>> found.get_support().tolist(), found.evidence_["cluster"].tolist()
    ([True, False, True], [1, 1, 2])
    """

    _needs_target = False

    def __init__(self, *, similarity=0.9, seed=0):
        self.similarity = similarity
        self.seed = seed

    def fit(self, X, y=None):  # noqa: ARG002 - scikit-learn's signature
        """Compare the columns of X, shape (n, p).

        Raises
        ------
        SettingError
            An option cannot work.
        """
        if not 0 < self.similarity <= 1:
            raise SettingError("similarity", self.similarity, "a number above 0, up to 1")
        columns = read_columns(self, X)
        rows = np.sort(np.random.default_rng(self.seed).permutation(len(columns))[:SAMPLED_ROWS])
        values = columns.values[rows]
        values = values.toarray() if sparse.issparse(values) else values
        alike = similarities(values, columns.categories)
        cluster = clusters(alike, self.similarity)
        missing = np.isnan(values).mean(axis=0)
        central = alike @ (cluster[:, None] == cluster)
        keeper = {
            number: min(
                np.flatnonzero(cluster == number),
                key=lambda place: (missing[place], -round(central[place, place], 9), place),
            )
            for number in np.unique(cluster)
        }
        own = np.array([keeper[number] for number in cluster])
        kept = own == np.arange(own.size)
        others = np.where(np.eye(kept.size, dtype=bool), 0.0, alike)[:, kept].max(axis=1, initial=0.0)
        reasons = [
            self._reason(columns, place, cluster, own[place], alike[place, own[place]]) for place in range(kept.size)
        ]
        says = [columns.names[place] for place in own]
        return self._decide(
            columns,
            kept,
            others,
            what="greatest similarity with another column that is kept",
            threshold=self.similarity,
            reasons=reasons,
            more={"cluster": cluster, "says_the_same_as": says},
        )

    def _reason(self, columns, place, cluster, keeper, similarity):
        if place != keeper:
            return f"says the same as {columns.names[keeper]!r} (similarity {similarity:.2f})"
        rest = [columns.names[other] for other in np.flatnonzero(cluster == cluster[place]) if other != place]
        return f"stands for {named(rest)} too" if rest else f"no other is as similar as {self.similarity:g}"


def similarities(values, categories):
    """Return how alike columns are, shape (p, p), from 0 to 1.

    Parameters
    ----------
    values
        Shape (n, p), NaN where a cell is missing; a missing number counts as the middle one, a missing level as one
        of its own.
    categories
        Places of the columns that hold codes.

    References
    ----------
    W. Bergsma, A bias-correction for Cramér's V and Tschuprow's T, Journal of the Korean Statistical Society 42,
    2013.
    """
    p = values.shape[1]
    is_level = np.isin(np.arange(p), categories)
    ranks = np.column_stack([_ranks(values[:, place]) for place in range(p)]) if p else values
    units = _in_units(ranks)
    alike = np.abs(units.T @ units)
    codes = {place: np.unique(np.nan_to_num(values[:, place], nan=-1), return_inverse=True)[1] for place in categories}
    for place in categories:
        alike[place, ~is_level] = alike[~is_level, place] = _correlation_ratios(codes[place], units[:, ~is_level])
        for other in categories:
            if other < place:
                alike[place, other] = alike[other, place] = _cramers_v(codes[place], codes[other])
    np.fill_diagonal(alike, 1.0)
    return np.clip(alike, 0, 1)


def clusters(alike, similarity):
    """Return the number of each column's cluster, from 1 in the order of the columns."""
    if len(alike) < 2:
        return np.ones(len(alike), dtype=np.int64)
    far = squareform(1 - (alike + alike.T) / 2, checks=False)
    found = hierarchy.fcluster(hierarchy.linkage(far, "average"), 1 - similarity + 1e-12, "distance")
    first = {number: place for place, number in reversed(list(enumerate(found)))}
    order = {number: rank for rank, number in enumerate(sorted(first, key=first.__getitem__), 1)}
    return np.array([order[number] for number in found])


def _ranks(column):
    missing = np.isnan(column)
    ranks = np.full(column.size, np.nan)
    ranks[~missing] = stats.rankdata(column[~missing])
    return np.where(missing, np.mean(ranks[~missing]) if (~missing).any() else 0.0, ranks)


def _in_units(ranks):
    """Return centred columns of length 1; those that do not vary are 0."""
    centred = ranks - ranks.mean(axis=0)
    length = np.linalg.norm(centred, axis=0)
    return centred / np.where(length > 0, length, 1)


def _correlation_ratios(codes, units):
    counts = np.bincount(codes)
    levels, rows = counts.size, codes.size
    sums = np.zeros((levels, units.shape[1]))
    np.add.at(sums, codes, units)
    between = (sums**2 / counts[:, None]).sum(axis=0)
    chance = (levels - 1) / max(rows - 1, 1)
    return np.sqrt(np.clip((between - chance) / max(1 - chance, 1e-12), 0, 1))


def _cramers_v(a, b):
    rows, shape = a.size, (a.max() + 1, b.max() + 1)
    cells, counts = np.unique(a * shape[1] + b, return_counts=True)  # most pairs of many levels never occur
    expected = np.bincount(a)[cells // shape[1]] * np.bincount(b)[cells % shape[1]]
    squared = (counts**2 / expected).sum() - 1
    free = [size - (size - 1) ** 2 / max(rows - 1, 1) for size in shape]
    least = min(free) - 1
    chance = (shape[0] - 1) * (shape[1] - 1) / max(rows - 1, 1)
    return np.sqrt(max(squared - chance, 0) / least) if least > 1e-12 else 0.0
