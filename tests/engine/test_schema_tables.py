"""Rows made of a schema keep every rule of it, whatever it says, and come near to breaking them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.engine.seeded_bugs.healthy import Centred

from mesic import Component
from mesic.data.coercion import Coerced
from mesic.data.rules import broken_rules
from mesic.data.schema import Column, Schema
from mesic.errors import UsageError
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider
from mesic.testing import SchemaTables, Subject, TransformerContract, broken_promises

SHARES = st.one_of(st.just("allowed"), st.just("forbidden"), st.floats(0.05, 1))
NUMBERS = st.one_of(st.integers(-1000, 1000), st.floats(-1e6, 1e6))


@st.composite
def columns(draw, number):
    kind = draw(st.sampled_from(["number", "boolean", "category", "time", "text", "id", "constant"]))
    low, high = sorted([draw(NUMBERS), draw(NUMBERS)])
    low, high = (draw(st.sampled_from([limit, limit, endless])) for limit, endless in ((low, -np.inf), (high, np.inf)))
    levels = draw(st.lists(st.text("abcü", min_size=1, max_size=5), min_size=1, max_size=120, unique=True))
    has_range = kind in ("number", "time") and draw(st.booleans())
    return Column(
        f"column {number}",
        kind,
        missing=draw(SHARES),
        range=(float(np.ceil(low)), float(np.ceil(high))) if has_range else None,
        levels=tuple(levels) if kind == "category" and draw(st.booleans()) else None,
        unique=kind in ("number", "id") and (not has_range or low < high - 1) and draw(st.booleans()),
        seen={"low": (seen := draw(NUMBERS)), "high": seen + draw(st.integers(1, 999))}
        if kind == "number" and draw(st.booleans())
        else {},
    )


@st.composite
def schemas(draw):
    return Schema(tuple(draw(columns(number)) for number in range(draw(st.integers(1, 5)))))


@settings(max_examples=60, deadline=None)
@given(schemas(), st.integers(0, 2**32 - 1))
def test_rows_keep_every_rule(schema, seed):
    data = SchemaTables(schema).rows("multiclass", seed=seed)

    assert list(data.X.columns) == schema.names
    typed = {name: Coerced(data.X[name].array if data.X[name].dtype == "category" else data.X[name]) for name in data.X}
    assert broken_rules(schema, typed) == []
    assert np.bincount(data.y).min() > 0


@settings(max_examples=30, deadline=None)
@given(schemas(), st.integers(0, 2**32 - 1))
def test_one_seed_gives_one_table(schema, seed):
    here, again = (SchemaTables(schema).rows("regression", seed=seed) for _ in range(2))

    pd.testing.assert_frame_equal(here.X, again.X)
    np.testing.assert_array_equal(here.y, again.y)


PEOPLE = Schema(
    (
        Column("age", "number", range=(18.0, 99.0), missing="forbidden", seen={"low": 20, "high": 90}),
        Column("town", "category", levels=("Bonn", "Rome", "Ulm"), missing=0.2),
        Column("since", "time", range=(10_957.0, 11_000.0)),
        Column("married", "boolean"),
        Column("bought", "boolean", role="target"),
    )
)
TABLES = SchemaTables(PEOPLE)


def test_ends_of_ranges_and_all_levels_occur_and_whole_numbers_stay_whole():
    X = TABLES.rows("binary").X

    assert (X["age"].min(), X["age"].max()) == (18, 99)
    assert (X["since"].min(), X["since"].max()) == (10_957, 11_000)
    assert set(X["town"].dropna()) == {"Bonn", "Rome", "Ulm"}
    assert (X["age"] % 1 == 0).all()
    assert set(X["married"].dropna()) == {0.0, 1.0}
    assert not X["age"].isna().any()
    assert X["town"].isna().any()


def test_only_what_is_read_is_there():
    numbers = TABLES.rows("binary", []).X
    texts = SchemaTables(Schema((Column("town", "category"),))).rows("binary", []).X

    assert list(numbers) == ["age", "since", "married"]
    assert not numbers.isna().any().any()
    assert texts["town"].dtype == float


def test_strange_rows_lie_beyond_the_ranges_and_lack_what_may_be_missing():
    X = TABLES.rows("binary").X
    strange = TABLES.strange(X)
    later = TABLES.later(X)

    assert set(strange["numbers at and beyond the ends"]["age"]) == {18, 99, -63, 180}
    assert set(strange["levels that nobody saw"]["town"]) == {"Oslo"}
    assert strange["nothing but blanks"].isna().all().to_dict() == {
        "age": False, "town": True, "since": True, "married": True,
    }  # fmt: skip
    assert set(later["town"]) == {"Oslo"}


def test_a_schema_is_read_from_its_file_and_one_without_features_refused(tmp_path):
    PEOPLE.save(tmp_path / "schema.yaml")
    Schema((Column("bought", "boolean", role="target"),)).save(tmp_path / "empty.yaml")

    assert SchemaTables.read(tmp_path / "schema.yaml") == TABLES
    with pytest.raises(UsageError, match="no column of role feature"):
        SchemaTables.read(tmp_path / "empty.yaml")


class CountsByAge(Centred):
    """Looks up what was counted for each whole number, in a table that ends with the largest one that was seen."""

    def learn(self, X, y):
        self.counts_ = [np.bincount(X[name].clip(lower=0).astype(int)) for name in X]

    def make(self, X):
        places = X.clip(lower=0).to_numpy().astype(int)
        return np.column_stack([counts[column] for counts, column in zip(self.counts_, places.T, strict=True)])


def test_a_suite_on_rows_of_a_schema_asks_beyond_its_ranges():
    component = Component("acme", f"{__name__}:CountsByAge", "made for a test")
    under_test = Subject(Offer(KINDS["transformer"], component, Provider("acme", "json", "acme-ml", "1.0")))

    class OnOurRows(TransformerContract):
        tables = TABLES

    with pytest.raises(IndexError, match="index 180 is out of bounds"):
        OnOurRows().test_strange_rows_are_answered_in_the_same_columns(under_test)


def test_healthy_code_keeps_every_promise_on_rows_of_a_schema():
    component = Component("acme", f"{Centred.__module__}:Centred", "made for a test")
    under_test = Subject(Offer(KINDS["transformer"], component, Provider("acme", "json", "acme-ml", "1.0")))

    assert broken_promises(under_test, TABLES) == []
