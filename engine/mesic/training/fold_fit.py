"""One fold: its learner fitted on one side, what it answers on the other."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from time import perf_counter
from typing import Any

import numpy as np

from mesic.bundle.matrix import Matrix
from mesic.bundle.portable import applied
from mesic.data.view import Dataset
from mesic.evaluation.losses import example_losses
from mesic.training.fitted import Fitted
from mesic.training.prepared import Prepared, PreparedFold, PreparedFolds
from mesic.training.recipe import Recipe

TRAINING_ROWS_SCORED = 1_000


@dataclass(frozen=True)
class Answered:
    """What a fold's model answers.

    Parameters
    ----------
    prediction
        For its validation rows.
    train_loss
        Mean loss of some of the rows that it was fitted on.
    model
        The model itself.
    predict_us
        Wall microseconds that a row takes.
    """

    prediction: np.ndarray
    train_loss: float
    model: Fitted
    predict_us: float


@dataclass
class FoldFit:
    """A fold's fitted learner.

    Parameters
    ----------
    recipe
        What was fitted.
    number
        Of the fold.
    fit_rows, rows
        Those that were fitted on, and those that were not.
    fold
        Both, as the learner sees them.
    learner
        Fitted.
    """

    recipe: Recipe
    number: int
    fit_rows: np.ndarray
    rows: np.ndarray
    fold: PreparedFold
    learner: Any
    known: tuple[int | None, Answered] | None = None

    @property
    def curve(self) -> np.ndarray | None:
        """Mean loss on the validation rows after each round, NaN where nobody looked; None without rounds."""
        return np.asarray(self.learner.eval_losses_) if self.recipe.most_rounds is not None else None

    def answered(self, dataset: Dataset, rounds: int | None) -> Answered:
        """Return what the learner answers after some of its rounds; after all where it ended before."""
        if self.known is None or self.known[0] != rounds:
            self.known = rounds, self._answered(dataset, rounds)
        return self.known[1]

    def _answered(self, dataset: Dataset, rounds: int | None) -> Answered:
        rounds = None if rounds is None or self.curve is None else min(rounds, self.curve.size)
        learner = self.learner if rounds is None else self.learner.truncated(rounds)
        model = self.recipe.described(self.fold.prepared, learner)
        predict, some = model.last_step().predictor(), _some(self.fit_rows)
        start = perf_counter()
        seen = predict(self.fold.seen)
        predict_us = self.fold.take_us + (perf_counter() - start) / max(some.size, 1) * 1e6
        train_loss = example_losses(dataset.task, dataset.y[some], seen).mean()
        known = self._known(rounds)
        prediction = predict(self.fold.validate) if known is None else model.in_all_classes(known)
        return Answered(prediction, float(train_loss), model, predict_us)

    def _known(self, rounds: int | None) -> np.ndarray | None:
        """Return what the learner kept of its answers on the validation rows, where it watched all of them."""
        if rounds is None or not hasattr(self.learner, "eval_prediction"):
            return None
        kept: np.ndarray | None = self.learner.eval_prediction(rounds)
        return kept if kept is not None and len(kept) == self.rows.size else None


def fit_fold(
    recipe: Recipe,
    dataset: Dataset,
    number: int,
    divided: tuple[np.ndarray, np.ndarray],
    kept: PreparedFolds,
    *,
    beat: float | None = None,
) -> FoldFit:
    """Fit one fold.

    Parameters
    ----------
    recipe
        What to fit.
    dataset
        All rows.
    number
        Of the fold.
    divided
        Fitting and validation rows.
    kept
        What earlier fits have prepared.
    beat
        Loss on the validation rows without hope of which the learner may stop.
    """
    fit_rows, rows = divided
    fold = prepared_fold(recipe, dataset, fit_rows, rows, kept)
    learner = recipe.learn(fold.prepared, None if recipe.most_rounds is None else fold.eval_set, beat)
    fit = FoldFit(recipe, number, fit_rows, rows, fold.without_fitted_rows(), learner)
    if recipe.most_rounds is None:
        fit.answered(dataset, None)
    return fit


def common_rounds(fits: Sequence[FoldFit]) -> int | None:
    """Return the number of rounds with the least loss of all validation rows together; None without rounds.

    A fold that ended early counts with its last loss from there on: it must not end the others, which may still gain.
    """
    curves = [curve for fit in fits if (curve := fit.curve) is not None]
    if not curves:
        return None
    longest = max(curve.size for curve in curves)
    lasting = [np.append(curve, np.full(longest - curve.size, _last(curve))) for curve in curves]
    mean = np.average(lasting, axis=0, weights=[fit.rows.size for fit in fits])
    return int(np.nanargmin(mean)) + 1 if np.isfinite(mean).any() else longest


def _last(curve: np.ndarray) -> float:
    looked = curve[np.isfinite(curve)]
    return float(looked[-1]) if looked.size else float("nan")


def _some(rows: np.ndarray) -> np.ndarray:
    return rows[:: max(1, rows.size // TRAINING_ROWS_SCORED)]


def fit_whole(recipe: Recipe, dataset: Dataset, rows: np.ndarray, kept: PreparedFolds) -> Fitted:
    """Fit a recipe on all of some rows; what earlier fits of these have prepared is not prepared again."""
    prepared = prepared_fold(recipe, dataset, rows, rows[:0], kept).prepared
    return recipe.described(prepared, recipe.learn(prepared))


def prepared_fold(
    recipe: Recipe, dataset: Dataset, fit_rows: np.ndarray, rows: np.ndarray, kept: PreparedFolds
) -> PreparedFold:
    """Return fitting and validation rows as the learner sees them, as they are kept or else prepared now."""
    key = blake2b(fit_rows.tobytes()).digest() + blake2b(rows.tobytes()).digest()
    return kept.of(recipe.preparation(), key, lambda: _prepared_fold(recipe, dataset, fit_rows, rows))


def _prepared_fold(recipe: Recipe, dataset: Dataset, fit_rows: np.ndarray, rows: np.ndarray) -> PreparedFold:
    prepared = recipe.prepare(dataset.view(fit_rows))
    start = perf_counter()
    validate = _taken(prepared, dataset, rows)
    take_us = (perf_counter() - start) / max(rows.size, 1) * 1e6
    weight = None if dataset.weight is None else dataset.weight[rows]
    return PreparedFold(
        prepared, validate, _taken(prepared, dataset, _some(fit_rows)), dataset.y[rows], weight, take_us
    )


def _taken(prepared: Prepared, dataset: Dataset, rows: np.ndarray) -> Matrix:
    matrix = Matrix.from_frame(dataset.X.iloc[rows])
    for step in prepared.steps:
        matrix = applied(step, matrix)
    return matrix
