"""The laws of a partition: the proof notices whoever breaks them."""

import dataclasses

import numpy as np
import pytest

from mesic.errors import DataError, MesicError
from mesic.partition.proof import partition, prove
from mesic.partition.rows import Rows, Split
from mesic.testing.tables import dataset

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
