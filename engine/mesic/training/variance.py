"""Bias and variance of a recipe: what two samples of the rows make of the same recipe, on rows that neither saw."""

from dataclasses import dataclass

import numpy as np

from mesic.data.view import Dataset
from mesic.partition.rows import Split
from mesic.training.fold_fit import prepared_fold
from mesic.training.folds import OutOfFold
from mesic.training.prepared import PreparedFolds
from mesic.training.recipe import Recipe

FEWEST_ROWS = 10


@dataclass(frozen=True)
class SecondLook:
    """Training rows drawn again, as many as a fold has, and the others, which are asked.

    Parameters
    ----------
    fit, ask
        Row numbers.
    """

    fit: np.ndarray
    ask: np.ndarray


def second_look(split: Split, dataset: Dataset, rng: np.random.Generator) -> SecondLook | None:
    """Return rows that are drawn again, with groups whole; None where the order of time leaves no other draw."""
    if split.by == "time" or len(split.folds) < 2:
        return None
    train = split.train
    units = np.arange(train.size)
    if dataset.groups is not None:
        units = np.unique(dataset.groups[train], return_inverse=True)[1]
    asked = rng.permutation(units.max() + 1) < (units.max() + 1) / len(split.folds)
    look = SecondLook(train[~asked[units]], train[asked[units]])
    return look if min(look.fit.size, look.ask.size) >= FEWEST_ROWS else None


def bias_and_variance(
    recipe: Recipe, dataset: Dataset, found: OutOfFold, look: SecondLook, prepared: PreparedFolds | None = None
) -> tuple[float, float] | None:
    """Return what makes the squared error: bias and noise together, and variance; None where rows were predicted twice.

    Where p and q are what models of two samples say of a row that neither saw, (p - q)² / 2 is the variance and
    (y - p)(y - q) the rest, on average; of classes, the squared distance of probabilities. The samples share most of
    their rows, so that the variance is that of such samples and not of new tables.

    Parameters
    ----------
    recipe
        What was predicted by.
    dataset
        All rows.
    found
        What it predicted out of fold.
    look
        The other sample.
    prepared
        What earlier calls with the same dataset have prepared.
    """
    if found.is_repeated:
        return None
    ask = look.ask[np.isin(look.ask, found.rows)]
    if ask.size < FEWEST_ROWS:
        return None
    first = found.prediction[np.searchsorted(found.rows, ask)]
    kept = PreparedFolds(0) if prepared is None else prepared
    fold = prepared_fold(recipe, dataset, look.fit, ask, kept)
    second = recipe.described(fold.prepared, recipe.learn(fold.prepared)).last_step().predictor()(fold.validate)
    truth = np.eye(len(dataset.classes))[dataset.y[ask]] if dataset.classes else dataset.y[ask]
    return squared_parts(truth, first, second)


def squared_parts(truth: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """Return the mean of bias and noise, and of variance, of two predictions.

    Parameters
    ----------
    truth, first, second
        Values (n,), or ones and probabilities (n, k), of which half the sum over classes counts.

    Examples
    --------
    >>> squared_parts(np.array([1.0, 1.0]), np.array([0.5, 1.5]), np.array([1.5, 0.5]))
    (-0.25, 0.5)
    """
    per = 0.5 if truth.ndim == 2 else 1.0
    rest = per * ((truth - first) * (truth - second)).reshape(len(truth), -1).sum(axis=1)
    spread = per * ((first - second) ** 2 / 2).reshape(len(truth), -1).sum(axis=1)
    return float(rest.mean()), float(spread.mean())
