"""Rows come in whole: under any name, out of every format alike, and a table that cannot be used is refused."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv, feather, parquet

from mesic.data.account import RowAccount
from mesic.data.coercion import coerce_table
from mesic.data.reading import read_table, type_table
from mesic.data.schema import Schema
from mesic.errors import DataError, UsageError
from mesic_plugins.sources.codes import may_hold_codes
from mesic_plugins.sources.table import Table

OPTIONS = {"schema": None, "ignore": [], "target": None, "time": None, "group": None, "weight": None, "key": None}
ROWS = 40
NAMES = ["a b", 'quo"te', "it's", "größe→", "{json: [1,2]}", "a.b", "class", "None", "1", " ", "a,b", "two\nlines"]
CELLS = {
    "whole numbers": [n % 7 for n in range(ROWS)],
    "numbers with gaps": [None if n % 9 == 0 else n / 4 for n in range(ROWS)],
    "infinities": [float("inf") if n % 9 == 0 else n / 4 for n in range(ROWS)],
    "truths": [n % 3 == 0 for n in range(ROWS)],
    "words": ["yes", "no"] * 20,
    "gaps of any spelling": [["a", "b", "NA", "n/a", "#N/A", "", None][n % 7] for n in range(ROWS)],
    "dates": [dt.date(2020, 1, n % 28 + 1) for n in range(ROWS)],
    "an end that never comes": [dt.date(9999 if n % 4 else 2020, 12, n % 28 + 1) for n in range(ROWS)],
    "moments": [dt.datetime(2020, 1, n % 28 + 1, 12, 30) for n in range(ROWS)],
    "times of day": [dt.time(n % 24, 30) for n in range(ROWS)],
    "quotes and ends of lines": [f'"a",\n{n % 3}' for n in range(ROWS)],
    "mixed": [str([n % 3, "x", 0.5, dt.date(2020, 1, 1)][n % 4]) for n in range(ROWS)],
    "many levels": [f"level {n % 60}" for n in range(ROWS)],
    "nothing": [None] * ROWS,
}
WRITERS = {"csv": csv.write_csv, "parquet": parquet.write_table, "feather": feather.write_feather}


def typed(path):
    return type_table(read_table(Table(path)), OPTIONS, "y")


@pytest.mark.parametrize("cells", CELLS.values(), ids=CELLS.keys())
def test_equal_cells_are_equal_in_every_format(tmp_path, cells):
    table = pa.table({"x": cells, "y": [n % 2 for n in range(ROWS)]})
    for suffix, write in WRITERS.items():
        write(table, tmp_path / f"t.{suffix}")
    first, *others = [typed(tmp_path / f"t.{suffix}") for suffix in WRITERS]

    for other in others:
        assert (other.schema["x"].kind, other.schema["x"].role) == (first.schema["x"].kind, first.schema["x"].role)
        assert other.digest == first.digest


@pytest.mark.parametrize("suffix", WRITERS)
def test_columns_keep_any_name_in_every_format(tmp_path, suffix):
    table = pa.table({name: np.arange(ROWS) % 7 + place for place, name in enumerate([*NAMES, "y"])})
    WRITERS[suffix](table, tmp_path / f"t.{suffix}")
    found = typed(tmp_path / f"t.{suffix}")

    assert found.schema.names == [*NAMES, "y"]
    assert [values.min() for values in found.columns.values()] == list(range(len(NAMES) + 1))


class Rows:
    """A source of given batches."""

    target = None

    def __init__(self, *batches):
        self.given = batches

    def columns(self):
        return self.given[0].schema.names

    def batches(self, rows):
        return iter(self.given)


def batch(names, rows=2):
    return pa.RecordBatch.from_arrays([pa.array(range(rows))] * len(names), names=names)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (Rows(batch(["a", "b", "a", "c", "b"])), "2 column names occur twice: 'a', 'b'; rename them"),
        (Rows(batch(["a"], rows=0)), "0 rows and 1 columns: there is nothing to learn from"),
        (Rows(batch([])), "0 columns: there is nothing to learn from"),
    ],
)
def test_a_table_that_cannot_be_learned_from_is_refused(source, words):
    with pytest.raises(DataError, match=words):
        read_table(source)


@pytest.mark.parametrize(
    ("options", "target", "error", "words"),
    [
        ({}, None, UsageError, "no target: give source.target=COLUMN, one of age, town"),
        ({}, "twon", UsageError, "source.target='twon' is no column; did you mean 'town'"),
        ({"ignore": ["aeg"]}, "town", UsageError, "source.ignore='aeg' is no column; did you mean 'age'"),
        ({"time": "town"}, "age", DataError, "source.time='town' holds no times but category"),
        ({"weight": "town"}, "age", DataError, "source.weight='town' holds no numbers but category"),
    ],
)
def test_a_part_that_no_column_can_play_is_refused(options, target, error, words):
    table = pa.table({"age": [n % 17 / 2 for n in range(ROWS)], "town": ["Ulm", "Bonn"] * 20})

    with pytest.raises(error, match=words):
        type_table(table, OPTIONS | options, target)


def test_what_is_not_used_and_what_was_lost_is_found(tmp_path):
    cells = {"id": [f"p{n}" for n in range(ROWS)], "age": ["old", *[f"{n}.5" for n in range(1, ROWS)]]}
    found = type_table(pa.table(cells | {"y": ["a", "b"] * 20}), OPTIONS, "y").findings

    assert [(finding.code, finding.severity) for finding in found] == [
        ("ID-COLUMN", "info"),
        ("COERCED-CELLS", "warning"),
    ]
    assert found[1].message == "1 cell of 'age' was coerced to missing: 'old' (not a number)"


@pytest.mark.parametrize("packed", ["", ".gz"])
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_codes_with_leading_zeros_are_the_same_from_csv_and_parquet(tmp_path, delimiter, packed):
    table = pa.table(
        {
            "zip": [f"{n % 50:05d}" for n in range(200)],
            "amount": [n % 7 / 4 for n in range(200)],
            "y": [n % 2 for n in range(200)],
        }
    )
    with pa.output_stream(tmp_path / f"t.csv{packed}") as file:
        csv.write_csv(table, file, csv.WriteOptions(delimiter=delimiter))
    parquet.write_table(table, tmp_path / "t.parquet")
    read = [
        type_table(read_table(source), {"schema": None, "ignore": []}, "y")
        for source in (Table(tmp_path / f"t.csv{packed}", delimiter), Table(tmp_path / "t.parquet"))
    ]

    assert [[column.kind for column in one.schema.columns] for one in read] == [["category", "number", "number"]] * 2
    assert list(read[0].columns["zip"].categories[:2]) == ["00000", "00001"]
    assert read[0].digest == read[1].digest


@pytest.mark.parametrize(
    ("row", "is_code"),
    [
        ("1,02139", True),
        ("02139,1", True),
        ('"02139",1', True),
        ("1, 02139", True),
        ("0,0.5", False),
        ("2020-01-01 05:00,3", False),
        ("10:05,-05", False),
    ],
)
def test_a_look_at_the_bytes_finds_every_cell_that_may_be_a_code(row, is_code):
    for before in (b"", b"1,2\n" * 100_000):  # also across blocks
        assert may_hold_codes(b"x,y\n" + before + row.encode() + b"\n", ",", "utf8") == is_code
    assert may_hold_codes(row.encode("utf-16"), ",", "utf-16")


def test_a_category_of_numbers_truths_and_times_is_spelt_the_same_in_every_format(tmp_path):
    rows = "1.50,True,2020-01-01 05:00:00,0\n3.0,False,2020-01-02 00:00:00,1\n" * 50
    (tmp_path / "t.csv").write_text("grade,flag,day,y\n" + rows)
    source = Table(tmp_path / "t.csv")
    given = type_table(read_table(source), {"schema": None, "ignore": []}, "y").schema
    edited = Schema(tuple(dataclasses.replace(c, kind="category") for c in given.columns if c.name != "y"))
    edited.save(tmp_path / "schema.yaml")
    typed_cells = type_table(read_table(source), {"schema": tmp_path / "schema.yaml", "ignore": []}, "y")
    text_cells = coerce_table(
        pa.Table.from_batches(source.text_batches(7)), typed_cells.schema.columns, RowAccount(), "predict"
    )

    levels = {name: list(values.categories) for name, values in typed_cells.columns.items() if name != "y"}
    assert levels == {
        "grade": ["1.5", "3"],
        "flag": ["false", "true"],
        "day": ["2020-01-01T05:00:00", "2020-01-02"],
    }
    assert all((text_cells[name].values == typed_cells.columns[name]).all() for name in levels)


def test_numbers_that_count_the_rows_can_be_their_time():
    table = pa.table({"hour": range(50), "x": [n % 7 / 2 for n in range(50)], "y": [n % 2 for n in range(50)]})
    options = {"schema": None, "ignore": [], "time": "hour"}

    assert type_table(table, options, "y").schema["hour"].kind == "number"
    assert type_table(table, options | {"time": None}, "y").schema["hour"].kind == "id"


@pytest.mark.parametrize("share", [0.0, 0.0003, 0.4])
def test_newlines_in_cells_are_read_wherever_a_block_of_bytes_ends(tmp_path, share):
    rng = np.random.default_rng(0)
    lengths, broken = rng.integers(0, 40, 60_000), (rng.random(60_000) < share).astype(int)
    cells = ["x" * length + "\n" * has + 'y,"' for length, has in zip(lengths, broken, strict=True)]
    frame = pd.DataFrame({"a": np.arange(60_000), "b": cells, "c": rng.random(60_000)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    table = read_table(Table(tmp_path / "t.csv")).to_pandas()

    assert (tmp_path / "t.csv").stat().st_size > 2**21  # several blocks
    assert table["b"].tolist() == cells
    assert table["a"].tolist() == list(range(60_000))
