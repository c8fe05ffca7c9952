"""Operators that turn a matrix into predictions: (n,) values, or (n, k) probabilities.

Each function reads its step once and returns what is called for every batch. ``params["classes"]`` is k, or 0
for regression.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from mesic.bundle.booster_text import trees_only
from mesic.bundle.matrix import Matrix
from mesic.bundle.step import PortableStep
from mesic.data.identity import bits, mixed
from mesic.errors import CheckFailed

Estimator = Callable[[Matrix], np.ndarray]
_ROWS_AT_ONCE = 4_096


def constant(step: PortableStep, threads: int) -> Estimator:  # noqa: ARG001 - as every estimator
    """Return ``value`` for every row: shape (k,), or (1,) for regression."""
    value = step.arrays["value"]
    if step.params["classes"]:
        return lambda matrix: np.tile(value, (len(matrix), 1))
    return lambda matrix: np.full(len(matrix), value[0])


def draw(step: PortableStep, threads: int) -> Estimator:  # noqa: ARG001 - as every estimator
    """Return one of ``value`` (m,) for every row, by chance: the row's cells and ``params["seed"]`` decide which."""
    value, seed = step.arrays["value"], np.uint64(step.params["seed"])
    return lambda matrix: value[(_scrambled(matrix.values, seed) % np.uint64(value.size)).astype(np.int64)]


def _scrambled(X: np.ndarray, seed: np.uint64) -> np.ndarray:
    """Return a hash of each row, uint64 of shape (n,)."""
    state = np.full(len(X), seed, dtype=np.uint64)
    for column in X.T:
        state = mixed(state ^ bits(column))
    return state


def linear(step: PortableStep, threads: int) -> Estimator:  # noqa: ARG001 - as every estimator
    """Return ``link(X @ coef.T + intercept)``, with ``coef`` (m, p), ``intercept`` (m,).

    ``params["link"]`` is ``identity`` (m = 1, regression), ``sigmoid`` (m = 1, two classes) or ``softmax`` (m
    = k).
    """
    coef, intercept = step.arrays["coef"], step.arrays["intercept"]
    link = {"identity": _identity, "sigmoid": _sigmoid, "softmax": _softmax}[step.params["link"]]
    return lambda matrix: link(weighted_sums(matrix.values, coef, intercept))


def weighted_sums(X: np.ndarray, coef: np.ndarray, intercept: np.ndarray) -> np.ndarray:
    """Return ``X @ coef.T + intercept``, added column by column.

    The sum of a row has one order of additions, whatever the number of rows, the threads or the BLAS: an
    answer is the same to the last bit in every batch and on every machine.

    Examples
    --------
    >>> weighted_sums(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([0.5])).tolist()
    [[11.5]]
    """
    used = np.flatnonzero(coef.any(axis=0))
    out = np.zeros((len(X), len(coef)))
    for start in range(0, len(X), _ROWS_AT_ONCE):
        columns = np.ascontiguousarray(X[start : start + _ROWS_AT_ONCE].T)
        total = np.zeros((columns.shape[1], len(coef)))
        for place in used:
            total += columns[place, :, None] * coef[:, place]
        out[start : start + _ROWS_AT_ONCE] = total
    out += intercept
    return out


def _identity(score: np.ndarray) -> np.ndarray:
    first: np.ndarray = score[:, 0]
    return first


