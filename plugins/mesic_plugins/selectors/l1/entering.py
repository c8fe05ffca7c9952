"""In which order columns enter a path, on half samples: what stability selection counts."""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lars_path

PAIRS = 25


def entering_shares(design, y, weight, enter, seed):
    """Return the share of half samples in which each column was among the first to enter, shape (p,).

    Samples are complementary pairs of halves without replacement. Classes are fitted as the numbers 0 and 1 by
    least squares: what counts is the order in which columns enter.

    Parameters
    ----------
    design
        Columns.
    y
        Shape (n,), or (n, k) where a column may enter for any of k targets.
    weight
        Of rows, or None.
    enter
        Columns of the table that may enter a half sample.
    seed
        Of the halves.

    References
    ----------
    N. Meinshausen, P. Bühlmann, Stability Selection, JRSS B 72, 2010; R. Shah, R. Samworth, Variable Selection
    with Error Control: Another Look at Stability Selection, JRSS B 75, 2013.
    """
    rng = np.random.default_rng(seed)
    targets = y.reshape(len(y), -1).T
    root = np.ones(len(y)) if weight is None else np.sqrt(weight)
    counts = np.zeros(design.size.size)
    for _ in range(PAIRS):
        order = rng.permutation(len(y))
        for half in np.array_split(order, 2):
            entered = [_first_to_enter(design, target, root, half, enter) for target in targets]
            counts[np.unique(np.concatenate(entered))] += 1
    return counts / (2 * PAIRS)


def _first_to_enter(design, target, root, rows, enter):
    columns = design.X[rows]
    columns = columns.toarray() if not isinstance(columns, np.ndarray) else columns
    share = root[rows] ** 2 / (root[rows] ** 2).sum()
    columns, y = columns - share @ columns, target[rows] - share @ target[rows]
    width = np.sqrt(share @ columns**2)
    usable = np.flatnonzero(width > 1e-9)  # a column may be constant among half of the rows
    if not usable.size or not np.abs(y).max() > 0:
        return np.array([], dtype=np.int64)
    scale = width[usable] * np.sqrt(design.size[design.group[usable]])  # a group of many columns has as many chances
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        _, order, _ = lars_path(
            columns[:, usable] / scale * root[rows, None], y * root[rows], max_iter=enter, method="lasso"
        )
    return design.group[usable[np.asarray(order, dtype=np.int64)]][:enter]
