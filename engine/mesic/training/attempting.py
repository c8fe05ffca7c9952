"""A trial, attempted: its folds and its second sample fitted, whatever comes of it; and what is fitted after them."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from mesic.data.view import Dataset
from mesic.errors import MemoryLimitReached, UsageError, message_of
from mesic.runs.resources import Clock
from mesic.training.affordable import seconds_of_all
from mesic.training.constraints import Constraints
from mesic.training.fitted import Fitted
from mesic.training.fold_fit import FoldFit, fit_whole
from mesic.training.folds import (
    OutOfFold,
    OutOfRace,
    Race,
    cross_fit,
    first_fold,
    in_first_fold,
    losses_by_row,
)
from mesic.training.metering import Stopwatch, measuring
from mesic.training.prepared import PreparedFolds
from mesic.training.recipe import Recipe
from mesic.training.space import SearchSpace
from mesic.training.variance import SecondLook, bias_and_variance
from mesic.training.zone import Trial

Between = Callable[[str], None]
NOT_FINITE = "the learner's predictions are not finite"
MOST_SCREENED = 4


@dataclass(frozen=True)
class Asked:
    """A trial to be made.

    Parameters
    ----------
    number, params
        Which one, and the options that it tries.
    race
        Whom it has to beat, or None.
    tells_folds
        Whether each fold is told of as it ends: what is left where the seconds do not last for all of them.
    is_screened
        Whether it is fitted in the first fold only, and its loss is what it would then be in all folds, as far as there
        is a race.
    dear_s
        Wall seconds of the first fold beyond which it is screened after all, and ends there; None: never.
    beat
        The least loss in the first fold so far: a trial that is screened may end without hope of it.
    of
        The screened trial whose options are tried again, in all folds.
    """

    number: int
    params: Mapping[str, Any]
    race: Race | None = None
    tells_folds: bool = False
    is_screened: bool = False
    dear_s: float | None = None
    beat: float | None = None
    of: int | None = None


@dataclass(frozen=True)
class Attempted:
    """What came of it.

    Parameters
    ----------
    trial
        Complete, pruned or failed.
    found
        What it predicted out of fold, of one that was screened in the first one; None where it was pruned otherwise or
        did not get so far.
    is_cut
        Whether the budget was used up while it was under way.
    folds
        Of a trial that was cut: the folds that had ended, each by itself.
    """

    trial: Trial
    found: OutOfFold | None = None
    is_cut: bool = False
    folds: tuple[OutOfFold, ...] = ()


class Attempting(Protocol):
    """Where trials are made; `until` is a moment of the monotonic clock, or None."""

    def trial(self, asked: Asked, until: float | None) -> Attempted:
        """Make a trial; only a first one that cannot work, and what must stop the run, is raised."""
        ...

    def whole(self, params: Mapping[str, Any], until: float | None, copy: int = 0) -> Fitted:
        """Return a recipe fitted on all training rows; copies differ by the learner's seed.

        Raises
        ------
        NotFitted
            It took too long, or its process ended.
        """
        ...

    def folds(self, params: Mapping[str, Any], until: float | None) -> tuple[Fitted, ...]:
        """Return the models of a recipe's folds; raise as for all rows."""
        ...

    def first_fold_s(self, params: Mapping[str, Any], until: float | None) -> float:
        """Return about how many seconds a fit of the first fold takes; 0 where it cannot be told."""
        ...


class NotFitted(Exception):
    """There is no model, for a reason that lies not in the recipe alone."""


class Stopped(Exception):
    """It was left undone between two fits, for its time was up."""


class _Dear(Exception):
    """A trial's first fold took too long for all folds to be fitted."""


class FirstFolds:
    """The fits of screened trials, for when these are made again in all folds.

    Parameters
    ----------
    most
        Trials of which they are kept, those with the least loss.
    """

    def __init__(self, most: int = MOST_SCREENED) -> None:
        self.most, self.kept = most, dict[int, tuple[float, dict[int, FoldFit]]]()

    def keep(self, number: int, loss: float, fits: dict[int, FoldFit]) -> None:
        """Keep the fits of a trial."""
        self.kept[number] = loss, fits
        if len(self.kept) > self.most:
            del self.kept[max(self.kept, key=lambda other: (self.kept[other][0], other))]

    def take(self, number: int | None) -> dict[int, FoldFit]:
        """Return the fits of a trial by number of the fold, and keep them no longer; none where there are none."""
        return self.kept.pop(number, (0.0, {}))[1] if number is not None else {}


