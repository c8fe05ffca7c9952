"""The model that selectors ask: LightGBM, small, as it is."""

import lightgbm
import numpy as np
from scipy import sparse, special

from mesic import example_losses

ROUNDS = 100


def boosted(rows, columns, target, weight, fit, *, seed, threads):
    """Return a model of some rows.

    Parameters
    ----------
    rows
        The values of the rows that are fitted on, shape (m, p).
    columns, target, weight
        Of all rows; the weight may be None.
    fit
        Which rows these are, shape (m,).
    seed, threads
        Of LightGBM; the number of threads changes no result.
    """
    objective = {0: {"objective": "regression"}, 2: {"objective": "binary"}}
    params = objective.get(target.classes, {"objective": "multiclass", "num_class": target.classes}) | {
        "learning_rate": 0.1,
        "num_leaves": 15,
        "min_data_in_leaf": max(2, min(20, fit.size // 20)),
        "seed": seed % 2**31,
        "num_threads": threads,
        "deterministic": True,
        "force_col_wise": True,
        "verbosity": -1,
    }
    data = lightgbm.Dataset(
        sparse.csr_matrix(rows) if sparse.issparse(rows) else rows,
        target.y[fit] - _middle(target),
        weight=None if weight is None else weight[fit],
        categorical_feature=columns.categories,
        params=params,
    )
    return lightgbm.train(params, data, ROUNDS)


def _middle(target):
    """Return what is taken from the target, as LightGBM keeps single precision."""
    return 0 if target.classes else target.y.mean()


def losses_of(model, rows, target, validate):
    """Return the loss of each of some rows, shape (m,): squared error, or log loss."""
    raw = model.predict(rows, raw_score=True, num_threads=model.params["num_threads"])
    if not target.classes:
        return example_losses("regression", target.y[validate] - _middle(target), raw)
    if target.classes == 2:
        return example_losses("binary", target.y[validate], np.column_stack([special.expit(-raw), special.expit(raw)]))
    return example_losses("multiclass", target.y[validate], special.softmax(raw, axis=1))


def losses_out_of_fold(columns, target, weight, folds, *, seed, threads):
    """Return each row's loss by a model that did not see it, shape (n,); without columns, by knowing nothing."""
    losses = np.empty(len(columns))
    values = sparse.csr_array(columns.values) if sparse.issparse(columns.values) else columns.values
    for fit, validate in folds:
        if not columns.names:
            losses[validate] = _of_nothing(target, weight, fit, validate)
            continue
        model = boosted(values[fit], columns, target, weight, fit, seed=seed, threads=threads)
        rows = values[validate]
        losses[validate] = losses_of(model, rows.toarray() if sparse.issparse(rows) else rows, target, validate)
    return losses


def excess_by_shuffling(columns, target, weight, folds, sets, *, seed, threads):
    """Return what shuffling each set of columns costs each row, out of fold, shape (n, sets).

    Parameters
    ----------
    columns, target, weight, folds
        As of :func:`losses_out_of_fold`.
    sets
        Places of columns whose cells are shuffled together.
    seed, threads
        Of LightGBM, and of the shuffles.
    """
    excess = np.zeros((len(columns), len(sets)))
    values = sparse.csr_array(columns.values) if sparse.issparse(columns.values) else columns.values
    for number, (fit, validate) in enumerate(folds):
        model = boosted(values[fit], columns, target, weight, fit, seed=seed, threads=threads)
        rows = values[validate].toarray() if sparse.issparse(values) else values[validate]
        before = losses_of(model, rows, target, validate)
        order = np.random.default_rng([seed, number]).permutation(validate.size)
        for place, own in enumerate(sets):
            shuffled = rows.copy()
            shuffled[:, own] = rows[order][:, own]
            excess[validate, place] = losses_of(model, shuffled, target, validate) - before
    return excess


def _of_nothing(target, weight, fit, validate):
    own = None if weight is None else weight[fit]
    if not target.classes:
        mean = np.average(target.y[fit], weights=own)
        return example_losses("regression", target.y[validate], np.full(validate.size, mean))
    counts = np.bincount(target.y[fit], own, minlength=target.classes) + 1e-9
    return example_losses("multiclass", target.y[validate], np.tile(counts / counts.sum(), (validate.size, 1)))
