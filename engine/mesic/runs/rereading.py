"""A finished run's rows, parts and recipe, made again from its folder and its source."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mesic.data.preparing import prepare
from mesic.data.reading import type_table
from mesic.data.view import Dataset
from mesic.errors import DataError, UsageError
from mesic.host.building import build
from mesic.host.registry import Registry, installed
from mesic.partition.proof import partition
from mesic.partition.rows import Split
from mesic.runs import plan
from mesic.runs.seeds import stage_seed
from mesic.runs.versions import read_version
from mesic.training.recipe import Recipe


def dataset_again(folder: Path, record: Mapping[str, Any], *, key: str) -> Dataset:
    """Return the dataset of a finished run, row for row as the run saw it.

    Parameters
    ----------
    folder, record
        Of the run.
    key
        As what the user gave it, such as ``"run"``.

    Raises
    ------
    DataError
        The source gives other rows now, and the run kept none.
    """
    version = read_version(str(folder), key=key)
    declared = {**plan.source_of(installed(), record["config"])[1], **version.declared}
    typed = type_table(version.table, declared, record["data"]["target"])
    if typed.digest != record["data"]["digest"]:
        raise DataError(
            f"{key}={folder}: its source {record['data']['path']!r} gives other rows now; bring back those of the "
            "run, or run again with snapshot=FOLDER, which keeps them"
        )
    return prepare(typed, declared)[0]


def split_again(record: Mapping[str, Any], dataset: Dataset) -> Split:
    """Return the parts of a finished run.

    Raises
    ------
    UsageError
        The splitter divides these rows otherwise now.
    """
    part = plan.part_of(installed(), record["config"], "splitter")
    seed = stage_seed(record["config"]["seed"], "partition")
    split, proof, _ = partition(build(part.offer, part.options), dataset, seed=seed)
    if proof["digest"] != record["partition"]["digest"]:
        raise UsageError(f"splitter={part.name} divides the rows otherwise now: its code has changed; run again")
    return split


def recipe_again(folder: Path, record: Mapping[str, Any], registry: Registry, threads: int) -> Recipe:
    """Return the recipe that counts most in a finished run's model; rounds that were sought are sought again."""
    config, data = record["config"], record["data"]
    recipe = plan.recipe_of(registry, config, task=data["task"], classes=len(data["classes"]), threads=threads)
    params = _params_of_first(folder, record)
    if params is None:
        return _of_baseline(recipe, record, registry)
    space = plan.space_of(registry, config)
    learner = space.part_of(params)
    rounds = learner.offer.component.rounds
    sought = {rounds, f"{learner.name}.{rounds}"} if learner.name in space.most_rounds else set()
    made = space.recipe(recipe, {name: value for name, value in params.items() if name not in sought})
    return replace(made, threads=threads)


def _params_of_first(folder: Path, record: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the values of the trial that counts most; None where a baseline was taken, which is no trial."""
    taken = record["zone"]["taken"]
    number = max(taken, key=taken.__getitem__)
    trials = [json.loads(line) for line in (folder / "trials.jsonl").read_text(encoding="utf-8").splitlines()]
    found: dict[str, Any] | None = next(
        (trial["params"] for trial in trials if str(trial["number"]) == number and trial["state"] == "complete"), None
    )
    return found


def _of_baseline(recipe: Recipe, record: Mapping[str, Any], registry: Registry) -> Recipe:
    name = record["model"]["learner"]
    baselines = {part.name: part for part in plan.baselines_of(registry, record["config"])}
    if name in baselines:
        plain = plan.named_part(registry, record["config"], "sampler", "everything")
        return recipe.plain(baselines[name], plain)
    return recipe.with_learner(recipe.learner.with_options(record["model"]["options"]))
