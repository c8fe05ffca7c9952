"""What a test part can show is what a simulation shows; the best of several scores flatters by no more than said."""

import numpy as np
import pytest
from scipy import stats

from mesic.evaluation.comparison import skill
from mesic.evaluation.held_out import (
    POWER,
    adequacy,
    adequacy_findings,
    optimism_bound,
    power,
    size_of,
    standard_error,
    uses_allowed,
)

SCORE = {"metric": "accuracy", "value": 0.8, "low": 0.7608, "high": 0.8392, "level": 0.95}


@pytest.mark.parametrize("correlation", [0.0, 0.8])
@pytest.mark.parametrize("answers", [2, 5, 20, 200])
def test_the_best_of_several_scores_flatters_by_no_more_than_the_bound(answers, correlation):
    rng = np.random.default_rng(answers)
    shared, own = rng.normal(size=(4000, 1)), rng.normal(size=(4000, answers))
    scores = 0.02 * (np.sqrt(correlation) * shared + np.sqrt(1 - correlation) * own)

    bound = optimism_bound(SCORE, answers)["bound"]

    assert scores.max(axis=1).mean() < bound
    assert correlation or scores.max(axis=1).mean() > 0.45 * bound  # of independent ones it is no idle bound


def test_a_bound_holds_for_who_looks_after_each_score():
    """Columns are flipped as the scores advise, the adaptive attack of Dwork et al.: worse than any fixed choice."""
    rng, rows, looks = np.random.default_rng(1), 1000, 60
    gains = []
    for _ in range(60):
        truth = rng.integers(0, 2, rows)
        tried = [rng.integers(0, 2, rows) for _ in range(looks - 1)]
        good = [guess if (guess == truth).mean() > 0.5 else 1 - guess for guess in tried]
        last = (np.mean(good, axis=0) > 0.5).astype(int)
        gains.append((last == truth).mean() - 0.5)
    half = 1.959964 * np.sqrt(0.25 / rows)
    bound = optimism_bound({"low": 0.5 - half, "high": 0.5 + half, "level": 0.95}, looks)

    assert bound["bound"] < np.mean(gains) < bound["after_looking"]


def test_one_answer_does_not_flatter_and_without_an_interval_nothing_is_said():
    assert optimism_bound(SCORE, 1)["bound"] == optimism_bound(SCORE, 1)["after_looking"] == 0
    assert optimism_bound({"metric": "f1", "value": 0.5, "low": None, "high": None}, 3)["bound"] is None
    assert standard_error(SCORE) == pytest.approx(0.02, rel=1e-4)


@pytest.mark.parametrize("level", [0.5, 0.8, 0.95, 0.99])
def test_as_many_uses_are_allowed_as_half_the_interval_bears(level):
    half = stats.norm.ppf((1 + level) / 2)
    most = uses_allowed(level)

    assert np.sqrt(2 * np.log(most)) <= half < np.sqrt(2 * np.log(most + 1)) or most == 1


def losses(rng, rows, strength, *, sharpness=1.0):
    """Return the log losses of a model and of who always states the share of the classes."""
    truth = 1 / (1 + np.exp(-rng.normal(-1, strength, rows)))
    y = rng.random(rows) < truth
    stated = 1 / (1 + np.exp(-sharpness * np.log(truth / (1 - truth))))
    share = 0.29
    return -np.log(np.where(y, stated, 1 - stated)), -np.log(np.where(y, share, 1 - share))


@pytest.mark.parametrize(
    ("rows", "strength", "sharpness"), [(150, 0.7, 1.0), (400, 0.5, 1.0), (400, 0.7, 1.3), (1200, 0.4, 1.0)]
)
def test_the_power_is_that_of_the_run_s_own_test_within_five_points(rows, strength, sharpness):
    rng = np.random.default_rng(rows)
    model, baseline = losses(rng, 400_000, strength, sharpness=sharpness)
    saved = 1 - model.mean() / baseline.mean()
    known = {"weight": None, "groups": None, "level": 0.95, "difference": saved}
    told = adequacy(model[:20_000], baseline[:20_000], rows, **known, rng=np.random.default_rng(0))["power"]
    shown = 0
    for _ in range(1500):
        test = losses(rng, rows, strength, sharpness=sharpness)
        shown += skill(*test, rng=np.random.default_rng(0), replicates=400)["low"] > 0

    assert 0.1 < told < 0.95
    assert told == pytest.approx(shown / 1500, abs=0.05)


