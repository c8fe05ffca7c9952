"""A search comes to rest: nothing enters the zone, or nothing gets better."""

import numpy as np
import pytest

from mesic.training.stopping import Rest
from mesic.training.zone import Trial

NOISE = np.random.default_rng(0).normal(size=400)


def trial(number, mean, *, own=0.0, feasible=True):
    """Return a trial whose losses are those of all, shifted, and `own` noise beside."""
    losses = 1 + 0.1 * NOISE + mean + own * np.random.default_rng(number).normal(size=400)
    return Trial(number, {}, losses, float(losses.mean()), excess={} if feasible else {"predict_us": 1.0})


def failed(number):
    return Trial(number, {}, None, error="broken")


def trials(*means, own=0.01):
    return [trial(number, mean, own=own) for number, mean in enumerate(means)]


@pytest.mark.parametrize(
    ("means", "rest", "reason"),
    [
        ([0.0, 0.5, 0.5, 0.5], Rest(patience=3), "patience"),
        ([0.0, 0.5, 0.5], Rest(patience=3), ""),
        ([0.0, 0.5, 0.5, -0.5], Rest(patience=3), ""),
        ([0.0, 0.5, 0.5, -0.5, 0.5, 0.5, 0.5], Rest(patience=3), "patience"),
        ([0.0, 0.0, 0.0, 0.0], Rest(plateau=3), "plateau"),
        ([0.0, -0.5, -1.0, -1.5], Rest(plateau=3), ""),
        ([0.0, 0.5, 0.5, 0.5], Rest(), ""),
    ],
)
def test_trials_in_a_row_without_a_change_end_a_search(means, rest, reason):
    assert rest.reason(trials(*means, own=1e-9 if "plateau" in reason else 0.01), None) == reason


def test_what_cannot_be_told_from_the_best_enters_the_zone_and_is_no_improvement():
    level = trials(0.0, *[1e-4] * 6, own=0.5)

    assert Rest(plateau=4).reason(level, None) == "plateau"
    assert Rest(patience=40).reason(level, None) == ""


def test_trials_that_failed_or_break_a_constraint_change_nothing():
    made = [trial(0, 0.0), failed(1), trial(2, -5.0, feasible=False), failed(3)]

    assert Rest(patience=3).reason(made, None) == "patience"
    assert Rest(plateau=3).reason(made, None) == "plateau"
    assert Rest(patience=4).reason(made, None) == ""


def test_heavy_rows_decide():
    weight = np.where(np.arange(400) < 200, 1.0, 0.0)
    worse = np.where(np.arange(400) < 200, 0.3, -0.9)
    one, other = trial(0, 0.0), trial(1, 0.0, own=0.01)
    other = Trial(1, {}, other.losses + worse, 0.0)

    assert Rest(patience=1).reason([one, other], weight) == "patience"
    assert Rest(patience=1).reason([one, other], None) == ""
