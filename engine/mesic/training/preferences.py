"""What can be taken from the zone: the mean of its members, or one of them, and what each costs against the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mesic.data.view import Dataset
from mesic.evaluation.comparison import paired_difference
from mesic.evaluation.losses import example_losses
from mesic.training.folds import OutOfFold, losses_by_row, mean_out_of_fold
from mesic.training.mean import MOST_MEMBERS, counts_of
from mesic.training.zone import Trial, choose, standard_error

MEAN_TOLERANCE = 0.1
MOST_LOOKED_AT, CELLS_LOOKED_AT = 60, 2_000_000  # trials that could mend a mean, and their rows
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
    members: Sequence[Trial],
    complete: Sequence[Trial],
    takeable: Sequence[Trial],
    load: Callable[[int], OutOfFold],
    dataset: Dataset,
    skill: float,
    *,
    is_searched: bool = True,
) -> dict[str, Taken]:
    """Return what each preference takes from the zone; the mean only where more than one trial was made.

    Parameters
    ----------
    members
        Of the zone, for the mean.
    complete
        All that could mend the mean.
    takeable
        Those that lose little against the best, for one of them.
    load
        Returns what a trial predicted out of fold.
    dataset
        All rows.
    skill
        By how much the best one's loss is below that of the zero rule; the mean takes none that loses a tenth of it.
    is_searched
        Whether more than one trial was made; where one of them is complete, the mean is that of its fits.
    """
    ranked = sorted(members, key=_by_loss)
    ranked = [trial for trial in ranked if trial.loss - ranked[0].loss <= MEAN_TOLERANCE * max(skill, 0.0)]
    taken = {}
    for name in ONE_TRIAL:
        trial, reason = choose(takeable, name)
        taken[name] = Taken(name, {trial.number: 1}, load(trial.number), reason, trial.predict_us)
    return ({"mean": _mean(ranked, complete, load, dataset)} if is_searched else {}) | taken


def _mean(
    ranked: Sequence[Trial], complete: Sequence[Trial], load: Callable[[int], OutOfFold], dataset: Dataset
) -> Taken:
    """Return the mean of members, the best first, and of other complete trials that mend it."""
    rows = load(ranked[0].number).rows
    most = int(np.clip(CELLS_LOOKED_AT / rows.size, MOST_MEMBERS, MOST_LOOKED_AT))
    numbers = [trial.number for trial in ranked[:MOST_MEMBERS]]
    others = [trial for trial in sorted(complete, key=_by_loss) if trial.number not in numbers]
    known = {trial.number: trial for trial in [*ranked[:MOST_MEMBERS], *others[: max(0, most - len(numbers))]]}
    found = {number: load(number) for number in known}
    y, weight = dataset.y[rows], None if dataset.weight is None else dataset.weight[rows]

    def loss_of(prediction: np.ndarray) -> float:
        return float(np.average(example_losses(dataset.task, y, prediction), weights=weight))

    counts = counts_of({number: each.prediction for number, each in found.items()}, loss_of, numbers)
    takes = sum(known[number].predict_us for number in counts)
    outside = sum(number not in {trial.number for trial in ranked} for number in counts)
    beside = f", and of {outside} beside it that mend it" if outside else ""
    reason = f"the mean of {len(counts) - outside} of {len(ranked)} trials in the zone{beside}"
    return Taken("mean", counts, mean_out_of_fold(dataset, found, counts), reason, takes)


def _by_loss(trial: Trial) -> tuple[float, int]:
    return trial.loss, trial.number


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
                "loss_se": standard_error(theirs, about["weight"]),
                "worse": worse,
                "complexity": size[0] if size else None,
            }
        )
    return facts
