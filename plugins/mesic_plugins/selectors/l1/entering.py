"""In which order columns enter a path, on half samples: what stability selection counts."""

import warnings

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lars_path

from mesic_plugins.selectors.l1.design import Design

PAIRS = 25
LEAST_COLUMNS = 200  # among fewer, to be one of the first says little: shuffled columns make up for the others


def columns_to_enter(columns, threshold):
    """Return how many of some columns may enter a half sample, so that one of noise is kept on average at most.

    Examples
    --------
    >>> columns_to_enter(2_000, 0.7), columns_to_enter(3, 0.7)
    (38, 12)

    References
    ----------
    R. Shah, R. Samworth, Variable Selection with Error Control: Another Look at Stability Selection, JRSS B 75, 2013,
    theorem 2: shares of columns of noise are taken to have one mode.
    """
    columns = max(columns, LEAST_COLUMNS)
    half = 1 / (2 * PAIRS)
    kept = 1 / (2 * (2 * threshold - 1 - half)) if threshold < 0.75 else 4 * (1 - threshold + half) / (1 + 2 * half)
    return max(1, int(min(np.sqrt(columns / kept), columns / np.sqrt(3)))) if kept > 0 else 1


def entering_shares(design, y, weight, enter, seed):
    """Return the share of half samples in which each column was among the first to enter, shape (p,).

    Samples are complementary pairs of halves without replacement. Classes are fitted as the numbers 0 and 1 by
    least squares: what counts is the order in which columns enter.

    Parameters
    ----------
    design
        Columns.
    y
        Shape (n,), or (n, k): a column enters with the first of k targets that it enters for.
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
    columns = design.size.size
    design = _among_shuffled(design, rng)
    targets = y.reshape(len(y), -1).T
    root = np.ones(len(y)) if weight is None else np.sqrt(weight)
    counts = np.zeros(design.size.size)
    for _ in range(PAIRS):
        order = rng.permutation(len(y))
        for half in np.array_split(order, 2):
            entered = np.max([_entering_penalties(design, target, root, half, enter) for target in targets], axis=0)
            first = np.argsort(-entered, kind="stable")[:enter]
            counts[first[entered[first] > 0]] += 1
    return counts[:columns] / (2 * PAIRS)


def _among_shuffled(design, rng):
    """Return a design of at least so many columns: those beyond its own are shuffled copies of them."""
    missing = LEAST_COLUMNS - (design.size > 0).sum()
    if missing <= 0 or not design.size.any():
        return design
    X = design.X.toarray() if sparse.issparse(design.X) else design.X
    shuffled = rng.permuted(X[:, rng.integers(X.shape[1], size=missing)], axis=0)
    group = np.concatenate([design.group, design.size.size + np.arange(missing)])
    return Design(np.hstack([X, shuffled]), group, np.concatenate([design.size, np.ones(missing, dtype=np.int64)]))


def _entering_penalties(design, target, root, rows, enter):
    """Return the penalty at which each column of the table enters, 0 where it does not, shape (p,)."""
    found = np.zeros(design.size.size)
    columns = design.X[rows]
    columns = columns.toarray() if sparse.issparse(columns) else columns
    share = root[rows] ** 2 / (root[rows] ** 2).sum()
    columns, y = columns - share @ columns, target[rows] - share @ target[rows]
    width, height = np.sqrt(share @ columns**2), np.sqrt(share @ y**2)
    usable = np.flatnonzero(width > 1e-9)  # a column may be constant among half of the rows
    if not usable.size or not height > 0:
        return found
    scale = width[usable] * np.sqrt(design.size[design.group[usable]])  # a group of many columns has as many chances
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        penalties, _, coef = lars_path(
            columns[:, usable] / scale * root[rows, None], y / height * root[rows], max_iter=enter, method="lasso"
        )
    places, steps = np.nonzero(coef[:, 1:])
    np.maximum.at(found, design.group[usable[places]], penalties[steps])
    return found
