"""Means, shares and differences agree with scipy, and their intervals hold the truth with weights and groups too."""

import numpy as np
import pytest
from scipy import stats

from mesic import holm
from mesic_plugins.evaluators.contrasts import Rows
from mesic_plugins.evaluators.gaps import four_fifths, largest_difference, pairwise_level, smallest_ratio

INSIDE = np.arange(60) < 22


@pytest.fixture
def values():
    return np.random.default_rng(0).gamma(2, size=60)


def test_a_contrast_is_the_t_test_of_welch(values):
    found = Rows(60).contrast(values, INSIDE)
    both = stats.ttest_ind(values[INSIDE], values[~INSIDE], equal_var=False)
    greater = stats.ttest_ind(values[INSIDE], values[~INSIDE], equal_var=False, alternative="greater")

    assert [found["p"], found["greater"]] == pytest.approx([both.pvalue, greater.pvalue])
    assert [found["low"], found["high"]] == pytest.approx(list(both.confidence_interval()))


def test_a_mean_has_the_interval_of_student(values):
    found = Rows(60, level=0.9).mean(values)
    assert [found["low"], found["high"]] == pytest.approx(stats.t.interval(0.9, 59, values.mean(), stats.sem(values)))


def test_rows_of_a_weight_of_two_count_as_each_of_them_twice_in_the_mean_and_as_fewer_units(values):
    weight = np.where(INSIDE, 2.0, 1.0)
    found = Rows(60, weight).mean(values)

    assert found["value"] == pytest.approx(np.r_[values, values[INSIDE]].mean())
    assert Rows(60, weight).units == pytest.approx(82**2 / (22 * 4 + 38))


def held(estimate, truth, seeds=400):
    found = [estimate(np.random.default_rng(seed)) for seed in range(seeds)]
    return np.mean([one["low"] <= truth <= one["high"] for one in found])


def in_groups(rng, count=40, each=10):
    return np.repeat(rng.normal(size=count), each), np.repeat(np.arange(count), each)


def test_intervals_hold_the_truth_where_rows_come_in_groups():
    def mean(rng, *, whole):
        effect, group = in_groups(rng)
        return Rows(effect.size, None, group if whole else None).mean(effect + rng.normal(0, 0.3, effect.size))

    def share(rng):
        effect, group = in_groups(rng)
        return Rows(effect.size, None, group).share((effect > 0.5).astype(float))

    def contrast(rng):
        effect, group = in_groups(rng)
        return Rows(effect.size, None, group).contrast(effect, group < 15)

    assert held(lambda rng: mean(rng, whole=False), 0) < 0.6
    assert held(lambda rng: mean(rng, whole=True), 0) > 0.92
    assert held(share, stats.norm.sf(0.5)) > 0.92
    assert held(contrast, 0) > 0.92


def test_the_part_of_a_sum_has_an_interval_that_holds_the_truth():
    def part(rng):
        inside = rng.random(300) < 0.2
        return Rows(300).part_of_all(rng.gamma(np.where(inside, 3.0, 1.0)), inside)

    assert held(part, 0.2 * 3 / (0.2 * 3 + 0.8)) > 0.92


def test_what_cannot_be_told_is_no_number():
    rows = Rows(3)
    assert rows.contrast(np.ones(3), np.array([True, False, False]))["value"] is None
    assert rows.part(np.zeros(3, dtype=bool)).mean(np.ones(0))["value"] is None
    assert rows.part(np.zeros(3, dtype=bool)).share(np.ones(0))["value"] is None
    assert rows.part_of_all(np.zeros(3), np.ones(3, dtype=bool))["value"] is None


def test_corrected_p_values_find_something_of_nothing_in_one_family_of_twenty():
    rng = np.random.default_rng(0)
    assert np.mean([min(holm(rng.random(7))) < 0.05 for _ in range(2_000)]) == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("shares", [(0.5, 0.5), (0.5, 0.3), (0.1, 0.1, 0.1), (0.6, 0.5, 0.3)])
def test_gaps_between_groups_are_held_whichever_pair_is_the_largest(shares):
    level = pairwise_level(0.95, len(shares))

    def groups(rng):
        return {
            place: Rows(150, level=level).share((rng.random(150) < share).astype(float))
            for place, share in enumerate(shares)
        }

    assert held(lambda rng: largest_difference(groups(rng)), max(shares) - min(shares)) > 0.92
    assert held(lambda rng: smallest_ratio(groups(rng)), min(shares) / max(shares)) > 0.92


def test_groups_without_the_outcome_have_a_ratio_of_nothing():
    def group(share):
        return Rows(100).share((np.arange(100) < share).astype(float))

    assert smallest_ratio({"a": group(0), "b": group(30)})["value"] == 0
    assert four_fifths(smallest_ratio({"a": group(0), "b": group(30)})) == "broken"
    assert four_fifths(smallest_ratio({"a": group(0), "b": group(0)})) == "cannot tell"
    assert largest_difference({"a": group(3)}) is None
