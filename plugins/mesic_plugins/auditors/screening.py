"""How well a target follows from one column, or from a few: measures that need no model."""

import numpy as np
import pandas as pd

BINS = 50


def distinct_training_rows(view, most):
    """Return columns and target of training rows, one of each set that says the same, `most` at most.

    Returns
    -------
    X : DataFrame of m rows
    y : ndarray of shape (m,)
    """
    train = view.split.train
    _, first = np.unique(view.keys[train], return_index=True)
    if first.size > most:
        first = view.rng.choice(first, most, replace=False)
    first = np.sort(first)
    return view.X.iloc[train[first]].reset_index(drop=True), view.y[first]


def levels(column):
    """Return a code a row for a column's levels, from 0; missing cells are a level of their own."""
    if column.dtype == "category":
        return pd.factorize(column.cat.codes, sort=True)[0]
    return pd.factorize(column, use_na_sentinel=False, sort=True)[0]


def binned(column):
    """Return levels of a category, or of a number's quantiles; missing cells are a level of their own."""
    if column.dtype == "category":
        return levels(column)
    values = column.to_numpy()
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if known.size else known
    return np.where(np.isnan(values), edges.size + 1, np.searchsorted(edges, values, side="right"))


def joint(codes):
    """Return one code a row for several columns' codes together; few enough to be counted."""
    total, size = codes[0], int(codes[0].max()) + 1
    for more in codes[1:]:
        total, size = total * (int(more.max()) + 1) + more, size * (int(more.max()) + 1)
        if size > 4 * total.size:
            total = np.unique(total, return_inverse=True)[1]
            size = int(total.max()) + 1
    return total


def skill_of_cells(cells, y, task):
    """Return how well each row's target follows from the others of its cell, and the share of rows that have any.

    Skill is the share of what the commonest class gets wrong, or of the variance, that is explained; from below 0 to
    1. Rows that are alone in their cell do not count.

    Examples
    --------
    >>> skill_of_cells(np.array([0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1]), "binary")
    (1.0, 0.8)
    """
    size = np.bincount(cells)
    counted = size[cells] > 1
    if not counted.any():
        return 0.0, 0.0
    if task == "regression":
        others = (np.bincount(cells, y)[cells] - y)[counted] / (size[cells][counted] - 1)
        left, all_of_it = ((y[counted] - others) ** 2).sum(), ((y[counted] - y[counted].mean()) ** 2).sum()
    else:
        classes = int(y.max()) + 1
        table = np.bincount(cells * classes + y, minlength=size.size * classes).reshape(-1, classes)
        table = table[cells[counted]].copy()
        own = y[counted]
        table[np.arange(own.size), own] -= 1
        left = (table.argmax(axis=1) != own).sum()
        all_of_it = own.size - np.bincount(own).max()
    return (float(1 - left / all_of_it) if all_of_it > 0 else 0.0), float(counted.mean())


def dependence(columns, y):
    """Return Chatterjee's coefficient of a target on each column: 0 for none, near 1 for a function of it.

    Parameters
    ----------
    columns : ndarray of shape (n, m)
        Numbers, none missing; ties are broken by place.
    y : ndarray of shape (n,)

    Returns
    -------
    ndarray of shape (m,)

    References
    ----------
    S. Chatterjee: A new coefficient of correlation, Journal of the American Statistical Association 2021.

    Examples
    --------
    >>> x = np.linspace(-1, 1, 1_000)
    >>> noise = np.random.default_rng(0).random(1_000)
    >>> bool(dependence(np.c_[x, noise], x**2)[0] > 0.99), bool(dependence(np.c_[x, noise], x**2)[1] < 0.1)
    (True, True)
    """
    ascending = np.sort(y)
    below = np.searchsorted(ascending, y, side="right").astype(np.float64)
    above = y.size - np.searchsorted(ascending, y, side="left").astype(np.float64)
    order = np.argsort(columns, axis=0, kind="stable")
    jumps = np.abs(np.diff(below[order], axis=0)).sum(axis=0)
    scale = 2 * (above * (y.size - above)).sum()
    return 1 - y.size * jumps / scale if scale > 0 else np.zeros(columns.shape[1])


def skill_alone(column, y, task, rng):
    """Return how well one column tells the target, from 0 to 1, by other rows of its own levels or quantiles.

    Two classes: twice the area under the ROC curve, less 1. Several: share of what the commonest class gets wrong.
    Numbers: share of the variance.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(1_000) % 2
    >>> [round(skill_alone(pd.Series(x * 1.0), y, "binary", rng), 1) for x in (y, rng.random(1_000))]
    [1.0, 0.0]
    """
    cells = binned(column)
    if task != "binary":
        return max(skill_of_cells(cells, y, task)[0], 0.0)
    half, areas = rng.permutation(y.size) % 2 == 0, []
    for told, tells in ((half, ~half), (~half, half)):
        size, ones = (np.bincount(cells[tells], weights, int(cells.max()) + 1) for weights in (None, y[tells]))
        areas.append(_area(((ones + y.mean()) / (size + 1))[cells[told]], y[told]))
    return max(float(2 * np.mean(areas) - 1), 0.0)


def _area(score, y):
    ranks = pd.Series(score).rank().to_numpy()
    ones = int(y.sum())
    return (ranks[y == 1].sum() - ones * (ones + 1) / 2) / max(ones * (y.size - ones), 1)


def skill_of_score(score, y, task):
    """Return a price's score on the scale of ``skill_alone``; `y` holds the target that the score was measured on."""
    if score is None:
        return 0.0
    if task == "binary":
        return 2 * score.value - 1
    if task == "regression":
        return score.value
    commonest = np.bincount(y).max() / y.size
    return (score.value - commonest) / (1 - commonest)