def _sigmoid(score: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # exp(-score) may be infinite; its probability is 0
        positive = 1 / (1 + np.exp(-score[:, 0]))
    return np.stack([1 - positive, positive], axis=1)


def _softmax(score: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):  # what is infinitely far below has the probability 0
        odds: np.ndarray = np.exp(score - score.max(axis=1, keepdims=True, initial=-np.inf))
    odds /= odds.sum(axis=1, keepdims=True)
    return odds


def naive_bayes(step: PortableStep, threads: int) -> Estimator:  # noqa: ARG001 - as every estimator
    """Return probabilities of a Gaussian a class and column: ``theta``, ``var`` (k, p), ``log_prior``."""
    theta, var, log_prior = (step.arrays[name] for name in ("theta", "var", "log_prior"))
    offset = log_prior - 0.5 * np.sum(np.log(2.0 * np.pi * var), axis=1)

    def run(matrix: Matrix) -> np.ndarray:
        score = np.empty((len(matrix), len(theta)))
        for code in range(len(theta)):
            distance = np.sum((matrix.values - theta[code]) ** 2 / var[code], axis=1)
            score[:, code] = offset[code] - 0.5 * distance
        return _softmax(score)

    return run


CELLS_WORTH_THREADS = 20_000  # below, waking threads costs more than they bring


def lightgbm(step: PortableStep, threads: int) -> Estimator:
    """Return what LightGBM says; ``text`` is its own description of the model."""
    from lightgbm.basic import LightGBMError

    booster, classes = booster_of(step), step.params["classes"]

    def run(matrix: Matrix) -> np.ndarray:
        if len(matrix) == 0:
            return _nothing(classes)
        used = threads if matrix.values.size >= CELLS_WORTH_THREADS else 1
        try:
            answer = np.asarray(booster.predict(matrix.values, num_threads=used))
        except LightGBMError as error:
            raise CheckFailed(f"LightGBM refuses the rows: {error}") from error
        return np.stack([1 - answer, answer], axis=1) if classes == 2 else answer

    return run


def booster_of(step: PortableStep) -> Any:
    """Return the model of a ``lightgbm`` step as LightGBM holds it.

    Raises
    ------
    CheckFailed
        LightGBM refuses it.
    """
    from lightgbm.basic import Booster, LightGBMError

    try:
        return Booster(model_str=trees_only(step.text))
    except LightGBMError as error:
        raise CheckFailed(f"LightGBM refuses the model: {error}") from error


def neighbors(step: PortableStep, threads: int) -> Estimator:
    """Return the mean target of the nearest rows of ``X`` (m, p) with targets ``y`` (m,).

    ``params["k"]`` rows are asked; ``params["weights"]`` is ``uniform`` or ``distance``. The search may round
    distances otherwise in another batch; those that weigh are worked out row by row.
    """
    from sklearn.neighbors import NearestNeighbors

    X, y, classes = step.arrays["X"], step.arrays["y"], step.params["classes"]
    target = np.eye(classes)[y] if classes else y[:, np.newaxis]
    search = NearestNeighbors(n_neighbors=step.params["k"], n_jobs=threads).fit(X)
    closeness = {"uniform": _all_alike, "distance": _inverse_distance}[step.params["weights"]]

    def run(matrix: Matrix) -> np.ndarray:
        answer = np.empty((len(matrix), target.shape[1]))
        for start in range(0, len(matrix), _ROWS_AT_ONCE):
            rows = matrix.values[start : start + _ROWS_AT_ONCE]
            nearest = search.kneighbors(rows, return_distance=False)
            weight = closeness(rows, X, nearest)
            weight /= weight.sum(axis=1, keepdims=True)
            for place, column in enumerate(target.T):
                answer[start : start + len(rows), place] = (weight * column[nearest]).sum(axis=1)
        return answer if classes else answer[:, 0]

    return run


def _all_alike(rows: np.ndarray, X: np.ndarray, nearest: np.ndarray) -> np.ndarray:  # noqa: ARG001 - as the other
    return np.ones(nearest.shape)


def _inverse_distance(rows: np.ndarray, X: np.ndarray, nearest: np.ndarray) -> np.ndarray:
    """Return one over the distance of each nearest row; where one is the row itself, only such rows count."""
    square = np.zeros(nearest.shape)
    for column, known in zip(rows.T, X.T, strict=True):
        square += (column[:, np.newaxis] - known[nearest]) ** 2
    is_same = square == 0
    with np.errstate(divide="ignore"):
        return np.where(is_same.any(axis=1, keepdims=True), is_same.astype(np.float64), 1 / np.sqrt(square))


def _nothing(classes: int) -> np.ndarray:
    return np.empty((0, classes) if classes else 0)


def skops_estimator(model: Any) -> Estimator:
    """Return what a scikit-learn estimator says of a frame: probabilities where it has them."""
    ask = model.predict_proba if hasattr(model, "predict_proba") else model.predict
    classes = len(model.classes_) if hasattr(model, "predict_proba") else 0
    return lambda matrix: np.asarray(ask(matrix.frame()), dtype=np.float64) if len(matrix) else _nothing(classes)
