"""The zone holds what cannot be told from the best trial."""

import numpy as np
import pytest

from mesic.config.settings import Zone
from mesic.host.components import Range
from mesic.training.zone import Trial, edge_findings, estimate_zone

RNG = np.random.default_rng(0)
BASE = RNG.exponential(size=400)
SPACE = {"C": Range(0.01, 100, log=True)}


def trial(number, excess, *, noise=0.0, size=None, C=1.0):
    losses = BASE + excess + noise * np.random.default_rng(number).normal(size=BASE.size)
    return Trial(number, {"C": C}, losses, float(losses.mean()), complexity=None if size is None else (size, "leaves"))


def members(trials, **settings):
    return estimate_zone(trials, 2 * BASE.mean(), Zone(**settings))["members"]


def test_the_best_is_always_a_member_and_may_be_the_only_one():
    assert members([trial(0, 0.5), trial(1, 0.0), trial(2, 0.1)]) == [1]


def test_what_the_data_cannot_tell_apart_is_in():
    noisy = [trial(0, 0.0), trial(1, 0.0, noise=0.05), trial(2, 0.001, noise=0.05)]

    assert members(noisy, standard_errors=3.0, tolerance=1.0) == [0, 1, 2]


def test_the_tolerance_bounds_what_a_noisy_comparison_would_let_in():
    noisy = [trial(0, 0.0), trial(1, 0.5, noise=5.0)]
    excess = noisy[1].loss - noisy[0].loss

    assert excess > 0
    assert members(noisy, standard_errors=9.0, tolerance=1.0) == [0, 1]
    assert members(noisy, standard_errors=9.0, tolerance=0.0) == [0]


def test_a_failed_trial_is_left_out():
    failed = Trial(0, {"C": 1.0}, None, error="ValueError")

    assert members([failed, trial(1, 0.0)]) == [1]


def test_weights_decide_who_is_best():
    light, heavy = BASE.copy(), BASE.copy()
    light[:200] -= 0.5
    heavy[200:] -= 0.1
    weight = np.where(np.arange(400) < 200, 0.0, 1.0)
    trials = [
        Trial(n, {}, losses, float(np.average(losses, weights=weight))) for n, losses in enumerate((light, heavy))
    ]

    assert estimate_zone(trials, 3.0, Zone(), weight)["best"] == 1


def test_the_simplest_of_the_zone_is_taken_on_request():
    trials = [trial(0, 0.0, size=90), trial(1, 0.0, noise=0.02, size=12), trial(2, 0.5, size=2)]
    zone = estimate_zone(trials, 3.0, Zone(prefer="simplest", standard_errors=3.0, tolerance=1.0))

    assert zone["chosen"] == 1
    assert "12 leaves" in zone["reason"]


@pytest.mark.parametrize(("C", "side"), [(0.01, "lower"), (100.0, "upper"), (1.0, None)])
def test_a_best_trial_at_the_edge_is_said_with_the_way_to_widen(C, side):
    zone = estimate_zone([trial(0, 0.0, C=C), trial(1, 0.5, C=2.0)], 3.0, Zone())
    found = edge_findings(zone, SPACE, {})

    assert [side in finding.message for finding in found] == ([True] if side else [])
    assert all("tuner.space.C=[" in finding.fix for finding in found)
