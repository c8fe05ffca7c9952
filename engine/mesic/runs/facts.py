"""What the record says of the data, the partition, the model and the bundle."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from mesic.data.schema import Schema
from mesic.data.view import Dataset
from mesic.evaluation import scoring
from mesic.partition.rows import Split
from mesic.runs.files import json_digest
from mesic.runs.reading import ReadRows
from mesic.training.fitted import Fitted
from mesic.training.recipe import Recipe


def data_facts(source: Mapping[str, Any], typed: ReadRows, dataset: Dataset) -> dict[str, Any]:
    """Return where the rows came from, what they are and what is predicted."""
    columns = typed.schema.columns
    return {
        "source": source["name"],
        "path": source.get("path") or source.get("dataset"),
        "digest": typed.digest,
        "rows": typed.rows,
        "columns": [column.as_dict() for column in columns],
        "target": next(column.name for column in columns if column.role == "target"),
        "task": dataset.task,
        "classes": list(dataset.classes),
        "positive": dataset.classes[1] if dataset.task == "binary" else None,
    }


def columns_of(schema: Schema, names: Iterable[Any]) -> dict[str, dict[str, Any]]:
    """Return what the schema and its owners say of some columns, by name."""
    columns = (schema[str(name)] for name in names)
    return {column.name: {"kind": column.kind, **column.told} for column in columns}


def partition_facts(splitter: str, dataset: Dataset, split: Split, proof: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the rows were divided, and the proof; the proof's digest stands beside it."""
    parts = {"train": split.train, "test": split.test}
    if split.left_out.size:
        parts["left_out"] = split.left_out
    return {
        "splitter": splitter,
        "mode": split.mode,
        "by": split.by,
        "rows": {part: rows.size for part, rows in parts.items()},
        "folds": [
            {"train": fit.size, "validate": validate.size, **_place(dataset, split, fit, validate)}
            for fit, validate in split.folds
        ],
        "place": _place(dataset, split, split.train, split.test),
        "classes": {part: _class_counts(dataset, rows) for part, rows in parts.items()},
        "digest": proof["digest"],
        "facts": split.facts,
        "proof": {law: holds for law, holds in proof.items() if law != "digest"},
    }


def _place(dataset: Dataset, split: Split, fit: np.ndarray, later: np.ndarray) -> dict[str, int]:
    """Return how many rows lie before those that are fitted on, and between them and the later ones."""
    if split.by != "time" or dataset.time is None:
        return {}
    time, start, end = dataset.time, dataset.time[fit].min(), dataset.time[fit].max()
    return {
        "before": int((time < start).sum()),
        "between": int(((time > end) & (time < time[later].min())).sum()),
    }


def _class_counts(dataset: Dataset, rows: np.ndarray) -> dict[str, int]:
    if not dataset.classes:
        return {}
    counts = np.bincount(dataset.y[rows], minlength=len(dataset.classes))
    return {label: int(count) for label, count in zip(dataset.classes, counts, strict=True)}


def model_facts(recipes: Sequence[Recipe], model: Fitted, why: str, digests: Mapping[str, str]) -> dict[str, Any]:
    """Return what was chosen and why, and what it consists of.

    Parameters
    ----------
    recipes
        Of what was taken, that which weighs most first.
    model
        Fitted.
    why
        It was taken.
    digests
        Of its steps, by name.
    """
    learner = recipes[0].learner
    names = list(dict.fromkeys(recipe.learner.name for recipe in recipes))
    several = f"the mean of {len(recipes)} models of " + (
        "one learner" if len(names) == 1 else f"{len(names)} learners"
    )
    return {
        "learner": ", ".join(names),
        "summary": learner.offer.component.summary if len(recipes) == 1 else several,
        "options": dict(learner.options),
        "complexity": list(model.complexity) if model.complexity else None,
        "why": why,
        "steps": [{"name": name, "digest": digest} for name, digest in digests.items()],
        "columns": list(model.inputs),
    }


def _decision(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return how answers are decided, where something decides them beside the most probable class."""
    facts = record.get("decision") or {}
    told = {}
    if "threshold" in facts:
        said = facts["threshold"]
        told["threshold"] = {name: said[name] for name in ("rule", "threshold", "positive", "promise") if name in said}
    if "calibration" in facts:
        told["calibrator"] = facts["calibration"]["calibrator"]
    return {"decision": told} if told else {}


def bundle_facts(record: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a bundle's manifest says beside its files: task, acceptable range, digests of its origins."""
    score = scoring.find_score(record["scores"]["test"], record["primary"])
    return {
        "mesic": record["versions"]["mesic"],
        "task": record["data"]["task"],
        "classes": record["data"]["classes"],
        "target": record["data"]["target"],
        "metric": record["primary"],
        "acceptable": {end: score[end] for end in ("low", "high")},
        **_decision(record),
        "data": record["data"]["digest"],
        "code": record["code"],
        "config": json_digest(config),
    }
