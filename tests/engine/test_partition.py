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
    "folds_within_training": split(range(8), range(8, 12), [(range(4), range(4, 9))]),
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


BY_ROLE = {"holdout": set(), "group": {"groups"}, "time": {"time"}}
anyhow = settings(max_examples=40, deadline=None, derandomize=True)


@pytest.mark.parametrize("name", BY_ROLE)
@given(
    rows=tables(),
    seed=st.integers(0, 2**32 - 1),
    test_share=st.sampled_from([0.1, 0.2, 0.25, 0.5]),
    folds=st.integers(2, 6),
)
@anyhow
def test_every_row_is_trained_on_or_tested_and_validated_once_without_what_belongs_to_it(
    name, rows, seed, test_share, folds
):
    known = dataclasses.replace(rows, **{role: None for role in ("groups", "time") if role not in BY_ROLE[name]})
    try:
        split = parts_of(name, known, seed, test_share=test_share, folds=folds)
    except SettingError:
        assume(False)
    pairs = [(split.train, split.test), *split.folds]
    validated = np.concatenate([validate for _, validate in split.folds])

    assert sorted([*split.train, *split.test]) == list(range(len(rows)))
    assert len(set(validated)) == len(validated)
    assert set(validated) <= set(split.train)
    assert name == "time" or set(validated) == set(split.train)
    for fit, validate in pairs:
        together = rows.groups if name == "group" else rows.keys if name == "holdout" else rows.time
        assert not set(together[fit]) & set(together[validate])
        assert name != "time" or not validate.size or rows.time[fit].max() < rows.time[validate].min()
    assert False not in prove(split, known).values()


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


@pytest.mark.parametrize(("roles", "by"), [({}, "row content"), ({"time"}, "time"), ({"groups", "time"}, "group")])
def test_the_declared_columns_decide_what_divides(roles, by):
    rng = np.random.default_rng(0)
    rows = Rows(np.arange(60, dtype=np.uint64), np.arange(60) % 2, rng.integers(0, 20, 60), np.arange(60.0))
    known = dataclasses.replace(rows, **dict.fromkeys({"groups", "time"} - set(roles)))

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
