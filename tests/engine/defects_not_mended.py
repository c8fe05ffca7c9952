"""Defects that were found and not mended: each test fails today."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from mesic.data.reading import read_table, type_table
from mesic.findings import Finding
from mesic.partition.rows import Rows
from mesic.runs.record import Record
from mesic.runs.timeline import Timeline, read_timeline
from mesic.testing import installed
from mesic.testing.fitted import recipe_of
from mesic.testing.tables import dataset
from mesic.training.folds import cross_fit
from mesic_plugins.sources.table import Table
from mesic_plugins.splitters.holdout import Holdout


def random_keys(rows):
    return np.random.default_rng(0).integers(0, 2**63, rows).astype(np.uint64)


@pytest.mark.parametrize("test_share", [0.15, 0.3, 0.4])
def test_an_exact_partition_is_stratified_for_any_share(test_share):
    strata = (np.arange(300) < 60).astype(np.int64)
    split = Holdout(test_share, 5, "exact").split(Rows(random_keys(300), strata), seed=0)

    assert abs(strata[split.test].sum() - test_share * 60) <= 1


def test_repeated_rows_that_are_appended_move_no_row_of_a_stable_partition():
    keys = random_keys(2000)
    more = np.r_[keys, np.repeat(keys[:1], 60)]
    before, after = (Holdout(mode="stable").split(Rows(k, np.zeros(k.size, int)), seed=0) for k in (keys, more))

    assert set(before.test) - {0} == {row for row in after.test if 0 < row < 2000}


def test_codes_with_leading_zeros_are_the_same_from_csv_and_parquet(tmp_path):
    table = pa.table({"zip": [f"{n % 50:05d}" for n in range(200)], "y": [n % 2 for n in range(200)]})
    csv.write_csv(table, tmp_path / "t.csv")
    parquet.write_table(table, tmp_path / "t.parquet")
    options = {"schema": None, "ignore": []}
    kinds = {
        type_table(read_table(Table(tmp_path / f"t.{s}")), options, "y").schema["zip"].kind for s in ("csv", "parquet")
    }

    assert kinds == {"category"}


@pytest.mark.parametrize("text", ["two\u2028lines", "next\x85line"])
def test_any_text_can_be_booked_in_the_timeline(tmp_path, text):
    Timeline(tmp_path).note(text, who="ada", hours=1.0, cost=None)

    assert [line["stage"] for line in read_timeline(tmp_path)] == [text]


def test_a_line_that_was_cut_inside_a_letter_is_left_out(tmp_path):
    timeline = Timeline(tmp_path)
    timeline.note("a", who="ada", hours=1.0, cost=None)
    with timeline.path.open("ab") as file:
        file.write('{"stage": "ü'.encode()[:-1])

    assert len(read_timeline(tmp_path)) == 1


def test_a_finding_is_said_once_also_within_one_call():
    record = Record(None, {})
    record.find(*[Finding("CODE", "info", "m", {}, "mend it")] * 2)

    assert len(record.facts["findings"]) == 1


def test_a_fold_that_raises_says_which():
    (subject,) = (subject for subject in installed("learners") if subject.name == "tree")
    data = dataset("regression", ())
    data = dataclasses.replace(data, y=np.where(np.arange(len(data)) == 0, np.nan, data.y))
    rows = np.arange(len(data))
    folds = [(rows[1:40], rows[50:]), (rows[:40], rows[50:])]

    with pytest.raises(Exception, match="fold 2 of 2"):
        cross_fit(recipe_of(subject, "regression"), data, folds)
