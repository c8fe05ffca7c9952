"""Out-of-fold predictions: every training row predicted by a model that never saw it."""

from collections.abc import Callable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from mesic.data.view import Dataset
from mesic.evaluation.losses import example_losses
from mesic.runs.resources import release_free_memory
from mesic.training.fitted import Fitted
from mesic.training.fold_fit import FoldFit, common_rounds, fit_fold
from mesic.training.prepared import PreparedFolds
from mesic.training.recipe import Recipe

T = TypeVar("T")

BETWEEN_LOOKS = 2  # folds between two looks at a race


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
    models
        Those that were fitted, in the order of the folds; empty where predictions were read again.
    predict_us
        Wall microseconds that a validation row took, the median of the folds.
    rounds
        Those of the learner that were found best for all folds together, or None.
    """

    rows: np.ndarray
    fold: np.ndarray
    prediction: np.ndarray
    losses: np.ndarray
    loss: float
    fold_losses: tuple[float, ...]
    train_loss: float
    complexity: tuple[float, str] | None
    models: tuple[Fitted, ...] = ()
    predict_us: float = float("nan")
    rounds: int | None = None

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


@dataclass(frozen=True)
class Race:
    """Who is to be beaten: a recipe that is clearly worse on the folds so far is not fitted on the others.

    Looked at after every two folds, whatever the number of threads, so that these change no result.

    Parameters
    ----------
    leader
        What the best recipe so far predicted, in the same folds.
    weight
        Of its rows, shape (m,), or None.
    standard_errors
        Paired standard errors of the loss a row by which a recipe must be worse.
    """

    leader: OutOfFold
    weight: np.ndarray | None = None
    standard_errors: float = 3.0

    def is_lost(self, losses: np.ndarray, folds: int) -> bool:
        """Return whether the losses of the first folds, in the order of the rows, are clearly worse."""
        inside = self.leader.fold < folds
        worse = losses - self.leader.losses[inside]
        share = np.ones(worse.size) if self.weight is None else self.weight[inside]
        share = share / share.sum()
        mean = float(share @ worse)
        error = float(np.sqrt((share**2) @ (worse - mean) ** 2))
        return mean > self.standard_errors * error > 0

    def expected(self, loss: float, folds: int) -> float:
        """Return the loss on all folds of a recipe with a mean loss on the first: as much worse on the others."""
        inside = self.leader.fold < folds
        share = None if self.weight is None else self.weight[inside]
        return loss - float(np.average(self.leader.losses[inside], weights=share)) + self.leader.loss


class OutOfRace(Exception):
    """A recipe was clearly worse than the leader.

    Parameters
    ----------
    found
        What it predicted in the folds that it was fitted in.
    loss
        What it would have lost on all of them.
    """

    def __init__(self, found: OutOfFold, loss: float) -> None:
        super().__init__("clearly worse than the best trial so far")
        self.found, self.loss = found, loss


def cross_fit(
    recipe: Recipe,
    dataset: Dataset,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    between: Callable[[str], None] = lambda _: None,
    race: Race | None = None,
    prepared: PreparedFolds | None = None,
    heard: Callable[[OutOfFold], None] | None = None,
    known: MutableMapping[int, FoldFit] | None = None,
) -> OutOfFold:
    """Fit a recipe on every fold's fitting rows and predict its validation rows.

    Parameters
    ----------
    recipe
        What to fit; it sees the fitting rows only. Where it seeks its number of rounds, that is the same in all folds:
        the one with the least mean loss.
    dataset
        All rows.
    folds
        Pairs of fitting and validation rows.
    between
        Called before each fit with what is about to be done; may raise to stop.
    race
        Whom to beat; by default nobody.
    prepared
        What earlier calls with the same dataset have prepared.
    heard
        Told of each fold by itself as soon as it has ended, by the thread that fitted it.
    known
        The recipe's fits by number of the fold, as far as there are any; those that are made now are added.

    Raises
    ------
    OutOfRace
        The race is lost before the last folds.

    Folds whose parts can be fitted concurrently share out the recipe's threads: on 2 cores two fits of one
    thread each take less time than two fits after each other with both.
    """
    at_once, each = recipe.side_by_side(len(folds))
    kept = PreparedFolds(0) if prepared is None else prepared
    made = {} if known is None else known

    def learned(number: int) -> FoldFit:
        which = f"fold {number + 1} of {len(folds)}"
        between(which)
        try:
            fold = made[number] if number in made else fit_fold(each, dataset, number, folds[number], kept)
        except Exception as error:
            error.add_note(f"in {which}")
            raise
        made[number] = fold
        if heard is not None:
            heard(_all_folds(dataset, [fold], 1))
        return fold

    fits: list[FoldFit] = []
    step = len(folds) if race is None else max(BETWEEN_LOOKS, at_once - at_once % BETWEEN_LOOKS)
    for start in range(0, len(folds), step):
        fits += _in_threads(learned, range(start, min(start + step, len(folds))), at_once)
        _refuse_lost(dataset, fits, len(folds), race, at_once)
    joined = _all_folds(dataset, fits, at_once)
    release_free_memory()
    return joined


def first_fold(
    recipe: Recipe,
    dataset: Dataset,
    divided: tuple[np.ndarray, np.ndarray],
    prepared: PreparedFolds,
    *,
    beat: float | None = None,
) -> FoldFit:
    """Return the fit of a recipe in the first fold, with all of the recipe's threads.

    Parameters
    ----------
    recipe, dataset, prepared
        As of :func:`cross_fit`.
    divided
        The fold's fitting and validation rows.
    beat
        Loss on these without hope of which the fit may end early.
    """
    _, each = recipe.side_by_side(1)
    try:
        return fit_fold(each, dataset, 0, divided, prepared, beat=beat)
    except Exception as error:
        error.add_note("in the first fold")
        raise


def in_first_fold(dataset: Dataset, fit: FoldFit) -> OutOfFold:
    """Return what a recipe's fit in the first fold predicted."""
    return _all_folds(dataset, [fit], 1)


