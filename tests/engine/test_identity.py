"""A row is known by what it says: not by its place, the order of columns, or the file's format."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv, feather
from tests.conftest import people

from mesic.data.identity import row_keys, table_digest
from mesic.data.reading import read_table, type_table
from mesic_plugins.sources.table import Table

OPTIONS = {"schema": None, "ignore": [], "time": None, "group": None, "weight": None, "key": None}


def keys(table):
    return row_keys(table.columns, table.rows)


@pytest.fixture
def files(tmp_path):
    """Return the same people as CSV, Parquet and Feather."""
    people(120).to_csv(tmp_path / "people.csv", index=False)
    table = csv.read_csv(tmp_path / "people.csv")
    table.to_pandas().to_parquet(tmp_path / "people.parquet")
    feather.write_feather(table, tmp_path / "people.feather")
    return [type_table(read_table(Table(path)), OPTIONS, "bought") for path in sorted(tmp_path.glob("people.*"))]


def test_equal_content_is_equal_in_every_format(files):
    first, *others = files

    assert len(others) == 2
    for other in others:
        assert other.digest == first.digest
        np.testing.assert_array_equal(keys(other), keys(first))
    assert np.unique(keys(first)).size == 120


@given(st.permutations(range(30)), st.integers(0, 29), st.sampled_from(["a", "b", "town"]))
@settings(max_examples=30, deadline=None, derandomize=True)
def test_sorting_moves_no_key_and_a_changed_cell_changes_its_own(order, row, column):
    rng = np.random.default_rng(0)
    frame = {
        "a": rng.normal(size=30),
        "b": rng.normal(size=30),
        "town": pd.Categorical(rng.choice(["Ulm", "Bonn"], 30)),
    }
    before = row_keys(frame, 30)
    changed = frame | {column: frame[column].copy()}
    changed[column][row] = ("Bonn" if frame[column][row] == "Ulm" else "Ulm") if column == "town" else 99.0
    after = row_keys(changed, 30)

    sorted_frame = {name: values[list(order)] for name, values in reversed(frame.items())}
    np.testing.assert_array_equal(row_keys(sorted_frame, 30), before[list(order)])
    assert np.flatnonzero(after != before).tolist() == [row]
    assert table_digest(changed) != table_digest(frame)


def test_missing_cells_and_both_zeros_are_one():
    left = row_keys({"a": np.array([0.0, np.nan])}, 2)
    right = row_keys({"a": np.array([-0.0, -np.nan])}, 2)

    np.testing.assert_array_equal(left, right)


def test_a_value_in_another_column_is_another_row():
    left = row_keys({"a": np.array([1.0]), "b": np.array([2.0])}, 1)
    right = row_keys({"a": np.array([2.0]), "b": np.array([1.0])}, 1)

    assert left[0] != right[0]
