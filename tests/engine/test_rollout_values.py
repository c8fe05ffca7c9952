"""What a bandit's log says of its arms: intervals that hold although assignments followed the rewards."""

import math

import numpy as np
import pandas as pd
import pytest

from mesic import DataError, SettingError, always_valid
from mesic.rollout.reading import Columns, read_log
from mesic.rollout.simulation import Course, EvenThenWinner, even_shares, mean_with_interval, simulate
from mesic.rollout.values import Log, arm_values, difference

MEANS = np.array([0.1, 0.3, 0.5])


def played(seed, steps=2_000, batch=50, means=MEANS):
    """Return a log that greedy assignments with a floor of 2 % made."""
    rng = np.random.default_rng(seed)
    rewarded, total = np.zeros(3), np.zeros(3)
    arms, rewards, propensities = [], [], []
    for _ in range(steps // batch):
        shares = np.full(3, 0.02)
        shares[((total + 1) / (rewarded + 2)).argmax()] = 0.96
        arm = rng.choice(3, batch, p=shares)
        reward = (rng.random(batch) < means[arm]).astype(float)
        np.add.at(rewarded, arm, 1)
        np.add.at(total, arm, reward)
        arms, rewards, propensities = [*arms, arm], [*rewards, reward], [*propensities, shares[arm]]
    return np.concatenate(arms), np.concatenate(rewards), np.concatenate(propensities)


def log_of(arm, reward, propensity, unit=None):
    rows = len(arm)
    return Log(arm, ("a", "b", "c"), reward, propensity, np.arange(rows) if unit is None else unit, ((0, rows),) * 3)


@pytest.fixture(scope="module")
def found():
    """Return what 300 logs say of each arm."""
    return [arm_values(log_of(*played(seed))) for seed in range(300)]


def test_intervals_cover_the_true_value_in_93_of_100_logs_or_more(found):
    for place, mean in enumerate(MEANS):
        covered = np.mean([one[place].weighted.low <= mean <= one[place].weighted.high for one in found])
        assert covered >= 0.93, (place, covered)


def test_differences_cover_too(found):
    for place in (1, 2):
        ends = [difference(one[place].weighted, one[0].weighted) for one in found]
        covered = np.mean([one["low"] <= MEANS[place] - MEANS[0] <= one["high"] for one in ends])
        assert covered >= 0.92


def test_where_arms_are_equal_the_mean_of_own_rows_is_biased_and_this_is_hardly():
    logs = [log_of(*played(seed, means=np.full(3, 0.3))) for seed in range(200)]
    own = np.array([np.bincount(log.arm, log.reward, 3) / np.bincount(log.arm, minlength=3) for log in logs])
    values = [arm.weighted for log in logs for arm in arm_values(log)]
    weighted = np.array([one.value for one in values])

    assert own.mean() - 0.3 < -0.5 * own.std()
    assert abs(weighted.mean() - 0.3) < 0.3 * weighted.std()
    assert np.mean([one.low <= 0.3 <= one.high for one in values]) >= 0.93


def test_with_equal_shares_it_is_the_mean_and_its_usual_interval():
    rng = np.random.default_rng(0)
    arm = np.tile([0, 1, 2], 2_000)
    reward = rng.random(6_000)
    one = arm_values(log_of(arm, reward, np.full(6_000, 1 / 3)))[0]
    own = reward[arm == 0][1:]

    assert one.normalised.value == pytest.approx(own.mean())
    assert one.weighted.value == pytest.approx(own.mean(), abs=2e-3)
    assert one.weighted.error == pytest.approx(own.std() / math.sqrt(own.size), rel=0.05)


def test_rows_of_one_unit_count_as_one():
    rng = np.random.default_rng(0)
    columns = rng.integers(0, 2, 2_000), (rng.random(2_000) < 0.3).astype(float), np.full(2_000, 0.5)
    again = [np.tile(column, 4) for column in columns]
    once, rows = (arm_values(log_of(*some))[0].weighted for some in (columns, again))
    units = arm_values(log_of(*again, np.tile(np.arange(2_000), 4)))[0].weighted

    assert units.value == rows.value == pytest.approx(once.value, abs=0.005)
    assert units.error == pytest.approx(once.error, rel=0.03)
    assert rows.error == pytest.approx(once.error / 2, rel=0.03)


def test_an_arm_without_rewards_has_no_value():
    arm = np.array([0, 0, 0, 1])
    values = arm_values(log_of(arm, np.array([1.0, 0.0, 1.0, np.nan]), np.full(4, 0.5)))

    assert math.isnan(values[1].weighted.value)
    assert (values[2].rows, values[1].rows, values[1].rewarded) == (0, 1, 0)


def test_the_always_valid_interval_holds_at_all_moments_at_once():
    rng = np.random.default_rng(0)
    looks = np.unique(np.geomspace(1, 3_000, 60).astype(int))
    missed = 0
    for _ in range(300):
        total = np.cumsum(rng.random(3_000) < 0.2)
        ends = [always_valid(int(n), float(total[n - 1]), 0.9) for n in looks]
        missed += any(not low <= 0.2 <= high for low, high in ends)

    assert missed <= 0.1 * 300
    assert always_valid(50, 50.0)[1] == 1
    assert always_valid(50, 0.0)[0] == 0


def test_regret_is_counted_from_the_arm_that_is_best_then():
    course = Course((0.2, 0.8), steps=1_000, repeats=4, batch=7, change_at=500)
    first = simulate(lambda n, s: np.tile([1.0, 0.0], (4, 1)), course)

    assert first.regret == pytest.approx([0.6 * 500] * 4)
    assert first.best_share == pytest.approx([1.0] * 4)


def test_an_ab_test_sticks_to_its_winner():
    course = Course((0.1, 0.9), steps=1_000, repeats=5, batch=10)
    played = simulate(EvenThenWinner(200), course)

    assert played.regret == pytest.approx([0.8 * 100] * 5, rel=0.25)
    assert simulate(even_shares, course).regret == pytest.approx([0.8 * 500] * 5, rel=0.1)
    assert math.isnan(mean_with_interval(np.array([1.0]), 0.95)[1])


@pytest.mark.parametrize(
    ("arms", "more", "words"),
    [
        ((0.5,), {}, "two probabilities"),
        ((0.5, 2), {}, "0 to 1"),
        ((0.1, 0.2), {"change_at": 0}, "change_at=0"),
    ],
)
def test_a_course_that_cannot_be_is_refused(arms, more, words):
    with pytest.raises(SettingError, match=words):
        Course(arms, steps=100, **more)


@pytest.fixture
def table():
    arm, reward, propensity = played(1)
    return pd.DataFrame(
        {
            "id": np.arange(len(arm)),
            "unit": [f"u{number}" for number in range(len(arm))],
            "arm": np.array(["a", "b", "c"])[arm],
            "propensity": propensity,
            "reward": reward,
            "time": pd.date_range("2026-01-01", periods=len(arm), freq="s").astype(str),
        }
    )


def read(table, path, *, columns=None, **more):
    table.to_csv(path / "log.csv", index=False)
    settings = {"low": 0.0, "high": 1.0, "silence": "unknown"} | more
    return read_log(path / "log.csv", columns or Columns(), **settings)


def codes(findings):
    return [finding.code for finding in findings]


def test_a_clean_log_is_read_as_it_stands(table, tmp_path):
    log, findings = read(table, tmp_path)

    assert findings == ()
    assert log.names == ("a", "b", "c")
    assert log.reward.tolist() == table["reward"].tolist()
    assert log.spans == ((0, len(table)),) * 3


def test_repeats_count_once_and_contradictions_not_at_all(table, tmp_path):
    contradiction = table.iloc[[7]].assign(arm="c" if table["arm"][7] != "c" else "a")
    log, findings = read(pd.concat([table, table.iloc[[3, 3, 4]], contradiction]), tmp_path, columns=Columns(time=None))

    assert codes(findings) == ["OUTCOME-REPEATED", "LOG-CONFLICT"]
    assert len(log.arm) == len(table) - 1
    assert findings[0].message.startswith("3 rows")
    assert "'7'" in findings[1].message


def test_a_reward_that_was_logged_later_meets_its_assignment(table, tmp_path):
    assigned, came = table.assign(reward=np.nan), table[::2]
    log, findings = read(pd.concat([assigned, came]), tmp_path, columns=Columns(time=None))

    assert len(log.arm) == len(table)
    assert log.reward[::2].tolist() == table["reward"][::2].tolist()
    assert np.isnan(log.reward[1::2]).all()
    assert codes(findings) == ["OUTCOME-REPEATED", "REWARD-MISSING"]


def test_silence_means_what_is_said(table, tmp_path):
    silent = table.assign(reward=table["reward"].where(table["reward"] == 1))
    values = {s: arm_values(read(silent, tmp_path, silence=s)[0])[2].weighted.value for s in ("unknown", "low")}
    findings = read(silent, tmp_path)[1]

    assert values["low"] == pytest.approx(0.5, abs=0.06)
    assert values["unknown"] > 0.95
    assert codes(findings) == ["REWARD-MISSING"]
    assert "more often of one arm" in findings[0].message


def test_a_clock_that_went_back_is_said(table, tmp_path):
    back = table.assign(time=np.where(np.arange(len(table)) == 500, "2020-01-01 00:00:00", table["time"]))
    assert codes(read(back, tmp_path)[1]) == ["CLOCK-WENT-BACK"]


def test_an_arm_that_came_later_is_valued_by_its_own_time(table, tmp_path):
    old = pd.DataFrame({"arm": "a", "propensity": 1.0, "reward": 0.0}, index=range(3_000))
    both = pd.concat([old, table[["arm", "propensity", "reward"]]], ignore_index=True)
    log, findings = read(both, tmp_path, columns=Columns(unit=None, time=None, id=None))
    alone = arm_values(read(table, tmp_path)[0])

    assert set(codes(findings)) == {"ARM-SPAN"}
    assert [finding.evidence["arm"] for finding in findings] == ["b", "c"]
    assert log.spans[0] == (0, 5_000)
    assert arm_values(log)[2].weighted.value == pytest.approx(alone[2].weighted.value, abs=0.02)


def test_an_arm_that_was_retired_ends_with_its_last_row(table, tmp_path):
    new = pd.DataFrame({"arm": "a", "propensity": 1.0, "reward": 0.0}, index=range(3_000))
    both = pd.concat([table[["arm", "propensity", "reward"]], new], ignore_index=True)
    log, findings = read(both, tmp_path, columns=Columns(unit=None, time=None, id=None))

    assert {finding.evidence["arm"] for finding in findings} == {"b", "c"}
    assert 1_500 < log.spans[2][1] <= 2_000


def test_propensities_that_cannot_be_are_said(table, tmp_path):
    _, findings = read(table.assign(propensity=1 / 3), tmp_path)

    assert "PROPENSITY-WRONG" in codes(findings)
    assert "until then no value holds" in findings[-1].fix


def test_propensities_that_are_right_are_not_accused(tmp_path):
    accused = 0
    for seed in range(40):
        arm, reward, propensity = played(seed)
        table = pd.DataFrame({"arm": np.array(list("abc"))[arm], "reward": reward, "propensity": propensity})
        found = codes(read(table, tmp_path, columns=Columns(unit=None, time=None, id=None))[1])
        accused += bool(found)
    assert accused == 0


def test_rewards_of_another_range_are_read(table, tmp_path):
    amounts = table.assign(reward=table["reward"] * 40 - 10)
    log, _ = read(amounts, tmp_path, low=-10.0, high=30.0)

    assert log.reward.tolist() == table["reward"].tolist()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.drop(columns="propensity"), "no column propensity=propensity.*say propensity=COLUMN$"),
        (lambda t: t.drop(columns="id"), "no column id=id.*or id=null if there is none"),
        (lambda t: t.assign(propensity=0.0), "row 1, one of 2,000, has a propensity that is not above 0"),
        (lambda t: t.assign(propensity=t["propensity"].where(t.index != 4)), "row 5 has a propensity"),
        (lambda t: t.assign(arm=t["arm"].where(t.index != 4)), "row 5 has no arm"),
        (lambda t: t.assign(unit=t["unit"].where(t.index != 4)), "row 5 has no unit; fill it, or say unit=null"),
        (lambda t: t.assign(reward=t["reward"].where(t.index != 4, 3)), "row 5 has the reward 3, .* range"),
        (lambda t: t.assign(reward=t["reward"].astype(str).where(t.index != 4, "yes")), "row 5 has reward 'yes'"),
        (lambda t: t.iloc[:0], "has 0 rows and 6 columns"),
        (lambda t: pd.concat([t.iloc[:1], t.iloc[:1].assign(reward=0.5, propensity=0.4)]), "no assignment is left"),
    ],
)
def test_a_log_that_cannot_be_read_says_where(table, tmp_path, change, words):
    with pytest.raises(DataError, match=words):
        read(change(table), tmp_path)
