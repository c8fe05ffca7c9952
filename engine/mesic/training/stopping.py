"""When a search has come to rest: the best trial gets no better, and none enters the zone any more."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mesic.training.zone import Trial, paired_excess


@dataclass(frozen=True)
class Rest:
    """How many trials in a row end a search.

    Parameters
    ----------
    patience
        Those that neither enter the zone nor move it: clearly worse than the best, by a paired standard error.
    plateau
        Those that are not better than the best before them by a paired standard error.
    """

    patience: int | None = None
    plateau: int | None = None

    def reason(self, trials: Sequence[Trial], weight: np.ndarray | None) -> str:
        """Return why a search of these trials is over, in a word; empty where it is not.

        Parameters
        ----------
        trials
            So far, in order.
        weight
            Of the rows, shape (m,), or None.
        """
        if self.patience is None and self.plateau is None:
            return ""
        outside, level, best = 0, 0, None
        for trial in trials:
            outside, level = outside + 1, level + 1
            if trial.losses is None or not trial.is_feasible:
                continue
            if best is None:
                outside, level, best = 0, 0, trial
                continue
            assert best.losses is not None
            mean, error = paired_excess(trial.losses, best.losses, weight)
            outside = 0 if mean <= error else outside
            level = 0 if mean < -error else level
            best = trial if mean < 0 else best
        if self.patience is not None and outside >= self.patience:
            return "patience"
        return "plateau" if self.plateau is not None and level >= self.plateau else ""
