"""The set that cannot be told from the best holds the truly best trial as often as it says."""

import numpy as np
import pytest

from mesic.training.confidence import MOST_UNITS, excess_over

RNG = np.random.default_rng(0)


def excess(losses, level=0.9, **about):
    best = min(losses, key=lambda own: np.average(own, weights=about.get("weight")))
    return excess_over(best, losses, level=level, **about)


def alike(trials, rows, rng):
    """Return losses of trials that are equally good, correlated as neighbours in a search are."""
    drift = np.cumsum(rng.normal(size=(trials, rows)), axis=0) / np.sqrt(trials)
    return rng.exponential(size=rows) + drift - drift.mean(axis=0) + 0.3 * rng.normal(size=(trials, rows))


@pytest.mark.parametrize("trials", [2, 8, 40])
def test_the_truly_best_of_equals_is_held_as_often_as_is_said(trials):
    rng = np.random.default_rng(trials)
    held, within_one = [], []
    for _ in range(200):
        found = excess(alike(trials, 150, rng))
        held.append(found.cannot_be_told[0])
        within_one.append(found.mean[0] <= found.error[0])

    assert np.mean(held) >= 0.9
    assert np.mean(within_one) < 0.9, "so that the test could fail"


def test_what_is_clearly_worse_is_put_out_whatever_the_number_of_trials():
    near, far = alike(5, 300, RNG), 2 + alike(60, 300, RNG)

    few, many = excess(near), excess(np.concatenate([near, far]))

    assert not many.cannot_be_told[5:].any()
    assert many.limit[:5] == pytest.approx(few.limit, abs=1e-9), "who competes no more widens nothing"


def test_one_trial_alone_and_equal_trials_are_all_in():
    losses = RNG.exponential(size=50)

    assert excess([losses]).cannot_be_told.tolist() == [True]
    assert excess([losses, losses.copy(), losses + 1]).cannot_be_told.tolist() == [True, True, False]


def test_rows_of_a_group_are_one_piece_of_evidence():
    losses = alike(6, 100, RNG)
    groups = np.repeat(np.arange(100), 4)

    once, repeated = excess(losses), excess(np.repeat(losses, 4, axis=1), groups=groups)

    assert repeated.error == pytest.approx(once.error)
    assert repeated.limit == pytest.approx(once.limit, abs=1e-9)
    assert (excess(np.repeat(losses, 4, axis=1)).error <= 0.51 * once.error).all(), "as if rows were independent"


def test_a_single_group_says_nothing_and_rows_are_taken_instead():
    losses = alike(3, 60, RNG)

    assert excess(losses, groups=np.zeros(60)).error == pytest.approx(excess(losses).error)


def test_a_row_of_weight_two_counts_as_two_rows_of_a_group():
    losses = alike(4, 80, RNG)
    twice = np.concatenate([np.arange(80), np.arange(40)])
    weight = np.where(np.arange(80) < 40, 2.0, 1.0)

    weighted, repeated = excess(losses, weight=weight), excess(losses[:, twice], groups=twice)

    assert weighted.mean == pytest.approx(repeated.mean)
    assert weighted.error == pytest.approx(repeated.error)


def test_of_many_rows_handfuls_stand_for_them():
    losses = alike(4, 30 * MOST_UNITS, RNG)
    best = min(losses, key=np.mean)

    found = excess(losses)

    exact = np.std(losses - best, axis=1, ddof=1) / np.sqrt(losses.shape[1])
    assert found.mean == pytest.approx(np.mean(losses - best, axis=1))
    assert found.error == pytest.approx(exact, rel=0.1)


def test_thousands_of_trials_of_few_rows_are_no_trouble():
    found = excess(alike(3_000, 40, RNG))

    assert np.isfinite(found.limit).all()
    assert found.cannot_be_told.mean() > 0.5
