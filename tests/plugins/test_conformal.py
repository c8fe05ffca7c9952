"""Intervals and sets hold the target as often as they promise, and say so where they cannot."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_predict
from tests.plugins.predicted import of_two, view_of

from mesic import intervals_of, sets_of
from mesic_plugins.evaluators.conformal import Conformal
from mesic_plugins.evaluators.conformal_scores import quantile_above

NOTHING = pd.DataFrame({"x": np.zeros(5_000)})


def coverage(view, **options):
    return Conformal(**options).evaluate(view).data["coverage"]["value"]


def numbers(seed, *, rows=1_200, inside=200, spread=lambda said: np.ones(said.size), **more):
    rng = np.random.default_rng(seed)
    said = rng.uniform(0, 10, rows)
    y = said + spread(said) * rng.standard_t(4, rows)
    return view_of(NOTHING[:rows], y, said, inside=inside, seed=seed, **more)


@pytest.mark.parametrize("promised", [0.8, 0.95])
def test_intervals_hold_what_they_promise_on_average(promised):
    held = [coverage(numbers(seed), coverage=promised) for seed in range(100)]
    assert np.mean(held) == pytest.approx(promised, abs=0.012)


@pytest.mark.parametrize("sets", ["lac", "aps"])
def test_sets_hold_what_they_promise_on_average(sets):
    def view(seed):
        rng = np.random.default_rng(seed)
        p = rng.dirichlet([0.7] * 5, 1_200)
        y = (p.cumsum(axis=1) < rng.random((1_200, 1))).sum(axis=1)
        return view_of(NOTHING[:1_200], y, p**0.7 / (p**0.7).sum(axis=1, keepdims=True), inside=200)

    assert np.mean([coverage(view(seed), sets=sets) for seed in range(100)]) == pytest.approx(0.9, abs=0.012)


def test_the_quantile_counts_the_row_that_is_to_come():
    rng = np.random.default_rng(0)
    held = [rng.normal() <= quantile_above(rng.normal(size=19), 0.9) for _ in range(20_000)]

    assert np.mean(held) == pytest.approx(18 / 20, abs=0.007)
    assert quantile_above(np.arange(8.0), 0.9) == np.inf
    assert quantile_above(np.array([1.0, 2.0, 3.0]), 0.5, np.array([1.0, 8.0, 1.0]), 1.0) == 2.0


def test_where_errors_grow_with_the_prediction_intervals_do_too_and_cost_less():
    grows, even = numbers(0, inside=600, spread=lambda said: 0.1 + said), numbers(0, inside=600)
    data = Conformal().evaluate(grows).data
    low, high = intervals_of(data["answer"], np.array([1.0, 9.0]))
    width = high - low

    assert data["shape"].startswith("scaled")
    assert width[1] > 3 * width[0]
    assert Conformal().evaluate(even).data["shape"] == "of one width"


def test_what_the_record_holds_answers_the_same_intervals():
    view = numbers(1, spread=lambda said: 0.1 + said)
    data = Conformal().evaluate(view).data
    answer = data["answer"]
    scale = np.interp(view.prediction, answer["knots"], answer["scales"])
    low, high = view.prediction + answer["low"] * scale, view.prediction + answer["high"] * scale

    assert np.mean((low <= view.y) & (view.y <= high)) == pytest.approx(data["coverage"]["value"])
    assert (high - low).mean() == pytest.approx(data["size"]["value"])


def test_rows_of_a_group_that_nobody_saw_are_held_where_groups_are_declared():
    def view(seed, *, grouped):
        rng = np.random.default_rng(seed)
        group = np.repeat(np.arange(100), 12)
        y = np.repeat(rng.normal(size=100), 12) + rng.normal(0, 0.1, group.size)
        return view_of(NOTHING[: group.size], y, np.zeros(group.size), inside=480, groups=group if grouped else None)

    grouped = [coverage(view(seed, grouped=True)) for seed in range(100)]
    loose = [coverage(view(seed, grouped=False)) for seed in range(100)]

    assert np.mean(grouped) >= 0.89
    assert np.mean(loose) < np.mean(grouped)


def test_later_rows_count_more_where_time_is_declared():
    def view(seed, *, timed):
        rng = np.random.default_rng(seed)
        time = np.arange(1_500.0)
        y = rng.normal(0, 1 + time / 500)
        return view_of(NOTHING[:1_500], y, np.zeros(1_500), inside=1_200, time=time if timed else None)

    timed, plain = ([coverage(view(seed, timed=one)) for seed in range(40)] for one in (True, False))
    assert np.mean(timed) > np.mean(plain) + 0.03


def test_a_promise_that_is_broken_is_said():
    view = numbers(0, spread=lambda said: np.where(np.arange(said.size) < 200, 0.3, 1.0))
    (finding,) = Conformal().evaluate(view).findings

    assert finding.code == "COVERAGE-MISSED"
    assert "90% were promised" in finding.message


def test_too_few_rows_promise_nothing():
    evaluation = Conformal(coverage=0.99).evaluate(numbers(0, inside=150))

    assert evaluation.data["answer"] is None
    assert "199" in evaluation.findings[0].message
    assert [finding.code for finding in evaluation.findings] == ["NO-COVERAGE"]


def test_coverage_is_shown_by_class_and_by_group():
    X, y = load_digits(return_X_y=True)
    p = cross_val_predict(LogisticRegression(max_iter=200), X / 16, y, method="predict_proba")
    order = np.random.default_rng(0).permutation(y.size)
    frame = pd.DataFrame({"half": pd.Categorical(np.where(X[:, 21] > 8, "dark", "light"))})
    data = Conformal(by=["half"]).evaluate(view_of(frame.iloc[order], y[order], p[order], inside=900)).data

    assert [row["slice"] for row in data["by"][:2]] == ["half = dark", "half = light"]
    assert len(data["by"]) == 12
    assert data["coverage"]["low"] <= data["coverage"]["value"] <= data["coverage"]["high"]
    assert data["coverage"]["value"] >= 0.9
    assert data["compared"]["aps"]["size"]["value"] >= 1


def test_of_a_linear_model_of_diabetes_nine_in_ten_are_held():
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    order = np.random.default_rng(0).permutation(y.size)
    said = cross_val_predict(LinearRegression(), X, y)[order]
    data = Conformal().evaluate(view_of(X.iloc[order], y.to_numpy()[order], said, inside=300)).data

    assert data["coverage"]["low"] <= 0.9 <= data["coverage"]["high"]
    assert 2 * 1.645 * 45 < data["size"]["value"] < 2 * 1.645 * 65  # the model errs by 54 on average


def test_of_two_classes_a_set_names_one_or_both():
    sets = sets_of({"score": "aps", "threshold": 0.65}, of_two(np.array([0.95, 0.6, 0.4, 0.01])))
    assert sets.tolist() == [[False, True], [False, True], [True, False], [True, False]]
    assert sets_of({"score": "lac", "threshold": 0.61}, of_two(np.array([0.95, 0.6]))).tolist() == [
        [False, True],
        [True, True],
    ]