def test_rows_of_groups_count_as_groups():
    rng = np.random.default_rng(3)

    def grouped(groups):
        shift = np.repeat(rng.normal(0, 0.5, groups), 10)
        base = 1.0 + np.repeat(rng.random(groups), 10)
        return base - 0.1 + shift + rng.normal(0, 0.1, groups * 10), base, np.repeat(np.arange(groups), 10)

    model, baseline, groups = grouped(1500)
    told = adequacy(
        model, baseline, 80, weight=None, groups=groups, level=0.95, difference=0.1 / 1.5, rng=np.random.default_rng(0)
    )
    shown = 0
    for _ in range(400):
        model, baseline, groups = grouped(80)
        found = skill(model, baseline, groups=groups, rng=np.random.default_rng(0), replicates=400)
        shown += found["low"] > 0

    assert told["unit"] == "groups"
    assert told["power"] == pytest.approx(shown / 400, abs=0.06)


def test_what_can_be_detected_is_what_has_a_power_of_80_percent():
    model, baseline = losses(np.random.default_rng(0), 2000, 0.7)

    def asked(size, difference):
        rng = np.random.default_rng(0)
        return adequacy(model, baseline, size, weight=None, groups=None, level=0.95, difference=difference, rng=rng)

    found = asked(500, asked(500, None)["detectable"])
    again = asked(asked(500, 0.03)["needed"], 0.03)

    assert found["power"] == pytest.approx(POWER, abs=0.01)
    assert again["power"] == pytest.approx(POWER, abs=0.01)


def test_the_power_of_a_t_test_is_scipy_s():
    n, shift = 40, 0.45
    critical = stats.t.ppf(0.975, n - 1)

    assert power(shift, 1 / np.sqrt(n), n, 0.95) == pytest.approx(
        stats.nct.sf(critical, n - 1, shift * np.sqrt(n)), abs=1e-9
    )
    assert (power(0.1, 0.0, 5, 0.95), power(0.0, 0.0, 5, 0.95)) == (1.0, 0.0)


@pytest.mark.parametrize("rows", [0, 1])
def test_nothing_is_said_of_a_part_without_rows(rows):
    model, baseline = losses(np.random.default_rng(0), 50, 0.7)
    rng = np.random.default_rng(0)
    found = adequacy(model, baseline, rows, weight=None, groups=None, level=0.95, difference=0.1, rng=rng)

    assert (found["power"], found["detectable"]) == (None, None)
    assert adequacy_findings(found, "zero_rule") == []


def test_a_part_too_small_is_a_finding_that_says_how_many_rows_it_takes():
    model, baseline = losses(np.random.default_rng(0), 2000, 0.7)
    rng = np.random.default_rng(0)
    found = adequacy(model, baseline, 60, weight=None, groups=None, level=0.95, difference=0.02, rng=rng)
    (finding,) = adequacy_findings(found, "simple")

    assert (finding.code, finding.severity) == ("TEST-TOO-SMALL", "warning")
    assert f"{int(np.ceil(found['needed'])):,} rows" in finding.message


def test_weights_and_groups_say_how_many_units_there_are():
    assert size_of(None, None, 7) == 7
    assert size_of(np.array([2.0, 2.0, 2.0]), None, 3) == pytest.approx(3)
    assert size_of(np.array([1.0, 0.0]), None, 2) == pytest.approx(1)
    assert size_of(np.array([1.0, 1.0, 2.0]), np.array(["a", "a", "b"]), 3) == pytest.approx(2)
