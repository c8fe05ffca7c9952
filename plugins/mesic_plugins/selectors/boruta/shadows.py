"""Shuffled copies of columns: what a column would be worth if it knew nothing of the target."""

import numpy as np
from scipy import sparse

TRIED_COLUMNS, TRIED_PAIRS = 16, 1_000


class Rows:
    """Every row for itself; rows that are copies of each other move together.

    A noise column keeps what its repeated rows say of their repeated targets, and a shadow that is shuffled row by
    row does not: of 100 columns of noise, drawn with replacement, Boruta's published test keeps 24.

    Parameters
    ----------
    units
        The unit of each row, shape (n,); rows of one unit are copies.
    """

    def __init__(self, units):
        _, self.first, self.unit = np.unique(units, return_index=True, return_inverse=True)

    def order(self, rng):
        """Return what a draw of shadows has in common."""
        return rng.permutation(self.first.size)

    def halves(self, rng):
        """Return in which of two halves each row is; copies are in the same one."""
        return (rng.permutation(self.first.size) % 2 == 0)[self.unit]

    def places(self, order, column, rng):  # noqa: ARG002 - the columns of all rows are treated alike
        """Return for each row the row whose cell its shadow shows."""
        return self.first[np.roll(order, rng.integers(order.size))][self.unit]


class Groups:
    """Groups move as wholes; rows keep their neighbours of the group.

    A column that says the same of all rows of a group is shuffled among groups.

    Parameters
    ----------
    groups
        The group of each row, shape (n,).
    """

    def __init__(self, groups):
        _, self.first, self.group = np.unique(groups, return_index=True, return_inverse=True)
        self.rows = np.argsort(self.group, kind="stable")
        self.parts = np.split(self.rows, np.cumsum(np.bincount(self.group))[:-1])

    def order(self, rng):
        """Return what a draw of shadows has in common."""
        return rng.permutation(self.first.size)

    def halves(self, rng):
        """Return in which of two halves each row is; groups are whole."""
        return (rng.permutation(self.first.size) % 2 == 0)[self.group]

    def places(self, order, column, rng):
        """Return for each row the row whose cell its shadow shows."""
        groups = np.roll(order, rng.integers(order.size))
        if (column[self.first][self.group] == column).all():
            return self.first[groups][self.group]
        places = np.empty_like(self.rows)
        places[self.rows] = np.concatenate([self.parts[group] for group in groups])
        return places


class Time:
    """The series is shifted in a circle: what follows upon what stays, and only the link with the target breaks.

    Parameters
    ----------
    time
        Of each row, shape (n,).
    """

    def __init__(self, time):
        self.rows = np.argsort(time, kind="stable")

    def order(self, rng):  # noqa: ARG002 - nothing is drawn for all columns
        """Return what a draw of shadows has in common."""
        return self.rows

    def halves(self, rng):  # noqa: ARG002 - neighbours in time are alike, so that the halves are
        """Return which rows are in the later half."""
        later = np.zeros(self.rows.size, dtype=bool)
        later[self.rows[self.rows.size // 2 :]] = True
        return later

    def places(self, order, column, rng):  # noqa: ARG002 - the columns of a series are treated alike
        """Return for each row the row whose cell its shadow shows; near ones would know too much."""
        away = order.size // 10
        places = np.empty_like(order)
        places[order] = np.roll(order, rng.integers(away, max(order.size - away, away + 1)))
        return places


def units_of(values, y):
    """Return a number a row, the same for rows that are copies of each other, target included.

    Rows of a few coarse columns are often alike by chance, and no copies. They are taken for copies only where
    pairs of rows that differ in a single column are rarer than pairs that differ in none.

    Parameters
    ----------
    values
        Shape (n, p), NaN where a cell is missing; an array or a sparse one.
    y
        The target, shape (n,).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> values, drawn = rng.normal(size=(50, 3)), rng.integers(0, 50, 50)
    >>> [np.unique(units_of(rows, np.zeros(50))).size for rows in (values, values[drawn])]
    [50, 33]
    >>> coins = rng.integers(0, 2, (50, 3)).astype(float)
    >>> np.unique(units_of(coins, np.zeros(50))).size
    50
    """
    marks = _marks(values)
    whole = _mixed(np.asarray(y, dtype=np.float64))
    for mark in marks:
        whole = whole + mark()
    alike = _pairs(whole)
    if alike == 0:
        return np.arange(y.size)
    order = np.argsort(-_differing(values), kind="stable")  # rows of words differ in the frequent ones
    first, rest = order[:TRIED_COLUMNS], order[TRIED_COLUMNS:]
    step = max(1, rest.size // TRIED_COLUMNS)
    nearly = sum(
        times * (_pairs(whole - marks[place]()) - alike)
        for places, times in ((first, 1), (rest[::step], step))
        for place in places
    )
    return whole if nearly < alike else np.arange(y.size)


def _differing(values):
    """Return the share of some pairs of rows that differ in each column, shape (p,)."""
    one, other = np.random.default_rng(0).integers(0, values.shape[0], (2, TRIED_PAIRS))
    if sparse.issparse(values):
        values = sparse.csr_array(values)
        return abs(values[one] - values[other]).sign().sum(axis=0) / TRIED_PAIRS
    return (_mixed(values[one]) != _mixed(values[other])).mean(axis=0)


def _marks(values):
    """Return for each column what computes a mark a cell: 64 bits that are alike where cells are."""
    if sparse.issparse(values):
        columns = sparse.csc_array(values)
        return [
            lambda place=place: _mixed(columns[:, [place]].toarray()[:, 0], place) for place in range(columns.shape[1])
        ]
    return [lambda place=place: _mixed(values[:, place], place) for place in range(values.shape[1])]


def _mixed(cells, place=-1):
    """Return 64 well-mixed bits a cell (the finaliser of SplitMix64), other ones in another column."""
    bits = (np.asarray(cells, dtype=np.float64) + 0.0).view(np.uint64) + np.uint64(
        (place + 2) * 0x9E3779B97F4A7C15 % 2**64
    )
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def _pairs(marks):
    """Return how many pairs of rows have the same mark."""
    counts = np.unique(marks, return_counts=True)[1]
    return int((counts * (counts - 1) // 2).sum())
