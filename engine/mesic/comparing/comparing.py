"""Which of several models is better: all against a reference, on the same rows, and how sure that is."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any, Protocol

import numpy as np

from mesic.comparing.candidates import OUT_OF_FOLD, TEST, Candidate
from mesic.comparing.folds import fold_losses_of
from mesic.comparing.ground import Ground, Roles, ground_of
from mesic.comparing.multiplicity import holm
from mesic.comparing.scores import Scores
from mesic.comparing.verdicts import rows_to_decide, verdict_of
from mesic.comparing.winner import worth_of_best
from mesic.errors import SettingError
from mesic.evaluation.comparison import Comparison
from mesic.evaluation.metrics import Metric
from mesic.training.confidence import SHARED_ROWS
from mesic.training.optimism import optimism_of_best

TWO = 2
LOSSES = {"regression": "squared error"}


class Deciding(Protocol):
    """Values of k models by which they are told apart."""

    @property
    def values(self) -> np.ndarray:
        """Shape (k,)."""
        ...

    def p(self, one: int, other: int) -> float:
        """Return the two-sided p of no difference."""
        ...

    def difference(self, one: int, other: int, level: float) -> Comparison:
        """Return by how much larger the value of `one` is than that of `other`."""
        ...


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


def compared(candidates: Sequence[Candidate], question: Question, *, part: str, roles: Roles) -> Compared:
    """Compare models on rows that none of them learned from.

    Parameters
    ----------
    candidates
        Two at least.
    question
        What is asked.
    part
        Whose rows: ``"test"``, ``"out of fold"`` or ``"new rows"``.
    roles
        Returns weights and groups of rows.

    Raises
    ------
    SettingError
        The reference is none of them.
    """
    _refuse_strange(question.against, candidates)
    metric = _metric(question)
    if part == OUT_OF_FOLD and not all(candidate.has(part) for candidate in candidates):
        return _by_folds(candidates, question)
    widened = SHARED_ROWS if part == OUT_OF_FOLD else 1.0
    ground = ground_of(candidates, part, roles, rng=question.rng(), widened=widened)
    deciding = ground.means() if metric is None else ground.scores(metric)
    reporter = _Reporter(candidates, question, deciding, ground)
    beside = None if question.against is None or len(candidates) > TWO else _beside(candidates, question, part, roles)
    return reporter.told(beside)


def _refuse_strange(against: str | None, candidates: Sequence[Candidate]) -> None:
    names = [candidate.name for candidate in candidates]
    if against is not None and against not in names:
        raise SettingError("against", against, f"one of {', '.join(names)}")


def _metric(question: Question) -> Metric | None:
    return None if question.by is None else question.metrics[question.by]


def _by_folds(candidates: Sequence[Candidate], question: Question) -> Compared:
    if question.by is not None:
        raise SettingError("metric", question.by, "null, for answers out of fold are gone; or by=test")
    deciding = fold_losses_of(candidates)
    note = (
        "answers out of fold are gone: the losses of whole folds were compared, of the trial that counts most in each"
    )
    return _Reporter(candidates, question, deciding, None, (note,)).told(None)


def _beside(candidates: Sequence[Candidate], question: Question, part: str, roles: Roles) -> dict[str, Any] | None:
    """Return the difference of the losses of two models on the other part; None where there is none."""
    other = {TEST: OUT_OF_FOLD, OUT_OF_FOLD: TEST}.get(part)
    if other is None or not all(candidate.has(other) for candidate in candidates):
        return None
    widened = SHARED_ROWS if other == OUT_OF_FOLD else 1.0
    ground = ground_of(candidates, other, roles, rng=question.rng(), widened=widened)
    place = next(n for n, candidate in enumerate(candidates) if candidate.name == question.against)
    difference = ground.means().difference(1 - place, place, question.level)
    verdict = verdict_of(difference, p=difference["p"], greater_is_better=False)
    return {"part": other, "by": _loss(candidates[0].task), "difference": difference, "verdict": verdict}


def _loss(task: str) -> str:
    return LOSSES.get(task, "log loss")


@dataclass(frozen=True)
class _Reporter:
    """Tells what was found; without a ground only folds are known."""

    candidates: Sequence[Candidate]
    question: Question
    deciding: Deciding
    ground: Ground | None
    notes: tuple[str, ...] = ()

    def told(self, beside: dict[str, Any] | None) -> Compared:
        reference, p = self._reference(), self._adjusted()
        others = [number for number in self._order() if number != reference]
        n = self.ground.rows.size if self.ground else len(self.candidates[0].facts["partition"]["folds"])
        return Compared(
            part=self.ground.part if self.ground else OUT_OF_FOLD,
            rows=n,
            unit=self.ground.plan.unit if self.ground else "folds",
            by=self.question.by or _loss(self.candidates[0].task),
            greater_is_better=self._is_greater,
            level=self.question.level,
            margin=self.question.margin,
            reference=self.candidates[reference].name,
            is_chosen=self.question.against is None,
            models=[self._model(number) for number in self._order()],
            pairs=[
                self._pair(number, reference, p[min(number, reference), max(number, reference)]) for number in others
            ],
            tests=len(p),
            worth=self._worth(),
            beside=beside,
            notes=(*self.notes, *self._luck_notes()),
        )

    @property
    def _is_greater(self) -> bool:
        return self.question.by is not None and self.question.metrics[self.question.by].greater_is_better

    def _order(self) -> list[int]:
        values = self.deciding.values * (-1.0 if self._is_greater else 1.0)
        return [int(number) for number in np.argsort(values, kind="stable")]

    def _reference(self) -> int:
        if self.question.against is None:
            return self._order()[0]
        return [candidate.name for candidate in self.candidates].index(self.question.against)

    def _adjusted(self) -> dict[tuple[int, int], float]:
        """Return p by pair; a reference that these very rows have chosen could have been any, so all pairs count."""
        numbers = range(len(self.candidates))
        pairs = list(combinations(numbers, 2))
        if self.question.against is not None:
            reference = self._reference()
            pairs = [pair for pair in pairs if reference in pair]
        return dict(zip(pairs, holm([self.deciding.p(*pair) for pair in pairs]), strict=True))

    def _model(self, number: int) -> dict[str, Any]:
        candidate = self.candidates[number]
        scores = [] if self.ground is None else self.ground.table(self._shown(), number, self.question.level)
        value = float(self.deciding.values[number])
        return {"name": candidate.name, "learner": candidate.learner, "value": value, "scores": scores}

    def _shown(self) -> dict[str, Metric]:
        """Return the metrics that are told of each model: of many models that which decides, or the primary one."""
        if len(self.candidates) == TWO:
            return dict(self.question.metrics)
        name = self.question.by or next(iter(self.question.metrics))
        return {name: self.question.metrics[name]}

    def _pair(self, number: int, reference: int, p: float) -> dict[str, Any]:
        difference = self.deciding.difference(number, reference, self.question.level)
        told = self._said(difference, p, is_greater=self._is_greater, margin=self.question.margin)
        metrics = self._by_metrics(number, reference) if self.ground and len(self.candidates) == TWO else []
        return {"model": self.candidates[number].name, **told, "metrics": metrics}

    def _said(self, difference: Comparison, p: float, *, is_greater: bool, margin: float | None) -> dict[str, Any]:
        known = None if np.isnan(p) else p
        verdict = verdict_of(difference, p=known, greater_is_better=is_greater, margin=margin)
        rows = None
        if verdict == "cannot tell" and difference["unit"] != "folds":
            tests = max(1, len(self.candidates) - 1)
            rows = rows_to_decide(difference, tests=tests)
        return {"difference": difference, "p": known, "verdict": verdict, "rows_to_decide": rows}

    def _by_metrics(self, number: int, reference: int) -> list[dict[str, Any]]:
        found = []
        for name, metric in self._shown().items():
            if name in (self.question.by, _loss(self.candidates[0].task).replace(" ", "_")):
                continue  # that decides
            scores = self.scores[name]
            difference = scores.difference(number, reference, self.question.level)
            p = float("nan") if difference["p"] is None else difference["p"]
            said = self._said(difference, p, is_greater=metric.greater_is_better, margin=None)
            found.append({"metric": name, "greater_is_better": metric.greater_is_better, **said})
        return found

    @cached_property
    def scores(self) -> dict[str, Scores]:
        assert self.ground is not None
        return {name: self.ground.scores(metric) for name, metric in self._shown().items()}

    def _worth(self) -> dict[str, Any] | None:
        if self.question.against is not None or self.ground is None:
            return None
        ground, level = self.ground, self.question.level
        if self.question.by is None:
            rng = self.question.rng()
            losses = list(ground.losses)
            found = optimism_of_best(losses, weight=ground.weight, groups=ground.groups, level=level, rng=rng)
        else:
            found = worth_of_best(self.question.metrics[self.question.by], ground.sides(), ground.plan, level=level)
        best = self._order()[0]
        seems = float(self.deciding.values[best])
        told = None if found is None else asdict(found)
        return told and {"name": self.candidates[best].name, "seems": seems, **told, "models": len(self.candidates)}

    def _luck_notes(self) -> list[str]:
        if self.ground is None or not self.ground.luck.any() or self.question.by is not None:
            return []
        both = zip(self.candidates, self.ground.luck, strict=True)
        said = ", ".join(f"{luck:.2g} of {candidate.name}" for candidate, luck in both if luck)
        return [f"each search has chosen by its losses out of fold; what that luck is worth is added to them: {said}"]
