"""What a column is, from its cells; every cell that is changed on the way is counted."""

import pyarrow as pa
import pytest

from mesic.data.reading import type_table
from mesic.data.schema import load_schema
from mesic.errors import DataError, UsageError

MANY = 200
COLUMNS = {
    "numbers as text with blanks": ([f"{n / 7:.3f}" for n in range(198)] + [" ", ""], "number", "feature"),
    "numbers with a few words": ([str(n / 7) for n in range(199)] + ["unknown"], "number", "feature"),
    "leading zeros": ([f"{n % 50:05d}" for n in range(MANY)], "category", "feature"),
    "yes and no": (["Yes", "no", " YES", "No "] * 50, "boolean", "feature"),
    "t and f": (["t", "f"] * 100, "boolean", "feature"),
    "dates": ([f"2020-{n % 12 + 1:02d}-{n % 28 + 1:02d}" for n in range(MANY)], "time", "feature"),
    "ids": ([f"p{n:04d}" for n in range(MANY)], "id", "ignored"),
    "row numbers": (list(range(MANY)), "id", "ignored"),
    "one value": (["Earth"] * MANY, "constant", "ignored"),
    "nothing": ([None] * MANY, "constant", "ignored"),
    "towns": (["Ulm", "Bonn", None, "Rome"] * 50, "category", "feature"),
    "sentences": ([f"it is the day number {n} of the year" for n in range(MANY)], "text", "ignored"),
    "truths": ([True, False] * 100, "boolean", "feature"),
    "whole numbers": ([n % 17 for n in range(MANY)], "number", "feature"),
}


def typed(values, **options):
    table = pa.table({"x": values, "y": [n % 2 for n in range(len(values))]})
    plain = {"schema": None, "ignore": [], "time": None, "group": None, "weight": None, "key": None}
    return type_table(table, plain | options, "y")


@pytest.mark.parametrize(("values", "kind", "role"), COLUMNS.values(), ids=COLUMNS.keys())
def test_the_kind_of_a_column_is_inferred(values, kind, role):
    column = typed(values).schema["x"]

    assert (column.kind, column.role) == (kind, role)
    assert column.why or role == "feature"


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        (["unknown"] + [str(n / 7) for n in range(199)], 1),
        ([" ", ""] + [f"{n / 7:.3f}" for n in range(198)], 2),
        ([None, None] + [n / 7 for n in range(198)], 0),
        ([float("inf"), float("-inf")] + [n / 7 for n in range(198)], 2),
    ],
)
def test_every_cell_that_is_lost_is_booked(values, cells):
    table = typed(values)

    assert sum(entry.cells for entry in table.account.entries if entry.what.startswith("coerced")) == cells
    assert bool(table.findings) == bool(cells)


def test_a_schema_survives_the_disk_and_is_then_enforced(tmp_path):
    first = typed([n % 17 for n in range(MANY)])
    path = tmp_path / "schema.yaml"
    first.schema.save(path)
    again = load_schema(path)
    path.write_text(path.read_text().replace("    kind: number\n", "    kind: number\n    range: [0, 9]\n", 1))

    assert [(c.name, c.kind, c.role) for c in again.columns] == [(c.name, c.kind, c.role) for c in first.schema.columns]
    with pytest.raises(DataError, match=r"column 'x' breaks 'range: \[0, 9\]' in 80 rows: 10, 11, .* values 10.0"):
        typed([n % 17 for n in range(MANY)], schema=str(path))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format: 99\ncolumns: {}\n", "format 99"),
        ("- a list\n", "is no schema"),
        ("format: 1\ncolumns: {x: {kind: nmber}}\n", "nmber"),
        ("format: 1\ncolumns: {x: {kind: number, rnage: [0, 1]}}\n", "rnage"),
        ("{", "cannot be read"),
    ],
)
def test_a_schema_that_cannot_work_is_refused(tmp_path, text, words):
    (tmp_path / "s.yaml").write_text(text)

    with pytest.raises(UsageError, match=words):
        load_schema(tmp_path / "s.yaml")
