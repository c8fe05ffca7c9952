"""What a choice of columns is worth to a linear model, out of fold, on the training rows alone."""

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import KFold, StratifiedKFold

from mesic import example_losses

FOLDS = 5
STANDARD_ERRORS, TOLERANCE, ACCURACY = 2.0, 0.01, 0.005
MOST_TOLD = 3


def boldest(cut_at, cuts, target, weight, *, seed):
    """Return the boldest cut that cannot be told from the best one, and what was tried.

    A cut is told from the best if its losses are worse by more than two paired standard errors, or by more than 1 %
    of the best one's skill over knowing nothing. Of classes, none is the best or as good that errs in 0.5 % of the rows
    more than the mildest does: a model of many rare columns is too sure of itself, which costs it log loss, and may
    yet be right more often. Bolder cuts are tried until several in turn are told.

    Parameters
    ----------
    cut_at
        Returns the columns that a cut leaves.
    cuts
        From the mildest on.
    target, weight
        Of the rows.
    seed
        Of the folds.
    """
    mildest = cut_at(cuts[0])
    if len(cuts) == 1 or not mildest.names:
        return cuts[0], _compared([(cuts[0], mildest, np.zeros((1, 1)))], None, np.zeros((1, 1)))
    folds = folds_of(target, len(target.y), FOLDS, seed)
    nothing = _losses(None, target, weight, folds)
    tried = [(cuts[0], mildest, _losses(_design(mildest), target, weight, folds))]
    table = _compared(tried, weight, nothing)
    for cut in cuts[1:]:
        left, last = cut_at(cut), tried[-1][1]
        if not left.names or table["told"].tail(MOST_TOLD).sum() == MOST_TOLD:
            break
        if left.values.shape[1] == last.values.shape[1] and left.levels == last.levels:
            tried[-1] = (cut, last, tried[-1][2])
        else:
            tried.append((cut, left, _losses(_design(left), target, weight, folds)))
        table = _compared(tried, weight, nothing)
    return int(table.loc[~table["told"], "cut"].max()), table


def _compared(tried, weight, nothing):
    """Return a row a cut: how much worse than the best it is, and whether that tells them apart."""
    means = np.array([np.average(losses[:, 0], weights=weight) for _, _, losses in tried])
    errs = [np.average(losses[:, -1] - tried[0][2][:, -1], weights=weight) for _, _, losses in tried]
    is_right = np.array(errs) <= (ACCURACY if nothing.shape[1] > 1 else np.inf)
    best = tried[int(np.where(is_right, means, np.inf).argmin())][2][:, 0]
    skill = max(float(np.average(nothing[:, 0] - best, weights=weight)), 0.0)
    worse = [_paired(losses[:, 0] - best, weight) for _, _, losses in tried]
    is_worse = [value > min(STANDARD_ERRORS * error, TOLERANCE * skill) for value, error in worse]
    return pd.DataFrame(
        {
            "cut": [cut for cut, _, _ in tried],
            "columns": [left.values.shape[1] for _, left, _ in tried],
            "loss": means,
            "worse": [value for value, _ in worse],
            "error": [error for _, error in worse],
            "told": is_worse | ~is_right,
        }
    )


def _paired(differences, weight):
    share = np.full(differences.size, 1 / differences.size) if weight is None else weight / weight.sum()
    mean = float(share @ differences)
    return mean, float(np.sqrt(((share * (differences - mean)) ** 2).sum()))


def folds_of(target, rows, folds, seed):
    """Return pairs of fitting and validation rows, stratified where every class has a row a fold."""
    if target.classes and np.bincount(target.y).min() >= folds:
        return list(StratifiedKFold(folds, shuffle=True, random_state=seed).split(np.zeros(rows), target.y))
    return list(KFold(min(folds, rows), shuffle=True, random_state=seed).split(np.zeros(rows)))


def _design(columns):
    """Return columns as a sparse matrix: categories as ones, numbers in units of their own, missing as 0."""
    values = columns.values
    if sparse.issparse(values):
        values = sparse.csr_array(values, copy=True)
        values.data = np.nan_to_num(values.data)
        width = abs(values).max(axis=0).toarray()
        return sparse.csr_matrix(values @ sparse.diags_array(1 / np.where(width > 0, width, 1)))
    parts = []
    for place, name in enumerate(columns.names):
        column = values[:, place]
        present = np.flatnonzero(~np.isnan(column))
        if name in columns.levels:
            ones = (np.ones(present.size), (present, column[present].astype(np.int64)))
            parts.append(sparse.csr_matrix(ones, shape=(column.size, len(columns.levels[name]))))
        else:
            parts.append(sparse.csr_matrix(np.nan_to_num(_in_units(column, column[present]))[:, None]))
    return sparse.hstack(parts, format="csr")


def _in_units(column, present):
    """Return numbers in units of their deviation; those of a column that is mostly zero, of its largest."""
    peak = np.abs(present).max(initial=np.finfo(np.float64).tiny)  # squares of large numbers overflow
    column, present = column / peak, present / peak
    if 2 * np.count_nonzero(present) < present.size:
        return column
    return (column - present.mean()) / (present.std() or 1.0) if present.size else column


def _losses(design, target, weight, folds):
    """Return each row's loss by a model that did not see it, and of classes whether it errs, shape (n, 1 or 2).

    Without columns, the model is the mean or the shares.
    """
    losses = np.empty((target.y.size, 2 if target.classes else 1))
    for fit, validate in folds:
        own = None if weight is None else weight[fit]
        answer = _predicted(design, target, own, fit, validate)
        kind = "multiclass" if target.classes else "regression"
        losses[validate, 0] = example_losses(kind, target.y[validate], answer)
        if target.classes:
            losses[validate, 1] = answer.argmax(axis=1) != target.y[validate]
    return losses


def _predicted(design, target, weight, fit, validate):
    y = target.y[fit]
    if not target.classes:
        if design is None:
            return np.full(validate.size, np.average(y, weights=weight))
        return Ridge(alpha=1.0).fit(design[fit], y, sample_weight=weight).predict(design[validate])
    shares = (np.bincount(y, weight, minlength=target.classes) + 1e-9) / (y.size if weight is None else weight.sum())
    if design is None or np.unique(y).size < 2:
        return np.tile(shares / shares.sum(), (validate.size, 1))
    model = LogisticRegression(max_iter=200).fit(design[fit], y, sample_weight=weight)
    answer = np.full((validate.size, target.classes), 1e-9)
    answer[:, model.classes_] = model.predict_proba(design[validate])
    return answer
