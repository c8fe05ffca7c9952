"""How long a search lasts: trials, seconds, or as many as an earlier search made that is followed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mesic.runs.resources import Clock
from mesic.training.zone import Trial

USUAL_TRIALS = 15
FEWEST_TRIALS = 14  # that a budget has to hold in all folds
MORE_ROWS = 1.5  # a fit on all rows takes so many times what one in a fold takes, at most
DEAR = 1 / 3  # share of a budget that one trial of a learner may take
SCREENING = 0.5  # share of a budget until which trials are screened in one fold


@dataclass(frozen=True)
class Replay:
    """How a search went whose end and whose screening the clock decided.

    Parameters
    ----------
    asked
        Trials that the tuner proposed.
    screened
        Numbers of those that were fitted in one fold only.
    dear
        Which of these took too long in it: no loss was to be beaten there.
    again
        Numbers of trials, and of the screened ones that they made again in all folds.
    fits
        How often each trial that was taken was fitted in the end.
    left_out
        Learners that there was no time for.
    least
        Steps at least after a learner's first trial, by learner.
    """

    asked: int
    screened: tuple[int, ...] = ()
    again: tuple[tuple[int, int], ...] = ()
    fits: Mapping[int, int] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)
    left_out: Sequence[str] = ()
    dear: Sequence[int] = ()

    def facts(self) -> dict[str, Any]:
        """Return it as the record holds it."""
        return {
            "asked": self.asked,
            "screened": list(self.screened),
            "dear": list(self.dear),
            "again": [[number, of] for number, of in self.again],
            "least": dict(self.least),
            "left_out": list(self.left_out),
        }

    @classmethod
    def read(cls, said: Mapping[str, Any], fits: Mapping[str, int]) -> "Replay":
        """Return it as the record tells it."""
        again = tuple((number, of) for number, of in said["again"])
        counts = {int(number): count for number, count in fits.items()}
        return cls(said["asked"], tuple(said["screened"]), again, counts, said["least"], said["left_out"], said["dear"])


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
    replay: Replay | None = None

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
            complete = [trial.fit_s for trial in trials if trial.losses is not None]
            return left < float(np.median(complete or [trial.fit_s for trial in trials]))
        screened = [trial.fit_s for trial in trials if trial.is_screened]
        complete = [trial.fit_s / self.turns for trial in trials if trial.losses is not None]
        return left < min(screened + complete) * (self.turns if complete else 1.0)

    def is_screening(self) -> bool:
        """Return whether it is too early to make again what was screened and is not the best."""
        return self.budget_s is not None and self.clock.wall_s() < SCREENING * self.budget_s

    def dear_s(self, share: float) -> float | None:
        """Return the seconds of its first fold beyond which a trial takes more than a share of them; None: never."""
        return None if self.budget_s is None or self.replay is not None else share * self.budget_s / self.turns

    def is_short(self, trials: Sequence[Trial]) -> bool:
        """Return whether the seconds would last for few trials in all folds, so that these are screened in one."""
        seconds = [
            self.turns * trial.fit_s if trial.is_screened else trial.fit_s for trial in trials if not trial.error
        ]
        return self.budget_s is not None and bool(seconds) and float(np.median(seconds)) * FEWEST_TRIALS > self.budget_s

    def is_too_late(self, screened: Trial, trials: Sequence[Trial], spare: float = 1.0) -> bool:
        """Return whether making a screened trial again in all folds, and the final fit, would not fit any more."""
        if self.budget_s is None:  # a search is taken up again whose seconds had ended
            return False
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
