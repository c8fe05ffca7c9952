"""States of roll-outs are plain sums: nothing depends on who counted what, and in which order."""

import json
import math
import statistics
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesic import DataError, Outcome, RolloutState, RolloutTerms, UsageError, outcome_findings
from mesic.rollout.units import key_of, number_of, numbers_of

ARMS = ("a", "b", "c")


def outcome(number, arm="a", reward=1.0, **facts):
    return Outcome(
        f"unit {number}", arm, reward, **{"time": float(number), "propensity": 0.5, "id": str(number)} | facts
    )


def begun(**terms):
    return RolloutState.begun(ARMS, RolloutTerms(**terms))


def codes(state):
    return [finding.code for finding in outcome_findings(state)]


OUTCOMES = st.lists(
    st.builds(
        Outcome,
        unit=st.just("u"),
        arm=st.sampled_from(ARMS),
        reward=st.none() | st.floats(0, 1),
        time=st.floats(0, 1e9),
        propensity=st.just(0.5),
        id=st.uuids().map(str),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(OUTCOMES, OUTCOMES, OUTCOMES, st.sampled_from([None, 3600.0, 1e7]))
def test_states_add_up_exactly_in_any_order_and_grouping(first, second, third, half_life_s):
    start = begun(half_life_s=half_life_s)
    a, b, c = (start.counted(some) for some in (first, second, third))
    together = start.counted([*first, *second, *third])

    assert a.merged(b) == b.merged(a)
    assert a.merged(b).merged(c) == a.merged(b.merged(c)) == together
    assert RolloutState.from_json(together.to_json()) == together


@settings(max_examples=40, deadline=None)
@given(OUTCOMES, OUTCOMES)
def test_counting_before_or_after_adding_is_the_same(mine, yours):
    start = begun(half_life_s=500.0)
    assert start.counted(mine).merged(start.counted(yours)) == start.counted(yours).counted(mine)


def test_a_sum_of_floats_would_depend_on_the_order_and_ours_does_not():
    rewards = [0.1, 0.2, 0.3]
    assert sum(rewards) != sum(rewards[::-1])
    log = [outcome(number, reward=reward) for number, reward in enumerate(rewards)]

    assert begun().counted(log).weights == begun().counted(log[::-1]).weights
    assert begun().counted(log).weights[0][1] == pytest.approx(0.6, abs=1e-9)


def test_the_variance_is_that_of_the_rewards():
    rewards = [0.1, 0.7, 0.35, 0.9]
    sums = begun().counted(outcome(number, reward=reward) for number, reward in enumerate(rewards)).arms[0].sums

    assert sums.variance == pytest.approx(statistics.variance(rewards), rel=1e-8)
    assert math.isnan(begun().arms[0].sums.variance)


def test_rewards_are_shares_of_their_range():
    state = begun(low=-10.0, high=30.0).counted([outcome(1, reward=0.0), outcome(2, reward=30.0)])

    assert state.weights[0] == (2.0, 1.25)
    assert state.terms.reward(1.25 / 2) == 15.0


def test_a_repeat_is_known_within_the_window_and_not_beyond():
    state = begun(window=10).counted(outcome(number) for number in range(30))

    within = state.counted([outcome(29, arm="b", time=99.0)])
    beyond = state.counted([outcome(3)])

    assert dict(within.noted) == {"repeated": 1}
    assert within.arms == state.arms
    assert beyond.weights[0][0] == state.weights[0][0] + 1
    assert codes(beyond) == ["CLOCK-WENT-BACK"]


def test_the_assignment_and_its_reward_are_two_outcomes_of_one_id():
    state = begun().counted([outcome(1, reward=None), outcome(1), outcome(1, reward=None)])

    assert (state.arms[0].sums.assigned, state.arms[0].sums.rewarded) == (1, 1)
    assert dict(state.noted) == {"repeated": 1}


def test_a_clock_that_goes_back_loses_no_outcome():
    back = [outcome(number, time=1e6 - number) for number in range(500)]

    assert begun(half_life_s=1000.0).counted(back).weights == begun(half_life_s=1000.0).counted(back[::-1]).weights
    assert begun().counted(back).weights[0] == (500.0, 500.0)


def test_one_clock_that_runs_ahead_does_not_make_all_the_others_old():
    state = begun(half_life_s=1000.0).counted(outcome(number) for number in range(100))
    ahead = state.counted([outcome(1000, arm="b", time=1e12)])

    assert ahead.weights[0] == pytest.approx(state.weights[0], rel=0.01)


def test_what_is_old_weighs_half_after_a_half_life_and_nothing_after_ten():
    old = [outcome(number, time=0.0) for number in range(64)]
    fresh = [outcome(1000 + number, "b", time=800.0) for number in range(10)]
    later = [outcome(2000 + number, "b", time=800.0 * 20) for number in range(10)]
    state = begun(half_life_s=800.0).counted(old)

    assert state.counted(fresh).weights[0] == (32.0, 32.0)
    assert state.counted([*fresh, *later]).arms[0].slices == ()
    assert begun().counted([*old, *later]).weights[0] == (64.0, 64.0)


def test_outcomes_that_cannot_be_are_refused_by_reason():
    good = outcome(1)
    bad = [good._replace(arm="z"), good._replace(reward=2.0), good._replace(reward=math.nan)]
    bad += [good._replace(time=math.inf), good._replace(propensity=0.0), good._replace(propensity=math.nan)]
    state = begun().counted([*bad, good])

    assert dict(state.noted) == {"unknown arm": 1, "reward": 2, "time": 1, "propensity": 2}
    assert state.weights[0] == (1.0, 1.0)
    assert codes(state) == ["OUTCOME-REFUSED"]
    assert "2 with a reward outside of the declared range" in outcome_findings(state)[0].message


def test_arms_come_and_go_and_the_last_change_wins_in_a_sum():
    state = begun().counted([outcome(1), outcome(2, "b")])
    gone = state.without_arm("b").counted([outcome(3, "b")])

    assert gone.active == ("a", "c")
    assert gone.merged(replace(state, recent=())).active == ("a", "c")
    assert gone.with_arm("b").weights[1][0] == 2.0
    assert gone.with_arm("d").active == ("a", "c", "d")
    assert gone.with_arm("b").merged(gone).active == ARMS


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s: s.without_arm("z"), "no arm 'z' to retire; arms: a, b, c"),
        (lambda s: s.without_arm("a").without_arm("b").without_arm("c"), "it is the last one"),
        (lambda s: s.merged(begun(high=2.0)), "states of different terms"),
        (lambda s: RolloutState.begun(["a", "a"]), "each once"),
        (lambda s: RolloutState.begun([]), "one name or several"),
        (lambda s: RolloutTerms(low=1.0, high=1.0), "a low below the high"),
        (lambda s: RolloutTerms(half_life_s=0.0), "seconds above 0"),
        (lambda s: RolloutTerms(window=3), "from 10"),
    ],
)
def test_what_cannot_work_is_said(change, words):
    with pytest.raises(UsageError, match=words):
        change(begun())


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"format": 1}', "nonsense", '{"format": 1, "terms": {"x": 1}}'])
def test_what_is_no_state_is_refused(text):
    with pytest.raises(DataError, match="no roll-out state"):
        RolloutState.from_json(text)


