"""The mean of several fitted pipelines, as one pipeline; and whose answers go into it, by how much."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mesic.bundle.step import PortableStep
from mesic.training.fitted import Fitted
from mesic.training.folds import OutOfFold
from mesic.training.zone import Trial

MOST_MEMBERS = 12
MOST_TAKEN = 16
MOST_ADDED = 40
FITS = 8


def mean_of(members: Sequence[Fitted], weights: Sequence[float]) -> Fitted:
    """Return one pipeline that answers with the weighted mean of others.

    Its first step asks for every column that any of them needs, with all levels that any of them knows.
    """
    first = members[0]
    step = PortableStep(
        "mean",
        {"classes": first.classes, "present": [_present(member) for member in members]},
        {"weight": np.asarray(weights, dtype=np.float64)},
        members=tuple(member.steps for member in members),
    )
    sizes = [member.complexity for member in members if member.complexity is not None]
    return Fitted(
        steps=(_codes([member.steps[0] for member in members]), step),
        present=np.arange(first.classes),
        classes=first.classes,
        threads=first.threads,
        complexity=_sum_of(sizes) if len(sizes) == len(members) else None,
        inputs=tuple(dict.fromkeys(name for member in members for name in member.inputs)),
        choices=first.choices,
        findings=tuple({finding.message: finding for member in members for finding in member.findings}.values()),
    )


def followed_by(fitted: Fitted, steps: Sequence[PortableStep]) -> Fitted:
    """Return a pipeline of which some steps take the answers, those for all classes."""
    if not steps:
        return fitted
    whole = (
        fitted if fitted.present.size == fitted.classes else replace(mean_of([fitted], [1.0]), threads=fitted.threads)
    )
    return replace(whole, steps=(*whole.steps, *steps))


def fitted_mean(counts: Mapping[int, int], models_of: Callable[[int], Sequence[Fitted]]) -> Fitted:
    """Return the mean of some trials.

    Parameters
    ----------
    counts
        How often each trial counts.
    models_of
        Returns what stands for a trial: itself, fitted on all training rows, once or with several seeds, or the models
        of its folds.
    """
    members: list[tuple[Fitted, float]] = []
    for number, count in counts.items():
        models = models_of(number)
        members += [(model, count / len(models)) for model in models]
    return mean_of(*zip(*members, strict=True))


def fits_of(counts: Mapping[int, int]) -> dict[int, int]:
    """Return how often each trial of a mean is fitted, every time with another seed: about eight times together.

    The mean of several fits of one recipe varies less than one of them.

    References
    ----------
    L. Breiman, Bagging Predictors, Machine Learning 24, 1996.

    Examples
    --------
    >>> fits_of({4: 2, 9: 1}), fits_of({4: 1}), fits_of(dict.fromkeys(range(12), 1))[11]
    ({4: 5, 9: 3}, {4: 8}, 1)
    """
    total = sum(counts.values())
    return {number: max(1, round(FITS * count / total)) for number, count in counts.items()}


def _sum_of(sizes: Sequence[tuple[float, str]]) -> tuple[float, str] | None:
    """Return the size of all together; None where they are not told in one unit."""
    unit = sizes[0][1]
    return (float(sum(size for size, _ in sizes)), unit) if all(other == unit for _, other in sizes) else None


def _present(member: Fitted) -> list[int]:
    return [int(code) for code in member.present]


def _codes(steps: Sequence[PortableStep]) -> PortableStep:
    columns: dict[str, dict[str, object]] = {}
    for column in (column for step in steps for column in step.params["columns"]):
        known = columns.setdefault(column["name"], dict(column))
        if column["kind"] == "category":
            known["levels"] = sorted({*known["levels"], *column["levels"]})  # type: ignore[misc]  # a list of text
    return PortableStep("codes", {"columns": list(columns.values())}, {})


def counts_of(
    answers: Mapping[int, np.ndarray], loss_of: Callable[[np.ndarray], float], members: Sequence[int]
) -> dict[int, int]:
    """Return how often each trial counts: members of the zone once, and any of all again while the mean's loss falls.

    A trial outside the zone that errs otherwise than its members may still mend their mean.

    Parameters
    ----------
    answers
        What each trial predicts, in one shape; the members and others.
    loss_of
        Returns the loss of what a mean predicts.
    members
        Of the zone, the best first; of more than twelve the rest is left out.

    References
    ----------
    R. Caruana et al., Ensemble Selection from Libraries of Models, ICML 2004.

    Examples
    --------
    >>> answers = {7: np.array([0.0]), 3: np.array([1.0]), 5: np.array([2.0])}
    >>> counts_of(answers, lambda mean: float(abs(mean - 0.5).sum()), [7]), counts_of(answers, lambda mean: 1.0, [7, 3])
    ({7: 1, 3: 1}, {7: 1, 3: 1})
    """
    counts = dict.fromkeys(members[:MOST_MEMBERS], 1)
    total = np.sum([answers[number] for number in counts], axis=0)
    loss = loss_of(total / len(counts))
    for _ in range(MOST_ADDED if len(answers) > 1 else 0):
        size = sum(counts.values())
        allowed = answers if len(counts) < MOST_TAKEN else counts
        found = {number: loss_of((total + answers[number]) / (size + 1)) for number in allowed}
        best = min(found, key=found.__getitem__)
        if found[best] >= loss:
            break
        counts[best], total, loss = counts.get(best, 0) + 1, total + answers[best], found[best]
    return counts


class FoldModels:
    """The models of the folds of the best trials so far; the others are fitted again where they are wanted.

    Parameters
    ----------
    most
        Trials whose models are kept.
    """

    def __init__(self, most: int = 2 * MOST_MEMBERS) -> None:
        self.most, self.kept = most, dict[int, tuple[float, tuple[Fitted, ...]]]()

    def hear(self, trial: Trial, found: OutOfFold | None) -> None:
        """Keep the models of a trial, and drop those of the worst."""
        if found is None or trial.losses is None or not found.models:
            return
        self.kept[trial.number] = (trial.loss, found.models)
        if len(self.kept) > self.most:
            del self.kept[max(self.kept, key=lambda number: (self.kept[number][0], number))]

    def of(self, number: int, again: Callable[[], Sequence[Fitted]]) -> tuple[Fitted, ...]:
        """Return the models of a trial; `again` fits its folds where they were not kept."""
        return self.kept[number][1] if number in self.kept else tuple(again())
