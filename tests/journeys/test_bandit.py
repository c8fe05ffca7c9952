"""mesic plan bandit and mesic compare bandit: from a plan to what the log says."""

import numpy as np
import pandas as pd
import pytest
from tests.conftest import CommandLine

from mesic import Outcome
from mesic_plugins.rollouts.bandit import Bandit

MEANS = {"new": 0.35, "old": 0.2}


@pytest.fixture(scope="module")
def logged(tmp_path_factory):
    """Return a folder with the log of a bandit of 3,000 assignments."""
    folder = tmp_path_factory.mktemp("logged")
    bandit, rng, rows = Bandit(floor=0.05, seed=2), np.random.default_rng(0), []
    state = bandit.begin(MEANS)
    for start in range(0, 3_000, bandit.batch):
        drawn = [(f"u{number}", *bandit.assign(f"u{number}", state)) for number in range(start, start + bandit.batch)]
        came = [
            Outcome(unit, arm, float(rng.random() < MEANS[arm]), float(start), propensity, unit)
            for unit, arm, propensity in drawn
        ]
        state = bandit.update_all(state, came)
        rows += came
    pd.DataFrame(rows).to_csv(folder / "log.csv", index=False)
    return CommandLine(folder)


def test_a_plan_sets_policies_beside_an_ab_test(mesic):
    small = ("plan", "bandit", "arms=[0.1,0.4]", "steps=2000", "repeats=20", "policies=[thompson,ucb1]")
    found, again = (mesic(*small, "--json").json for _ in range(2))
    said = mesic(*small).out
    even, winner, thompson, ucb1 = found["policies"]

    assert [row["policy"] for row in (thompson, ucb1)] == ["thompson", "ucb1"]
    assert even["regret"]["low"] <= 0.15 * 2_000 <= even["regret"]["high"] + 5
    assert thompson["saved"] > 0.5
    assert thompson["best_share"]["value"] > 0.8
    for row in found["policies"]:
        assert row["regret"]["low"] < row["regret"]["value"] < row["regret"]["high"]
    assert [row["regret"] for row in again["policies"]] == [row["regret"] for row in found["policies"]]
    assert "A/B for 0.3 of it, then the winner" in said
    assert "t interval at 0.95" in said
    assert winner["policy"] in said


def test_a_log_says_what_each_arm_is_worth(logged):
    found = logged("compare", "bandit", "log=log.csv", "reference=old", "--json").json
    said = logged("compare", "bandit", "log=log.csv", "reference=old").out
    arms = {one["arm"]: one for one in found["arms"]}

    assert found["findings"] == []
    for name, mean in MEANS.items():
        for estimate in ("value", "self_normalised", "inverse_propensity"):
            assert arms[name][estimate]["low"] <= mean <= arms[name][estimate]["high"]
    assert arms["new"]["difference"]["low"] > 0
    assert arms["old"]["difference"] is None
    assert "adaptively weighted AIPW, logit interval at 0.95, by row" in said
    assert "less old" in said


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("plan", "bandti"), 2, "no verb 'plan bandti'; did you mean 'bandit'?"),
        (("compare", "data"), 2, "no verb 'compare data'; there are: ab, bandit"),
        (("plan", "bandit", "arms=[0.1]"), 2, "arms=[0.1] cannot work: give two probabilities or more"),
        (("plan", "bandit", "rollout.floor=0.4"), 2, "floor=0.4 cannot work with 3 arms: give at most 0.3333"),
        (("plan", "bandit", "policies=[tomson]"), 2, "did you mean 'thompson'?"),
        (("plan", "bandit", "policies=[]"), 2, "policies=[] cannot work"),
        (("run", "rollout=bandit"), 2, "rollout=bandit cannot work here: a run has no rollout"),
        (("compare", "bandit"), 2, "log has no value: give log=..."),
        (("compare", "bandit", "log=gone.csv"), 2, "'gone.csv' cannot work: give a file that exists"),
        (("compare", "bandit", "log=log.csv", "reference=x"), 2, "reference='x' cannot work: give one of new, old"),
        (("compare", "bandit", "log=log.csv", "arm=amr"), 3, "no column arm=amr"),
        (("compare", "bandit", "log=log.csv", "high=0.5"), 3, "has the reward 1, which is not between low=0"),
    ],
)
def test_what_cannot_work_is_said(logged, arguments, status, words):
    done = logged(*arguments)

    assert words in done.err
    assert done.status == status
