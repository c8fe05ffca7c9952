"""The best of many looks better than it is, by what the same rows' luck is worth."""

import numpy as np
import pytest

from mesic.training.optimism import optimism_of_best


def found(losses, seed=0, **options):
    return optimism_of_best(losses, rng=np.random.default_rng(seed), **options)


def test_one_trial_has_no_luck():
    assert found([np.ones(50)]) is None


def test_equal_trials_are_expected_to_lose_what_they_all_lose():
    misses, corrected = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        losses = [rng.exponential(size=150) for _ in range(25)]
        misses.append(min(each.mean() for each in losses) - 1)
        corrected.append(found(losses, seed).expected - 1)

    assert np.mean(misses) < -0.12
    assert abs(np.mean(corrected)) < 0.03


def test_a_clear_winner_is_hardly_flattered():
    rng = np.random.default_rng(1)
    base = rng.exponential(size=500)
    told = found([base, *(base + 1 + 0.1 * rng.normal(size=500) for _ in range(20))])

    assert abs(told.value) < 0.01
    assert told.low < base.mean() < told.high


def test_groups_are_drawn_together_and_weights_count():
    rng = np.random.default_rng(2)
    group = np.repeat(np.arange(15), 20)
    luck = rng.normal(size=(12, 15))[:, group] + 3
    by_row, by_group = found(list(luck)), found(list(luck), groups=group)

    assert by_group.value > by_row.value + 0.1
    assert found(list(luck), weight=np.full(300, 2.0), groups=group).expected == pytest.approx(by_group.expected)
    assert found(list(luck), weight=1.0 * (group < 4), groups=group).value > by_group.value
    assert found(list(luck), weight=1.0 * (group < 1), groups=group) is None


def test_the_same_seed_says_the_same():
    losses = list(np.random.default_rng(3).exponential(size=(5, 90)))

    assert found(losses, 4) == found(losses, 4) != found(losses, 5)
