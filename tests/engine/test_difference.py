"""What differs between two versions: planted changes are found, and nothing else."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesic.data.difference import difference
from mesic.errors import DataError, UsageError


def arrow(frame):
    return pa.Table.from_pandas(frame, preserve_index=False)


def goods(rows=1000, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": [f"g{number:04d}" for number in range(rows)],
            "price": rng.normal(50, 10, rows).round(2),
            "size": rng.choice(["S", "M", "L"], rows),
            "grade": rng.choice(["good", "bad"], rows),
        }
    )


@given(seed=st.integers(0, 1000), added=st.integers(0, 20), removed=st.integers(0, 20), cells=st.integers(0, 30))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_whatever_was_planted_is_found_in_any_order_of_rows_and_columns(seed, added, removed, cells):
    rng = np.random.default_rng(seed)
    old = goods(300, seed)
    fresh = goods(added, seed + 1).assign(id=[f"n{number}" for number in range(added)])
    kept = old.drop(index=rng.choice(300, removed, replace=False))
    touched = rng.choice(kept.index, cells, replace=False)
    kept.loc[touched, "price"] += 1000
    new = pd.concat([kept, fresh]).sample(frac=1, random_state=seed)[["grade", "price", "id", "size"]]
    found = difference(arrow(old), arrow(new), key=["id"], target="grade")

    assert (found.added.size, found.removed.size, found.common) == (added, removed, 300 - removed)
    assert set(new["id"].to_numpy()[found.added]) == set(fresh["id"])
    assert {c.column: c.cells for c in found.cells} == ({"price": cells} if cells else {})
    assert found.labels[0].changed == 0
    assert found.is_empty == (added == removed == cells == 0)


def test_without_a_key_a_row_is_the_same_whose_label_alone_has_changed():
    old = goods().drop(columns="id")
    new = old.sample(frac=1, random_state=0).reset_index(drop=True)
    new.loc[:29, "grade"] = np.where(new.loc[:29, "grade"] == "good", "bad", "good")
    found = difference(arrow(old), arrow(new), target="grade")

    assert (found.added.size, found.removed.size, found.common) == (0, 0, 1000)
    assert [(c.column, c.cells) for c in found.cells] == [("grade", 30)]
    assert sum(flip["rows"] for flip in found.labels[0].flips) == found.labels[0].changed == 30


def test_changed_labels_are_laid_to_the_labeler_who_changed_them():
    rng = np.random.default_rng(0)
    items = np.repeat(np.arange(500), 3)
    who = np.tile(["ada", "ben", "cy"], 500)
    old = pd.DataFrame({"item": items, "who": who, "label": rng.choice(["yes", "no"], 1500)})
    rate = pd.Series({"ada": 0.05, "ben": 0.15, "cy": 0.4})[who].to_numpy()
    planted = rng.random(1500) < rate
    new = old.assign(label=np.where(planted, np.where(old["label"] == "yes", "no", "yes"), old["label"]))
    found = difference(arrow(old), arrow(new.sample(frac=1, random_state=1)), key=["item", "who"], target="label",
                       labeler="who")  # fmt: skip

    assert [one.labeler for one in found.labels] == [None, "cy", "ben", "ada"]
    assert {one.labeler: one.changed for one in found.labels[1:]} == dict(pd.Series(planted).groupby(who).sum())
    assert found.labels[0].changed == planted.sum()


def test_a_moved_distribution_is_said_of_the_whole_and_of_the_added_rows():
    old, more = goods(2000), goods(500, seed=1).assign(id=[f"n{number}" for number in range(500)])
    moved = more.assign(price=more["price"] + 15)
    same, other = (difference(arrow(old), arrow(pd.concat([old, added])), key=["id"]) for added in (more, moved))

    assert (same.shifts, same.added_shifts) == ((), ())
    assert [shift.columns for shift in other.added_shifts] == [("price",)]
    assert other.added_shifts[0].effect > 0.4 > other.shifts[0].effect


def test_columns_that_came_went_or_are_of_another_kind_are_named():
    old = goods()
    new = old.drop(columns="size").assign(
        price=old["price"].where(old.index > 200, "about 50").astype(str), colour="red"
    )  # fmt: skip
    found = difference(arrow(old), arrow(new), key=["id"])

    assert (found.added_columns, found.removed_columns) == (("colour",), ("size",))
    assert found.kinds == {"price": ("number", "category")}
    assert [(c.column, c.cells) for c in found.cells] == [("price", 201)]


@pytest.mark.parametrize(
    ("named", "error", "message"),
    [
        ({"key": ["idd"]}, UsageError, "'idd' is no column of either version; did you mean 'id'"),
        ({"target": "gone"}, DataError, "the newer version has no column 'gone'"),
        ({"key": ["size"]}, DataError, "the key names several rows of the older version, such as size="),
    ],
)
def test_columns_that_cannot_serve_are_refused(named, error, message):
    old = goods().assign(gone="x")

    with pytest.raises(error, match=message):
        difference(arrow(old), arrow(goods()), **named)


def test_tables_that_share_no_column_cannot_be_compared():
    with pytest.raises(DataError, match="both versions share no column: one has a, the other b"):
        difference(pa.table({"a": [1, 2]}), pa.table({"b": [1, 2]}))
