"""What is told of models once it is known how they differ: order, reference, verdicts, the worth of the best."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import combinations
from typing import Any, Protocol

import numpy as np

from mesic.comparing.candidates import OUT_OF_FOLD, Candidate
from mesic.comparing.ground import Ground
from mesic.comparing.multiplicity import holm
from mesic.comparing.question import Compared, Question
from mesic.comparing.scores import Scores
from mesic.comparing.verdicts import rows_to_decide, verdict_of
from mesic.comparing.winner import worth_of_best
from mesic.evaluation.comparison import Comparison
from mesic.evaluation.metrics import Metric
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


def loss_of(task: str) -> str:
    """Return the name of the loss that decides."""
    return LOSSES.get(task, "log loss")


@dataclass(frozen=True)
class Teller:
    """Tells what was found; without a ground only folds are known."""

    candidates: Sequence[Candidate]
    question: Question
    deciding: Deciding
    ground: Ground | None
    notes: tuple[str, ...] = ()

    def told(self, beside: dict[str, Any] | None) -> Compared:
        """Return everything, with what the other part says of two models."""
        reference, p = self._reference(), self._adjusted()
        others = [number for number in self._order() if number != reference]
        n = self.ground.rows.size if self.ground else len(self.candidates[0].facts["partition"]["folds"])
        return Compared(
            part=self.ground.part if self.ground else OUT_OF_FOLD,
            rows=n,
            unit=self.ground.plan.unit if self.ground else "folds",
            by=self.question.by or loss_of(self.candidates[0].task),
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
            if name in (self.question.by, loss_of(self.candidates[0].task).replace(" ", "_")):
                continue  # that decides
            scores = self.scores[name]
            difference = scores.difference(number, reference, self.question.level)
            p = float("nan") if difference["p"] is None else difference["p"]
            said = self._said(difference, p, is_greater=metric.greater_is_better, margin=None)
            found.append({"metric": name, "greater_is_better": metric.greater_is_better, **said})
        return found

    @cached_property
    def scores(self) -> dict[str, Scores]:
        """Scores of all models by each metric that is told."""
        assert self.ground is not None
        return {name: self.ground.scores(metric) for name, metric in self._shown().items()}

    def _worth(self) -> dict[str, Any] | None:
        if self.question.against is not None or self.ground is None:
            return None
        ground, level = self.ground, self.question.level
        if self.question.by is None:
            rng = self.question.rng()
            losses = list(ground.losses)
            apart = ground.groups if ground.blocks is None else ground.blocks
            found = optimism_of_best(losses, weight=ground.weight, groups=apart, level=level, rng=rng)
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
