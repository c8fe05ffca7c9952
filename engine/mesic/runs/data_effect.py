"""What another version of the data does to a run of the same configuration: by added rows, changed labels and cells."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from math import factorial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.data.coercion import coerce
from mesic.data.difference import Difference, difference, matched_rows
from mesic.data.preparing import prepare
from mesic.data.reading import type_table
from mesic.data.schema import load_schema
from mesic.data.view import Dataset
from mesic.errors import DataError, UsageError
from mesic.evaluation import scoring
from mesic.evaluation.comparison import Comparison, paired_difference
from mesic.evaluation.losses import example_losses
from mesic.host.registry import Registry
from mesic.runs import plan
from mesic.runs.opening import book_comparison
from mesic.runs.record import read_record
from mesic.runs.seeds import stage_rng
from mesic.runs.versions import read_version
from mesic.training.folds import final_fit
from mesic.training.recipe import Recipe

FACTORS = {
    "rows": "rows added and removed",
    "labels": "changed labels",
    "cells": "other changed cells",
}
FEWEST_TEST_ROWS = 20


@dataclass(frozen=True)
class DataEffect:
    """How much two versions of the data differ in what is learned from them.

    Parameters
    ----------
    loss
        Its name: log loss, or squared error.
    test_rows
        Test rows of the older run that both versions hold, with the targets of the newer one; both are scored on them.
    scores
        Of both versions, a score a metric, with intervals: ``a`` and ``b``.
    total
        Mean loss learned from the newer less that from the older, with interval and p; below 0 the newer is better.
    effects
        The part of each thing that changed: its Shapley value, row by row, with interval and p. They add up to `total`.
    changed
        How many rows, labels and cells changed.
    """

    loss: str
    test_rows: int
    scores: Mapping[str, list[dict[str, Any]]]
    total: Comparison
    effects: Mapping[str, Comparison]
    changed: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """Return the effect as ``--json`` prints it."""
        return dict(self.__dict__)


def data_effect(
    folder: Path, newer: str, registry: Registry, *, threads: int, say: Callable[[str], None] = lambda _: None
) -> DataEffect:
    """Fit a run's chosen recipe on both versions of its data and on what lies between, and compare on the same rows.

    Parameters
    ----------
    folder
        A finished run on the older version.
    newer
        The newer version: a table file, or a run of the same configuration.
    registry
        Where names are looked up.
    threads
        Of the numeric libraries.
    say
        Told what is being done.

    Raises
    ------
    UsageError
        The run is not finished, the configurations differ in more than the data, or both versions say the same.
    DataError
        Too few test rows are in both versions.
    """
    record = read_record(folder)
    if record.get("status") != "finished" or record.get("verb") != "run":
        raise UsageError(f"a={folder} is no finished run: what is compared is its chosen recipe")
    _refuse_other_configuration(record, newer)
    old, new = read_version(str(folder), key="a"), read_version(newer, key="b")
    versions = _Versions(folder, record, old.table, new.table, old.declared)
    if versions.found.is_empty:
        raise UsageError(f"a={folder} and b={newer} hold the same rows: there is nothing to compare")
    return _Comparer(folder, record, versions, registry, threads, say).compare()


def _refuse_other_configuration(record: Mapping[str, Any], newer: str) -> None:
    if not (Path(newer) / "record.json").is_file():
        return
    other = read_record(newer)
    own = ("source", "snapshot")
    configs = [{k: v for k, v in found["config"].items() if k not in own} for found in (record, other)]
    differs = [key for key in configs[0] if configs[0][key] != configs[1].get(key)]
    if differs:
        raise UsageError(
            f"b={newer} differs from a={record['run']['name']} in more than the data: {', '.join(differs)}; run both "
            "with one configuration"
        )


@dataclass(frozen=True)
class _Versions:
    """Both versions in one form, and what lies between them.

    Parameters
    ----------
    folder, record
        Of the older run.
    old, new
        The rows.
    declared
        Roles of the columns.
    """

    folder: Path
    record: Mapping[str, Any]
    old: pa.Table
    new: pa.Table
    declared: Mapping[str, Any]

    @property
    def target(self) -> str:
        """The column that is predicted."""
        return str(self.record["data"]["target"])

    @property
    def key(self) -> list[str]:
        """The column that names a row, if one is declared."""
        return [name for name in [self.declared.get("key")] if name]

    @cached_property
    def found(self) -> Difference:
        """What differs."""
        return difference(self.old, self.new, key=self.key, target=self.target)

    @cached_property
    def rows(self) -> tuple[np.ndarray, np.ndarray]:
        """Rows that both versions hold: their numbers in the older and in the newer."""
        return matched_rows(self.old, self.new, key=self.key, target=self.target)

    @property
    def factors(self) -> list[str]:
        """What changed, of rows, labels and cells."""
        columns = {cells.column for cells in self.found.cells}
        there = {
            "rows": bool(self.found.added.size or self.found.removed.size),
            "labels": self.target in columns,
            "cells": bool(columns - {self.target}),
        }
        return [name for name in FACTORS if there[name]]

    def table(self, taken: frozenset[str]) -> pa.Table:
        """Return the older version with some of the changes taken over; the rows that both hold come first."""
        was, now = self.rows
        both = {False: self.old.take(pa.array(was)), True: self.new.take(pa.array(now))}
        names = [name for name in self.old.column_names if name in self.new.column_names]
        cells = both["cells" in taken]
        common = pa.table(
            {name: (both["labels" in taken] if name == self.target else cells).column(name) for name in names}
        )
        rest = (
            self.new.take(pa.array(self.found.added))
            if "rows" in taken
            else self.old.take(pa.array(self.found.removed))
        )
        return _stacked(common, rest.select(names))


def _stacked(first: pa.Table, second: pa.Table) -> pa.Table:
    """Return two tables of the same columns, one below the other; columns of unlike types as text."""
    columns = {}
    for name in first.column_names:
        pair = [_without_dictionary(table.column(name)) for table in (first, second)]
        if pair[0].type != pair[1].type:
            numeric = all(pa.types.is_integer(c.type) or pa.types.is_floating(c.type) for c in pair)
            pair = [column.cast(pa.float64() if numeric else pa.string()) for column in pair]
        columns[name] = pa.chunked_array([*pair[0].chunks, *pair[1].chunks], pair[0].type)
    return pa.table(columns)


def _without_dictionary(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column


@dataclass(frozen=True)
class _Comparer:
    """Fits the recipe on each version and scores all on the same rows."""

    folder: Path
    record: Mapping[str, Any]
    versions: _Versions
    registry: Registry
    threads: int
    say: Callable[[str], None]

    def compare(self) -> DataEffect:
        self._refuse_new_labels()
        factors = self.versions.factors
        subsets = [frozenset(some) for size in range(len(factors) + 1) for some in combinations(factors, size)]
        test = self._test_rows()
        classes = self.record["data"]["classes"]
        truth = self._truth(test)
        answers = {some: self._answers(some, test) for some in subsets}
        book_comparison(self.folder, self.record, answers.values())
        losses = {some: example_losses(self.record["data"]["task"], truth, answer) for some, answer in answers.items()}
        none, everything = frozenset[str](), frozenset(factors)
        level = self.record["config"]["interval"]["level"]
        effects = {
            name: paired_difference(_shapley(name, factors, losses), np.zeros(test.size), rng=self._rng(), level=level)
            for name in factors
        }
        metrics = plan.metrics_of(self.registry, self.record["config"], self.record["data"]["task"])
        whole = {"weight": None, "groups": None, "level": level}
        scores = {
            which: scoring.scores_of(metrics, truth, answers[some], rng=self._rng(), **whole)
            for which, some in (("a", none), ("b", everything))
        }
        found = self.versions.found
        return DataEffect(
            loss="log loss" if classes else "squared error",
            test_rows=test.size,
            scores=scores,
            total=paired_difference(losses[everything], losses[none], rng=self._rng(), level=level),
            effects=effects,
            changed={
                "added": int(found.added.size),
                "removed": int(found.removed.size),
                "labels": sum(cells.cells for cells in found.cells if cells.column == self.versions.target),
                "cells": sum(cells.cells for cells in found.cells if cells.column != self.versions.target),
            },
        )

    def _rng(self) -> np.random.Generator:
        return stage_rng(self.record["config"]["seed"], "data effect")

    def _refuse_new_labels(self) -> None:
        classes = self.record["data"]["classes"]
        target = load_schema(self.folder / "schema.yaml")[self.versions.target]
        values = coerce(target, self.versions.new.column(target.name)).values
        if isinstance(values, pd.Categorical) and (new := set(values.dropna()) - set(classes)) and classes:
            raise DataError(f"the newer version has labels that the older run does not know: {', '.join(sorted(new))}")

    def _test_rows(self) -> np.ndarray:
        """Return which of the rows that both versions hold, in their order, are test rows of the older run."""
        parts = pd.read_parquet(self.folder / "partition.parquet", columns=["row", "part"])
        tests = parts["row"][parts["part"] == "test"].to_numpy()
        places = np.flatnonzero(np.isin(self.versions.rows[0], tests))
        labels = coerce(
            load_schema(self.folder / "schema.yaml")[self.versions.target], self._newer_target(places)
        ).values
        places = places[~np.asarray(pd.isna(labels))]
        if places.size < FEWEST_TEST_ROWS:
            raise DataError(f"{places.size} test rows are in both versions: give {FEWEST_TEST_ROWS} at least")
        return np.asarray(places)

    def _newer_target(self, places: np.ndarray) -> pa.ChunkedArray:
        return self.versions.new.column(self.versions.target).take(pa.array(self.versions.rows[1][places]))

    def _truth(self, places: np.ndarray) -> np.ndarray:
        """Return the targets of the test rows as the newer version says them."""
        dataset = self._dataset(frozenset({"labels"}))
        at = {int(row): place for place, row in enumerate(dataset.origin)}
        return np.asarray(dataset.y[[at[int(place)] for place in places]])

    def _dataset(self, taken: frozenset[str]) -> Dataset:
        """Return the rows of a version between both, the classes in the order of the older run."""
        options = {**self.versions.declared, "schema": str(self.folder / "schema.yaml")}
        if self.record["data"]["positive"] is not None:
            options["positive"] = self.record["data"]["positive"]
        typed = type_table(self.versions.table(taken), options, self.versions.target)
        dataset, _ = prepare(typed, options)
        classes = tuple(self.record["data"]["classes"])
        if dataset.classes == classes:
            return dataset
        code = np.array([classes.index(label) for label in dataset.classes])
        return replace(dataset, y=code[dataset.y], classes=classes)

    def _answers(self, taken: frozenset[str], test: np.ndarray) -> np.ndarray:
        self.say(f"learning from the older version with {', '.join(sorted(taken)) or 'nothing'} of the newer")
        dataset = self._dataset(taken)
        fitted = final_fit(self._recipe(dataset), dataset, _apart_from(dataset, np.isin(dataset.origin, test)))
        asked = self._dataset(frozenset({"cells"} & set(self.versions.factors)))
        at = {int(row): place for place, row in enumerate(asked.origin)}
        known = [at[int(place)] for place in test if int(place) in at]
        if len(known) < test.size:
            raise DataError(
                f"{test.size - len(known)} test rows have a label in the newer version only: label them in both"
            )
        X = asked.X.iloc[known][list(dataset.X.columns)]
        return np.asarray(fitted.predictor()(X))

    def _recipe(self, dataset: Dataset) -> Recipe:
        config, classes = self.record["config"], len(dataset.classes)
        recipe = plan.recipe_of(self.registry, config, task=dataset.task, classes=classes, threads=self.threads)
        return recipe.with_learner(recipe.learner.with_options(self.record["model"]["options"]))


def _apart_from(dataset: Dataset, is_test: np.ndarray) -> np.ndarray:
    """Return the rows that may be learned from: none that says what a test row says, is of its group, or is later."""
    apart = ~is_test & ~np.isin(dataset.keys, dataset.keys[is_test])
    if dataset.groups is not None:
        apart &= ~np.isin(dataset.groups, dataset.groups[is_test])
    if dataset.time is not None:
        apart &= dataset.time < dataset.time[is_test].min()
    if not apart.any():
        raise DataError("no row is left to learn from: all are test rows, of their groups, or later than they are")
    return np.flatnonzero(apart)


def _shapley(name: str, factors: Sequence[str], losses: Mapping[frozenset[str], np.ndarray]) -> np.ndarray:
    """Return what one change adds to each row's loss, averaged over all orders in which the changes could be made.

    References
    ----------
    L. S. Shapley, A value for n-person games, 1953.
    """
    others = [other for other in factors if other != name]
    total = np.zeros_like(next(iter(losses.values())))
    for size in range(len(others) + 1):
        weight = factorial(size) * factorial(len(others) - size) / factorial(len(factors))
        for some in combinations(others, size):
            total += weight * (losses[frozenset({*some, name})] - losses[frozenset(some)])
    return total
