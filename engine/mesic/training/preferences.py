"""What can be taken from the zone: the mean of its members, or one of them, and what each costs against the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mesic.data.view import Dataset
from mesic.evaluation.comparison import paired_difference
from mesic.training.folds import OutOfFold, losses_by_row, mean_out_of_fold
from mesic.training.mean import MOST_MEMBERS, counts_of
from mesic.training.zone import Trial, choose

ONE_TRIAL = ("best", "simplest", "fastest", "stable")


@dataclass(frozen=True)
class Taken:
    """What one preference takes.

    Parameters
    ----------
    name
        The preference.
    counts
        How often each trial counts.
    found
        What is predicted out of fold.
    reason
        Why these.
    predict_us
        Microseconds a row, of all of it.
    """

    name: str
    counts: Mapping[int, int]
    found: OutOfFold
    reason: str
    predict_us: float

    @property
    def is_mean(self) -> bool:
        """Whether several trials are taken."""
        return self.name == "mean"


def all_that_can_be_taken(
    members: Sequence[Trial], load: Callable[[int], OutOfFold], dataset: Dataset
) -> dict[str, Taken]:
    """Return what each preference takes from the zone; the mean only of two trials or more.

    Parameters
    ----------
    members
        Of the zone.
    load
        Returns what a trial predicted out of fold.
    dataset
        All rows.
    """
    ranked = sorted(members, key=lambda trial: (trial.loss, trial.number))
    taken = {}
    for name in ONE_TRIAL:
        trial, reason = choose(members, name)
        taken[name] = Taken(name, {trial.number: 1}, load(trial.number), reason, trial.predict_us)
    return ({"mean": _mean(ranked, load, dataset)} if len(ranked) > 1 else {}) | taken


def _mean(ranked: Sequence[Trial], load: Callable[[int], OutOfFold], dataset: Dataset) -> Taken:
    found = {trial.number: load(trial.number) for trial in ranked[:MOST_MEMBERS]}
    counts = counts_of(lambda tried: mean_out_of_fold(dataset, found, tried).loss, list(found))
    folds = np.unique(found[ranked[0].number].fold).size
    takes = sum(trial.predict_us for trial in ranked if trial.number in counts) * (folds + 1)
    reason = f"the mean of {len(counts)} of {len(ranked)} in the zone that may be taken"
    joined = mean_out_of_fold(dataset, found, counts)
    if joined.complexity is not None:
        joined = replace(joined, complexity=(joined.complexity[0] * (folds + 1), joined.complexity[1]))
    return Taken("mean", counts, joined, reason, takes)


def preference_facts(
    taken: Mapping[str, Taken], chosen: str, dataset: Dataset, *, level: float, rng: np.random.Generator
) -> list[dict[str, Any]]:
    """Return what each preference would be and how much more it loses than the one that is chosen, paired by row."""
    own = taken[chosen].found
    rows = np.unique(own.rows)
    about: dict[str, Any] = {
        "weight": None if dataset.weight is None else dataset.weight[rows],
        "groups": None if dataset.groups is None else dataset.groups[rows],
        "level": level,
        "rng": rng,
    }
    losses = losses_by_row(own.rows, own.losses)
    facts = []
    for name, other in taken.items():
        theirs = losses_by_row(other.found.rows, other.found.losses)
        worse = None if name == chosen else dict(paired_difference(theirs, losses, **about))
        size = other.found.complexity
        facts.append(
            {
                "name": name,
                "trials": {str(number): count for number, count in other.counts.items()},
                "reason": other.reason,
                "loss": other.found.loss,
                "worse": worse,
                "complexity": size[0] if size else None,
            }
        )
    return facts
