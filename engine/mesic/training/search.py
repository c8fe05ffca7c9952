"""The search: ask the tuner for options, cross-fit them, tell it the loss, until trials or seconds are used up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Protocol

import numpy as np

from mesic.data.view import Dataset
from mesic.errors import MesicError
from mesic.runs.resources import Clock
from mesic.training.attempting import Asked, Attempted, Attempting
from mesic.training.folds import OutOfFold, Race
from mesic.training.stopping import Rest
from mesic.training.zone import Trial

STANDARD_ERRORS = 3.0  # at two the truly best trial is out of the race too often: decision 9
RESTLESS = Rest()
USUAL_TRIALS = 15
FEWEST_TRIALS = 14  # that a budget has to hold in all folds
MORE_ROWS = 1.5  # a fit on all rows takes so many times what one in a fold takes, at most
DEAR = 1 / 3  # share of a budget that the first trial may take
SPARE = 1.5  # the first complete trial is begun while so many times the seconds that it seems to take are left
SCREENING = 0.5  # share of a budget until which trials are screened in one fold


class Tuner(Protocol):
    """Proposes options and learns from their losses.

    Built with its options and ``space`` (search ranges by option), ``starts`` (values to try first, in order; those of
    the configuration lead) and ``seed``.
    """

    def ask(self) -> Mapping[str, Any] | None:
        """Return options to try next, or None when there is nothing left to try."""
        ...

    def tell(self, loss: float | None, **more: Any) -> None:
        """Hear the mean out-of-fold loss of what was asked last; None when it failed.

        Where its signature names them: ``constraints``, by how much each limit is exceeded, 0 or less where it is not;
        ``beside``, what is to be small beside the loss.
        """
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
    """How long to search: trials, wall seconds, or both (these hold the final fit too); without either, 15 trials.

    Parameters
    ----------
    trials, budget_s
        At most; None is no limit.
    clock
        Started with the search.
    finals
        Fits on all training rows that come after the search, at most.
    turns
        Fits that a trial makes one after the other: of folds, and of the second sample.
    replay
        How an earlier search went, which this one follows instead of the clock.
    """

    trials: int | None
    budget_s: float | None
    clock: Clock = field(default_factory=Clock.started)
    finals: int = 1
    turns: float = 3.0
    replay: "Replay | None" = None

    @property
    def most(self) -> int | None:
        """The number of trials at most; None: as many as the seconds allow."""
        return USUAL_TRIALS if self.trials is None and self.budget_s is None else self.trials

    def is_used_up(self, trials: Sequence[Trial]) -> bool:
        """Return whether another trial and the final fit would not fit any more."""
        if self.replay is not None:
            return sum(trial.of is None for trial in trials) >= self.replay.asked
        if self.most is not None and len(trials) >= self.most:
            return True
        if self.budget_s is None or not trials:
            return False
        left = self.budget_s - self.clock.wall_s() - self.final_s(trials)
        if not self.is_short(trials):
            return left < max(trial.fit_s for trial in trials)
        screened = [trial.fit_s for trial in trials if trial.is_screened]
        return bool(screened) and left < float(np.median(screened)) * self.turns

    def is_screening(self) -> bool:
        """Return whether it is too early to make again what was screened and is not the best."""
        return self.budget_s is not None and self.clock.wall_s() < SCREENING * self.budget_s

    def dear_s(self) -> float | None:
        """Return the seconds of its first fold beyond which a trial would take too much of the budget; None: never."""
        return None if self.budget_s is None or self.replay is not None else DEAR * self.budget_s / self.turns

    def is_short(self, trials: Sequence[Trial]) -> bool:
        """Return whether the seconds would last for few trials in all folds, so that these are screened in one."""
        if self.replay is not None:
            return self.replay.screens_from is not None and len(trials) >= self.replay.screens_from
        complete = [trial.fit_s for trial in trials if trial.losses is not None]
        return self.budget_s is not None and bool(complete) and complete[0] * FEWEST_TRIALS > self.budget_s

    def is_too_late(self, screened: Trial, trials: Sequence[Trial], spare: float = 1.0) -> bool:
        """Return whether making a screened trial again in all folds, and the final fit, would not fit any more."""
        assert self.budget_s is not None
        return self.clock.wall_s() + spare * screened.fit_s * self.turns + self.final_s(trials) > self.budget_s

    def final_s(self, trials: Sequence[Trial]) -> float:
        """Return how long the final fits may take; of several, a fifth of the budget at most."""
        of_all_folds = [trial.fit_s for trial in trials if trial.losses is not None]
        if not of_all_folds:
            return 0.0
        seconds = self.finals * float(np.median(of_all_folds)) * MORE_ROWS / self.turns
        return seconds if self.budget_s is None or self.finals == 1 else min(seconds, self.budget_s / 5)

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
class Replay:
    """How a search went whose end and whose screening the clock decided.

    Parameters
    ----------
    asked
        Trials that the tuner proposed.
    screens_from
        The first that was screened in one fold; None: none was.
    again
        Numbers of trials, and of the screened ones that they made again in all folds.
    fits
        How often each trial that was taken was fitted in the end.
    """

    asked: int
    screens_from: int | None = None
    again: tuple[tuple[int, int], ...] = ()
    fits: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, trials: Sequence[Trial], screened: Sequence[int]) -> "Replay":
        """Return how the search went that made some trials, and screened those of these numbers."""
        again = tuple((trial.number, trial.of) for trial in trials if trial.of is not None)
        return cls(len(trials) - len(again), min(screened, default=None), again)

    def facts(self) -> dict[str, Any]:
        """Return it as the record holds it."""
        return {
            "asked": self.asked,
            "screens_from": self.screens_from,
            "again": [[number, of] for number, of in self.again],
        }

    @classmethod
    def read(cls, said: Mapping[str, Any], fits: Mapping[str, int]) -> "Replay":
        """Return it as the record tells it."""
        again = tuple((number, of) for number, of in said["again"])
        return cls(said["asked"], said["screens_from"], again, {int(number): count for number, count in fits.items()})


@dataclass(frozen=True)
class Searched:
    """What a search made.

    Parameters
    ----------
    trials
        Every one, also the failed, in order.
    cut
        Of the last trial, where the budget did not last for it: what had come of it.
    ended
        What ended it: ``budget``, ``patience``, ``plateau`` or ``nothing left``.
    screened
        Numbers of the trials that were screened in one fold.
    """

    trials: list[Trial]
    cut: Attempted | None = None
    ended: str = ""
    screened: tuple[int, ...] = ()

    @property
    def finished(self) -> list[Trial]:
        """All but the one that the budget did not last for."""
        return self.trials[:-1] if self.cut is not None else self.trials

    @property
    def is_empty(self) -> bool:
        """Whether no trial is complete."""
        return all(trial.losses is None for trial in self.trials)


def search(
    tuner: Tuner,
    attempting: Attempting,
    dataset: Dataset,
    budget: Budget,
    *,
    kept: Kept,
    standard_errors: float = STANDARD_ERRORS,
    rest: Rest = RESTLESS,
    beside: Sequence[str] = (),
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
    rest
        After how many trials without a change it ends.
    beside
        Measures of a trial that the tuner makes small beside the loss.

    Raises
    ------
    UsageError
        The first trial, of what was configured, cannot work.
    MesicError
        Every trial failed; the reasons are listed.
    """
    made = _Making(attempting, dataset, budget, kept, standard_errors)
    ended = ""
    while not ended:
        if budget.is_used_up(made.trials):
            ended = "budget"
        elif reason := rest.reason(made.trials, made.weight()):
            ended = reason
        elif made.take_completed():
            continue
        elif (screened := made.to_complete()) is not None:
            made.complete(screened)
        elif (params := tuner.ask()) is None:
            ended = "nothing left"
        elif (trial := made.make(params)) is not None:
            _tell(tuner, trial, beside)
        if made.cut is not None:
            return Searched(made.trials, made.cut, "budget", tuple(made.screened))
    made.complete_best()
    searched = Searched(made.trials, made.cut, ended, tuple(made.screened))
    if searched.is_empty and searched.cut is None:
        raise MesicError("every trial failed:\n  " + "\n  ".join(reasons(made.trials)))
    return searched


