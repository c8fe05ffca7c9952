"""A cell becomes what its column is: the same from every type that can hold it, and counted where it cannot."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from mesic.data.account import RowAccount
from mesic.data.coercion import coerce, coerce_table
from mesic.data.inference import infer_column
from mesic.data.schema import Column

ROWS = 40
DAYS = [dt.date(2020, 1, day % 28 + 1) for day in range(ROWS)]
MOMENTS = [dt.datetime(2020, 1, day % 28 + 1, 6, 0, 1, 500_000) for day in range(ROWS)]
CLOCKS = [dt.time(hour % 24, 30) for hour in range(ROWS)]
ALIKE = {
    "dates": [
        pa.array(DAYS),
        pa.array(DAYS, pa.date64()),
        pa.array(DAYS).cast(pa.timestamp("s")),
        pa.array(DAYS).cast(pa.timestamp("ns")).cast(pa.timestamp("ns", tz="UTC")),
        pa.array(DAYS).dictionary_encode(),
        pa.array(map(str, DAYS)),
        pa.array([str(day).replace("-", "/") for day in DAYS]),
    ],
    "moments": [
        *(pa.array(MOMENTS, pa.timestamp(unit)) for unit in ("ms", "us", "ns")),
        pa.array([moment.isoformat() for moment in MOMENTS]),
        pa.array([f"{moment + dt.timedelta(hours=2)}+02:00" for moment in MOMENTS]),
    ],
    "times of day": [
        pa.array(CLOCKS, pa.time32("s")),
        pa.array(CLOCKS, pa.time64("ns")),
        pa.array([clock.isoformat("minutes") for clock in CLOCKS]),
        pa.array([clock.isoformat() for clock in CLOCKS]),
    ],
    "durations": [pa.array([dt.timedelta(seconds=n) for n in range(ROWS)], pa.duration(u)) for u in ("s", "ms", "ns")],
    "numbers": [
        pa.array([n / 4 for n in range(ROWS)]),
        pa.array(np.arange(ROWS, dtype=np.float16) / 4),
        pa.array([Decimal(n) / 4 for n in range(ROWS)]),
        pa.array([f" {n / 4} " for n in range(ROWS)]),
        pa.array([n / 4 for n in range(ROWS)]).dictionary_encode(),
    ],
    "truths": [
        pa.array([True, False] * 20),
        pa.array([True, False] * 20).dictionary_encode(),
        pa.array(["Yes", "no"] * 20),
        pa.array(["T", "f", "on", "OFF"] * 10),
    ],
    "towns": [
        pa.array(["Ulm", "Bonn"] * 20, kind) for kind in (pa.string(), pa.large_string(), pa.string_view())
    ] + [pa.array(["Ulm", " Bonn "] * 20).dictionary_encode()],
}  # fmt: skip


def typed(values):
    values = pa.chunked_array([values])
    column = infer_column("x", values)
    return column, coerce(column, values)


@pytest.mark.parametrize("arrays", ALIKE.values(), ids=ALIKE.keys())
def test_equal_cells_are_equal_in_every_type_that_holds_them(arrays):
    (first, expected), *others = map(typed, arrays)

    assert expected.lost == 0
    assert first.role == "feature"
    for column, found in others:
        assert (column.kind, column.role) == (first.kind, first.role)
        np.testing.assert_array_equal(np.asarray(found.values), np.asarray(expected.values))


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        (dt.date(1969, 12, 31), -1.0),
        (dt.date(9999, 12, 31), 2_932_896.0),
        (dt.datetime(1969, 12, 31, 12), -0.5),
        (dt.datetime(9999, 12, 31, 12), 2_932_896.5),
        (dt.time(18), 0.75),
        (dt.timedelta(seconds=-0.5), -0.5),
    ],
)
def test_times_are_days_since_1970_and_durations_seconds(cell, value):
    _, coerced = typed(pa.array([cell, None, *[cell] * 3]))

    np.testing.assert_array_equal(coerced.values, [value, np.nan, *[value] * 3])


@pytest.mark.parametrize(
    "values",
    [
        pa.array([b"\xff%d" % (n % 3) for n in range(ROWS)]),
        pa.array([b"\xff%d" % (n % 3) for n in range(ROWS)]).dictionary_encode(),
        pa.array([bytes([n]) * 4 for n in range(ROWS)], pa.binary(4)),
        pa.array([[n] for n in range(ROWS)]),
        pa.array([{"a": n} for n in range(ROWS)]),
        pa.array([pa.MonthDayNano([1, n, 0]) for n in range(ROWS)]),
    ],
    ids=lambda values: str(values.type),
)
def test_cells_that_are_no_single_values_are_left_out_with_the_reason_and_still_tell_rows_apart(values):
    column, coerced = typed(values)

    assert (column.kind, column.role) == ("text", "ignored")
    assert column.why
    assert len(coerced.values.categories) == len(set(map(str, values.to_pylist())))


@pytest.mark.parametrize(
    ("kind", "cells", "kept", "lost", "why"),
    [
        ("number", ["1", " ", "two", None], [1.0, None, None, None], 2, "not a number"),
        ("number", ["1", "", "NA", "n/a"], [1.0, None, None, None], 3, "blank text"),
        ("number", [1.0, float("inf"), float("nan"), 2.0], [1.0, None, None, 2.0], 1, "infinite"),
        ("number", ["1", "inf", "1e999", "2"], [1.0, None, None, 2.0], 2, "not a number"),
        ("boolean", ["yes", "maybe", "FALSE", "0"], [1.0, None, 0.0, 0.0], 1, "not a spelling of true or false"),
        ("boolean", [0, 1, 2, None], [0.0, 1.0, None, None], 1, "neither 0 nor 1"),
        ("time", ["1970-01-02", "1970-02-31", "soon", None], [1.0, None, None, None], 2, "no date or time"),
        ("time", [None, None, None, None], [None] * 4, 0, None),
        ("number", pa.nulls(4), [None] * 4, 0, None),
        ("category", ["b", " a", "NA", "#N/A"], ["b", "a", None, None], 0, None),
        ("category", [3.0, None, 10.0, 3.0], ["3", None, "10", "3"], 0, None),
    ],
)  # fmt: skip
def test_a_cell_that_the_kind_forbids_becomes_missing_and_is_booked_with_the_reason(kind, cells, kept, lost, why):
    account = RowAccount(read=4)
    values = coerce_table(pa.table({"x": cells}), [Column("x", kind)], account, "schema")["x"].values
    booked = [(entry.cells, entry.why) for entry in account.entries if entry.what.startswith("coerced")]

    assert [None if cell != cell else cell for cell in np.asarray(values, dtype=object)] == kept
    assert booked == ([(lost, why)] if lost else [])
    assert account.used == 4


def test_several_spellings_of_a_truth_are_booked_as_respelt_and_two_are_not():
    spellings, account = {"two": ["yes", "no"] * 4, "four": ["yes", "no", "1", "0"] * 2}, RowAccount(read=8)
    coerce_table(pa.table(spellings), [Column(name, "boolean") for name in spellings], account, "schema")

    assert [(entry.column, entry.what, entry.cells) for entry in account.entries] == [("four", "respelt", 8)]


def test_a_column_of_text_without_a_cell_has_no_misfit():
    empty = pa.table({"x": pa.array([None, None], pa.string())})
    column = coerce_table(empty, [Column("x", "number")], RowAccount(), "predict")["x"]

    assert column.lost == 0
    assert not column.misfits.any()


def test_a_moment_does_not_depend_on_its_neighbours():
    far, fine = "0001-01-01", "2020-01-01T00:00:00.123456789"
    column = Column("seen", "time")
    alone = [coerce(column, pa.chunked_array([pa.array([text])])).values[0] for text in (far, fine)]
    together = coerce(column, pa.chunked_array([pa.array([far, fine])])).values

    np.testing.assert_array_equal(together, alone)
    assert together[0] == -719_162
