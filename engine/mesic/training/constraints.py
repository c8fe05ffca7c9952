"""What a model must keep to beside its loss: time, size, equal answers for groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mesic.data.view import Dataset
from mesic.errors import MesicError, UsageError
from mesic.training.folds import OutOfFold
from mesic.training.zone import Trial

PREDICT_US, COMPLEXITY, DISPARITY = "predict_us", "complexity", "disparity"
MOST_GROUPS = 50


@dataclass(frozen=True)
class Constraints:
    """The most that each of some measures of a trial may be.

    Parameters
    ----------
    limits
        By measure: ``predict_us``, wall microseconds a row; ``complexity``, in the learner's own unit;
        ``disparity.COLUMN``, the largest difference between groups of that column in the mean out-of-fold probability
        of the positive class, from 0 to 1.
    dataset
        Whose columns tell the groups.

    Raises
    ------
    UsageError
        A measure is unknown, or its column holds no groups.
    """

    limits: Mapping[str, float]
    dataset: Dataset

    def __post_init__(self) -> None:
        for name in self.limits:
            measure, _, column = name.partition(".")
            if measure == DISPARITY:
                self._refuse_column(name, column)

    def _refuse_column(self, name: str, column: str) -> None:
        if self.dataset.task != "binary":
            raise UsageError(f"tuner.constraints.{name} needs a binary task, not a {self.dataset.task} one")
        if column not in self.dataset.X:
            raise UsageError(f"tuner.constraints.{name}: {column!r} is no feature")
        groups = self.dataset.X[column].nunique()
        if not 2 <= groups <= MOST_GROUPS:
            raise UsageError(
                f"tuner.constraints.{name}: {column!r} has {groups} values: give one with 2 to {MOST_GROUPS}"
            )

    def excess(self, trial: Trial, found: OutOfFold | None) -> dict[str, float]:
        """Return by how much a trial exceeds each limit, 0 or less where it does not; what is unknown is infinite."""
        return {name: self._measure(name, trial, found) - limit for name, limit in self.limits.items()}

    def _measure(self, name: str, trial: Trial, found: OutOfFold | None) -> float:
        measure, _, column = name.partition(".")
        if measure == PREDICT_US:
            value = trial.predict_us
        elif measure == COMPLEXITY:
            value = trial.complexity[0] if trial.complexity else float("inf")
        else:
            value = float("inf") if found is None else disparity(self.dataset.X[column], found)
        return value if np.isfinite(value) else float("inf")


def disparity(column: pd.Series, found: OutOfFold) -> float:
    """Return the largest difference between groups in the mean probability of the positive class.

    Parameters
    ----------
    column
        Of all rows; a missing value is a group of its own.
    found
        What was predicted out of fold.
    """
    group = pd.factorize(column.iloc[found.rows], use_na_sentinel=False)[0]
    counts = np.bincount(group)
    means = np.bincount(group, found.prediction[:, -1]) / counts
    return float(means.max() - means.min())


def refuse_unmet(trials: Sequence[Trial]) -> None:
    """Refuse a search in which no complete trial keeps to the constraints.

    Raises
    ------
    MesicError
        Each limit with the nearest that was found.
    """
    complete = [trial for trial in trials if trial.losses is not None]
    if not complete or any(trial.is_feasible for trial in complete):
        return
    nearest = min(complete, key=lambda trial: max(trial.excess.values()))
    said = ", ".join(f"{name} by {excess:.3g}" for name, excess in nearest.excess.items() if excess > 0)
    raise MesicError(
        f"none of {len(complete)} complete trials keeps to tuner.constraints; the nearest, trial {nearest.number}, "
        f"exceeds {said}: allow more, give more trials, or search a smaller tuner.space"
    )
