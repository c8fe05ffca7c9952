"""What the comparison of slices says of rows of which the truth is known."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_predict
from tests.plugins.predicted import of_two, people, view_of

from mesic import SettingError
from mesic_plugins.evaluators.expected_loss import ExpectedLoss
from mesic_plugins.evaluators.slice_words import read_slice
from mesic_plugins.evaluators.slices import Slices

ROWS, INSIDE = 2_500, 2_000
DAY = 20_000.0


def calibrated(seed, *, spoil=None):
    """Return rows of a model that is right, but for labels turned over in some of them; and which those are."""
    X, rng = people(ROWS, seed)
    p = 1 / (1 + np.exp(-2.5 * X["x0"] - 1.5 * X["x1"])).to_numpy()
    y = (rng.random(ROWS) < p).astype(int)
    bad = np.zeros(ROWS, dtype=bool) if spoil is None else spoil(X)
    y = np.where(bad & (rng.random(ROWS) < 0.33), 1 - y, y)
    return view_of(X, y, of_two(p), inside=INSIDE, seed=seed), bad[INSIDE:]


def overlap(found, view, bad):
    (told,) = Slices(columns=[found["slice"]], most=0, fewest=2).evaluate(view).data["declared"]
    assert told["rows"] == found["rows"]
    held = np.logical_and.reduce([_holds(view, part) for part in found["slice"].split(" & ")])
    return (held & bad).sum() / (held | bad).sum()


def _holds(view, part):
    name, sign, value = part.split(" ")
    column = view.X[name]
    if column.dtype == "category":
        return (column == value).to_numpy()
    return {"=": np.equal, ">=": np.greater_equal, "<": np.less}[sign](column.to_numpy(), float(value))


@pytest.mark.parametrize(
    "spoil",
    [lambda X: (X["x2"] > 1.28).to_numpy(), lambda X: ((X["town"] == "Rome") & (X["rooms"] >= 16)).to_numpy()],
    ids=["range", "pair"],
)
def test_a_planted_slice_of_a_tenth_of_the_rows_is_found_first(spoil):
    hits = 0
    for seed in range(20):
        view, bad = calibrated(seed, spoil=spoil)
        found = Slices().evaluate(view).data["searched"][:1]
        hits += bool(found) and found[0]["found"] and overlap(found[0], view, bad) >= 0.4

    assert hits >= 15


def test_of_a_model_that_is_right_no_slice_is_said_to_be_worse_than_it_knows():
    alarms = [
        "WEAK-SLICE" in {finding.code for finding in Slices().evaluate(calibrated(seed)[0]).findings}
        for seed in range(30)
    ]
    assert sum(alarms) <= 3


def test_of_losses_that_depend_on_nothing_no_slice_is_found():
    def null(seed):
        X, rng = people(ROWS, seed)
        y = (rng.random(ROWS) < 0.2).astype(int)
        return Slices().evaluate(view_of(X, y, of_two(np.full(ROWS, 0.2)), inside=INSIDE, seed=seed))

    assert sum(any(row["found"] for row in null(seed).data["searched"]) for seed in range(30)) <= 3


def test_searched_slices_are_measured_on_rows_that_the_search_did_not_see():
    view, _ = calibrated(1, spoil=lambda X: (X["x2"] > 1.28).to_numpy())
    data = Slices().evaluate(view).data
    row = data["searched"][0]
    inside = Slices(columns=[row["slice"]], most=0).evaluate(view).data["declared"][0]

    assert data["looked_in_rows"] == INSIDE
    assert (row["rows"], row["difference"]) == (inside["rows"], inside["difference"])


def test_hard_rows_that_predictions_call_hard_are_told_apart_from_weak_ones():
    codes = {finding.code for finding in Slices().evaluate(calibrated(3)[0]).findings}
    assert codes == {"HARD-SLICE"}


def test_without_rows_out_of_fold_one_half_is_searched_and_the_other_measured():
    X, rng = people(3_000)
    y = (rng.random(3_000) < np.where(X["town"] == "Rome", 0.8, 0.1)).astype(int)
    data = Slices().evaluate(view_of(X, y, of_two(np.full(3_000, 0.1)), groups=np.arange(3_000) // 3)).data

    assert data["looked_in_rows"] + data["measured_on"] == 3_000
    assert data["looked_in_rows"] % 3 == 0
    assert data["searched"][0]["slice"] == "town = Rome"


def test_the_pixels_that_tell_digits_apart_show_where_labels_were_spoilt():
    X, y = load_digits(return_X_y=True)
    frame = pd.DataFrame(X).rename(columns=lambda place: f"pixel {place}")
    p = cross_val_predict(LogisticRegression(max_iter=200), X / 16, y, method="predict_proba")
    spoilt = X[:, 21] >= 15
    y = np.where(spoilt & (np.random.default_rng(0).random(y.size) < 0.6), (y + 3) % 10, y)
    order = np.random.default_rng(1).permutation(y.size)
    row = Slices().evaluate(view_of(frame.iloc[order], y[order], p[order], inside=1_200)).data["searched"][0]

    assert (row["found"], row["sort"]) == (True, "surprising")
    assert row["slice"].startswith("pixel 21 >= 1")


def test_numbers_are_compared_by_squared_error():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    prediction = cross_val_predict(LinearRegression(), X, y)
    spoilt = (X["s5"] < -0.03).to_numpy()
    y = y.to_numpy() + np.where(spoilt, np.random.default_rng(0).normal(0, 200, y.size), 0)
    data = Slices(columns=["s5 < -0.03"]).evaluate(view_of(X, y, prediction, inside=250)).data

    assert data["loss"] == "squared error"
    assert data["declared"][0]["found"]
    assert "s5" in data["searched"][0]["slice"]
    assert data["declared"][0]["wrong"]["value"] > data["declared"][0]["wrong_outside"]["value"]


NAMES = ("age", "age group", "a & b", "town", "since")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("age", [("age", None)]),
        ("age group & age", [("age group", None), ("age", None)]),
        ("age>=65", [("age", (">=", "65"))]),
        ("a & b = x & town != Ulm", [("a & b", ("=", "x")), ("town", ("!=", "Ulm"))]),
        ('town = "Food & Drink" & age < 90%', [("town", ("=", "Food & Drink")), ("age", ("<", "90%"))]),
    ],
)
def test_a_declared_slice_is_read(text, read):
    assert read_slice(text, NAMES, "columns") == read


@pytest.mark.parametrize(
    ("text", "said"),
    [("agee > 3", "'agee' is no column, did you mean 'age'"), ("age >=", "a value after '>='"), ("", "is no column")],
)
def test_a_declared_slice_that_cannot_be_read_is_refused(text, said):
    with pytest.raises(SettingError, match=said):
        Slices(columns=[text]).check({name: {} for name in NAMES})


@pytest.mark.parametrize(
    ("text", "said"), [("town > 3", "= or !="), ("x0 = much", "a number"), ("since >= soon", "or a date")]
)
def test_a_condition_that_does_not_fit_its_column_is_refused(text, said):
    X, rng = people(100)
    view = view_of(
        X.assign(since=DAY), rng.integers(0, 2, 100), of_two(np.full(100, 0.5)), columns={"since": {"kind": "time"}}
    )
    with pytest.raises(SettingError, match=said):
        Slices(columns=[text]).evaluate(view)


def test_declared_slices_are_levels_ranges_shares_dates_and_missing_cells():
    X, rng = people(2_000)
    X["since"] = DAY + np.arange(2_000) % 100
    X.loc[:99, "rooms"] = np.nan
    aside = pd.DataFrame({"hidden": pd.Categorical(np.where(np.arange(2_000) < 40, "a", "b"))})
    said = ["town", "x0 >= 90%", "since >= 2024-10-20", "rooms = missing", "hidden & x1", "town = Ulm & hidden != a"]
    view = view_of(
        X, rng.integers(0, 2, 2_000), of_two(np.full(2_000, 0.5)), aside=aside, columns={"since": {"kind": "time"}}
    )
    evaluation = Slices(columns=said, most=0).evaluate(view)
    rows = {row["slice"]: row["rows"] for row in evaluation.data["declared"]}

    assert {name for name in rows if name.startswith("town = ") and "&" not in name} == {
        f"town = {town}" for town in ("Ulm", "Bonn", "Rome", "Oslo", "Linz")
    }
    assert rows["rooms = missing"] == 100
    assert rows["since >= 2024-10-20"] == 2_000 - 20 * (20_016 - 20_000)
    assert next(count for name, count in rows.items() if name.startswith("x0 >= ")) == 200
    assert sum(count for name, count in rows.items() if name.startswith("hidden = b & x1")) == 1_960
    assert len(evaluation.data["small"]) == 4
    assert "SMALL-SLICE" in {finding.code for finding in evaluation.findings}


def test_of_columns_that_no_learner_sees_only_sensitive_ones_are_searched():
    X, rng = people(3_000)
    y = (rng.random(3_000) < 0.3).astype(int)
    aside = pd.DataFrame({"told": pd.Categorical(np.where(y == 1, "yes", "no")), "sex": X.pop("town")})

    def searched(columns):
        view = view_of(X, y, of_two(np.full(3_000, 0.3)), aside=aside, inside=2_000, columns=columns)
        return [row["slice"] for row in Slices().evaluate(view).data["searched"]]

    assert not any("told" in part for part in searched({"told": {"kind": "category"}}))
    assert searched({"told": {"kind": "category", "sensitive": True}})[0] == "told = yes"


def test_what_rows_of_a_prediction_usually_lose_is_no_excess():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    y = (rng.random(20_000) < p**2).astype(int)  # not calibrated, alike for all
    losses = -np.log(np.where(y == 1, p, 1 - p))
    excess = ExpectedLoss(of_two(p), losses, None).excess(of_two(p), losses)
    by_bin = [excess[(p >= low) & (p < low + 0.2)].mean() for low in (0.0, 0.2, 0.4, 0.6, 0.8)]

    assert np.abs(by_bin).max() < 0.02
