"""Out-of-fold predictions: every training row predicted by a model that never saw it."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from mesic.data.view import Dataset
from mesic.evaluation.losses import example_losses
from mesic.runs.resources import release_free_memory
from mesic.training.fitted import Fitted
from mesic.training.recipe import Recipe

TRAINING_ROWS_SCORED = 5_000


@dataclass(frozen=True)
class OutOfFold:
    """Predictions of validated rows.

    Parameters
    ----------
    rows
        Dataset rows that were validated, sorted, int64 of shape (m,); repeated folds repeat them.
    fold
        The fold that validated each, shape (m,).
    prediction
        Values (m,) or probabilities (m, k).
    losses
        Log loss or squared error a row, shape (m,).
    loss
        Weighted mean of the losses.
    fold_losses
        Weighted mean loss a fold.
    train_loss
        Mean loss on rows that the models were fitted on.
    complexity
        Median ``(size, unit)`` of the fold models, or None.
    """

    rows: np.ndarray
    fold: np.ndarray
    prediction: np.ndarray
    losses: np.ndarray
    loss: float
    fold_losses: tuple[float, ...]
    train_loss: float
    complexity: tuple[float, str] | None

    @property
    def is_repeated(self) -> bool:
        """Whether a row was validated more than once."""
        return bool((self.rows[1:] == self.rows[:-1]).any())


def losses_by_row(rows: np.ndarray, losses: np.ndarray) -> np.ndarray:
    """Return the mean loss of each distinct row, in the order of the rows.

    Examples
    --------
    >>> losses_by_row(np.array([3, 3, 7]), np.array([1.0, 2.0, 5.0])).tolist()
    [1.5, 5.0]
    """
    distinct, place, count = np.unique(rows, return_inverse=True, return_counts=True)
    return losses if distinct.size == rows.size else np.bincount(place, losses) / count


def cross_fit(
    recipe: Recipe,
    dataset: Dataset,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    between: Callable[[str], None] = lambda _: None,
) -> OutOfFold:
    """Fit a recipe on every fold's fitting rows and predict its validation rows.

    Parameters
    ----------
    recipe
        What to fit; it sees the fitting rows only.
    dataset
        All rows.
    folds
        Pairs of fitting and validation rows.
    between
        Called before each fit with what is about to be done; may raise to stop.

    Folds whose parts can be fitted concurrently share out the recipe's threads: on 2 cores two fits of one
    thread each take less time than two fits after each other with both.
    """
    at_once, each = recipe.side_by_side(len(folds))

    def learned(number: int) -> _Fold:
        which = f"fold {number + 1} of {len(folds)}"
        between(which)
        try:
            return _fold(each, dataset, number, *folds[number])
        except Exception as error:
            error.add_note(f"in {which}")
            raise

    found = _in_threads(learned, range(len(folds)), at_once)
    release_free_memory()
    train_loss = float(np.mean([fold.train_loss for fold in found]))
    parts = [(fold.rows, fold.number, fold.prediction) for fold in found]
    return _joined(dataset, parts, train_loss, _median_size([fold.complexity for fold in found]))


@dataclass(frozen=True)
class _Fold:
    """What one fold's model answered for the rows that it never saw."""

    rows: np.ndarray
    number: np.ndarray
    prediction: np.ndarray
    train_loss: float
    complexity: tuple[float, str] | None


def _fold(recipe: Recipe, dataset: Dataset, number: int, fit_rows: np.ndarray, validate_rows: np.ndarray) -> _Fold:
    fitted = recipe.fit(dataset.view(fit_rows))
    predict = fitted.predictor()
    seen = fit_rows[:: max(1, fit_rows.size // TRAINING_ROWS_SCORED)]
    train_loss = example_losses(dataset.task, dataset.y[seen], predict(dataset.X.iloc[seen])).mean()
    answers = predict(dataset.X.iloc[validate_rows])
    return _Fold(validate_rows, np.full(validate_rows.size, number), answers, float(train_loss), fitted.complexity)


def _in_threads(work: Callable[[int], _Fold], numbers: range, at_once: int) -> list[_Fold]:
    if at_once == 1:
        return [work(number) for number in numbers]
    pool = ThreadPoolExecutor(at_once)
    try:
        return list(pool.map(work, numbers))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # who interrupts does not wait for fits that are under way


def _joined(
    dataset: Dataset,
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
    train_loss: float,
    complexity: tuple[float, str] | None,
) -> OutOfFold:
    rows, fold, prediction = (np.concatenate(pieces) for pieces in zip(*parts, strict=True))
    order = np.argsort(rows, kind="stable")
    rows, fold, prediction = rows[order], fold[order], prediction[order]
    losses = example_losses(dataset.task, dataset.y[rows], prediction)
    weight = np.ones(rows.size) if dataset.weight is None else dataset.weight[rows]
    fold_losses = tuple(_mean(losses[fold == f], weight[fold == f]) for f in np.unique(fold))
    return OutOfFold(rows, fold, prediction, losses, _mean(losses, weight), fold_losses, train_loss, complexity)


def _mean(losses: np.ndarray, weight: np.ndarray) -> float:
    return float(np.average(losses, weights=weight)) if weight.sum() > 0 else float("nan")


def _median_size(sizes: Sequence[tuple[float, str] | None]) -> tuple[float, str] | None:
    known = [size for size in sizes if size is not None]
    return (float(np.median([size for size, _ in known])), known[0][1]) if known else None


def final_fit(recipe: Recipe, dataset: Dataset, train: np.ndarray) -> Fitted:
    """Fit a recipe on all training rows."""
    return recipe.fit(dataset.view(train))