@dataclass(frozen=True)
class Bench:
    """Everything that a trial needs beside its options.

    Parameters
    ----------
    space, recipe
        What the options vary, and of what.
    dataset, folds, train
        All rows, pairs of fitting and validation rows, and all training rows.
    look
        The sample by which bias and variance of a trial are estimated; None: they are not.
    prepared
        Folds as learners see them: what was prepared for one trial serves the next.
    constraints
        What trials have to keep to beside their loss.
    first_folds
        What is left of trials that were screened.
    """

    space: SearchSpace
    recipe: Recipe
    dataset: Dataset
    folds: Sequence[tuple[np.ndarray, np.ndarray]]
    train: np.ndarray
    look: SecondLook | None = None
    prepared: PreparedFolds = field(default_factory=PreparedFolds)
    constraints: Constraints | None = None
    first_folds: FirstFolds = field(default_factory=FirstFolds)

    def recipe_of(self, params: Mapping[str, Any]) -> Recipe:
        """Return the recipe of a trial."""
        return self.space.recipe(self.recipe, params)

    def trial(self, asked: Asked, between: Between, heard: Callable[[OutOfFold], None] | None = None) -> Attempted:
        """Make a trial; `between` is called before each fit, `heard` is told of each fold that ends."""
        attempted = self._cross_fitted(asked, between, heard if asked.tells_folds else None)
        is_searched = bool(attempted.trial.params)  # what is not searched is tried once, and lies in no zone
        if is_searched and self.look is not None and attempted.trial.losses is not None:
            attempted = self._with_variance(attempted, self.look)
        if self.constraints is None or attempted.trial.state == "failed":
            return attempted
        excess = self.constraints.excess(attempted.trial, attempted.found)
        return replace(attempted, trial=replace(attempted.trial, excess=excess))

    def _cross_fitted(self, asked: Asked, between: Between, heard: Callable[[OutOfFold], None] | None) -> Attempted:
        clock, fits = Clock.started(), self.first_folds.take(asked.of)
        dear_s = asked.dear_s

        def about(doing: str) -> None:
            nonlocal dear_s
            if dear_s is not None and 0 in fits:
                limit, dear_s = dear_s, None  # looked at once: after the first fold
                if clock.wall_s() > limit:
                    raise _Dear
            between(f"trial {asked.number + 1}, {doing}")

        try:
            recipe = self.recipe_of(asked.params)
            asked, found = self._out_of_fold(asked, recipe, about, heard, fits)
        except (MemoryLimitReached, Stopped):
            raise
        except OutOfRace as out:
            return Attempted(_pruned(self._with_rounds(asked, out.found), out, clock.wall_s()))
        except Exception as error:  # one configuration that breaks a learner must not end the search
            if isinstance(error, UsageError) and asked.number == 0:  # what was configured cannot work: said at once
                raise
            return failed(asked, f"{type(error).__name__}: {message_of(error)}", clock.wall_s())
        told = self._with_rounds(asked, found)
        if not asked.is_screened or not np.isfinite(found.losses).all():
            return Attempted(_ended(told, found, clock.wall_s()), found)
        expected = found.loss if asked.race is None else asked.race.expected(found.loss, 1)
        is_lost = asked.race is not None and asked.race.is_lost(found.losses, 1)
        trial = replace(_pruned(told, OutOfRace(found, expected), clock.wall_s()), is_lost=is_lost)
        return Attempted(trial, replace(found, models=()))

    def _out_of_fold(
        self,
        asked: Asked,
        recipe: Recipe,
        between: Between,
        heard: Callable[[OutOfFold], None] | None,
        fits: dict[int, FoldFit],
    ) -> tuple[Asked, OutOfFold]:
        """Return what is predicted in all folds, or in the first one where it is screened, also after all."""
        if asked.is_screened:
            return asked, self._screened(asked, recipe, between)
        try:
            return asked, cross_fit(recipe, self.dataset, self.folds, between, asked.race, self.prepared, heard, fits)
        except _Dear:
            return replace(asked, is_screened=True), self._in_first_fold(asked, fits)

    def _screened(self, asked: Asked, recipe: Recipe, between: Between) -> OutOfFold:
        """Return what is predicted in the first fold, and keep its fit where that was not given up."""
        between("the first fold")
        fit = first_fold(recipe, self.dataset, self.folds[0], self.prepared, beat=asked.beat)
        return self._in_first_fold(asked, {0: fit})

    def _in_first_fold(self, asked: Asked, fits: dict[int, FoldFit]) -> OutOfFold:
        """Return what was predicted in the first fold, and keep what has been fitted where that is not given up."""
        found = in_first_fold(self.dataset, fits[0])
        if asked.beat is None or found.loss <= asked.beat:
            self.first_folds.keep(asked.number, found.loss, fits)
        return found

    def _with_rounds(self, asked: Asked, found: OutOfFold) -> Asked:
        return replace(asked, params=self.space.with_rounds(asked.params, found.rounds))

    def _with_variance(self, attempted: Attempted, look: SecondLook) -> Attempted:
        trial, found, clock = attempted.trial, attempted.found, Clock.started()
        assert found is not None
        parts = bias_and_variance(self.recipe_of(trial.params), self.dataset, found, look, self.prepared)
        if parts is None:
            return attempted
        trial = replace(trial, bias=parts[0], variance=parts[1], fit_s=trial.fit_s + clock.wall_s())
        return replace(attempted, trial=trial)

    def whole(self, params: Mapping[str, Any], copy: int = 0) -> Fitted:
        """Return a recipe fitted on all training rows."""
        watch = Stopwatch()
        with measuring(watch):
            whole = fit_whole(replace(self.recipe_of(params), copy=copy), self.dataset, self.train, self.prepared)
        return replace(whole, took=tuple(watch.took))

    def first_fold_s(self, params: Mapping[str, Any]) -> float:
        """Return about how many wall seconds a fit of the first fold takes, by fits of few of its rows."""
        _, recipe = self.recipe_of(params).side_by_side(1)
        fit_rows, rows = self.folds[0]

        def seconds(some: np.ndarray) -> float:
            clock = Clock.started()
            first_fold(recipe, self.dataset, (some, rows[:: max(1, fit_rows.size // some.size)]), PreparedFolds(0))
            return clock.wall_s()

        return seconds_of_all(seconds, fit_rows)

    def fold_models(self, params: Mapping[str, Any], between: Between) -> tuple[Fitted, ...]:
        """Return the models of a recipe's folds."""
        return cross_fit(self.recipe_of(params), self.dataset, self.folds, between, prepared=self.prepared).models


@dataclass(frozen=True)
class Here:
    """Makes trials in this process: nothing can end a fit that is under way."""

    bench: Bench
    between: Between

    def trial(self, asked: Asked, until: float | None) -> Attempted:  # noqa: ARG002 - of the protocol
        """Make a trial."""
        return self.bench.trial(asked, self.between)

    def whole(self, params: Mapping[str, Any], until: float | None, copy: int = 0) -> Fitted:
        """Return a recipe fitted on all training rows, if there is time left to begin."""
        refuse_late(until)
        return self.bench.whole(params, copy)

    def folds(self, params: Mapping[str, Any], until: float | None) -> tuple[Fitted, ...]:
        """Return the models of a recipe's folds, if there is time left to begin."""
        refuse_late(until)
        return self.bench.fold_models(params, self.between)

    def first_fold_s(self, params: Mapping[str, Any], until: float | None) -> float:  # noqa: ARG002 - of the protocol
        """Return about how many seconds a fit of the first fold takes."""
        try:
            return self.bench.first_fold_s(params)
        except Exception:  # noqa: BLE001 - its trial will say what is wrong with it
            return 0.0


def refuse_late(until: float | None) -> None:
    """Raise NotFitted where a moment has passed."""
    if until is not None and time.monotonic() >= until:
        raise NotFitted("the budget was used up")


def failed(asked: Asked, reason: str, seconds: float) -> Attempted:
    """Return a trial that failed."""
    return Attempted(Trial(asked.number, asked.params, None, fit_s=seconds, error=reason))


def _pruned(asked: Asked, out: OutOfRace, seconds: float) -> Trial:
    found = out.found
    return Trial(
        asked.number, asked.params, None, out.loss, found.train_loss, found.fold_losses, found.complexity,
        seconds, found.predict_us, is_out=True, is_screened=asked.is_screened, of=asked.of,
    )  # fmt: skip


def _ended(asked: Asked, found: OutOfFold, seconds: float) -> Trial:
    is_finite = bool(np.isfinite(found.losses).all())
    return (
        trial_of(asked, found, seconds)
        if is_finite
        else replace(trial_of(asked, found, seconds), losses=None, loss=float("nan"), error=NOT_FINITE)
    )


def trial_of(asked: Asked, found: OutOfFold, seconds: float) -> Trial:
    """Return the trial that predicted something out of fold."""
    return Trial(
        number=asked.number,
        params=asked.params,
        losses=losses_by_row(found.rows, found.losses),
        loss=found.loss,
        train_loss=found.train_loss,
        fold_losses=found.fold_losses,
        complexity=found.complexity,
        fit_s=seconds,
        predict_us=found.predict_us,
        of=asked.of,
    )
