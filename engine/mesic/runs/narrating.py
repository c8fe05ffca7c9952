"""What is said of a search while it goes on: the best so far, with its interval."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mesic.evaluation.resampling import coded
from mesic.report.words import score_text
from mesic.runs import plan
from mesic.runs.state import Experiment, part_of
from mesic.runs.trials import Attempts
from mesic.training.folds import OutOfFold
from mesic.training.progress import Progress
from mesic.training.zone import Trial


def progress_of(run: Experiment) -> Progress:
    """Return the progress of a search that is about to start."""
    rows = np.unique(run.found[plan.ZERO_RULE].rows)
    groups = part_of(run.dataset.groups, rows)
    weight = part_of(run.dataset.weight, rows)
    return Progress(weight, None if groups is None else coded(groups), run.config["interval"]["level"])


@dataclass
class Narrated:
    """Keeps trials as they end, and says how good the best one is.

    Parameters
    ----------
    attempts
        Where they are kept.
    run
        Whose progress is told.
    progress
        Hears of every trial.
    """

    attempts: Attempts
    run: Experiment
    progress: Progress

    @property
    def finished(self) -> Mapping[int, Trial]:
        """The trials of an earlier attempt, by number."""
        return self.attempts.finished

    def keep(self, trial: Trial, found: OutOfFold | None) -> None:
        """Keep a trial as it ends, and what it predicted."""
        self.attempts.keep(trial, found)
        self.progress.hear(trial)
        loss = "squared error" if self.run.dataset.task == "regression" else "log loss"
        if self.progress.points:
            best = score_text(self.progress.points[-1])
            self.run.so_far = f"{self.progress.heard} trials, best {loss} {best}"

    def cut(self, trial: Trial) -> None:
        """Hear of a trial that the budget did not last for."""
        self.attempts.cut(trial)

    def load(self, number: int) -> OutOfFold:
        """Return what a complete trial predicted out of fold."""
        return self.attempts.load(number)
