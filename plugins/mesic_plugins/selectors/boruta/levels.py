"""Every column as at most 16 levels: binned once, a byte a cell, so that no column gains by having many values."""

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy import sparse

TOP = 15  # the highest level: LightGBM packs columns of up to 16 bins in half a byte
BLANK = 255
SAMPLED_ROWS = 5_000


@dataclass(frozen=True)
class Levels:
    """The cells of n rows and p columns as levels 0 to 15, 255 where a cell is missing.

    Parameters
    ----------
    cells
        Bytes of shape (n, p), columns contiguous; or a CSC array, in which what is not stored is level 0. A category
        column holds nothing here.
    categories
        By place, the codes (n,) of the category columns, -1 where a cell is missing.
    """

    cells: "np.ndarray | sparse.csc_array"
    categories: dict[int, np.ndarray]

    @property
    def shape(self):
        """Rows and columns."""
        return self.cells.shape

    def key(self, place):
        """Return what tells a column apart whatever its name, its unit and its place."""
        return hashlib.blake2b(self._bytes(place), digest_size=8).hexdigest()

    def _bytes(self, place):
        if place in self.categories:
            return self.categories[place].tobytes()
        if isinstance(self.cells, np.ndarray):
            return self.cells[:, place].tobytes()
        stored = slice(*self.cells.indptr[place : place + 2])
        return self.cells.indices[stored].astype(np.int64).tobytes() + self.cells.data[stored].tobytes()

    def column(self, place):
        """Return the levels of a column, or the codes of a category column, shape (n,)."""
        if place in self.categories:
            return self.categories[place]
        if isinstance(self.cells, np.ndarray):
            return self.cells[:, place]
        stored = slice(*self.cells.indptr[place : place + 2])
        column = np.zeros(self.shape[0], np.uint8)
        column[self.cells.indices[stored]] = self.cells.data[stored]
        return column


def levels_of(values, categories):
    """Put the cells of each column in levels: few values one each, many values sixteenths of the rows.

    Parameters
    ----------
    values
        Shape (n, p), NaN where a cell is missing; an array, or a sparse one, whose zeros become the lowest level.
    categories
        Places of the columns that hold codes of categories.

    Examples
    --------
    >>> levels_of(np.array([[1.0, 5.0], [2.0, np.nan], [9.0, 7.0]]), ()).cells.tolist()
    [[0, 0], [7, 255], [15, 14]]
    """
    if sparse.issparse(values):
        return Levels(_sparse_levels(sparse.csc_array(values)), {})
    rows = np.sort(np.random.default_rng(0).permutation(len(values))[:SAMPLED_ROWS])
    cells = np.zeros(values.shape, dtype=np.uint8, order="F")
    for place in range(values.shape[1]):
        if place not in categories:
            column = values[:, place]
            cells[:, place] = _leveled(column, column[rows], 0)
    codes = {place: np.nan_to_num(values[:, place], nan=-1).astype(np.int64) for place in categories}
    return Levels(cells, codes)


def _sparse_levels(values):
    values.sum_duplicates()
    data = np.zeros(values.nnz, np.uint8)
    for start, end in zip(values.indptr[:-1], values.indptr[1:], strict=True):
        stored = values.data[start:end]
        data[start:end] = np.where(stored == 0, 0, _leveled(stored, stored, values.shape[0] - stored.size))
    return sparse.csc_array((data, values.indices, values.indptr), shape=values.shape)


def _leveled(column, sample, zeros=0):
    """Return the level of each cell; `zeros` cells that are not stored have level 0."""
    missing = np.isnan(column)
    distinct, counts = np.unique(sample[~np.isnan(sample)], return_counts=True)
    if distinct.size <= 2:  # a rare value may be in no sampled row
        distinct, counts = np.unique(column[~missing], return_counts=True)
    top = TOP - int(missing.any())
    bins = top if zeros else top + 1
    if distinct.size > bins:
        distinct, counts = _binned(distinct, counts, bins)
    spread = _spread(np.concatenate([[zeros], counts]), top)[1:] if zeros else _spread(counts, top)
    found = spread[np.maximum(np.searchsorted(distinct, column, side="right") - 1, 0)] if spread.size else 0
    return np.where(missing, np.uint8(BLANK), found).astype(np.uint8)


def _binned(distinct, counts, bins):
    """Return the lowest value of each bin and its rows: bins of as many rows, beside a value that has most."""
    index, mode = np.arange(counts.size), counts.argmax()
    rest, side = counts, np.zeros(counts.size)
    if counts[mode] > counts.sum() / 2:
        rest, side, bins = np.where(index == mode, 0, counts), np.sign(index - mode), bins // 2
    place = np.minimum((np.cumsum(rest) - rest) * bins // rest.sum(), bins - 1)
    starts = np.flatnonzero(np.r_[True, (np.diff(place) != 0) | (np.diff(side) != 0)])
    return distinct[starts], np.add.reduceat(counts, starts)


def _spread(counts, top):
    """Return a level for each value: free levels go where a threshold divides the rows most evenly.

    A forest that draws its thresholds evenly between the levels then seldom draws one that tells rows hardly apart.
    """
    below = np.cumsum(counts)[:-1] / max(counts.sum(), 1)
    gain = np.cumsum(np.concatenate([[0], below * (1 - below)]))
    free = top - (counts.size - 1)
    return (np.arange(counts.size) + np.round(gain / (gain[-1] or 1) * free)).astype(np.uint8)


def ordered_levels(codes, y, half, weight=None):
    """Return category codes as levels, ordered by what the other half of the rows says of the target.

    Each row's level comes from rows of the other half, so that a column of noise gains nothing by having many
    levels, and one that tells is worth what a number would be.

    Parameters
    ----------
    codes
        Shape (n,), -1 where a cell is missing.
    y
        Numbers, shape (n,).
    half
        In which half each row is, booleans of shape (n,).
    weight
        Of rows, shape (n,), or None.
    """
    share = np.ones(y.size) if weight is None else weight / weight.mean()
    mean, levels = np.average(y, weights=share), codes.max(initial=0) + 1
    value = np.full(codes.size, np.nan)
    for own in (half, ~half):
        there, here = ~own & (codes >= 0), own & (codes >= 0)
        counts = np.bincount(codes[there], share[there], minlength=levels)
        sums = np.bincount(codes[there], share[there] * y[there], minlength=levels)
        value[here] = ((sums + mean) / (counts + 1))[codes[here]]
    return _leveled(value, value)
