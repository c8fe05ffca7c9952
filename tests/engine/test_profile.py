"""A profile finds what changed between two sets of rows, names it, and is silent where nothing did."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesic import DataError, Profile, load_bundle, shifts
from mesic.profile.profile import Levels, Numbers

VALUES = st.lists(st.one_of(st.floats(-1e9, 1e9), st.just(np.nan), st.integers(-3, 3).map(float)), max_size=60)


def rows_of(count, seed, *, drift=()):
    """Return columns with ties, gaps, many and few levels, and as many drifts as are asked for."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"n{number}": rng.normal(0, 1, count) for number in range(6)})
    frame["n0"] += 0.15 * ("mean" in drift)
    frame["n1"] *= 1 + 0.3 * ("spread" in drift)
    rho = 0.0 if "correlation" in drift else 0.6
    frame["n3"] = rho * frame["n2"] + np.sqrt(1 - rho**2) * frame["n3"]
    frame.loc[rng.random(count) < (0.06 if "missing" in drift else 0.02), "n4"] = np.nan
    frame["zeros"] = np.where(rng.random(count) < 0.7, 0, rng.lognormal(0, 1, count))
    frame["whole"] = rng.poisson(3, count).astype(float)
    weights = [0.5, 0.3, 0.2] if "mix" not in drift else [0.42, 0.34, 0.24]
    frame["few"] = pd.Categorical(rng.choice(list("abc"), count, p=weights))
    codes = rng.integers(0, 400, count)
    if "new" in drift:
        codes = np.where(rng.random(count) < 0.02, 1000, codes)
    frame["many"] = pd.Categorical([f"v{code}" for code in codes])
    return frame


@pytest.mark.parametrize(
    ("drift", "columns", "test", "at"),
    [
        ("mean", ("n0",), "values", None),
        ("spread", ("n1",), "values", None),
        ("correlation", ("n2", "n3"), "correlation", None),
        ("missing", ("n4",), "missing", None),
        ("mix", ("few",), "levels", "a"),
        ("new", ("many",), "levels", "v1000"),
    ],
)
def test_each_drift_is_found_and_named_and_nothing_else_is(drift, columns, test, at):
    reference = Profile.of(rows_of(6000, 0))
    (found,) = shifts(reference, reference.counted(rows_of(6000, 1, drift=(drift,))))

    assert (found.columns, found.test) == (columns, test)
    assert at is None or found.at == at
    assert found.q <= 0.05
    assert found.effect >= 0.01


def test_rows_of_one_kind_raise_an_alarm_in_one_case_of_twenty_at_most():
    alarms = 0
    for seed in range(100):
        reference = Profile.of(rows_of(400, 2 * seed))
        alarms += bool(shifts(reference, reference.counted(rows_of(300, 2 * seed + 1)), smallest=0))
    assert alarms <= 11  # 5 of 100 are expected at most; 11 is the 99th percentile


def test_dependent_columns_without_correlation_raise_no_alarm():
    def rows(seed):
        z, sign = np.random.default_rng(seed).normal(size=(2, 2000))
        return pd.DataFrame({"a": z, "b": np.abs(z) * np.sign(sign)})

    alarms = sum(
        bool(shifts(Profile.of(rows(seed)), Profile.of(rows(seed)).counted(rows(seed + 500)))) for seed in range(60)
    )
    assert alarms <= 8  # the 99th percentile of 60 times one in twenty


@given(first=VALUES, second=VALUES)
@settings(max_examples=60, deadline=None, derandomize=True)
def test_every_row_is_counted_once_and_parts_add_up_to_the_whole(first, second):
    frames = [pd.DataFrame({"x": np.array(values, dtype=np.float64)}) for values in (first, second)]
    reference = Profile.of(frames[0])
    whole = reference.counted(pd.concat(frames, ignore_index=True)).columns["x"]
    parts = (reference + reference.counted(frames[1])).columns["x"]
    values = np.concatenate([first, second])
    values = values[~np.isnan(values)]

    assert isinstance(whole, Numbers)
    assert (whole.counts.tolist(), whole.missing) == (parts.counts.tolist(), parts.missing)
    assert whole.counts.sum() + whole.missing == len(first) + len(second)
    assert whole.counts.cumsum()[:-1].tolist() == [int((values <= edge).sum()) for edge in whole.edges]


def test_a_profile_comes_back_from_its_table_and_finds_the_same():
    reference = Profile.of(rows_of(3000, 0), threads=2)
    again = Profile.from_table(reference.table())
    other = rows_of(3000, 1, drift=("mean", "correlation", "mix"))

    assert again.table().equals(reference.table())
    assert [str(s) for s in shifts(again, again.counted(other))] == [
        str(s) for s in shifts(reference, reference.counted(other))
    ]


def test_levels_beyond_a_thousand_are_counted_together():
    names = pd.Categorical([f"v{number}" for number in range(3000) for _ in range(2)])
    column = Profile.of(pd.DataFrame({"c": names})).columns["c"]

    assert isinstance(column, Levels)
    assert (len(column.counts), column.rest) == (1000, 4000)


def test_columns_that_are_missing_or_of_another_kind_are_named():
    reference = Profile.of(rows_of(100, 0))
    with pytest.raises(DataError, match="'n0', 'few'"):
        reference.counted(rows_of(100, 1).drop(columns="n0").assign(few=1.0))


@pytest.mark.parametrize("frame", [pd.DataFrame({"x": np.full(50, np.nan)}), pd.DataFrame(index=range(3))])
def test_columns_without_a_value_and_rows_without_a_column_differ_from_nothing(frame):
    reference = Profile.of(frame)
    assert shifts(reference, reference.counted(frame)) == []
    assert Profile.from_table(reference.table()).table().equals(reference.table())


def test_the_bundle_keeps_the_profile_of_its_training_rows(finished_run):
    kept = load_bundle(finished_run / "bundle").profile
    rows = json.loads((finished_run / "record.json").read_text())["partition"]["rows"]

    assert kept.rows == rows["train"]
    assert [*kept.columns] == ["age", "income", "city", "since"]
