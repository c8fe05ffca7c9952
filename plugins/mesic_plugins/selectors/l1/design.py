"""Columns as a linear model sees them: standardised, and a category column as a group of columns."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

MOST_LEVELS = 64


@dataclass(frozen=True)
class Design:
    """Columns of one unit of deviation.

    Parameters
    ----------
    X
        Shape (n, d); an array with contiguous columns of mean 0, or a CSC array, whose columns keep their zeros.
    group
        The column of the table to which each belongs, ascending, shape (d,).
    size
        Columns of each group, shape (p,); 0 where nothing varies.
    """

    X: "np.ndarray | sparse.csc_array"
    group: np.ndarray
    size: np.ndarray


def design_of(columns, weight):
    """Standardise columns; missing cells have the mean, and levels make orthogonal columns of equal size."""
    share = np.full(len(columns), 1 / len(columns)) if weight is None else weight / weight.sum()
    if sparse.issparse(columns.values):
        return _sparse_design(columns.values, share)
    parts = [_part(columns.values[:, place], name in columns.levels, share) for place, name in enumerate(columns.names)]
    size = np.array([part.shape[1] for part in parts], dtype=np.int64)
    X = np.empty((len(columns), size.sum()), order="F")
    for start, part in zip(np.cumsum(size) - size, parts, strict=True):
        X[:, start : start + part.shape[1]] = part
    return Design(X, np.repeat(np.arange(size.size), size), size)


def _part(column, is_category, share):
    missing = np.isnan(column)
    if is_category:
        return _level_columns(np.where(missing, -1, column).astype(np.int64), share)
    known = share[~missing].sum()
    if known == 0:
        return np.empty((column.size, 0))
    peak = np.abs(column[~missing]).max() or 1.0  # squares of large numbers overflow
    part = np.where(missing, 0.0, column / peak)
    part = np.where(missing, 0.0, part - share @ part / known)
    width = np.sqrt(share @ part**2)
    return part[:, None] / width if width > 1e-12 else np.empty((column.size, 0))


def _level_columns(codes, share):
    """Return orthonormal columns that span what the levels can say, missing cells being a level."""
    mass = np.bincount(codes + 1, share)
    often = np.argsort(-mass, kind="stable")[:MOST_LEVELS]
    place = np.full(mass.size, often.size)
    place[often] = np.arange(often.size)
    ones = np.zeros((codes.size, often.size + 1))
    ones[np.arange(codes.size), place[codes + 1]] = 1
    part = ones[:, share @ ones > 0][:, 1:]  # one level follows from the others
    if not part.shape[1]:
        return part
    part = part - share @ part
    values, vectors = np.linalg.eigh(part.T @ (part * share[:, None]))
    telling = values > 1e-10
    return part @ vectors[:, telling] / np.sqrt(values[telling])


def _sparse_design(values, share):
    X = sparse.csc_array(values, copy=True)
    X.sum_duplicates()
    X.data = np.nan_to_num(X.data.astype(np.float64))
    width = np.sqrt(np.maximum(X.power(2).T @ share - (X.T @ share) ** 2, 0))
    size = (width > 1e-12).astype(np.int64)
    kept = np.flatnonzero(size)
    X = sparse.csc_array(X[:, kept] @ sparse.diags_array(1 / width[kept]))
    return Design(X, kept, size)
