"""Single, silent, canary, A/B: what each decides, and how often it is wrong."""

import numpy as np
import pytest
from scipy import stats

from mesic import Outcome, SettingError, Sums
from mesic_plugins.rollouts.ab import Ab
from mesic_plugins.rollouts.canary import Canary
from mesic_plugins.rollouts.guards.checked import within
from mesic_plugins.rollouts.silent import Silent
from mesic_plugins.rollouts.single import Single

ARMS = ("new", "old")


def state_of(rollout, **measures):
    """Return a state that knows measures of the new version: (name, ...) -> count of ones."""
    told = {tuple(name.split("_")): Sums.of([1.0] * count) for name, count in measures.items()}
    return rollout.begin(ARMS).observed("new", measures=told)


def guard(decision, name):
    return next(one for one in decision.evidence["guards"] if one["name"] == name)


def test_a_canary_ramps_as_its_plan_says_and_promotes_after_the_last_stage():
    canary = Canary(reference="old")
    state, seen = canary.begin(ARMS), []
    for _ in range(4042):
        seen.append(canary.shares(state)["new"])
        state = state.observed("old", 1)
    decision = canary.decide(state)

    assert [seen.count(share) for share in (0.05, 0.2, 0.5)] == [2995, 748, 299]
    assert (decision.action, decision.arm) == ("promote", "new")


def test_who_was_in_the_canary_stays_in_it_as_it_grows():
    canary = Canary(reference="old", seed=4)
    states = [canary.begin(ARMS).observed("old", requests) for requests in (0, 2995, 3743)]
    groups = [{unit for unit in map(str, range(2000)) if canary.assign(unit, state).arm == "new"} for state in states]

    assert groups[0] < groups[1] < groups[2]
    assert [len(group) / 2000 for group in groups] == pytest.approx([0.05, 0.2, 0.5], abs=0.03)


def test_a_stage_lasts_its_seconds_however_many_requests_there_are():
    canary = Canary(reference="old", stage_s=60)
    busy = canary.begin(ARMS).observed("old", 10_000)
    later = busy.observed("old", measures={("seconds",): Sums.of([59.0])})

    assert [canary.stage(state) for state in (busy, later)] == [0, 0]
    assert canary.stage(later.observed("old", measures={("seconds",): Sums.of([1.0])})) == 1
    assert canary.decide(busy).evidence["stage"]["seconds_left"] == 60


def test_one_failure_is_enough():
    canary = Canary(reference="old")
    decision = canary.decide(state_of(canary, failed=1))

    assert (decision.action, decision.arm) == ("rollback", "old")
    assert "failures" in decision.evidence["why"]


def test_a_version_that_is_slower_than_allowed_is_taken_back_and_one_that_is_not_stays():
    rng, canary = np.random.default_rng(1), Canary(reference="old", slower=0.5)
    old = {("latency",): Sums.of(rng.normal(-8, 0.5, 3000))}

    def decided(times):
        new = {("latency",): Sums.of(rng.normal(-8 + np.log(times), 0.5, 150))}
        return canary.decide(canary.begin(ARMS).observed("old", measures=old).observed("new", measures=new))

    slow, same = decided(2.2), decided(1.0)
    assert (slow.action, guard(slow, "latency")["state"]) == ("rollback", "broken")
    assert guard(slow, "latency")["low"] < 1.2 < guard(slow, "latency")["high"]
    assert (same.action, guard(same, "latency")["state"]) == ("continue", "kept")


def test_answers_on_the_same_rows_tell_more_than_those_on_other_rows():
    canary = Canary(reference="old", shift=0.05)
    pairs = canary.decide(state_of(canary, pair_no_no=60, pair_no_yes=40, pair_yes_yes=60))
    apart = state_of(canary, said_no=60, said_yes=100)
    apart = canary.decide(apart.observed("old", measures={("said", w): Sums(rewarded=500) for w in ("no", "yes")}))

    assert guard(pairs, "predictions yes")["value"] == pytest.approx(40 / 160)
    assert pairs.action == "rollback"
    assert apart.action == "continue"
    assert "rows of their own" in guard(apart, "predictions yes")["method"]


def test_the_mean_of_a_regression_is_held_against_the_spread_of_its_answers():
    canary, rng = Canary(reference="old", shift=0.1), np.random.default_rng(0)
    old = rng.normal(50, 10, 400)
    measures = {("old",): Sums.of(old), ("difference",): Sums.of(rng.normal(3, 2, 400))}
    decision = canary.decide(canary.begin(ARMS).observed("new", measures=measures))

    assert decision.action == "rollback"
    assert guard(decision, "predictions")["value"] == pytest.approx(0.3, abs=0.04)


