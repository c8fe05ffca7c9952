"""What the comparison of groups says of rows of which the truth is known; calibration within groups."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_diabetes
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import cross_val_predict
from tests.plugins.predicted import of_two, view_of

from mesic import SettingError
from mesic_plugins.evaluators.calibration import Calibration
from mesic_plugins.evaluators.cells import cell_text
from mesic_plugins.evaluators.errors import Errors
from mesic_plugins.evaluators.fairness import ERRORS, ODDS, OPPORTUNITY, PARITY, WITHIN, Fairness

SENSITIVE = {"sex": {"kind": "category", "sensitive": True}}


def measures(evaluation, place=0):
    return {(row["name"], row["outcome"]): row for row in evaluation.data["columns"][place]["measures"]}


def asked(sex, y, p, **more):
    """Return a view whose model does not see the sensitive column."""
    aside = pd.DataFrame({"sex": pd.Categorical(sex)})
    return view_of(pd.DataFrame({"x": np.zeros(y.size)}), y, of_two(p), aside=aside, columns=SENSITIVE, **more)


@pytest.fixture
def decided():
    """Return 1,000 rows of which all shares are known: sex, target, and probability of the positive class."""
    counts = {("F", 1, 1): 90, ("F", 1, 0): 110, ("F", 0, 1): 60, ("F", 0, 0): 240}
    counts |= {("M", 1, 1): 200, ("M", 1, 0): 50, ("M", 0, 1): 100, ("M", 0, 0): 150}
    sex, y, named = zip(*(key for key, count in counts.items() for _ in range(count)), strict=True)
    return np.array(sex), np.array(y), np.where(np.array(named) == 1, 0.8, 0.2)


def test_every_measure_is_the_share_that_it_is_called_after(decided):
    found = measures(Fairness().evaluate(asked(*decided)))
    value = {name: row["difference"]["value"] for (name, _), row in found.items()}

    assert value[PARITY] == pytest.approx(300 / 500 - 150 / 500)
    assert value[OPPORTUNITY] == pytest.approx(200 / 250 - 90 / 200)
    assert value[ODDS] == pytest.approx(max(200 / 250 - 90 / 200, 100 / 250 - 60 / 300))
    assert value[ERRORS] == pytest.approx(170 / 500 - 150 / 500)
    assert value[WITHIN] == pytest.approx((0.56 - 0.5) - (0.38 - 0.4))
    assert found[PARITY, "class 1"]["ratio"]["value"] == pytest.approx(0.5)
    assert found[PARITY, "class 1"]["reading"] == "broken"
    assert found[PARITY, "class 1"]["difference"]["between"] == ["M", "F"]


def test_differences_beyond_the_tolerance_are_findings(decided):
    said = [finding.message for finding in Fairness().evaluate(asked(*decided)).findings]
    lenient = Fairness(tolerance=0.5).evaluate(asked(*decided)).findings

    assert any(message.startswith("equal opportunity of 'class 1' between M and F of 'sex'") for message in said)
    assert [finding.message for finding in lenient if "four fifths" not in finding.message] == []


def test_groups_that_are_treated_alike_are_left_in_peace():
    def alarms(seed):
        rng = np.random.default_rng(seed)
        sex, p = rng.choice(["F", "M", "X"], 900, p=[0.45, 0.45, 0.1]), rng.random(900)
        return len(Fairness(tolerance=0).evaluate(asked(sex, (rng.random(900) < p).astype(int), p)).findings)

    assert sum(alarms(seed) > 0 for seed in range(40)) <= 14  # five measures, each at 5 %


def test_groups_that_are_too_small_are_named_and_their_shares_are_no_numbers(decided):
    sex, y, p = decided
    sex = np.where(np.arange(1_000) < 12, "N", sex)
    sex = np.where((np.arange(1_000) >= 12) & (np.arange(1_000) < 90) | (np.arange(1_000) > 990), "X", sex)
    evaluation = Fairness().evaluate(asked(sex, y, p))
    (small,) = [finding for finding in evaluation.findings if finding.code == "SMALL-GROUP"]
    odds = measures(evaluation)[ODDS, "class 1"]

    assert evaluation.data["columns"][0]["small"] == [{"group": "N", "rows": 12}]
    assert "N (12)" in small.message
    assert "X where it is not class 1 (9)" in small.message
    assert (odds["groups"]["X"]["value"], odds["groups"]["X"]["n"]) == (None, 9)


def test_weights_and_groups_widen_what_is_said(decided):
    plain = measures(Fairness().evaluate(asked(*decided)))[PARITY, "class 1"]["difference"]
    weighted = measures(Fairness().evaluate(asked(*decided, weight=1.0 + np.arange(1_000) % 5)))
    grouped = measures(Fairness().evaluate(asked(*decided, groups=np.arange(1_000) // 10)))

    for other in (weighted, grouped):
        found = other[PARITY, "class 1"]["difference"]
        assert found["high"] - found["low"] > plain["high"] - plain["low"]


def test_of_several_classes_each_is_an_outcome_by_itself():
    rng = np.random.default_rng(0)
    p = rng.dirichlet([1, 1, 1], 600)
    view = view_of(pd.DataFrame({"sex": pd.Categorical(rng.choice(["F", "M"], 600))}), rng.integers(0, 3, 600), p)
    found = measures(Fairness(columns=["sex"]).evaluate(view))

    assert {outcome for name, outcome in found if name == OPPORTUNITY} == {"class 0", "class 1", "class 2"}


def test_numbers_are_compared_by_mean_bias_and_absolute_error():
    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    prediction = cross_val_predict(LinearRegression(), X, y)
    evaluation = Fairness(columns=["sex", "age"]).evaluate(view_of(X, y.to_numpy(), prediction))
    found, is_two = measures(evaluation), (X["sex"] == 2).to_numpy()
    bias = prediction - y

    assert set(found) == {(ERRORS, None), (PARITY, None), (WITHIN, None)}
    assert found[WITHIN, None]["difference"]["value"] == pytest.approx(abs(bias[is_two].mean() - bias[~is_two].mean()))
    assert len(evaluation.data["columns"][1]["groups"]) == 4


def test_without_a_sensitive_column_nothing_is_said_and_an_unknown_one_is_refused(decided):
    view = view_of(pd.DataFrame({"x": np.zeros(1_000)}), decided[1], of_two(decided[2]))

    assert Fairness().evaluate(view).data["columns"] == []
    for evaluator in (Fairness(columns=["sexx"]), Calibration(by=["sexx"])):
        with pytest.raises(SettingError, match="sexx"):
            evaluator.check({"sex": {}})


def test_calibration_is_told_for_each_group_of_a_sensitive_column():
    rng = np.random.default_rng(0)
    sex, p = rng.choice(["F", "M"], 4_000), rng.random(4_000)
    y = (rng.random(4_000) < np.where(sex == "F", p, p**2)).astype(int)
    told = {row["group"]: row for row in Calibration().evaluate(asked(sex, y, p)).data["by"]}

    assert told["sex = F"]["gap"]["low"] < 0 < told["sex = F"]["gap"]["high"]
    assert told["sex = M"]["gap"]["value"] == pytest.approx(1 / 3 - 1 / 2, abs=0.03)
    assert sum(row["low"] <= row["predicted"] <= row["high"] for row in told["sex = F"]["bins"]) >= 8
    assert told["sex = M"]["bins"][4]["high"] < told["sex = M"]["bins"][4]["predicted"]


def test_worst_rows_show_times_as_dates():
    X = pd.DataFrame({"since": [19_723.0, 19_723.25, np.nan], "size": [1.5, 2e16, 3.0]})
    view = view_of(X, np.array([1, 0, 1]), of_two(np.array([0.1, 0.5, 0.9])), columns={"since": {"kind": "time"}})
    worst = Errors(worst=3).evaluate(view).data["worst"]

    assert [row["features"]["since"] for row in worst] == ["2024-01-01", "2024-01-01T06:00:00", "missing"]
    assert [row["features"]["size"] for row in worst] == ["1.5", "2e+16", "3"]
    assert cell_text(1e12, "time") == "1e+12 days from 1970"
