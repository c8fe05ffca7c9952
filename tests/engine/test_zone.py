"""The zone holds what cannot be told from the best trial."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesic.config.settings import Zone
from mesic.host.components import Choice, Range
from mesic.training.zone import Trial, choose, estimate_zone, side_of
from mesic.training.zone_findings import edge_findings, zone_findings

RNG = np.random.default_rng(0)
BASE = RNG.exponential(size=400)
SPACE = {"C": Range(0.01, 100, log=True)}


def trial(number, excess, *, noise=0.0, size=None, C=1.0):
    losses = BASE + excess + noise * np.random.default_rng(number).normal(size=BASE.size)
    return Trial(number, {"C": C}, losses, float(losses.mean()), complexity=None if size is None else (size, "leaves"))


def zone_of(trials, **settings):
    return estimate_zone(trials, 2 * BASE.mean(), Zone(**settings))


def members(trials, **settings):
    return zone_of(trials, **settings)["members"]


def test_the_best_is_always_a_member_and_may_be_the_only_one():
    assert members([trial(0, 0.5), trial(1, 0.0), trial(2, 0.1)]) == [1]


def test_what_the_data_cannot_tell_apart_is_in():
    noisy = [trial(0, 0.0), trial(1, 0.0, noise=0.05), trial(2, 0.001, noise=0.05)]

    assert members(noisy) == [0, 1, 2]


def test_the_tolerance_bounds_what_may_be_taken_and_puts_none_out_of_the_zone():
    noisy = [trial(0, 0.0, size=9), trial(1, 0.5, noise=5.0, size=2)]
    wide, narrow = (zone_of(noisy, level=0.99, tolerance=share, prefer="simplest") for share in (1.0, 0.0))

    assert noisy[1].loss > noisy[0].loss
    assert wide["members"] == narrow["members"] == [0, 1]
    assert (wide["takeable"], wide["chosen"]) == ([0, 1], 1)
    assert (narrow["takeable"], narrow["chosen"]) == ([0], 0)
    assert [(one["in_zone"], one["takeable"]) for one in narrow["trials"]] == [(True, True), (True, False)]


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
    zone = estimate_zone(trials, 3.0, Zone(prefer="simplest"))

    assert zone["chosen"] == 1
    assert "12 leaves" in zone["reason"]


@pytest.mark.parametrize(("C", "side"), [(0.01, "lower"), (100.0, "upper"), (1.0, None)])
def test_a_best_trial_at_the_edge_is_said_with_the_way_to_widen(C, side):
    zone = estimate_zone([trial(0, 0.0, C=C), trial(1, 0.5, C=2.0)], 3.0, Zone())
    found = edge_findings(zone, SPACE, {})

    assert [side in finding.message for finding in found] == ([True] if side else [])
    assert all("tuner.space.C=[" in finding.fix for finding in found)


@given(
    excess=st.lists(st.floats(0, 0.2), min_size=1, max_size=6),
    tolerances=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
    levels=st.tuples(st.floats(0.5, 0.99), st.floats(0.5, 0.99)).map(sorted),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_a_wider_rule_loses_no_member_and_the_order_of_trials_does_not_matter(excess, tolerances, levels, order):
    trials = [trial(number, more, noise=0.05) for number, more in enumerate(excess)]
    best = min(trials, key=lambda trial: trial.loss).number
    narrow, wide = (
        zone_of(trials, tolerance=share, level=level) for share, level in zip(tolerances, levels, strict=True)
    )
    shuffled = zone_of(order.sample(trials, len(trials)), tolerance=tolerances[0], level=levels[0])

    for which in ("members", "takeable"):
        assert {best} <= set(narrow[which]) <= set(wide[which])
        assert set(shuffled[which]) == set(narrow[which])


def test_a_zone_may_be_one_trial_or_all_of_them():
    alone = estimate_zone([trial(0, 0.0, size=3, C=2.0)], 3.0, Zone(prefer="simplest"))
    equal = estimate_zone([trial(n, 0.0, size=9 - n, C=n + 1.0) for n in range(4)], 3.0, Zone(prefer="simplest"))

    assert (alone["members"], alone["chosen"], alone["edges"]) == ([0], 0, {"C": [2.0, 2.0]})
    assert (equal["best"], equal["chosen"], equal["members"]) == (0, 3, [0, 1, 2, 3])
    assert (equal["edges"], equal["complexity_edges"]) == ({"C": [1.0, 4.0]}, [6, 9])


def test_a_model_that_is_no_better_than_the_zero_rule_allows_no_loss_of_skill():
    worse = [trial(0, 0.5), trial(1, 0.5, noise=0.5)]
    zone = estimate_zone(worse, 0.1, Zone(tolerance=1.0, level=0.99))

    assert zone["tolerance"] == 0
    assert zone["members"] == [0, 1]
    assert zone["takeable"] == [zone["best"]]


def test_choices_have_edges_that_can_be_listed_and_are_never_at_the_edge_of_a_range():
    kinds = [Trial(n, {"kind": kind, "C": 1.0}, BASE, float(BASE.mean())) for n, kind in enumerate(("b", None, "a"))]
    zone = estimate_zone(kinds, 3.0, Zone())

    assert zone["edges"]["kind"] == ["a", "b", None] or zone["edges"]["kind"] == [None, "a", "b"]
    assert edge_findings(zone, {"kind": Choice(("a", "b", None))}, {}) == []


@pytest.mark.parametrize(
    ("C", "limits", "widens"), [(100.0, (0, 100), False), (100.0, (0, 150), True), (0.01, (0.01, 9), False)]
)
def test_nobody_is_told_to_widen_a_search_beyond_what_the_option_can_be(C, limits, widens):
    zone = estimate_zone([trial(0, 0.0, C=C), trial(1, 0.5, C=2.0)], 3.0, Zone())

    assert bool(edge_findings(zone, SPACE, {"C": limits})) == widens


def found(trials, baselines=None, **settings):
    zone = zone_of(trials, **settings)
    return [finding.code for finding in zone_findings(zone, trials[zone["best"]].losses, baselines or {}, None)]


def test_a_zone_that_is_everything_says_that_the_data_cannot_tell():
    alike = [trial(n, 0.0, noise=0.01, size=n + 1) for n in range(6)]

    assert found(alike, level=0.99) == ["ZONE-IS-EVERYTHING"]
    assert found(alike[:3], level=0.99) == []


def test_a_zone_in_pieces_is_said():
    excess = [0.0, 0.5, 0.5, 0.5, 0.0]
    trials = [trial(n, own, noise=0.01, size=n + 1) for n, own in enumerate(excess)]

    assert found(trials, level=0.99) == ["ZONE-IN-PIECES"]
    assert found(trials[:2] + trials[4:], level=0.99) == []


def test_a_baseline_that_cannot_be_told_from_the_best_is_said():
    trials = [trial(0, 0.0), trial(1, 0.5)]
    noise = np.random.default_rng(5).normal(size=BASE.size)

    assert found(trials, {"zero_rule": BASE + 0.001 + 0.1 * noise}) == ["BASELINE-IN-ZONE"]
    assert found(trials, {"zero_rule": BASE + 0.3 + 0.1 * noise}) == []


def test_each_trial_outside_lies_on_one_side():
    trials = [trial(0, 0.0), trial(1, 0.5), trial(2, 0.5)]
    sides = [
        replace(one, bias=bias, variance=variance)
        for one, bias, variance in zip(trials, (0.1, 0.4, 0.1), (0.01, 0.005, 0.4), strict=True)
    ]
    out = Trial(3, {}, None, loss=2.0, train_loss=0.0, is_out=True)
    zone = estimate_zone([*sides, replace(out, train_loss=np.nan)], 3.0, Zone())

    assert zone["sides"] == {"1": "bias", "2": "variance", "3": "variance"}
    assert side_of(replace(out, train_loss=9.0), replace(trials[0], train_loss=0.5)) == "bias"


def test_the_fastest_and_the_most_stable_of_the_zone_are_taken_on_request():
    members = [
        replace(trial(0, 0.0, size=9), predict_us=40.0, variance=0.3),
        replace(trial(1, 0.001, size=5), predict_us=3.1, variance=0.2),
        replace(trial(2, 0.002, size=4), predict_us=3.4, variance=0.1),
    ]

    assert [choose(members, prefer)[0].number for prefer in ("best", "simplest", "fastest", "stable")] == [0, 2, 2, 2]
    assert "us a row" in choose(members, "fastest")[1]