def test_too_many_rows_that_are_decided_differently_are_told_by_an_exact_interval():
    canary = Canary(reference="old", shift=None, disagree=0.05)
    decision = canary.decide(state_of(canary, pair_no_no=80, pair_no_yes=10, pair_yes_no=10))

    assert decision.action == "rollback"
    assert guard(decision, "disagreements")["low"] > 0.05


def test_rewards_that_fall_take_a_version_back():
    canary, rng = Canary(reference="old", loss=0.05), np.random.default_rng(3)
    state = canary.begin(ARMS)
    for arm, mean in (("old", 0.5), ("new", 0.2)):
        rewards = (rng.random(400) < mean).astype(float)
        state = canary.update_all(state, [Outcome("", arm, r, 0.0, 0.5, f"{arm} {n}") for n, r in enumerate(rewards)])

    decision = canary.decide(state)
    assert (decision.action, guard(decision, "goal")["state"]) == ("rollback", "broken")


def test_a_difference_at_its_limit_is_hardly_ever_called_broken_however_often_one_looks():
    limit, alpha, paths, wrong = 0.1, 0.05, 300, 0
    rng = np.random.default_rng(7)
    for _ in range(paths):
        moves = rng.choice([1, 0, -1], p=[0.14, 0.82, 0.04], size=3000).cumsum()
        rows = np.arange(1, 3001)
        for place in range(49, 3000, 50):
            n, value = rows[place], moves[place] / rows[place]
            variance = (0.18 - value**2) / n
            if within((value, variance), n, limit, alpha)[0] == "broken":
                wrong += 1
                break

    assert wrong <= stats.binom.ppf(0.999, paths, alpha)


def test_silent_never_decides_and_tells_what_differs():
    silent = Silent(reference="old")
    decision = silent.decide(state_of(silent, pair_no_yes=3, pair_yes_yes=5, beside=8, failed=1))
    told = decision.evidence["versions"]["new"]

    assert decision.action == "continue"
    assert (told["rows"], told["differ"]) == (8, 3)
    assert told["table"] == [{"old": "no", "new": "yes", "rows": 3}, {"old": "yes", "new": "yes", "rows": 5}]
    assert told["failures"]["state"] == "broken"


def test_single_gives_the_new_version_everything_at_once():
    single = Single(reference="old")
    assert single.decide(single.begin(ARMS)).arm == "new"
    assert single.decide(single.begin(["old"])).action == "continue"


def outcomes(arm, mean, count, seed=0):
    rewards = np.random.default_rng(seed).random(count) < mean
    return [Outcome("", arm, float(reward), 0.0, 0.5, f"{arm} {number}") for number, reward in enumerate(rewards)]


@pytest.mark.parametrize(
    ("mean", "action", "arm"), [(0.25, "promote", "new"), (0.03, "rollback", "old"), (0.1, "keep", "old")]
)
def test_an_ab_test_decides_by_its_outcomes(mean, action, arm):
    test = Ab(base=0.1, mde=0.05, reference="old")
    state = test.update_all(test.begin(ARMS), outcomes("old", 0.1, 4000) + outcomes("new", mean, 4000, 1))
    decision = test.decide(state)

    assert (decision.action, decision.arm) == (action, arm)
    assert decision.evidence["units_planned"] > 0


def test_an_ab_test_of_amounts_is_one_of_means():
    test, rng = Ab(base=20, mde=2, sd=5, low=0, high=100, reference="old"), np.random.default_rng(2)
    state = test.begin(ARMS)
    for arm, mean in (("old", 20), ("new", 26)):
        came = [Outcome("", arm, float(r), 0.0, 0.5, f"{arm} {n}") for n, r in enumerate(rng.normal(mean, 5, 300))]
        state = test.update_all(state, came)
    effect = test.decide(state).evidence["test"]["arms"][0]["effect"]

    assert test.decide(state).action == "promote"
    assert effect["low"] < 6 < effect["high"]


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: Canary(0.1, then=[0.5, 0.2]), "then"),
        (lambda: Silent(beside=0.0), "beside"),
        (lambda: Ab(mde=2.0), "base"),
    ],
)
def test_an_option_that_cannot_work_is_named(make, key):
    with pytest.raises(SettingError, match=key):
        make()
