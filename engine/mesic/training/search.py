"""The search: ask the tuner for options, cross-fit them, tell it the loss, until trials or seconds are used up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, Protocol

import numpy as np

from mesic.data.view import Dataset
from mesic.errors import MemoryLimitReached, MesicError, UsageError, message_of
from mesic.host.components import Choice, Component, Range
from mesic.runs.resources import Clock
from mesic.training.folds import OutOfFold, OutOfRace, Race, cross_fit, losses_by_row
from mesic.training.recipe import Recipe
from mesic.training.variance import SecondLook, bias_and_variance
from mesic.training.zone import Trial


class Tuner(Protocol):
    """Proposes options and learns from their losses.

    Built with its options and ``space`` (search ranges by option), ``start`` (the configured values of the searched
    options) and ``seed``.
    """

    def ask(self) -> Mapping[str, Any] | None:
        """Return options to try next, or None when there is nothing left to try."""
        ...

    def tell(self, loss: float | None) -> None:
        """Hear the mean out-of-fold loss of what was asked last; None when it failed."""
        ...


class Kept(Protocol):
    """Where the trials of a search are kept."""

    @property
    def finished(self) -> Mapping[int, Trial]:
        """The trials of an earlier attempt, by number."""
        ...

    def keep(self, trial: Trial, found: OutOfFold | None) -> None:
        """Keep a trial as it ends, and what it predicted."""
        ...

    def load(self, number: int) -> OutOfFold:
        """Return what a complete trial predicted out of fold."""
        ...


@dataclass(frozen=True)
class Budget:
    """How long to search: trials, wall seconds, or both; the seconds hold the final fit too."""

    trials: int | None
    budget_s: float | None
    clock: Clock = field(default_factory=Clock.started)

    def is_used_up(self, trials: Sequence[Trial]) -> bool:
        """Return whether another trial and the final fit would not fit any more."""
        if self.trials is not None and len(trials) >= self.trials:
            return True
        if self.budget_s is None or not trials:
            return False
        dearest = max(trial.fit_s for trial in trials)
        final = np.median([trial.fit_s for trial in trials]) / 2
        return bool(self.clock.wall_s() + dearest + final > self.budget_s)


@dataclass(frozen=True)
class Rules:
    """How trials are raced, and examined.

    Parameters
    ----------
    standard_errors
        Paired standard errors by which a trial must be worse than the best one so far to be out of the race.
    look
        The sample by which bias and variance of each trial are estimated; None: they are not.
    """

    standard_errors: float = 2.0
    look: SecondLook | None = None


DEFAULT_RULES = Rules()


def search_space(
    component: Component, options: Mapping[str, Any], asked: Mapping[str, Any]
) -> dict[str, Range | Choice]:
    """Return what is searched: the declared space, less what was set by hand, changed by ``tuner.space``.

    An option whose value differs from its default was set by hand and stays as it is, unless ``tuner.space`` names
    it.
    """
    defaults = component.options()
    space = {
        name: span
        for name, span in component.space.items()
        if options.get(name) == getattr(defaults, name) and name not in asked
    }
    return space | {name: span_of(said, component.space.get(name)) for name, said in asked.items() if said}


def limits_of(component: Component) -> dict[str, tuple[float, float]]:
    """Return the lowest and highest value that each option can have at all."""
    found = {}
    for option in fields(component.options):
        low, high = option.metadata.get("low"), option.metadata.get("high")
        found[option.name] = (-np.inf if low is None else low, np.inf if high is None else high)
    return found


def span_of(said: Any, declared: Range | Choice | None) -> Range | Choice:
    """Return the search range that a list stands for: ``[low, high]``, ``[low, high, log]``, or choices.

    Examples
    --------
    >>> span_of([0.1, 10, "log"], None)
    Range(low=0.1, high=10, log=True, complexity=0)
    >>> span_of(["l1", "l2"], None)
    Choice(values=('l1', 'l2'), complexity=0)
    """
    complexity = declared.complexity if declared else 0
    values = list(said)
    log = values[-1:] == ["log"]
    numbers = values[:-1] if log else values
    if len(numbers) == 2 and all(isinstance(n, (int, float)) and not isinstance(n, bool) for n in numbers):
        return Range(numbers[0], numbers[1], log, complexity)
    return Choice(tuple(values), complexity)


def search(
    tuner: Tuner,
    recipe_for: Callable[[Mapping[str, Any]], Recipe],
    dataset: Dataset,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    budget: Budget,
    *,
    kept: Kept,
    between: Callable[[str], None],
    rules: Rules = DEFAULT_RULES,
) -> list[Trial]:
    """Try options until the budget is used up; return every trial, also the failed.

    Parameters
    ----------
    tuner
        Asked and told; a tuner that is told the same asks the same.
    recipe_for
        Makes the recipe of some options.
    dataset, folds
        What is cross-fitted.
    budget
        When to stop; the first trial is always made.
    kept
        Where trials are kept as they end. Those of an earlier attempt at this very search are taken as they are where
        the tuner asks for the same.
    between
        Called before each fit.
    rules
        How trials are raced, and examined.

    Raises
    ------
    UsageError
        The first trial, of what was configured, cannot work.
    MesicError
        Every trial failed; the reasons are listed.
    """
    trials: list[Trial] = []
    while not budget.is_used_up(trials) and (params := tuner.ask()) is not None:
        number = len(trials)
        known = kept.finished.get(number)
        if known is not None and dict(known.params) == dict(params):
            trial = known
        else:
            race = _race(trials, kept, dataset, rules.standard_errors)
            trial, found = _attempt(number, params, recipe_for(params), dataset, folds, between, race)
            is_searched = bool(params)  # what is not searched is tried once, and lies in no zone
            if is_searched and found is not None and rules.look is not None and trial.losses is not None:
                trial = _with_variance(trial, recipe_for(params), dataset, found, rules.look)
            kept.keep(trial, found)
        trials.append(trial)
        tuner.tell(None if trial.state == "failed" else trial.loss)
    if all(trial.losses is None for trial in trials):
        raise MesicError("every trial failed:\n  " + "\n  ".join(_reasons(trials)))
    return trials


def _attempt(
    number: int,
    params: Mapping[str, Any],
    recipe: Recipe,
    dataset: Dataset,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    between: Callable[[str], None],
    race: Race | None,
) -> tuple[Trial, OutOfFold | None]:
    clock = Clock.started()
    try:
        found = cross_fit(recipe, dataset, folds, lambda doing: between(f"trial {number + 1}, {doing}"), race)
    except MemoryLimitReached:
        raise
    except OutOfRace as out:
        trial = Trial(
            number, params, None, out.loss, out.found.train_loss, out.found.fold_losses, out.found.complexity,
            clock.wall_s(), out.found.predict_us, is_out=True,
        )  # fmt: skip
        return trial, None
    except Exception as error:  # one configuration that breaks a learner must not end the search
        if isinstance(error, UsageError) and number == 0:  # what was configured cannot work: said at once
            raise
        trial = Trial(number, params, None, fit_s=clock.wall_s(), error=f"{type(error).__name__}: {message_of(error)}")
        return trial, None
    losses = losses_by_row(found.rows, found.losses) if np.isfinite(found.losses).all() else None
    trial = Trial(
        number=number,
        params=params,
        losses=losses,
        loss=found.loss if losses is not None else float("nan"),
        train_loss=found.train_loss,
        fold_losses=found.fold_losses,
        complexity=found.complexity,
        fit_s=clock.wall_s(),
        predict_us=found.predict_us,
        error=None if losses is not None else "the learner's predictions are not finite",
    )
    return trial, found


def _with_variance(trial: Trial, recipe: Recipe, dataset: Dataset, found: OutOfFold, look: SecondLook) -> Trial:
    clock = Clock.started()
    parts = bias_and_variance(recipe, dataset, found, look)
    if parts is None:
        return trial
    return replace(trial, bias=parts[0], variance=parts[1], fit_s=trial.fit_s + clock.wall_s())


def _race(trials: Sequence[Trial], kept: Kept, dataset: Dataset, standard_errors: float) -> Race | None:
    """Return the best trial so far as the one to beat; nobody where there is none, or where folds share rows."""
    complete = [trial for trial in trials if trial.losses is not None]
    if not complete:
        return None
    leader = kept.load(min(complete, key=lambda trial: (trial.loss, trial.number)).number)
    weight = None if dataset.weight is None else dataset.weight[leader.rows]
    return None if leader.is_repeated else Race(leader, weight, standard_errors)


def _reasons(trials: Sequence[Trial]) -> list[str]:
    grouped: dict[str, list[int]] = {}
    for trial in trials:
        grouped.setdefault(trial.error or "stopped", []).append(trial.number)
    return [f"{error} (trials {', '.join(map(str, numbers))})" for error, numbers in grouped.items()]
