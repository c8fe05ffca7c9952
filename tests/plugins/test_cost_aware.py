"""What is bought with a budget of time."""

import numpy as np
import pandas as pd
import pytest

from mesic import SettingError
from mesic_plugins.selectors.cost_aware import CostAware


def rows(number=500, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(number, 4)), columns=["strong", "weak", "idle", "free"])
    return X, 2 * X["strong"] + 0.3 * X["weak"] + X["free"] + 0.3 * rng.normal(size=number)


def kept(budget_us, costs):
    X, y = rows()
    return set(CostAware(budget_us=budget_us).fit(X, y, costs=costs).get_feature_names_out())


def test_everything_is_kept_where_everything_fits():
    assert kept(1000, {"strong": 100, "weak": 100, "idle": 100}) == {"strong", "weak", "idle", "free"}
    assert kept(1, None) == {"strong", "weak", "idle", "free"}


@pytest.mark.parametrize(
    ("budget_us", "expected"),
    [
        (250, {"strong", "weak", "free"}),
        (150, {"strong", "free"}),
        (50, {"free"}),
    ],
)
def test_what_serves_least_goes_first(budget_us, expected):
    assert kept(budget_us, {"strong": 100, "weak": 100, "idle": 100}) == expected


def test_a_charge_is_paid_once_for_all_its_columns():
    assert kept(100, [(100, ["strong", "weak", "idle"])]) == {"strong", "weak", "idle", "free"}
    assert kept(99, [(100, ["strong", "weak", "idle"])]) == {"free"}


def test_what_still_fits_comes_back():
    assert kept(100, {"strong": 90, "weak": 10, "idle": 20}) == {"strong", "weak", "free"}


def test_the_total_and_the_reasons_are_told():
    X, y = rows()
    found = CostAware(budget_us=150).fit(X, y, costs={"strong": 100, "weak": 100})
    evidence = found.evidence_.set_index("column")

    assert found.total_us_ == 100
    assert evidence.loc["weak", "reason"].startswith("takes 100 us a row; shuffling what it pays for costs")
    assert evidence.loc["weak", "loss_without"] > 0
    assert evidence.loc["free", "reason"] == "takes no time of its own"
    assert [finding.code for finding in found.findings_] == ["OVER-BUDGET"]


@pytest.mark.parametrize("options", [{"budget_us": 0}, {"folds": 1}])
def test_settings_that_cannot_work_are_refused(options):
    with pytest.raises(SettingError, match="cannot work: give"):
        CostAware(**options).fit(*rows())


def test_a_negative_price_is_refused():
    with pytest.raises(SettingError, match="costs=-1"):
        CostAware().fit(*rows(), costs={"weak": -1})


def test_where_nothing_fits_the_cheapest_stays_and_it_is_said():
    X, y = rows()
    found = CostAware(budget_us=10).fit(X, y, costs={"strong": 50, "weak": 5000, "idle": 80, "free": 60})

    assert found.get_feature_names_out().tolist() == ["strong"]
    assert "nothing fits in budget_us=10: the least takes 50 us" in found.findings_[0].message


def test_what_is_protected_is_paid_for_first():
    X, y = rows()
    found = CostAware(budget_us=100).fit(X, y, costs={"strong": 80, "weak": 80, "idle": 10}, protected=["weak"])

    assert set(found.get_feature_names_out()) >= {"weak", "free"}
    assert "strong" not in found.get_feature_names_out()
    assert found.total_us_ <= 100
