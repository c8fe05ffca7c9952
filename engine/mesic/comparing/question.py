"""What is asked of several models, and what is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mesic.evaluation.metrics import Metric


@dataclass(frozen=True)
class Question:
    """What is asked of models.

    Parameters
    ----------
    metrics
        By name, the primary one first.
    by
        The metric that decides; None: the mean loss.
    against
        Name of the reference; None: the best one.
    level
        Of intervals and tests, such as 0.95.
    margin
        Differences up to it do not matter; None: any difference matters.
    seed
        Decides what is drawn.
    """

    metrics: Mapping[str, Metric]
    by: str | None = None
    against: str | None = None
    level: float = 0.95
    margin: float | None = None
    seed: int = 0

    def rng(self) -> np.random.Generator:
        """Return a fresh generator."""
        return np.random.default_rng(self.seed)


@dataclass(frozen=True)
class Compared:
    """How several models compare with one of them.

    Parameters
    ----------
    part
        Whose rows they were compared on: ``"test"``, ``"out of fold"`` or ``"new rows"``.
    rows, unit
        How many, and what is independent among them.
    by
        What decides: a loss, or a metric.
    greater_is_better
        Whether more of it is better.
    level, margin
        As of the question.
    reference
        Name of the one that all others are compared with.
    is_chosen
        Whether the reference is the best of these, chosen by the same rows.
    models
        One a model, the best first: name, learner, value, scores with intervals.
    pairs
        One a model beside the reference, the best first: the difference to the reference, p for the number of tests,
        the verdict, the rows that would decide, differences by every metric.
    tests
        How many differences were tested at once.
    worth
        Of the best one: what it seems, and what to expect of it on other rows; None where nothing was chosen.
    beside
        Of two models: their difference on the other part.
    notes
        What else a reader should know.
    """

    part: str
    rows: int
    unit: str
    by: str
    greater_is_better: bool
    level: float
    margin: float | None
    reference: str
    is_chosen: bool
    models: Sequence[Mapping[str, Any]]
    pairs: Sequence[Mapping[str, Any]]
    tests: int
    worth: Mapping[str, Any] | None = None
    beside: Mapping[str, Any] | None = None
    notes: Sequence[str] = field(default_factory=tuple)

    def as_dict(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        return dict(self.__dict__) | {"models": list(self.models), "pairs": list(self.pairs), "notes": list(self.notes)}
