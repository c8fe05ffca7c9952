"""The trials of a search, made one after the other: in all folds, or in the first one and the best of them again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from mesic.data.view import Dataset
from mesic.evaluation.losses import example_losses
from mesic.training.attempting import Asked, Attempted, Attempting
from mesic.training.budget import Budget
from mesic.training.folds import OutOfFold, Race
from mesic.training.haste import Haste
from mesic.training.mean import counts_of
from mesic.training.space import SearchSpace
from mesic.training.zone import Trial

STANDARD_ERRORS = 3.0  # at two the truly best trial is out of the race too often: decision 9
SKILL_AT_LEAST = 0.98  # of the best screened trial's, of one that is made again instead as it takes less time
SPARE = 1.5  # the first complete trial is begun while so many times the seconds that it seems to take are left


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
        """Return what a trial predicted that is complete, or was screened."""
        ...


@dataclass
class Making:
    """The trials of a search, made one after the other.

    Where all folds of each would leave too few of them within the seconds, they are made in the first fold only after
    the first one that is complete, and so is every one that proves dear. In the second half of the seconds what is
    better there than the best so far is made again in all folds at once, and those that mend the mean most.

    Parameters
    ----------
    attempting
        Where trials are made.
    dataset
        Whose rows are weighed in a race.
    budget
        When to stop; the first trial is always begun.
    kept
        Where trials are kept as they end. Those of an earlier attempt at this very search are taken as they are where
        the tuner asks for the same.
    space
        What the tuner proposes values of.
    zero_loss
        Loss out of fold of knowing nothing: where all trials are dear, the first that is complete loses 2 % of the
        best one's skill at most. None: it is the best of those that can be made in time.
    trials, cut
        Those that were made, and what came of one that the budget did not last for.
    asked
        What each was asked for, by number.
    screened
        Numbers of those that were fitted in the first fold only.
    dear
        Which of these were to be fitted in all folds, and took too long in the first one.
    leader
        The best complete one by number, and what it predicted.
    haste
        How large the steps of learners must be that grow by rounds.
    """

    attempting: Attempting
    dataset: Dataset
    budget: Budget
    kept: Kept
    space: SearchSpace
    zero_loss: float | None = None
    trials: list[Trial] = field(default_factory=list)
    cut: Attempted | None = None
    asked: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    screened: list[int] = field(default_factory=list)
    dear: list[int] = field(default_factory=list)
    leader: tuple[int, OutOfFold] | None = None
    haste: Haste = field(init=False)

    def __post_init__(self) -> None:
        self.haste = Haste(self.space, self.budget)

    def make(self, asked: Mapping[str, Any]) -> Trial | None:
        """Make a trial, or take it as it was made before; None where the budget did not last for it."""
        number, params = len(self.trials), self.haste.of(asked)
        self.asked[number] = params
        race, is_first = self._race(), self._best() is None
        is_screened = self._is_to_be_screened(race)
        known = self.kept.finished.get(number)
        if known is not None and {name: known.params.get(name) for name in params} == dict(params):
            self.trials.append(known)
            self.haste.hear(known)
            return self._noted(known, was_planned=is_screened)
        tells_folds = self.budget.budget_s is not None and is_first
        dear_s = None if is_screened else self.haste.dear_s(params)
        best = min((trial.fold_losses[0] for trial in self.trials if trial.fold_losses), default=None)
        beat = best if is_screened and not self._was_dear(number) else None
        made = self._attempted(
            Asked(number, params, race, tells_folds, is_screened=is_screened, dear_s=dear_s, beat=beat)
        )
        return None if made is None else self._noted(made, was_planned=is_screened and not self._was_dear(number))

    def _noted(self, trial: Trial, *, was_planned: bool) -> Trial:
        """Note a trial that was screened, and whether that had been the plan."""
        if trial.is_screened:
            self.screened.append(trial.number)
            self.dear += [] if was_planned else [trial.number]
        return trial

    def _was_dear(self, number: int) -> bool:
        return self.budget.replay is not None and number in self.budget.replay.dear

    def _is_to_be_screened(self, race: Race | None) -> bool:
        if self.budget.replay is not None:
            return len(self.trials) in self.budget.replay.screened
        return race is not None and self.budget.is_short(self.trials)

    def _attempted(self, asked: Asked) -> Trial | None:
        attempted = self.attempting.trial(asked, self.budget.trial_ends(self.trials))
        self.trials.append(attempted.trial)
        if attempted.is_cut:
            self.kept.cut(attempted.trial)
            self.cut = attempted
            return None
        self.kept.keep(attempted.trial, attempted.found)
        self.haste.hear(attempted.trial)
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
        return self._first() or (None if self.budget.is_screening() else self._better() or self._next())

    def _first(self, *, is_last: bool = False) -> Trial | None:
        """Return the best screened trial that can be made again in time, where none is complete and it is time for it.

        If none can that is nearly as good as the best, it is that one, which then leaves the models of some folds.
        """
        if not self.screened or self._best() is not None:
            return None
        left = [trial for trial in self._screened() if trial.number not in self.haste.slow]
        if not left and (is_last or not self.budget.is_screening()):
            left = self._screened()
        best = min(left, key=_by_first_fold, default=None)
        in_time = [trial for trial in left if not self.budget.is_too_late(trial, self.trials)]
        if best is not None:
            best = min((trial for trial in in_time if self._is_near(trial, best)), key=_by_first_fold, default=best)
        is_pressing = best in in_time and self.budget.is_too_late(best, self.trials, SPARE)
        return best if is_last or is_pressing or not self.budget.is_screening() else None

    def _is_near(self, trial: Trial, best: Trial) -> bool:
        """Return whether a trial has most of the best one's skill in the first fold."""
        if self.zero_loss is None:
            return True
        return self.zero_loss - trial.fold_losses[0] >= SKILL_AT_LEAST * (self.zero_loss - best.fold_losses[0])

    def _better(self) -> Trial | None:
        """Return the trial that was screened last, where it is the best of all and can be made again in time."""
        last = self.trials[-1] if self.trials else None
        if last is None or not last.is_screened or self.budget.is_too_late(last, self.trials):
            return None
        ended = [trial for trial in self.trials if trial.fold_losses and trial.state != "failed"]
        return last if last is min(ended, key=_by_first_fold) and self._best() is not None else None

    def _next(self) -> Trial | None:
        """Return the screened trial that mends a mean most, not lost and to be made again in time; or None."""
        hopeful = [trial for trial in self._screened() if not trial.is_lost and trial.number not in self.haste.slow]
        in_time = [trial for trial in hopeful if not self.budget.is_too_late(trial, self.trials)]
        losses = self._mended(in_time) if in_time else {}
        return min(in_time, key=lambda trial: (losses[trial.number], trial.number), default=None)

    def _mended(self, screened: Sequence[Trial]) -> dict[int, float]:
        """Return the loss in the first fold of each screened trial, or of the complete ones' mean with it added.

        The lower one: a trial that is far better than all of them counts by itself.
        """
        found = {trial.number: self.kept.load(trial.number) for trial in self.trials if trial.losses is not None}
        first = {number: part.prediction[part.fold == 0] for number, part in found.items()}
        rows = self.kept.load(screened[0].number).rows
        weight = None if self.dataset.weight is None else self.dataset.weight[rows]

        def loss_of(prediction: np.ndarray) -> float:
            losses = example_losses(self.dataset.task, self.dataset.y[rows], prediction)
            return float(np.average(losses, weights=weight))

        best = self._best()
        counts = {} if best is None else counts_of(first, loss_of, [best.number])
        total = sum(first[number] * count for number, count in counts.items())
        size = sum(counts.values())
        added = {trial.number: (total + self.kept.load(trial.number).prediction) / (size + 1) for trial in screened}
        return {trial.number: min(trial.fold_losses[0], loss_of(added[trial.number])) for trial in screened}

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
        return None if found.is_repeated else Race(found, weight, STANDARD_ERRORS)


def _by_first_fold(trial: Trial) -> tuple[float, int]:
    return trial.fold_losses[0], trial.number
