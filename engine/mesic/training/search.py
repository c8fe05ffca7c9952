"""The search: ask the tuner for options, cross-fit them, tell it the loss, until trials or seconds are used up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Protocol

import numpy as np

from mesic.data.view import Dataset
from mesic.errors import MesicError
from mesic.host.components import Choice, Component, Range
from mesic.runs.resources import Clock
from mesic.training.attempting import Asked, Attempted, Attempting
from mesic.training.folds import OutOfFold, Race
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

    def cut(self, trial: Trial) -> None:
        """Hear of a trial that the budget did not last for; it has not finished."""
        ...

    def load(self, number: int) -> OutOfFold:
        """Return what a complete trial predicted out of fold."""
        ...


@dataclass(frozen=True)
class Budget:
    """How long to search: trials, wall seconds, or both; the seconds hold the final fit too.

    Parameters
    ----------
    trials, budget_s
        At most; None is no limit.
    clock
        Started with the search.
    finals
        Fits on all training rows that come after the search, at most.
    """

    trials: int | None
    budget_s: float | None
    clock: Clock = field(default_factory=Clock.started)
    finals: int = 1

    def is_used_up(self, trials: Sequence[Trial]) -> bool:
        """Return whether another trial and the final fit would not fit any more."""
        if self.trials is not None and len(trials) >= self.trials:
            return True
        if self.budget_s is None or not trials:
            return False
        dearest = max(trial.fit_s for trial in trials)
        return self.clock.wall_s() + dearest + self.final_s(trials) > self.budget_s

    def final_s(self, trials: Sequence[Trial]) -> float:
        """Return how long the final fit may take, of what the trials took; half of the budget is the most."""
        if not trials:
            return 0.0
        fits = min(self.finals, len(trials))
        seconds = fits * float(np.median([trial.fit_s for trial in trials])) / 2
        return seconds if self.budget_s is None or fits == 1 else min(seconds, self.budget_s / 2)

    def trial_ends(self, trials: Sequence[Trial]) -> float | None:
        """Return the moment of the monotonic clock at which a trial under way is ended; None: never."""
        ends = self.ends()
        done = [trial for trial in trials if trial.losses is not None]
        return None if ends is None else ends - self.final_s(done)

    def ends(self) -> float | None:
        """Return the moment of the monotonic clock at which the budget is used up; None: never."""
        return None if self.budget_s is None else self.clock.wall + self.budget_s

    def left_s(self) -> float | None:
        """Return the seconds that are left; None where there is no limit."""
        return None if self.budget_s is None else self.budget_s - self.clock.wall_s()


@dataclass(frozen=True)
class Searched:
    """What a search made.

    Parameters
    ----------
    trials
        Every one, also the failed, in order.
    cut
        Of the last trial, where the budget did not last for it: what had come of it.
    """

    trials: list[Trial]
    cut: Attempted | None = None

    @property
    def finished(self) -> list[Trial]:
        """All but the one that the budget did not last for."""
        return self.trials[:-1] if self.cut is not None else self.trials

    @property
    def is_empty(self) -> bool:
        """Whether no trial is complete."""
        return all(trial.losses is None for trial in self.trials)


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
    attempting: Attempting,
    dataset: Dataset,
    budget: Budget,
    *,
    kept: Kept,
    standard_errors: float = 2.0,
) -> Searched:
    """Try options until the budget is used up; return every trial, also the failed.

    Parameters
    ----------
    tuner
        Asked and told; a tuner that is told the same asks the same.
    attempting
        Where trials are made.
    dataset
        Whose rows are weighed in a race.
    budget
        When to stop; the first trial is always begun.
    kept
        Where trials are kept as they end. Those of an earlier attempt at this very search are taken as they are where
        the tuner asks for the same.
    standard_errors
        Paired standard errors by which a trial must be worse than the best one so far to be out of the race.

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
            race = _race(trials, kept, dataset, standard_errors)
            tells_folds = budget.budget_s is not None and all(trial.losses is None for trial in trials)
            attempted = attempting.trial(Asked(number, params, race, tells_folds), budget.trial_ends(trials))
            trial = attempted.trial
            if attempted.is_cut:
                kept.cut(trial)
                return Searched([*trials, trial], attempted)
            kept.keep(trial, attempted.found)
        trials.append(trial)
        tuner.tell(None if trial.state == "failed" else trial.loss)
    searched = Searched(trials)
    if searched.is_empty:
        raise MesicError("every trial failed:\n  " + "\n  ".join(reasons(trials)))
    return searched


def _race(trials: Sequence[Trial], kept: Kept, dataset: Dataset, standard_errors: float) -> Race | None:
    """Return the best trial so far as the one to beat; nobody where there is none, or where folds share rows."""
    complete = [trial for trial in trials if trial.losses is not None]
    if not complete:
        return None
    leader = kept.load(min(complete, key=lambda trial: (trial.loss, trial.number)).number)
    weight = None if dataset.weight is None else dataset.weight[leader.rows]
    return None if leader.is_repeated else Race(leader, weight, standard_errors)


def reasons(trials: Sequence[Trial]) -> list[str]:
    """Return why trials failed, and which did for each reason."""
    grouped: dict[str, list[int]] = {}
    for trial in trials:
        grouped.setdefault(trial.error or "stopped", []).append(trial.number)
    return [f"{error} (trials {', '.join(map(str, numbers))})" for error, numbers in grouped.items()]