@dataclass
class _Making:
    """The trials of a search, made one after the other.

    Where all folds of each would leave too few of them within the seconds, they are made in the first fold only after
    the first one. What is better there than the best so far is made again in all folds at once, and at the end those
    that come next.
    """

    attempting: Attempting
    dataset: Dataset
    budget: Budget
    kept: Kept
    standard_errors: float
    trials: list[Trial] = field(default_factory=list)
    cut: Attempted | None = None
    asked: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    screened: list[int] = field(default_factory=list)
    leader: tuple[int, OutOfFold] | None = None

    def make(self, params: Mapping[str, Any]) -> Trial | None:
        """Make a trial, or take it as it was made before; None where the budget did not last for it."""
        number = len(self.trials)
        self.asked[number] = params
        known = self.kept.finished.get(number)
        if known is not None and {name: known.params.get(name) for name in params} == dict(params):
            self.trials.append(known)
            self.screened += [number] if known.is_screened else []
            return known
        race, is_first = self._race(), self._best() is None
        can_be = race is not None or is_first  # folds that share rows hold no race
        is_screened = can_be and (bool(self.screened) or self.budget.is_short(self.trials))
        tells_folds = self.budget.budget_s is not None and is_first
        dear_s = self.budget.dear_s() if is_first and not is_screened else None
        best = min((trial.fold_losses[0] for trial in self.trials if trial.fold_losses), default=None)
        beat = best if is_screened else None
        asked = Asked(number, params, race, tells_folds, is_screened=is_screened, dear_s=dear_s, beat=beat)
        made = self._attempted(asked)
        self.screened += [number] if self.trials[-1].is_screened else []
        return made

    def _attempted(self, asked: Asked) -> Trial | None:
        attempted = self.attempting.trial(asked, self.budget.trial_ends(self.trials))
        self.trials.append(attempted.trial)
        if attempted.is_cut:
            self.kept.cut(attempted.trial)
            self.cut = attempted
            return None
        self.kept.keep(attempted.trial, attempted.found)
        return attempted.trial

    def take_completed(self) -> bool:
        """Take a trial of an earlier attempt that a screened one was made again as; return whether there was one."""
        known = self.kept.finished.get(len(self.trials))
        if known is None or known.of is None or known.of >= len(self.trials):
            return False
        self.trials.append(known)
        return True

    def to_complete(self) -> Trial | None:
        """Return the screened trial that is to be made again now, in all folds; None where there is none."""
        if self.budget.replay is not None:
            of = dict(self.budget.replay.again).get(len(self.trials))
            return None if of is None else self.trials[of]
        return self._first() or self._better() or (None if self.budget.is_screening() else self._next())

    def _first(self, *, is_last: bool = False) -> Trial | None:
        """Return the best screened trial that can be made again in time, where none is complete and it is time for it.

        If none can, it is the best one, which then leaves the models of some folds.
        """
        if not self.screened or self._best() is not None:
            return None
        left = self._screened()
        in_time = [trial for trial in left if not self.budget.is_too_late(trial, self.trials)]
        best = min(in_time or left, key=_by_first_fold, default=None)
        is_pressing = best in in_time and self.budget.is_too_late(best, self.trials, SPARE)
        return best if is_last or is_pressing or not self.budget.is_screening() else None

    def _better(self) -> Trial | None:
        """Return the trial that was screened last, where it is better than the best and can be made again in time."""
        last = self.trials[-1] if self.trials else None
        if last is None or not last.is_screened or self.budget.is_too_late(last, self.trials):
            return None
        best = self._best()
        return last if best is not None and last.fold_losses[0] < best.fold_losses[0] else None

    def _next(self) -> Trial | None:
        """Return the best screened trial that is not lost and can be made again in time; None where there is none."""
        hopeful = [trial for trial in self._screened() if not trial.is_lost]
        in_time = [trial for trial in hopeful if not self.budget.is_too_late(trial, self.trials)]
        return min(in_time, key=_by_first_fold, default=None)

    def _screened(self) -> list[Trial]:
        """Return the screened trials that were not made again."""
        done = {trial.of for trial in self.trials}
        left = [self.trials[number] for number in self.screened if number not in done]
        return [trial for trial in left if trial.is_out]

    def complete(self, screened: Trial) -> None:
        """Make a screened trial again, in all folds; the first one tells of each."""
        params, is_first = self.asked[screened.number], self._best() is None
        self._attempted(Asked(len(self.trials), params, self._race(), is_first, of=screened.number))

    def complete_best(self) -> None:
        """Make the best screened trials again, in all folds, as long as the seconds last."""
        while self.cut is None and (trial := self._left()) is not None:
            self.complete(trial)

    def _left(self) -> Trial | None:
        if self.budget.replay is not None:
            return self.to_complete()
        return self._first(is_last=True) or self._next()

    def weight(self) -> np.ndarray | None:
        """Return the weights of the rows that trials predict, or None."""
        complete = [trial for trial in self.trials if trial.losses is not None]
        if self.dataset.weight is None or not complete:
            return None
        rows = np.unique(self.kept.load(complete[0].number).rows)
        return np.asarray(self.dataset.weight[rows])

    def _best(self) -> Trial | None:
        complete = [trial for trial in self.trials if trial.losses is not None]
        return min(complete, key=lambda trial: (not trial.is_feasible, trial.loss, trial.number), default=None)

    def _race(self) -> Race | None:
        """Return the best trial so far as the one to beat; nobody where there is none, or where folds share rows."""
        best = self._best()
        if best is None:
            return None
        if self.leader is None or self.leader[0] != best.number:
            self.leader = best.number, self.kept.load(best.number)
        found = self.leader[1]
        weight = None if self.dataset.weight is None else self.dataset.weight[found.rows]
        return None if found.is_repeated else Race(found, weight, self.standard_errors)


def _by_first_fold(trial: Trial) -> tuple[float, int]:
    return trial.fold_losses[0], trial.number


def _tell(tuner: Tuner, trial: Trial, beside: Sequence[str]) -> None:
    """Tell a tuner how a trial ended; what else there is to know only where it wants to hear that."""
    wants = signature(tuner.tell).parameters
    told: dict[str, Any] = {"constraints": dict(trial.excess), "beside": [trial.measure(name) for name in beside]}
    more = {name: value for name, value in told.items() if value and name in wants and trial.state != "failed"}
    tuner.tell(None if trial.state == "failed" else trial.loss, **more)


def reasons(trials: Sequence[Trial]) -> list[str]:
    """Return why trials failed, and which did for each reason."""
    grouped: dict[str, list[int]] = {}
    for trial in trials:
        grouped.setdefault(trial.error or "stopped", []).append(trial.number)
    return [f"{error} (trials {', '.join(map(str, numbers))})" for error, numbers in grouped.items()]
