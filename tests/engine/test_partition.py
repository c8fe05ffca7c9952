"""The laws of a partition: the proof notices whoever breaks them."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mesic.errors import DataError, MesicError, SettingError
from mesic.host.building import build
from mesic.host.registry import build_registry
from mesic.partition.proof import partition, prove
from mesic.partition.rows import Rows, Split
from mesic.testing.tables import dataset
from mesic_plugins.splitters.group import Group
from mesic_plugins.splitters.holdout import Holdout

OFFERS = build_registry().offers["splitter"]
N = 12
ROWS = Rows(
    keys=np.repeat(np.arange(N // 2, dtype=np.uint64), 2),
    strata=np.arange(N) % 2,
    groups=np.repeat(np.arange(N // 2), 2),
    time=np.arange(N, dtype=float),
)


def split(train, test, folds, by="time", **facts):
    pairs = tuple((np.array(fit, dtype=np.int64), np.array(validate, dtype=np.int64)) for fit, validate in folds)
    return Split(np.array(train), np.array(test), pairs, by, "ordered", {"twins": "together"} | facts)


LAWFUL = split(range(8), range(8, 12), [(range(4), range(4, 8))])
LAWLESS = {
    "disjoint": split(range(9), range(8, 12), [(range(4), range(4, 8))]),
    "covering": split(range(8), range(10, 12), [(range(4), range(4, 8))]),
    "folds_apart_from_test": split(range(8), range(8, 12), [(range(4), range(4, 9))]),
    "groups_whole": split(range(8), range(8, 12), [(range(5), range(5, 8))]),
    "in_time_order": split(range(4, 12), range(4), [(range(4, 8), range(8, 12))]),
    "twins_together": split(range(7), range(7, 12), [(range(4), range(4, 7))]),
}


def test_a_lawful_partition_is_proved():
    assert prove(LAWFUL, ROWS) == dict.fromkeys(LAWLESS, True)


@pytest.mark.parametrize("law", LAWLESS)
def test_every_breach_is_noticed(law):
    assert prove(LAWLESS[law], ROWS)[law] is False


def test_what_does_not_apply_is_not_said_to_hold():
    proof = prove(dataclasses.replace(LAWFUL, by="row content", facts={}), Rows(ROWS.keys, ROWS.strata))

    assert {law for law, holds in proof.items() if holds is None} == {"groups_whole", "in_time_order", "twins_together"}


class Fixed:
    """A splitter that returns what it was given."""

    def __init__(self, parts):
        self.parts = parts

    def split(self, rows, *, seed):
        return self.parts


def test_a_splitter_that_breaks_the_law_stops_the_run():
    data = dataset("binary", rows=40)
    overlapping = split(range(30), range(29, 40), [(range(15), range(15, 30))], by="row content", twins="apart")

    with pytest.raises(MesicError, match="not disjoint"):
        partition(Fixed(overlapping), data, seed=0)


@pytest.mark.parametrize(
    ("train", "test", "folds", "words"),
    [
        (range(40), [], [(range(20), range(20, 40))], "the test part is empty"),
        (range(30), range(30, 40), [(range(30), [])], "a fold is empty"),
        (range(30), range(30, 40), [], "a fold is empty"),
    ],
)
def test_an_empty_part_is_refused(train, test, folds, words):
    parts = split(np.array(train, dtype=int), np.array(test, dtype=int), folds, by="row content", twins="apart")

    with pytest.raises(DataError, match=words):
        partition(Fixed(parts), dataset("binary", rows=40), seed=0)


def test_one_class_in_training_is_refused():
    data = dataset("binary", rows=40)
    order = np.argsort(data.y, kind="stable")
    train, test, fit, validate = map(np.sort, (order[:15], order[15:], order[:7], order[7:15]))
    parts = split(train, test, [(fit, validate)], by="row content", twins="apart")

    with pytest.raises(DataError, match="training rows hold one class only"):
        partition(Fixed(parts), data, seed=0)


@st.composite
def tables(draw):
    """Rows of three strata of unequal size, some in pairs that say the same, in groups, at times that repeat."""
    size, seed = draw(st.integers(40, 240)), draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    keys = rng.integers(0, 2**64, size, dtype=np.uint64)
    every = draw(st.integers(2, 20))
    keys[1::every] = keys[0::every][: keys[1::every].size]
    groups = rng.integers(-(2**63), 2**63, draw(st.integers(8, 60)))[rng.integers(0, 8, size)]
    return Rows(keys, rng.choice(3, size, p=[0.6, 0.3, 0.1]), groups, rng.integers(0, size, size).astype(float))


def parts_of(name, rows, seed, **options):
    return build(OFFERS[name][0], options).split(rows, seed=seed)


BY_ROLE = {"holdout": set(), "hash": set(), "kfold": set(), "nested": set(), "group": {"groups"}, "time": {"time"}}
anyhow = settings(max_examples=40, deadline=None, derandomize=True)


@pytest.mark.parametrize("name", BY_ROLE)
@given(
    rows=tables(),
    seed=st.integers(0, 2**32 - 1),
    test_share=st.sampled_from([0.1, 0.2, 0.25, 0.5]),
    folds=st.integers(3, 6),
)
@anyhow
def test_every_row_is_trained_on_or_tested_and_validated_once_without_what_belongs_to_it(
    name, rows, seed, test_share, folds
):
    known = dataclasses.replace(rows, **{role: None for role in ("groups", "time") if role not in BY_ROLE[name]})
    share = {} if name in ("kfold", "nested") else {"test_share": test_share}
    try:
        split = parts_of(name, known, seed, folds=folds, **share)
    except SettingError:
        assume(False)
    pairs = [(split.train, split.test), *split.folds]
    validated = np.concatenate([validate for _, validate in split.folds])

    assert sorted([*split.train, *split.test]) == list(range(len(rows)))
    assert len(set(validated)) == len(validated)
    assert set(validated) <= set(split.train)
    assert name == "time" or set(validated) == set(split.train)
    for fit, validate in pairs:
        together = rows.groups if name == "group" else rows.time if name == "time" else rows.keys
        assert not set(together[fit]) & set(together[validate])
        assert name != "time" or not validate.size or rows.time[fit].max() < rows.time[validate].min()
    assert False not in prove(split, known).values()


@pytest.mark.parametrize("groups", [False, True])
@pytest.mark.parametrize(
    ("name", "count", "number"), [("kfold", "folds", "test_fold"), ("nested", "outer", "outer_fold")]
)
@given(rows=tables(), seed=st.integers(0, 99), parts=st.integers(3, 6))
@anyhow
def test_outer_parts_test_every_row_once(name, count, number, groups, rows, seed, parts):
    known = dataclasses.replace(rows, groups=rows.groups if groups else None, time=None)
    splits = [parts_of(name, known, seed, **{count: parts, number: part}) for part in range(parts)]

    assert sorted(np.concatenate([split.test for split in splits])) == list(range(len(rows)))
    for split in splits:
        assert split.by == ("group" if groups else "row content")
        assert False not in prove(split, known).values()


@pytest.mark.parametrize("name", ["holdout", "group", "nested"])
@given(rows=tables(), seed=st.integers(0, 99), repeats=st.integers(2, 4))
@anyhow
def test_repeated_folds_validate_each_row_that_often_and_differently(name, rows, seed, repeats):
    known = dataclasses.replace(rows, groups=np.arange(len(rows)) // 3 if name == "group" else None, time=None)
    once, split = (parts_of(name, known, seed, folds=3, repeats=number) for number in (1, repeats))
    validated = np.bincount(np.concatenate([validate for _, validate in split.folds]), minlength=len(rows))

    assert set(validated[split.train]) == {repeats}
    np.testing.assert_array_equal(split.test, once.test)
    for before, after in zip(once.folds, split.folds, strict=False):
        np.testing.assert_array_equal(before[1], after[1])
    assert len({validate.tobytes() for _, validate in split.folds}) > 3


@given(
    rows=tables(),
    gap=st.integers(0, 5),
    window=st.none() | st.integers(5, 60),
    folds=st.integers(2, 4),
    groups=st.booleans(),
)
@anyhow
def test_a_split_by_time_keeps_the_gap_the_window_and_the_groups(rows, gap, window, folds, groups):
    known = rows if groups else dataclasses.replace(rows, groups=None)
    try:
        split = parts_of("time", known, 0, folds=folds, gap=gap, window=window)
    except DataError:
        assume(False)

    assert sorted([*split.train, *split.test, *split.left_out]) == list(range(len(rows)))
    assert False not in prove(split, known).values()
    for fit, validate in [(split.train, split.test), *split.folds]:
        first = rows.time[validate].min()
        wanted = rows.time < first - gap
        wanted &= window is None or rows.time >= first - gap - (window or 0)
        wanted &= not groups or ~np.isin(rows.groups, rows.groups[validate])
        np.testing.assert_array_equal(fit, np.flatnonzero(wanted))


@given(rows=tables(), seed=st.integers(0, 99), cut=st.integers(30, 40), groups=st.booleans())
@anyhow
def test_a_split_by_hash_moves_no_row_when_rows_are_appended(rows, seed, cut, groups):
    known = dataclasses.replace(rows, groups=rows.groups if groups else None, time=None)
    first = Rows(rows.keys[:cut], rows.strata[:cut], rows.groups[:cut] if groups else None)
    before, after = (parts_of("hash", table, seed, folds=3) for table in (first, known))

    np.testing.assert_array_equal(before.test, after.test[after.test < cut])
    for (_, early), (_, late) in zip(before.folds, after.folds, strict=True):
        np.testing.assert_array_equal(early, late[late < cut])


def declared(*said):
    count = len(said)
    return Rows(np.arange(count, dtype=np.uint64), np.arange(count) % 2, part=np.array(said, dtype=object))


@pytest.mark.parametrize(
    ("said", "validated"),
    [
        (["train"] * 4 + ["Validation"] * 2 + ["TEST "] * 2, [[4, 5]]),
        (["1", "2", "1", "2", "train", "test"], [[0, 2], [1, 3]]),
        (["train", "validate", "3", "test"], [[2], [1]]),
    ],
)
def test_parts_that_a_column_says_are_taken_from_it(said, validated):
    split = parts_of("predefined", declared(*said), 0)

    assert [validate.tolist() for _, validate in split.folds] == validated
    assert all(sorted([*fit, *validate]) == list(split.train) for fit, validate in split.folds)
    assert split.test.tolist() == [row for row, word in enumerate(said) if word.strip().lower() == "test"]


def test_a_column_that_says_train_and_test_only_leaves_the_folds_to_chance():
    split = parts_of("predefined", declared(*["train"] * 30, *["test"] * 10), 0, folds=3, repeats=2)

    assert [validate.size for _, validate in split.folds] == [10] * 6


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["train", "tset", "test"], "says 'tset' in 1 rows, first in row 1"),
        (["train", "train"], "no row of source.part says 'test'"),
        (["test", "test"], "every row of source.part says 'test'"),
    ],
)
def test_parts_that_say_something_else_are_refused(said, words):
    with pytest.raises(DataError, match=words):
        parts_of("predefined", declared(*said), 0)


@pytest.mark.parametrize(
    ("name", "role", "code"),
    [("holdout", "time", "LEAK-TIME"), ("holdout", "groups", "LEAK-GROUP"), ("group", "time", "LEAK-TIME")],
)
def test_parts_that_do_not_keep_a_declaration_are_found(name, role, code):
    data = dataset("binary", rows=400)
    told = {role: np.arange(400.0) if role == "time" else np.arange(400) % 40}
    told |= {"groups": np.arange(400) % 40} if name == "group" else {}
    _, proof, findings = partition(build(OFFERS[name][0], {}), dataclasses.replace(data, **told), seed=0)

    assert [finding.code for finding in findings] == [code]
    assert findings[0].severity == "block"
    assert proof["in_time_order" if role == "time" else "groups_whole"] is False


def test_groups_that_run_through_all_times_are_said_to_leave_nothing():
    rows = Rows(np.arange(60, dtype=np.uint64), np.arange(60) % 2, np.arange(60) % 3, np.arange(60.0))

    with pytest.raises(DataError, match=r"take source.group away and divide by time, or give splitter=group"):
        parts_of("auto", rows, 0)


@given(rows=tables(), seed=st.integers(0, 99), more=tables(), cut=st.integers(30, 40))
@anyhow
def test_new_rows_move_no_row_of_a_stable_partition(rows, seed, more, cut):
    new = ~np.isin(more.keys, rows.keys)
    joined = Rows(np.concatenate([rows.keys, more.keys[new]]), np.concatenate([rows.strata, more.strata[new]]))
    before = parts_of("holdout", Rows(rows.keys[:cut], rows.strata[:cut]), seed, mode="stable")
    after = parts_of("holdout", joined, seed, mode="stable")

    assert set(before.test) == {row for row in after.test if row < cut}


@given(rows=tables(), seed=st.integers(0, 99), parts=st.integers(2, 10), folds=st.integers(2, 6))
@anyhow
def test_an_exact_partition_gives_every_stratum_its_share_to_within_a_row(rows, seed, parts, folds):
    rows = Rows(np.arange(len(rows), dtype=np.uint64), rows.strata)
    split = parts_of("holdout", rows, seed, test_share=1 / parts, folds=folds, mode="exact")
    whole, test, train = (
        np.bincount(rows.strata[part], minlength=3) for part in (slice(None), split.test, split.train)
    )

    assert (np.abs(test - whole / parts) <= 1).all()
    for _, validate in split.folds:
        assert (np.abs(np.bincount(rows.strata[validate], minlength=3) - train / folds) <= 1).all()


@pytest.mark.parametrize(
    ("roles", "by"),
    [
        ({}, "row content"),
        ({"time"}, "time"),
        ({"groups"}, "group"),
        ({"groups", "time"}, "time"),
        ({"part", "groups"}, "declared part"),
    ],
)
def test_the_declared_columns_decide_what_divides(roles, by):
    rng = np.random.default_rng(0)
    said = np.array(["train", "test"], dtype=object)[np.arange(60) % 2]
    rows = Rows(np.arange(60, dtype=np.uint64), rng.integers(0, 2, 60), np.arange(60) // 3, np.arange(60.0), said)
    known = dataclasses.replace(rows, **dict.fromkeys({"groups", "time", "part"} - set(roles)))

    assert parts_of("auto", known, 0).by == by


def test_a_class_that_no_training_row_knows_is_not_tested_but_learned_or_said():
    data = dataset("multiclass", rows=40)
    data = dataclasses.replace(data, y=np.where(np.arange(40) == 39, 2, np.arange(40) % 2))
    parts = split(range(30), range(30, 40), [(range(15), range(15, 30))], by="row content", twins="apart")
    moved, _, quiet = partition(Fixed(parts), data, seed=0)
    kept, _, said = partition(Fixed(dataclasses.replace(parts, by="group")), data, seed=0)

    assert (39 in moved.train, 39 in moved.test, quiet) == (True, False, [])
    assert (39 in kept.test, [finding.code for finding in said]) == (True, ["UNKNOWN-CLASS"])


def random_keys(rows):
    return np.random.default_rng(0).integers(0, 2**63, rows).astype(np.uint64)


@pytest.mark.parametrize("test_share", [0.01, 0.15, 0.2, 0.29, 0.3, 0.4, 0.85])
def test_an_exact_partition_is_stratified_for_any_share(test_share):
    strata = np.repeat([0, 1, 2], [200, 90, 10])
    test = Holdout(test_share, 5, "exact").split(Rows(random_keys(300), strata), seed=0).test

    assert abs(np.bincount(strata[test], minlength=3) - test_share * np.bincount(strata)).max() <= 1
    assert test.size == np.ceil(test_share * 300)


@pytest.mark.parametrize("test_share", [0.1, 0.2, 0.3, 0.4, 0.7])
def test_a_partition_by_group_has_the_share_that_was_asked_for(test_share):
    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(80), rng.integers(1, 20, 80))
    strata = (rng.random(groups.size) < 0.3).astype(np.int64)
    test = Group(test_share, 3).split(Rows(random_keys(groups.size), strata, groups), seed=0).test

    assert abs(test.size / groups.size - test_share) < 0.02
    assert abs(strata[test].mean() - strata.mean()) < 0.1


def test_repeated_rows_that_are_appended_move_no_row_of_a_stable_partition():
    keys = random_keys(2000)
    more = np.r_[keys, np.repeat(keys[:1], 60)]
    before, after = (Holdout(mode="stable").split(Rows(k, np.zeros(k.size, int)), seed=0) for k in (keys, more))

    assert (before.facts["twins"], after.facts["twins"]) == ("together", "apart")
    assert set(before.test) == {row for row in after.test if row < 2000}
