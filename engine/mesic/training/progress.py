"""How a search goes: the best so far with its interval, and the chance that going on improves it beyond the noise."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mesic.comparing.means import mean_losses
from mesic.evaluation.resampling import plan_resampling
from mesic.findings import Finding
from mesic.training.zone import Trial, paired_excess

HOUR_S = 3600.0
FARTHEST = 8.0  # times the trials so far
RECENT = 4.0  # the last three quarters of the trials are two doublings
USUAL, WORTH = 1.75, 2.0  # the prior: so many improvements in a growth of the trials by e squared
FEWEST_TRIALS = 8
LIKELY = 0.6


def chance_of_improvement(improved: Sequence[int], trials: int, more: float) -> float | None:
    """Return the chance that some of the next trials improve on the best by more than the noise.

    Improvements become rare as trials add up: they come as often in each doubling of the trials as in the one before.
    Their pace is learned from the last two doublings, and drawn towards the usual one where these tell little.
    `benchmarks/progress.py` says how far stated chances and what came true agree.

    Parameters
    ----------
    improved
        Places of the trials that improved on the best before them by more than the noise, from 0.
    trials
        So far.
    more
        Trials that might follow.

    Returns
    -------
    float or None
        In [0, 1]; None of fewer than 8 trials. Of more than eight times the trials so far: the chance of eight times.

    References
    ----------
    V. B. Nevzorov, Records: Mathematical Theory, 2001: independent trials set a record at the place t with chance 1/t.

    Examples
    --------
    >>> round(chance_of_improvement([1, 2], 40, 40), 2), round(chance_of_improvement([1, 12, 20, 36], 40, 40), 2)
    (0.28, 0.59)
    """
    if trials < FEWEST_TRIALS:
        return None
    start = max(2, math.floor(trials / RECENT))
    seen = sum(place >= start for place in improved)
    growth = math.log((trials + min(more, FARTHEST * trials)) / trials)
    told = WORTH + math.log(trials / start)
    return float(1 - (told / (told + growth)) ** (USUAL + seen))


@dataclass
class Progress:
    """The best trial so far, told as trials end.

    Parameters
    ----------
    weight, groups
        Of the rows that trials predict, shape (m,) each, or None.
    level
        Of intervals.
    """

    weight: np.ndarray | None
    groups: np.ndarray | None
    level: float

    def __post_init__(self) -> None:
        self.best: Trial | None = None
        self.heard = 0
        self.improved: list[int] = []
        self.points: list[dict[str, Any]] = []

    def hear(self, trial: Trial) -> None:
        """Take note of a trial that has ended; one that was not fitted in all folds is no better than the best."""
        place = self.heard
        self.heard += 1
        if trial.losses is None or not trial.is_feasible or not np.isfinite(trial.losses).all():
            return
        if self.best is None:
            self._take(trial, place)
            return
        assert self.best.losses is not None
        mean, error = paired_excess(trial.losses, self.best.losses, self.weight)
        if mean < -error:
            self.improved.append(place)
        if mean < 0:
            self._take(trial, place)

    def _take(self, trial: Trial, place: int) -> None:
        assert trial.losses is not None
        self.best = trial
        plan = plan_resampling(trial.losses.size, self.groups, rng=np.random.default_rng(0))
        both = np.stack([trial.losses, np.zeros(trial.losses.size)])
        found = mean_losses(both, plan, self.weight).difference(0, 1, self.level)
        ends = {name: found[name] for name in ("value", "low", "high", "level", "method", "unit")}
        self.points.append({"trial": place, "number": trial.number, **ends})

    def facts(self, trials: Sequence[Trial]) -> dict[str, Any] | None:
        """Return what the record says; None without a complete trial.

        ``best``: each trial that took the lead; ``improved``: those that did so by more than a paired standard error;
        ``again`` and ``hour``: the chance of another such one in as many trials again, and in an hour more, with the
        number of trials that this is; ``is_least`` where an hour holds more trials than anything can be said of.
        """
        if not self.points:
            return None
        seconds = float(np.mean([trial.fit_s for trial in trials]))
        in_hour = HOUR_S / max(seconds, 1e-6)
        return {
            "best": self.points,
            "improved": self.improved,
            "again": {"trials": self.heard, "chance": chance_of_improvement(self.improved, self.heard, self.heard)},
            "hour": {
                "trials": round(in_hour),
                "chance": chance_of_improvement(self.improved, self.heard, in_hour),
                "is_least": in_hour > FARTHEST * self.heard,
            },
        }


def progress_findings(facts: dict[str, Any] | None, ended: str) -> list[Finding]:
    """Say so where a search was cut while it was still improving.

    Parameters
    ----------
    facts
        As of :meth:`Progress.facts`.
    ended
        What ended the search.
    """
    if facts is None or ended != "budget" or (facts["again"]["chance"] or 0.0) < LIKELY:
        return []
    trials, chance = facts["again"]["trials"], facts["again"]["chance"]
    message = (
        f"the search was cut while it was still improving: {len(facts['improved'])} of {trials} trials were better "
        f"than the best before them by more than the noise, the last at place {facts['improved'][-1] + 1}; as many "
        f"again would bring another one with a chance of {chance:.0%}"
    )
    evidence = {"trials": trials, "improved": facts["improved"], "chance": round(chance, 4)}
    return [
        Finding("STILL-IMPROVING", "info", message, evidence, f"tuner.trials={2 * trials}, or twice the tuner.budget_s")
    ]