def test_a_state_of_another_format_is_refused():
    said = json.loads(begun().to_json()) | {"format": 2}
    with pytest.raises(DataError, match="format 2 cannot be read"):
        RolloutState.from_json(json.dumps(said))


def test_what_two_states_both_counted_is_said():
    state = begun().counted([outcome(1), outcome(2)])
    both = state.merged(state)

    assert both.weights[0][0] == 4.0
    assert codes(both) == ["OUTCOME-TWICE"]


def test_rewards_that_never_come_are_said():
    silent = begun().counted(outcome(number, "abc"[number % 3], None) for number in range(600))
    uneven = silent.counted([outcome(number, "abc"[number % 3]) for number in range(600) if number % 3 or number % 2])
    alike = silent.counted([outcome(number, "abc"[number % 3]) for number in range(300)])

    assert "a (200 assignments), b (200 assignments)" in outcome_findings(silent)[0].message
    assert "more often of one arm" in outcome_findings(uneven)[0].message
    assert codes(alike) == []


def test_the_version_follows_from_the_sums_alone():
    one = begun().counted([outcome(1), outcome(2)])
    other = begun().counted([outcome(2)]).counted([outcome(1), outcome(1)])

    assert one.version == other.version != begun().version


def test_numbers_of_units_are_uniform_and_independent_between_keys():
    from scipy.stats import kstest, pearsonr

    units = [f"user{number}" for number in range(20_000)]
    first, second = numbers_of(units, key_of(0, "a")), numbers_of(units, key_of(0, "b"))

    assert kstest(first, "uniform").pvalue > 0.001
    assert abs(pearsonr(first, second).statistic) < 0.03
    assert abs(pearsonr(first[:-1], first[1:]).statistic) < 0.03
    assert [number_of(unit, key_of(0, "a")) for unit in units[:50]] == first[:50].tolist()
    assert number_of("Zoë Åse 東京", 2**64 - 1) == numbers_of(["Zoë Åse 東京"], 2**64 - 1)[0]