def _refuse_lost(dataset: Dataset, fits: list[FoldFit], folds: int, race: Race | None, at_once: int) -> None:
    """Raise OutOfRace where the race was lost at one of the looks so far."""
    for look in range(BETWEEN_LOOKS, min(len(fits), folds - 1) + 1, BETWEEN_LOOKS) if race is not None else ():
        assert race is not None
        part = _all_folds(dataset, fits[:look], at_once)
        if race.is_lost(part.losses, look):
            raise OutOfRace(part, race.expected(part.loss, look))


def _all_folds(dataset: Dataset, fits: Sequence[FoldFit], at_once: int) -> OutOfFold:
    rounds = common_rounds(fits)
    found = _in_threads(lambda number: fits[number].answered(dataset, rounds), range(len(fits)), at_once)
    train_loss = float(np.mean([fold.train_loss for fold in found]))
    parts = [
        (fit.rows, np.full(fit.rows.size, fit.number), fold.prediction) for fit, fold in zip(fits, found, strict=True)
    ]
    joined = _joined(dataset, parts, train_loss, _median_size([fold.model.complexity for fold in found]))
    predict_us = float(np.median([fold.predict_us for fold in found]))
    return replace(joined, models=tuple(fold.model for fold in found), predict_us=predict_us, rounds=rounds)


def _in_threads(work: Callable[[int], T], numbers: range, at_once: int) -> list[T]:
    if at_once == 1:
        return [work(number) for number in numbers]
    pool = ThreadPoolExecutor(at_once)
    try:
        return list(pool.map(work, numbers))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)  # who interrupts does not wait for fits that are under way


def mean_out_of_fold(dataset: Dataset, found: Mapping[int, OutOfFold], counts: Mapping[int, int]) -> OutOfFold:
    """Return what the mean of several recipes predicts out of fold, each counting as often as is said.

    Parameters
    ----------
    dataset
        All rows.
    found
        What each predicted, of the same rows in the same folds.
    counts
        How often each counts, from 1.
    """
    total = sum(counts.values())
    share = {number: count / total for number, count in counts.items()}
    first = found[next(iter(counts))]
    prediction = np.sum([found[number].prediction * part for number, part in share.items()], axis=0)
    train_loss = float(sum(found[number].train_loss * part for number, part in share.items()))
    sizes = [found[number].complexity for number in counts]
    known = [size for size in sizes if size is not None]
    is_one_unit = len(known) == len(sizes) and len({unit for _, unit in known}) == 1
    complexity = (float(sum(size for size, _ in known)), known[0][1]) if is_one_unit else None
    return _joined(dataset, [(first.rows, first.fold, prediction)], train_loss, complexity)


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


def of_folds(dataset: Dataset, parts: Sequence[OutOfFold]) -> OutOfFold:
    """Return what some folds predicted, told of one by one, as one; in the order of the folds."""
    parts = sorted(parts, key=lambda part: int(part.fold[0]))
    joined = _joined(
        dataset,
        [(part.rows, part.fold, part.prediction) for part in parts],
        float(np.mean([part.train_loss for part in parts])),
        _median_size([part.complexity for part in parts]),
    )
    models = tuple(model for part in parts for model in part.models)
    return replace(joined, models=models, predict_us=float(np.median([part.predict_us for part in parts])))


def in_folds(dataset: Dataset, found: OutOfFold, folds: Sequence[int]) -> OutOfFold:
    """Return what was predicted in some of the folds, and nothing else."""
    inside = np.isin(found.fold, folds)
    part = [(found.rows[inside], found.fold[inside], found.prediction[inside])]
    models = tuple(found.models[fold] for fold in folds) if found.models else ()
    return replace(
        _joined(dataset, part, found.train_loss, found.complexity), models=models, predict_us=found.predict_us
    )
