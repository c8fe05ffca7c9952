"""Joined sources: each row with its one partner, none lost in silence, nothing of later beside it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesic.data.reading import read_table
from mesic.errors import DataError, SettingError
from mesic_plugins.sources.joined import Joined
from mesic_plugins.sources.joining import partners_as_of


@pytest.fixture
def joined(tmp_path):
    """Join tables that are written to files; return the source."""

    def joined(first, *others):
        first.to_csv(tmp_path / "first.csv", index=False)
        joins = []
        for number, (table, said) in enumerate(others):
            path = tmp_path / f"t{number}.{'parquet' if said.pop('parquet', False) else 'csv'}"
            (table.to_parquet if path.suffix == ".parquet" else table.to_csv)(path, index=False)
            joins.append({"path": str(path), **said})
        return Joined(str(tmp_path / "first.csv"), joins)

    return joined


RIDES = pd.DataFrame(
    {"ride": range(6), "town": ["Bern", "Graz", "Bern", "Wien", None, " Graz "], "hour": [1, 1, 2, 2, 3, 3]}
)
TOWNS = pd.DataFrame({"name": ["Graz", "Bern", "Linz"], "size": [300, 130, 200]})


def test_each_row_keeps_its_place_and_meets_its_partner_and_losses_are_counted(joined):
    source = joined(RIDES, (TOWNS, {"on": {"town": "name"}}))
    table = read_table(source).to_pandas()
    loss, unused = source.findings

    assert source.columns() == ["ride", "town", "hour", "size"]
    assert table["ride"].tolist() == list(range(6))
    assert table["size"].fillna(0).tolist() == [130, 300, 130, 0, 0, 300]
    assert (loss.code, loss.evidence["without_partner"], loss.evidence["first_rows"]) == ("JOIN-LOSS", 2, [3, 4])
    assert "2 of 6 rows (33.3%) have no partner in" in loss.message
    assert (unused.code, unused.evidence["unused"]) == ("JOIN-UNUSED", 1)


def test_keys_meet_across_formats_and_types(joined):
    weather = pd.DataFrame({"hour": [1.0, 2.0, 3.0], "place": ["Bern"] * 3, "wind": [5, 6, 7]})
    source = joined(RIDES, (TOWNS.astype({"name": "category"}), {"on": {"town": "name"}, "parquet": True}),
                    (weather, {"on": {"hour": "hour", "town": "place"}, "parquet": True}))  # fmt: skip

    assert read_table(source).to_pandas()["wind"].fillna(0).tolist() == [5, 0, 6, 0, 0, 0]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_as_of_takes_the_latest_row_that_was_known_and_never_a_later_one(seed):
    rng = np.random.default_rng(seed)
    left, right = rng.integers(-1, 4, 40), rng.integers(-1, 4, 60)
    asked, known = (
        pd.Series(pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(rng.integers(0, 50, n), "h")).astype(
            "datetime64[us, UTC]"
        )
        for n in (40, 60)
    )
    found, later = partners_as_of(left, asked, right, known)

    for row in range(40):
        same = (right == left[row]) & (left[row] >= 0)
        before = same & (known <= asked[row]).to_numpy()
        assert (found[row] >= 0) == before.any()
        assert later[row] == (same.any() and not before.any())
        if found[row] >= 0:
            assert before[found[row]]
            assert known[found[row]] == known[before].max()


def test_as_of_a_joined_table_may_hold_many_rows_a_key_and_what_comes_later_is_said(joined):
    rides = pd.DataFrame({"town": ["Bern"] * 3, "asked": ["2024-01-02", "2024-01-05", "2024-01-01T06:00"]})
    prices = pd.DataFrame({"town": ["Bern"] * 2, "told": ["2024-01-02", "2024-01-04"], "price": [10, 20]})
    source = joined(rides, (prices, {"on": "town", "as_of": "told", "at": "asked"}))
    table = read_table(source).to_pandas()

    assert table["price"].fillna(0).tolist() == [10, 20, 0]
    assert [(finding.code, finding.evidence["first_rows"]) for finding in source.findings] == [("JOIN-LATE", [2])]
    twice = pd.concat([prices, prices[:1].assign(price=11)])
    with pytest.raises(DataError, match="1 keys, such as Bern/2024-01-02, stand in several rows"):
        read_table(joined(rides, (twice, {"on": "town", "as_of": "told", "at": "asked"})))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({}, r"2 keys, such as Graz, Bern, stand in several rows of .*t0.csv: .* besides, 2 of 6 rows \(33.3%\)"),
        ({"cardinality": "1:1", "once": True}, "2 keys, such as Bern, Graz, stand in several rows of the first table"),
        ({"unmatched": "refuse", "once": True}, "2 of 6 rows .* have no partner .*, and unmatched: refuse allows none"),
    ],
)
def test_rows_that_would_be_doubled_or_lost_are_refused(joined, said, message):
    towns = TOWNS if said.pop("once", False) else pd.concat([TOWNS, TOWNS[:2]])
    source = joined(RIDES, (towns, {"on": {"town": "name"}, **said}))

    with pytest.raises(DataError, match=message):
        read_table(source)


def test_times_that_do_not_parse_are_refused(joined):
    rides = pd.DataFrame({"town": ["Bern", "Bern"], "asked": ["2024-01-02", "soon"]})
    prices = pd.DataFrame({"town": ["Bern"], "told": ["2024-01-02"], "price": [10]})

    with pytest.raises(DataError, match="column 'asked' holds 'soon' in row 1, which is no time"):
        read_table(joined(rides, (prices, {"on": "town", "as_of": "told", "at": "asked"})))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"onn": "town"}, r"source.joins\[0\].onn='town' cannot work: give one of these keys: path, on"),
        ({}, "give path=FILE and on="),
        ({"on": "town", "as_of": "size"}, "as_of, the joined table's column of times, and at"),
        ({"on": {"town": "name"}, "cardinality": "m:n"}, "cardinality='m:n' cannot work: give one of n:1, 1:1"),
        ({"on": {"towne": "name"}}, "on='towne' cannot work: give one of ride, town, hour"),
        ({"on": "town"}, "on='town' cannot work: give one of name, size"),
    ],
)
def test_what_no_join_can_be_is_refused_before_rows_are_read(joined, said, message):
    with pytest.raises(SettingError, match=message):
        joined(RIDES, (TOWNS, said)).columns()


def test_columns_of_one_name_need_a_prefix(joined):
    towns = TOWNS.rename(columns={"size": "ride"})

    with pytest.raises(SettingError, match="a prefix: column 'ride' is in another table, too"):
        joined(RIDES, (towns, {"on": {"town": "name"}})).columns()
    assert joined(RIDES, (towns, {"on": {"town": "name"}, "prefix": "town_"})).columns()[-1] == "town_ride"
