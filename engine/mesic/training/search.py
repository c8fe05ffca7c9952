"""The search: ask the tuner for options, cross-fit them, tell it the loss, until trials or seconds are used up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from mesic.data.view import Dataset
from mesic.errors import MesicError
from mesic.runs.resources import Clock
from mesic.training.attempt import Attempt
from mesic.training.folds import OutOfFold, Race
from mesic.training.zone import Trial

STANDARD_ERRORS = 2.0
USUAL_TRIALS = 15


class Tuner(Protocol):
    """Proposes options and learns from their losses.

    Built with its options and ``space`` (search ranges by option), ``starts`` (values to try first, in order; those of
    the configuration lead) and ``seed``.
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
    """How long to search: trials, wall seconds, or both (these hold the final fit too); without either, 15 trials."""

    trials: int | None
    budget_s: float | None
    clock: Clock = field(default_factory=Clock.started)

    @property
    def most(self) -> int | None:
        """The number of trials at most; None: as many as the seconds allow."""
        return USUAL_TRIALS if self.trials is None and self.budget_s is None else self.trials

    def is_used_up(self, trials: Sequence[Trial]) -> bool:
        """Return whether another trial and the final fit would not fit any more."""
        if self.most is not None and len(trials) >= self.most:
            return True
        if self.budget_s is None or not trials:
            return False
        dearest = max(trial.fit_s for trial in trials)
        final = np.median([trial.fit_s for trial in trials]) / 2
        return bool(self.clock.wall_s() + dearest + final > self.budget_s)


def search(
    tuner: Tuner, attempt: Attempt, budget: Budget, *, kept: Kept, standard_errors: float = STANDARD_ERRORS
) -> list[Trial]:
    """Try options until the budget is used up; return every trial, also the failed.

    Parameters
    ----------
    tuner
        Asked and told; a tuner that is told the same asks the same.
    attempt
        Tries what was proposed.
    budget
        When to stop; the first trial is always made.
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
        if known is not None and {name: known.params.get(name) for name in params} == dict(params):
            trial = known
        else:
            trial, found = attempt(number, params, _race(trials, kept, attempt.dataset, standard_errors))
            kept.keep(trial, found)
        trials.append(trial)
        tuner.tell(None if trial.state == "failed" else trial.loss)
    if all(trial.losses is None for trial in trials):
        raise MesicError("every trial failed:\n  " + "\n  ".join(_reasons(trials)))
    return trials


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
