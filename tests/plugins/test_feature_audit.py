"""What the audit of features says of rows of which the truth is known."""

import numpy as np
import pandas as pd
import pytest

from mesic import EvaluationView, TrainingView, example_losses
from mesic_plugins.evaluators.feature_audit import FeatureAudit
from mesic_plugins.evaluators.reliability import covered_share, missing_share, shift_over_time, stands_still
from mesic_plugins.evaluators.verdicts import verdict_of


def predict(X):
    """Answer with what is known of the two columns that matter."""
    return 3 * X["a"].fillna(0.5).to_numpy() + X["town"].eq("Ulm").to_numpy()


def view(rows=800, seed=0, **more):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a": rng.normal(size=rows), "idle": rng.normal(size=rows)})
    X["town"] = pd.Categorical(rng.choice(["Ulm", "Bonn"], rows))
    y = predict(X) + rng.normal(size=rows)
    answers = predict(X)
    return EvaluationView(
        task="regression",
        classes=(),
        X=X,
        y=y,
        prediction=answers,
        losses=example_losses("regression", y, answers),
        origin=np.arange(rows),
        weight=None,
        groups=None,
        predict=predict,
        level=0.95,
        rng=np.random.default_rng(1),
        reference=TrainingView(X, y, time=np.arange(float(rows))),
        **more,
    )


def audited(asked, **options):
    return {row["name"]: row for row in FeatureAudit(**options).evaluate(asked).data["features"]}


def test_the_loss_when_a_column_does_not_come_is_what_a_hand_computes():
    asked = view()
    found = audited(asked)["a"]["absent"]
    lost = example_losses("regression", asked.y, predict(asked.X.assign(a=np.nan))) - asked.losses

    assert found["value"] == pytest.approx(lost.mean())
    assert found["low"] < lost.mean() < found["high"]


def test_shuffling_costs_what_the_column_is_worth():
    found = audited(view(rows=4000), rows=4000)

    assert found["a"]["increase"] == pytest.approx(2 * 9, rel=0.1)
    assert found["town"]["increase"] == pytest.approx(2 * 0.25, rel=0.3)
    assert (found["idle"]["increase"], found["idle"]["verdict"]) == (0.0, "leave out")


def test_a_column_without_which_most_is_lost_is_named():
    findings = {finding.code: finding for finding in FeatureAudit().evaluate(view()).findings}

    assert findings["FRAGILE-COLUMN"].evidence["column"] == "a"
    assert findings["IDLE-COLUMNS"].evidence["columns"] == ["idle"]


def test_the_price_is_what_is_measured_and_what_is_declared():
    found = audited(view(costs={"a": 2.0, "idle": 1.0, "town": 0.0}, columns={"a": {"cost_us": 40.0}}))

    assert (found["a"]["cost_us"], found["idle"]["cost_us"], found["town"]["cost_us"]) == (42.0, 1.0, 0.0)


def test_only_the_strongest_of_many_columns_are_examined():
    evaluation = FeatureAudit(most=2).evaluate(view())

    assert {row["name"] for row in evaluation.data["features"]} == {"a", "town"}
    assert evaluation.data["unexamined"] == ["idle"]


def test_rows_of_a_group_are_one_unit_of_the_intervals():
    alone, together = view(), view()
    together = EvaluationView(**{**vars(together), "groups": np.arange(800) // 40, "rng": np.random.default_rng(1)})
    widths = [row["a"]["high"] - row["a"]["low"] for row in (audited(alone), audited(together))]

    assert widths[1] > 0
    assert widths[1] != widths[0]


def test_what_stands_still_and_what_changes_is_measured_over_time():
    rng = np.random.default_rng(0)
    time = np.arange(1000.0)
    noise = pd.Series(rng.normal(size=1000))
    stuck = noise.where(time < 700, noise[700])
    hourly = pd.Series(np.repeat(rng.normal(size=50), 20))

    assert stands_still(stuck, time) == pytest.approx(0.3, abs=0.01)
    assert stands_still(noise, time) == 0
    assert stands_still(hourly, time) == 0, "it uses to change once in twenty moments"
    assert stands_still(hourly, time // 20) == 0, "one cell a moment is looked at"
    assert stands_still(noise, None) is None
    assert shift_over_time(pd.Series(rng.normal(size=1000), name="x"), time, 0.05) is None
    assert shift_over_time(pd.Series(rng.normal(size=1000) + (time > 500), name="x"), time, 0.05)["effect"] > 0.3
    many = pd.Series(pd.Categorical(rng.integers(0, 900, 1000).astype(str)), name="x")
    assert shift_over_time(many, time, 0.05) is None, "many rare levels are no change"
    assert missing_share(pd.Series([1.0, np.nan])) == 0.5
    assert covered_share(pd.Series(np.arange(100.0)), pd.Series([0.0, 49.0])) == 0.5


@pytest.mark.parametrize(
    ("facts", "verdict"),
    [
        ({"q": 0.001, "missing": 0.0, "stale": None, "shift": None}, "keep"),
        ({"q": 0.001, "missing": 0.5, "stale": None, "shift": None}, "watch"),
        ({"q": 0.001, "missing": 0.0, "stale": 0.9, "shift": None}, "watch"),
        ({"q": 0.001, "missing": 0.0, "stale": 0.0, "shift": {"effect": 0.4, "said": "it moved"}}, "watch"),
        ({"q": 0.4, "alike": [], "high": 0.5}, "unsure"),
        ({"q": 0.4, "alike": [], "high": 0.001}, "leave out"),
        ({"q": 0.4, "alike": [], "high": 0.001, "covered": 0.5}, "unsure"),
        ({"q": 0.4, "alike": ["b"], "together": {"low": 0.1}, "keeper": "a", "name": "a"}, "keep"),
        ({"q": 0.4, "alike": ["b"], "together": {"low": 0.1}, "keeper": "b", "name": "a"}, "redundant"),
        ({"q": 0.4, "alike": ["b"], "together": {"low": -0.1}, "keeper": "b", "name": "a", "high": 0.0}, "leave out"),
    ],
)
def test_a_verdict_follows_from_what_was_found(facts, verdict):
    found = verdict_of({"name": "a", **facts}, 0.05, 1.0)

    assert found["verdict"] == verdict
    assert found["reason"]


def test_columns_that_the_pipeline_does_not_read_are_not_asked():
    evaluation = FeatureAudit().evaluate(view(costs={"a": 1.0, "town": 1.0}))

    assert {row["name"] for row in evaluation.data["features"]} == {"a", "town"}
    assert evaluation.data["unread"] == ["idle"]
    assert "IDLE-COLUMNS" not in [finding.code for finding in evaluation.findings]


def test_the_gain_is_that_over_the_weighted_share():
    asked = view()
    weight = np.where(asked.y > 0, 20.0, 1.0)
    reference = TrainingView(asked.X, asked.y, weight=weight)
    weighted = EvaluationView(**{**vars(asked), "weight": weight, "reference": reference})
    nothing = example_losses("regression", asked.y, np.full(len(asked), np.average(asked.y, weights=weight)))
    (finding,) = [f for f in FeatureAudit().evaluate(weighted).findings if f.code == "FRAGILE-COLUMN"]
    gain = np.average(nothing - asked.losses, weights=weight)
    lost = example_losses("regression", asked.y, predict(asked.X.assign(a=np.nan))) - asked.losses

    assert finding.evidence["share"] == pytest.approx(np.average(lost, weights=weight) / gain)
