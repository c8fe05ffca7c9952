"""What splitters promise."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from mesic.data.view import Dataset
from mesic.partition.proof import partition, promises_of, prove, strata_of
from mesic.partition.rows import Rows, Split
from mesic.testing.component import ComponentContract, or_refusal
from mesic.testing.fitted import global_chance
from mesic.testing.subjects import Subject
from mesic.testing.tables import dataset

SIZES = (90, 1_500)
_LAWS = {"group": "groups_whole", "time": "in_time_order"}


class SplitterContract(ComponentContract, kind="splitter"):
    """Promises of every splitter: its parts keep the law, and depend on what rows say, not on where they stand."""

    def tables(self, subject: Subject, sizes: tuple[int, ...] = SIZES) -> Iterator[tuple[Any, Dataset]]:
        """Yield the splitter and rows with twins, with groups or times where it needs them, of each task."""
        for task in subject.component.tasks:
            for rows in sizes:
                yield subject.made(task), _with_roles(dataset(task, rows=rows), subject.component.roles)

    def test_its_parts_keep_the_law(self, subject: Subject) -> None:
        """They are disjoint and cover; groups, twins and times stay together where they are promised to."""
        for splitter, data in self.tables(subject):
            for seed in (0, 1):
                rows = rows_of(data)
                split = splitter.split(rows, seed=seed)
                proof = prove(split, rows)
                laws = {*promises_of(split), *(_LAWS[role] for role in subject.component.roles if role in _LAWS)}
                broken = [law for law in proof if law in laws and proof[law] is False]
                assert not broken, f"{subject}: parts are not {', not '.join(broken)}"

    def test_no_part_is_empty_and_each_is_in_order(self, subject: Subject) -> None:
        """Training part, test part, and both sides of every fold."""
        for splitter, data in self.tables(subject):
            split = splitter.split(rows_of(data), seed=0)
            assert split.folds, f"{subject} makes no fold"
            for part in _parts(split):
                assert part.size, f"{subject} makes an empty part of {len(data)} rows"
                assert (np.diff(part) > 0).all(), f"{subject}: row numbers of a part must ascend"

    def test_the_same_seed_gives_the_same_parts(self, subject: Subject) -> None:
        """Whatever the state of the global generators."""
        for splitter, data in self.tables(subject):
            splits = []
            for state in (1, 2):
                with global_chance(state, subject):
                    splits.append(splitter.split(rows_of(data), seed=3))
            for left, right in zip(*map(_parts, splits), strict=True):
                np.testing.assert_array_equal(left, right, err_msg=f"{subject} divides otherwise with one seed")

    def test_rows_in_another_order_fall_into_the_same_parts(self, subject: Subject) -> None:
        """A file that is sorted anew gives the same parts."""
        for splitter, data in self.tables(subject):
            order = np.random.default_rng(0).permutation(len(data))
            rows = rows_of(data)
            turned = _taken(rows, order)
            splits = zip(_parts(splitter.split(rows, seed=0)), _parts(splitter.split(turned, seed=0)), strict=True)
            for before, after in splits:
                left, right = np.sort(rows.keys[before]), np.sort(turned.keys[after])
                np.testing.assert_array_equal(left, right, err_msg=f"{subject}: rows move when the file is sorted")

    def test_appended_rows_move_none(self, subject: Subject) -> None:
        """For splits that say that their mode is ``stable``."""
        for splitter, data in self.tables(subject, (1_500,)):
            rows = rows_of(data)
            first = _taken(rows, np.arange(1_200))
            split = splitter.split(rows, seed=0)
            if split.mode == "stable":
                before = splitter.split(first, seed=0).test
                np.testing.assert_array_equal(split.test[split.test < 1_200], before, err_msg=f"{subject}: appended")

    def test_splitting_changes_no_input(self, subject: Subject) -> None:
        """What it knows of the rows stays as it was."""
        for splitter, data in self.tables(subject):
            rows = rows_of(data)
            before = {name: None if known is None else known.copy() for name, known in vars(rows).items()}
            splitter.split(rows, seed=0)
            for name, known in before.items():
                np.testing.assert_array_equal(getattr(rows, name), known, err_msg=f"{subject}: {name}")

    def test_a_run_takes_its_parts_or_says_what_to_mend(self, subject: Subject) -> None:
        """Also of a handful of rows."""
        for splitter, data in self.tables(subject, (30, *SIZES)):
            for rows in (1, 2, 5, 12, len(data)):
                few = _first(data, rows)
                with or_refusal(f"{subject}: {rows} rows"):
                    partition(splitter, few, seed=0)


def rows_of(data: Dataset) -> Rows:
    """Return what a splitter may know of a table."""
    return Rows(data.keys, strata_of(data), data.groups, data.time, data.part)


def _with_roles(data: Dataset, roles: frozenset[str]) -> Dataset:
    rng, size = np.random.default_rng(1), len(data)
    twins = data.keys.copy()
    twins[1::20] = twins[0::20][: twins[1::20].size]
    groups = rng.integers(0, size // 4, size) if "group" in roles else None
    time = rng.integers(0, size // 2, size).astype(np.float64) if "time" in roles else None
    named = np.array(["train", "train", "1", "2", "test"], dtype=object)
    part = named[rng.integers(0, named.size, size)] if "part" in roles else None
    return replace(data, keys=twins, groups=groups, time=time, part=part)


def _taken(rows: Rows, chosen: np.ndarray) -> Rows:
    taken: dict[str, Any] = {name: None if known is None else known[chosen] for name, known in vars(rows).items()}
    return Rows(**taken)


def _first(data: Dataset, rows: int) -> Dataset:
    known = {name: getattr(data, name) for name in ("y", "keys", "origin", "groups", "time", "part")}
    taken: dict[str, Any] = {name: None if values is None else values[:rows] for name, values in known.items()}
    return replace(data, X=data.X.head(rows), **taken)


def _parts(split: Split) -> list[np.ndarray]:
    return [split.train, split.test, *(part for fold in split.folds for part in fold)]
