"""The bandit's shares are the probabilities that they are said to be, and its promotions keep their level."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import beta

from mesic import Outcome, SettingError, UsageError
from mesic.rollout.simulation import Course, simulate
from mesic_plugins.rollouts.bandit import Bandit
from mesic_plugins.rollouts.policies.epsilon_greedy import epsilon_greedy
from mesic_plugins.rollouts.policies.kl_ucb import kl_ucb
from mesic_plugins.rollouts.policies.thompson import thompson
from mesic_plugins.rollouts.policies.ucb1 import ucb1

BOOK = (0.05, 0.055, 0.06)


def outcomes(counts, start=0):
    """Yield outcomes by arm: how many rewards of 1 and how many of 0."""
    for arm, rewards in counts.items():
        for place, (reward, count) in enumerate(zip((1.0, 0.0), rewards, strict=True)):
            for number in range(count):
                yield Outcome("u", arm, reward, float(number), 0.5, f"{arm} {place} {start + number}")


def chance_of_being_best(rewarded, total):
    """Integrate by SciPy, between quantiles of every arm."""
    arms = [beta(1 + s, 1 + n - s) for n, s in zip(rewarded, total, strict=True)]
    edges = np.unique(np.concatenate([arm.ppf([1e-13, 1e-6, 0.01, 0.3, 0.7, 0.99, 1 - 1e-6]) for arm in arms]))
    edges = np.concatenate([[0], edges, [1]])

    def chance(own):
        others = [arm for arm in arms if arm is not own]

        def density(x):
            return own.pdf(x) * np.prod([other.cdf(x) for other in others])

        return sum(quad(density, a, b, epsabs=1e-12)[0] for a, b in pairwise(edges))

    return [chance(arm) for arm in arms]


@pytest.mark.parametrize(
    ("rewarded", "total"),
    [
        ([0, 0, 0], [0, 0, 0]),
        ([100, 950, 50_000], [5, 49, 2_999]),
        ([0, 1_000, 100_000], [0, 0, 6_000]),
        ([1_000, 1_000], [50, 60]),
        ([100_000, 100_000, 20], [5_000, 5_004, 1]),
        ([7.5, 3.25], [2.25, 3.0]),
    ],
)
def test_thompson_gives_each_arm_its_chance_of_being_best(rewarded, total):
    found = thompson(np.array([rewarded], dtype=float), np.array([total], dtype=float))[0]

    assert found == pytest.approx(chance_of_being_best(rewarded, total), abs=1e-6)


def test_thompson_gives_what_drawing_from_the_posteriors_gives():
    rng = np.random.default_rng(0)
    rewarded, total = np.array([[40.0, 60.0, 30.0, 20.0]]), np.array([[10.0, 18.0, 9.0, 3.0]])
    drawn = rng.beta(1 + total, 1 + rewarded - total, size=(200_000, 4)).argmax(axis=1)

    assert thompson(rewarded, total)[0] == pytest.approx(np.bincount(drawn) / drawn.size, abs=0.005)


def test_many_rollouts_and_many_arms_at_once_are_as_each_alone():
    rng = np.random.default_rng(1)
    rewarded = rng.integers(0, 500, (7, 40)).astype(float)
    total = np.floor(rewarded * rng.random((7, 40)))

    together = thompson(rewarded, total)
    alone = [thompson(rewarded[[row]], total[[row]])[0] for row in range(7)]

    assert together == pytest.approx(np.array(alone), abs=1e-12)
    assert together.sum(axis=1) == pytest.approx(1)


def test_ucb1_takes_the_highest_of_the_books_indices():
    rewarded, total = np.array([[200.0, 30.0, 500.0]]), np.array([[20.0, 2.0, 60.0]])
    indices = total[0] / rewarded[0] + np.sqrt(2 * np.log(730) / rewarded[0])

    assert ucb1(rewarded, total)[0].argmax() == indices.argmax() == 1


def test_kl_ucb_takes_the_arm_whose_likelihood_allows_most():
    n, s = np.array([200.0, 30.0, 500.0]), np.array([20.0, 0.0, 60.0])
    grid = np.linspace(1e-6, 1 - 1e-6, 200_001)[:, np.newaxis]
    p = s / n
    with np.errstate(divide="ignore", invalid="ignore"):
        kl = np.nan_to_num(p * np.log(p / grid)) + (1 - p) * np.log((1 - p) / (1 - grid))
    highest = np.where((n * kl <= np.log(730)) & (grid >= p), grid, 0).max(axis=0)

    assert kl_ucb(n[np.newaxis], s[np.newaxis])[0].argmax() == highest.argmax()
    assert kl_ucb(np.array([[730.0, 1e-12]]), np.array([[730.0, 0.0]]))[0].sum() == 1


@pytest.mark.parametrize("policy", [ucb1, kl_ucb, lambda n, s: epsilon_greedy(n, s, epsilon=0.0)])
def test_what_was_never_tried_comes_first_and_is_shared(policy):
    found = policy(np.array([[10.0, 0.0, 0.0]]), np.array([[9.0, 0.0, 0.0]]))
    assert found.tolist() == [[0.0, 0.5, 0.5]]


@pytest.mark.parametrize("policy", ["thompson", "ucb1", "kl_ucb", "epsilon_greedy"])
def test_every_policy_keeps_the_floor_and_finds_the_best_arm(policy):
    bandit = Bandit(policy, floor=0.04)
    played = simulate(bandit.shares_of, Course((0.1, 0.2, 0.5), steps=5_000, repeats=20))

    assert played.best_share.mean() > 0.8
    shares = bandit.shares_of(np.array([[900.0, 900.0, 900.0]]), np.array([[90.0, 180.0, 450.0]]))[0]
    assert shares.min() >= 0.04
    assert shares.argmax() == 2


def test_regret_is_that_of_a_plain_loop():
    """A loop that draws from every posterior, one step after the other, has 30 after 10,000 steps, and UCB1 has 45."""
    course = Course(BOOK, steps=10_000, repeats=60, batch=50)
    regret = {policy: simulate(Bandit(policy, floor=0.0).shares_of, course).regret for policy in ("thompson", "ucb1")}

    assert 24 < regret["thompson"].mean() < 36
    assert 43 < regret["ucb1"].mean() < 47


def test_where_arms_change_places_a_half_life_pays():
    course = Course((0.1, 0.3), steps=20_000, repeats=20, change_at=10_000)
    kept = simulate(Bandit().shares_of, course).best_share.mean()
    forgot = simulate(Bandit().shares_of, course, half_life=1_000).best_share.mean()

    assert forgot > 0.9 > kept


def test_late_and_lost_rewards_cost_little():
    late = Course((0.1, 0.3), steps=20_000, repeats=20, delay=2_000, lost=0.3)
    played = simulate(Bandit().shares_of, late)

    assert played.best_share.mean() > 0.95
    assert played.regret.mean() < 0.4 * 2_000


def test_a_version_is_promoted_beyond_doubt_only():
    bandit = Bandit(reference="old")
    state = bandit.begin(["new", "old"])
    doubtful = bandit.decide(bandit.update_all(state, outcomes({"new": (60, 440), "old": (50, 450)})))
    proven = bandit.decide(bandit.update_all(state, outcomes({"new": (90, 410), "old": (30, 470)})))
    kept = bandit.decide(bandit.update_all(state, outcomes({"new": (30, 470), "old": (90, 410)})))

    assert (doubtful.action, doubtful.arm) == ("continue", "new")
    assert (proven.action, proven.arm) == ("promote", "new")
    assert (kept.action, kept.arm) == ("keep", "old")
    evidence = proven.evidence["arms"]["new"]
    assert evidence["low"] < evidence["value"] == 0.18 < evidence["high"]


def test_looking_after_every_batch_promotes_equal_arms_rarely():
    promoted = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        bandit = Bandit("epsilon_greedy", epsilon=0.5, seed=seed, level=0.9)
        state, number = bandit.begin(["a", "b"]), 0
        for _ in range(20):
            places, propensities = bandit.assign_all([f"{number} {unit}" for unit in range(50)], state)
            came = [
                Outcome("", "ab"[place], float(rng.random() < 0.3), 0.0, propensity, f"{number} {unit}")
                for unit, (place, propensity) in enumerate(zip(places, propensities, strict=True))
            ]
            state, number = bandit.update_all(state, came), number + 1
            if bandit.decide(state).action != "continue":
                promoted += 1
                break

    assert promoted <= 0.1 * 60


def test_with_a_half_life_nothing_is_beyond_doubt():
    bandit = Bandit(half_life_s=1e6)
    decision = bandit.decide(bandit.update_all(bandit.begin("ab"), outcomes({"a": (300, 0), "b": (0, 300)})))

    assert decision.action == "continue"
    assert "at one look" in decision.evidence["method"]


def test_a_unit_that_sticks_changes_only_where_shares_move():
    units = [f"u{number}" for number in range(2_000)]
    drawn = {}
    for sticky in (True, False):
        bandit = Bandit(sticky=sticky)
        state = bandit.update_all(bandit.begin("ab"), outcomes({"a": (50, 50), "b": (50, 50)}))
        later = bandit.update_all(state, outcomes({"a": (1, 0)}, start=900))
        moved = abs(bandit.shares(later)["a"] - bandit.shares(state)["a"])
        before, after = (bandit.assign_all(units, one)[0] for one in (state, later))
        drawn[sticky] = (before != after).mean(), moved

    assert drawn[True][0] < drawn[True][1] + 0.02
    assert drawn[False][0] > 0.4


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"low": 1.0, "high": 1.0}, SettingError, "high=1.0 cannot work: give a number above low=1.0"),
        ({"reference": "gone"}, SettingError, "reference='gone' cannot work: give one of a, b, or null"),
        ({"floor": 0.6}, UsageError, "floor=0.6 cannot work with 2 arms: give at most 0.5"),
    ],
)
def test_what_cannot_work_is_said_before_the_first_assignment(options, error, words):
    with pytest.raises(error, match=words):
        Bandit(**options).begin(["a", "b"])


def test_where_no_version_was_in_use_the_best_is_promoted_whatever_its_name():
    bandit = Bandit()
    for best, other in (("a", "b"), ("b", "a")):
        decision = bandit.decide(bandit.update_all(bandit.begin("ab"), outcomes({best: (90, 410), other: (30, 470)})))
        assert (decision.action, decision.arm) == ("promote", best)
