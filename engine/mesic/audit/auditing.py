"""Ask every auditor in turn; what one suspects the next ones do without."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np

from mesic.audit.pricing import Pricing
from mesic.audit.view import AuditView
from mesic.data.schema import Schema
from mesic.data.view import Dataset
from mesic.evaluation.view import Evaluation
from mesic.findings import Finding
from mesic.host.building import build
from mesic.partition.rows import Split
from mesic.runs.seeds import stage_rng
from mesic.training.part import Part
from mesic.training.recipe import Recipe


@dataclass(frozen=True)
class Audited:
    """What the auditors answered, by name, and what they found."""

    answers: Mapping[str, Any]
    findings: Sequence[Finding]


class Asking(Protocol):
    """Asks an auditor."""

    def __call__(self, part: Part, view: AuditView) -> Evaluation:
        """Return what an auditor says."""
        ...


def ask(part: Part, view: AuditView) -> Evaluation:
    """Ask an auditor."""
    answer: Evaluation = build(part.offer, part.options).audit(view)
    return answer


def audit(  # noqa: PLR0913 - what is looked at, what prices it, and who asks
    auditors: Sequence[Part],
    dataset: Dataset,
    schema: Schema,
    split: Split,
    recipe: Recipe,
    metric: Any,
    *,
    level: float,
    seed: int,
    asked: Asking = ask,
) -> Audited:
    """Return what every auditor says of the rows and their parts.

    Parameters
    ----------
    auditors
        In the order in which they are asked: a column that one names as a leak is out of sight of those after it, so
        that several leaks cannot hide each other's price.
    dataset, schema, split
        What is looked at.
    recipe, metric
        What prices a suspicion: a learner alone, and a metric of which more is better.
    level
        Of intervals.
    seed
        Of the run.
    asked
        Asks each auditor, or knows what it has said.
    """
    answers: dict[str, Any] = {}
    findings: list[Finding] = []
    suspects: list[str] = []
    for part in auditors:
        X = dataset.X.drop(columns=suspects)
        if X.shape[1] == 0:
            break
        seen = replace(dataset, X=X)
        view = AuditView(
            task=dataset.task,
            classes=dataset.classes,
            X=X,
            y=dataset.y[split.train],
            split=split,
            keys=dataset.keys,
            origin=dataset.origin,
            groups=dataset.groups,
            time=dataset.time,
            unlabelled=(dataset.X.head(0) if dataset.unlabelled is None else dataset.unlabelled)[list(X.columns)],
            suspects=dataset.X[suspects],
            ignored=schema.ignored,
            kinds={column.name: column.kind for column in schema.features if column.name in X},
            pricing=Pricing(recipe, seen, split.folds[-1], metric, level, seed),
            level=level,
            rng=stage_rng(seed, f"auditor {part.name}"),
        )
        evaluation = asked(part, view)
        answers[part.name] = {**evaluation.data, "found": [finding.code for finding in evaluation.findings]}
        findings += evaluation.findings
        suspects += _suspected(evaluation.findings, X.columns, suspects)
    return Audited(answers, findings)


def _suspected(findings: Sequence[Finding], columns: Any, suspects: Sequence[str]) -> list[str]:
    named = [
        name for finding in findings if finding.code.startswith("LEAK-") for name in finding.evidence.get("leaking", ())
    ]
    return [name for name in np.unique(named).tolist() if name in columns and name not in suspects]
