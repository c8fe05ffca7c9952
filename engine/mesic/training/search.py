"""The search: ask the tuner for options, cross-fit them, tell it the loss, until trials or seconds are used up."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any, Protocol

from mesic.errors import MesicError
from mesic.training.attempting import Attempted
from mesic.training.budget import Replay
from mesic.training.making import Making
from mesic.training.stopping import Rest
from mesic.training.zone import Trial

RESTLESS = Rest()


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
    dear
        Which of these were to be fitted in all folds, and took too long in the first one.
    least
        Steps at least after a learner's first trial, by learner.
    """

    trials: list[Trial]
    cut: Attempted | None = None
    ended: str = ""
    screened: tuple[int, ...] = ()
    dear: tuple[int, ...] = ()
    least: Mapping[str, float] = field(default_factory=dict)

    @property
    def finished(self) -> list[Trial]:
        """All but the one that the budget did not last for."""
        return self.trials[:-1] if self.cut is not None else self.trials

    def replay(self, left_out: Sequence[str] = ()) -> Replay:
        """Return how it went, for a search that follows it; some learners were left out."""
        again = tuple((trial.number, trial.of) for trial in self.finished if trial.of is not None)
        asked = len(self.finished) - len(again)
        return Replay(asked, self.screened, again, {}, self.least, left_out, self.dear)

    @property
    def is_empty(self) -> bool:
        """Whether no trial is complete."""
        return all(trial.losses is None for trial in self.trials)


def search(tuner: Tuner, made: Making, *, rest: Rest = RESTLESS, beside: Sequence[str] = ()) -> Searched:
    """Try options until the budget is used up; return every trial, also the failed.

    Parameters
    ----------
    tuner
        Asked and told; a tuner that is told the same asks the same.
    made
        Makes what is asked for; no trial has been made yet.
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
    ended = ""
    while not ended:
        if made.budget.is_used_up(made.trials):
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
            return _searched(made, "budget")
    made.complete_best()
    searched = _searched(made, ended)
    if searched.is_empty and searched.cut is None:
        raise MesicError("every trial failed:\n  " + "\n  ".join(reasons(made.trials)))
    return searched


def _searched(made: Making, ended: str) -> Searched:
    return Searched(made.trials, made.cut, ended, tuple(made.screened), tuple(made.dear), made.haste.least)


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
