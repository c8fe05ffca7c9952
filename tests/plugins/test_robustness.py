"""Noise in the columns: what is borne, what it costs, which columns do it; the truth is known."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from tests.plugins.predicted import of_two, view_of

from mesic import TrainingView
from mesic_plugins.evaluators.noise import Noise
from mesic_plugins.evaluators.robustness import Robustness

ROWS = 2_000


def linear(X):
    return 3 * X["a"].to_numpy() + X["b"].to_numpy()


@pytest.fixture
def view():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=ROWS), "b": rng.normal(0, 5, ROWS), "idle": rng.normal(size=ROWS)})
    return view_of(X, linear(X), linear(X), predict=linear)


def test_of_a_linear_model_the_rows_that_stay_are_those_of_the_normal_distribution(view):
    data = Robustness(rows=ROWS).evaluate(view).data
    spread = np.hypot(3 * view.X["a"].std(), view.X["b"].std())
    limit = 0.05 * view.y.std()
    for row in data["strengths"]:
        expected = 1 - 2 * stats.norm.sf(limit / (row["strength"] * spread))
        assert row["stay"]["low"] - 0.01 <= expected <= row["stay"]["high"] + 0.01
        assert row["more_loss"]["value"] == pytest.approx((row["strength"] * spread) ** 2, rel=0.1)

    assert data["epsilon"] == pytest.approx(limit)
    assert data["borne"]["value"] == 0.01  # at 0.0255 of their spread 95 % of the rows move by 0.05 of it


def test_the_columns_that_matter_most_come_first_and_an_idle_one_moves_nothing(view):
    columns = Robustness().evaluate(view).data["columns"]

    assert [row["column"] for row in columns] == ["b", "a", "idle"]
    assert columns[2]["moved"]["value"] == 0
    assert columns[0]["moved"]["value"] == pytest.approx(0.1 * 5 * np.sqrt(2 / np.pi), rel=0.1)


def test_an_answer_that_turns_on_the_last_digit_is_fragile(view):
    def jumps(X):
        return of_two((np.floor(X["a"].to_numpy() * 1_000) % 2) * 0.8 + 0.1)

    y = (np.arange(ROWS) % 2).astype(int)
    fragile = view_of(view.X, y, jumps(view.X), predict=jumps)
    (finding,) = Robustness().evaluate(fragile).findings

    assert finding.code == "FRAGILE-ANSWERS"
    assert "'a'" in finding.message
    assert Robustness().evaluate(view).findings == ()


def test_levels_are_swapped_with_the_probability_of_the_strength():
    rng = np.random.default_rng(0)
    known = pd.DataFrame(
        {
            "town": pd.Categorical(rng.choice(["Ulm", "Bonn"], 4_000, p=[0.7, 0.3])),
            "few": rng.integers(0, 3, 4_000) * 1.0,
        }
    )
    known.loc[:99, "few"] = np.nan
    noise = Noise(known, known, rng)
    moved = noise.of(0.5)

    assert (moved["town"] != known["town"]).mean() == pytest.approx(0.5 * 2 * 0.7 * 0.3, abs=0.03)
    assert (moved["few"] != known["few"])[100:].mean() == pytest.approx(0.5 * 2 / 3, abs=0.03)
    assert moved["few"].isna().equals(known["few"].isna())
    assert set(moved["town"]) == {"Ulm", "Bonn"}
    assert noise.of(0.0).equals(known)


def test_more_noise_moves_every_cell_farther_the_same_way(view):
    noise = Noise(view.X, view.X, np.random.default_rng(0))
    little, much = (noise.of(strength) - view.X for strength in (0.1, 0.2))
    assert np.allclose(2 * little, much)


def test_noise_is_measured_by_the_spread_of_the_rows_that_the_model_learned_from():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    model = LinearRegression().fit(X[:300], y[:300])
    view = view_of(X[300:].reset_index(drop=True), y[300:].to_numpy(), model.predict(X[300:]), predict=model.predict)
    wide = replace(view, reference=TrainingView(X[:300] * 10, y[:300].to_numpy()))
    near, far = (Robustness().evaluate(one).data["strengths"][4]["moved"]["value"] for one in (view, wide))

    assert far == pytest.approx(10 * near, rel=0.15)


def test_of_many_columns_those_that_move_a_few_rows_most_are_asked():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(300, 30))).rename(columns=lambda place: f"x{place}")
    view = view_of(X, np.zeros(300), X["x7"].to_numpy() * 1.0, predict=lambda X: X["x7"].to_numpy() * 1.0)
    columns = Robustness(most=3).evaluate(view).data["columns"]

    assert len(columns) == 3
    assert columns[0]["column"] == "x7"
