"""The statistics of A/B tests against published tables, scipy, closed forms and simulation."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats

from mesic.ab import (
    Counts,
    Means,
    Moments,
    Proportions,
    always_valid_bound,
    always_valid_p,
    bounds,
    cluster_moments,
    crossing_chances,
    sample_ratio,
)
from mesic.ab.contrast import fieller
from mesic.ab.means import variance_saved
from mesic.ab.proportions import restricted_share
from mesic.errors import SettingError


def evenly(looks):
    return [look / looks for look in range(1, looks + 1)]


@pytest.mark.parametrize(
    ("spending", "published"),
    [
        ("obrien_fleming", [4.8769, 3.3569, 2.6803, 2.2898, 2.0310]),
        ("pocock", [2.4380, 2.4268, 2.4101, 2.3966, 2.3859]),
    ],
)
def test_bounds_of_five_looks_are_those_of_ldbounds(spending, published):
    assert bounds(evenly(5), 0.05, spending) == pytest.approx(published, abs=2e-4)


@pytest.mark.parametrize(("looks", "pocock", "obrien"), [(5, 2.413, 2.040), (10, 2.555, 2.087), (20, 2.672, 2.126)])
def test_classical_constants_spend_five_percent(looks, pocock, obrien):
    """C. Jennison, B. W. Turnbull, Group Sequential Methods, 2000, tables 2.1 and 2.3."""
    t = evenly(looks)

    assert sum(crossing_chances(t, [pocock] * looks)(0.0)) == pytest.approx(0.05, abs=1e-4)
    assert sum(crossing_chances(t, [obrien / math.sqrt(f) for f in t])(0.0)) == pytest.approx(0.05, abs=1e-4)


@given(
    steps=st.lists(st.floats(1e-4, 1), min_size=1, max_size=12),
    alpha=st.floats(0.001, 0.2),
    spending=st.sampled_from(["obrien_fleming", "pocock"]),
)
@settings(max_examples=15, deadline=None)
def test_whatever_the_looks_all_of_alpha_is_spent_and_no_more(steps, alpha, spending):
    fractions = list(np.cumsum(steps) / np.sum(steps))
    fractions[-1] = 1.0
    found = bounds(fractions, alpha, spending)

    assert sum(crossing_chances(fractions, found)(0.0)) == pytest.approx(alpha, rel=1e-4)
    assert bounds(fractions[:-1], alpha, spending) == pytest.approx(found[:-1]) if len(fractions) > 1 else True


def test_chances_with_a_drift_are_those_of_simulated_paths():
    t, drift, paths = np.array([0.1, 0.4, 0.45, 1.0]), 2.5, 400_000
    found = bounds(list(t), 0.05, "pocock")
    steps = np.diff(t, prepend=0)
    walk = np.cumsum(np.random.default_rng(0).normal(drift * steps, np.sqrt(steps), (paths, 4)), axis=1)
    passes = np.abs(walk / np.sqrt(t)) > found
    first = [(passes[:, k] & ~passes[:, :k].any(axis=1)).mean() for k in range(4)]

    assert crossing_chances(list(t), found)(drift) == pytest.approx(first, abs=4 * math.sqrt(0.25 / paths))


def test_looks_that_do_not_rise_are_refused():
    with pytest.raises(SettingError, match="rise"):
        bounds([0.5, 0.5], 0.05, "pocock")


def random_counts(rng):
    n = rng.integers(200, 20_000, 2)
    return [Counts(int(size), int(rng.binomial(size, p))) for size, p in zip(n, (0.05, 0.055), strict=True)]


def as_table(control, treatment):
    return [[c.events for c in (control, treatment)], [c.units - c.events for c in (control, treatment)]]


def test_g_is_that_of_scipy():
    rng = np.random.default_rng(1)
    for _ in range(200):
        pair = random_counts(rng)
        peer = stats.chi2_contingency(as_table(*pair), correction=False, lambda_="log-likelihood")
        found = Proportions(*pair, "g")
        if found.is_exact:
            continue

        assert found.z**2 == pytest.approx(peer.statistic, abs=1e-10)
        assert found.p == pytest.approx(peer.pvalue, abs=1e-8)


def test_z_squared_is_pearsons_chi_squared():
    pair = Counts(900, 70), Counts(1_100, 120)
    peer = stats.chi2_contingency(as_table(*pair), correction=False)

    assert Proportions(*pair, "z").z ** 2 == pytest.approx(peer.statistic, rel=1e-10)


@pytest.mark.parametrize("pair", [((10, 1), (10, 6)), ((50, 0), (40, 3)), ((300, 2), (700, 9)), ((5, 5), (7, 0))])
def test_the_exact_test_is_fishers(pair):
    control, treatment = (Counts(*counts) for counts in pair)
    found = Proportions(control, treatment, "g")

    assert found.is_exact
    assert found.p == pytest.approx(stats.fisher_exact(as_table(control, treatment)).pvalue, rel=1e-9)


def test_exact_takes_over_below_five_expected_and_not_above():
    assert Proportions(Counts(100, 4), Counts(100, 5)).is_exact
    assert not Proportions(Counts(100, 5), Counts(100, 5)).is_exact


@pytest.mark.parametrize("effect", [-0.6, -0.1, 0.0, 0.03, 0.5, 0.9])
@pytest.mark.parametrize("pair", [((100, 10), (80, 20)), ((50, 0), (60, 60)), ((30, 15), (300, 1)), ((40, 0), (40, 0))])
def test_the_restricted_share_is_the_most_likely_one(pair, effect):
    control, treatment = (Counts(*counts) for counts in pair)

    def unlikely(p):
        both = ((control, p), (treatment, p + effect))
        return -sum(special.xlogy(c.events, q) + special.xlogy(c.units - c.events, 1 - q) for c, q in both)

    edges = max(0.0, -effect) + 1e-12, min(1.0, 1 - effect) - 1e-12
    peer = optimize.minimize_scalar(unlikely, bounds=edges, method="bounded", options={"xatol": 1e-12})

    assert restricted_share(control, treatment, effect) == pytest.approx(peer.x, abs=1e-5)


@pytest.mark.parametrize("test", ["g", "z"])
@pytest.mark.parametrize("bound", [1.959964, 4.877, 22.38])
def test_an_interval_holds_exactly_the_effects_that_the_test_does_not_reject(test, bound):
    found = Proportions(Counts(3_000, 150), Counts(3_100, 190), test)
    low, high = found.interval(bound)

    assert low < found.value < high
    assert found.distance(low) == pytest.approx(bound, rel=1e-6)
    assert found.distance(high) == pytest.approx(-bound, rel=1e-6)
    assert (low > 0) == (found.z > bound)


def test_intervals_of_a_share_cover():
    rng, truth, held = np.random.default_rng(2), 0.02, 0
    for _ in range(600):
        pair = Counts(400, int(rng.binomial(400, 0.08))), Counts(300, int(rng.binomial(300, 0.08 + truth)))
        low, high = Proportions(*pair).interval(1.959964)
        held += low <= truth <= high

    assert 0.92 <= held / 600 <= 0.975


def test_welch_is_scipys():
    rng = np.random.default_rng(3)
    a, b = rng.gamma(2, 3, 40), rng.gamma(2, 4, 25)
    found = Means(Moments.of({"outcome": a}), Moments.of({"outcome": b}))
    peer = stats.ttest_ind(b, a, equal_var=False)
    ends = peer.confidence_interval(0.95)

    assert found.p == pytest.approx(peer.pvalue, rel=1e-9)
    assert found.interval(special.ndtri(0.975)) == pytest.approx((ends.low, ends.high), rel=1e-9)
    own = [stats.ttest_1samp(group, 0).confidence_interval(0.95) for group in (a, b)]
    assert found.levels(special.ndtri(0.975)) == (pytest.approx(tuple(own[0])), pytest.approx(tuple(own[1])))


def test_a_tiny_p_still_has_a_z():
    a, b = np.arange(2_000.0), np.arange(2_000.0) + 600
    found = Means(Moments.of({"outcome": a}), Moments.of({"outcome": b}))

    assert 20 < found.z < 38


def test_the_delta_method_is_the_spread_of_simulated_ratios():
    rng = np.random.default_rng(4)

    def drawn(units):
        sessions = rng.integers(1, 9, units).astype(float)
        return {"outcome": sessions * rng.gamma(2, 1, units) + rng.normal(0, 1, units), "denominator": sessions}

    ratios = np.array([(n := drawn(500))["outcome"].sum() / n["denominator"].sum() for _ in range(4_000)])
    one, two = Moments.of(drawn(500)), Moments.of(drawn(500))
    found = np.mean([Means(Moments.of(drawn(500)), Moments.of(drawn(500))).variance for _ in range(50)])

    assert found == pytest.approx(2 * ratios.var(), rel=0.1)
    assert Means(one, two).method == "Welch, delta method"


@pytest.mark.parametrize("rho", [0.3, 0.7])
def test_a_covariate_takes_out_rho_squared_and_adds_no_bias(rho):
    rng, effects, plain, saved = np.random.default_rng(5), [], [], []
    for _ in range(300):
        x = rng.normal(size=(2, 400))
        y = rho * x + math.sqrt(1 - rho**2) * rng.normal(size=(2, 400)) + np.array([[0.0], [0.1]])
        pair = [Moments.of({"outcome": own, "covariate": past}) for own, past in zip(y, x, strict=True)]
        effects.append(Means(*pair).value)
        plain.append(y[1].mean() - y[0].mean())
        saved.append(variance_saved(*pair))

    assert np.mean(saved) == pytest.approx(rho**2, abs=0.02)
    assert np.var(effects) / np.var(plain) == pytest.approx(1 - rho**2, abs=0.12)
    assert np.mean(effects) == pytest.approx(0.1, abs=4 * math.sqrt(2 / 400 / 300))


def test_clusters_of_one_size_are_a_welch_test_of_their_means():
    rng = np.random.default_rng(6)
    centres = [rng.normal(size=count) for count in (12, 15)]
    clusters = [np.repeat(np.arange(len(own)), 20) for own in centres]
    y = [own[place] + rng.normal(size=place.size) for own, place in zip(centres, clusters, strict=True)]
    found = Means(*(cluster_moments({"outcome": a}, c) for a, c in zip(y, clusters, strict=True)), unit="clusters")
    means = [a.reshape(-1, 20).mean(axis=1) for a in y]
    peer = stats.ttest_ind(means[1], means[0], equal_var=False)

    assert found.n == (12, 15)
    assert found.p == pytest.approx(peer.pvalue, rel=1e-9)


def test_rows_that_ignore_their_clusters_find_what_is_not_there():
    rng, by_row, by_cluster = np.random.default_rng(7), 0, 0
    for _ in range(200):
        y = [np.repeat(rng.normal(size=20), 30) + rng.normal(size=600) for _ in range(2)]
        place = np.repeat(np.arange(20), 30)
        by_row += Means(*(Moments.of({"outcome": own}) for own in y)).p < 0.05
        by_cluster += Means(*(cluster_moments({"outcome": own}, place) for own in y)).p < 0.05

    assert by_row / 200 > 0.5
    assert by_cluster / 200 < 0.1


numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20)


@given(first=numbers, second=numbers)
@settings(max_examples=50, deadline=None)
def test_moments_add_up_to_those_of_all(first, second):
    whole = Moments.of({"outcome": [*first, *second]})
    added = Moments.of({"outcome": first}) + Moments.of({"outcome": second})

    assert added.units == whole.units
    assert added.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-6)
    assert added.scatter == pytest.approx(whole.scatter, rel=1e-6, abs=1e-3)


def test_large_means_do_not_eat_the_variance():
    y = np.random.default_rng(8).normal(1e9, 1.0, 10_000)
    parts = [Moments.of({"outcome": part}) for part in np.split(y, 100)]
    added = sum(parts[1:], parts[0])

    assert float(added.scatter[0, 0]) == pytest.approx(float(((y - y.mean()) ** 2).sum()), rel=1e-6)


def test_moments_of_other_numbers_do_not_add_up():
    with pytest.raises(ValueError, match="do not add up"):
        Moments.of({"outcome": [1.0]}) + Moments.of({"outcome": [1.0], "denominator": [1.0]})
    with pytest.raises(ValueError, match="cannot be"):
        Counts(3, 4)


def test_the_always_valid_ratio_is_a_mixture_of_likelihood_ratios():
    variance, tau, value = 0.004, 0.1, 0.15

    def weighted(effect):
        likelihood = stats.norm.pdf(value, effect, math.sqrt(variance)) / stats.norm.pdf(value, 0, math.sqrt(variance))
        return likelihood * stats.norm.pdf(effect, 0, tau)

    mixture, _ = integrate.quad(weighted, -1.5, 1.5, limit=200)

    assert always_valid_p(value / math.sqrt(variance), variance, tau) == pytest.approx(1 / mixture, rel=1e-6)


def test_the_always_valid_bound_is_passed_exactly_where_p_is_below_alpha():
    bound = always_valid_bound(0.01, 0.2, 0.03)

    assert always_valid_p(bound, 0.01, 0.2) == pytest.approx(0.03)
    assert always_valid_p(bound + 0.01, 0.01, 0.2) < 0.03


def test_a_thousand_looks_spend_less_than_alpha():
    t, tau = np.arange(1, 1_001) / 1_000, 2.8
    made = np.array([always_valid_bound(1 / f, tau, 0.05) for f in t])
    steps = np.random.default_rng(9).normal(0, math.sqrt(1e-3), (4_000, 1_000))
    passes = (np.abs(np.cumsum(steps, axis=1) / np.sqrt(t)) > made).any(axis=1)

    assert 0.005 < passes.mean() < 0.05


def test_the_sample_ratios_bayes_factor_is_the_integral_over_shares():
    counts = {"a": 130, "b": 70}
    prior = stats.beta(50, 50)
    weighted, _ = integrate.quad(lambda s: stats.binom.pmf(130, 200, s) * prior.pdf(s), 0, 1)
    found = sample_ratio(counts, {"a": 0.5, "b": 0.5})

    assert found.p == pytest.approx(stats.binom.pmf(130, 200, 0.5) / weighted, rel=1e-6)


def test_the_sample_ratio_seldom_cries_wolf_however_often_it_is_asked():
    rng, alarms = np.random.default_rng(10), 0
    for _ in range(1_000):
        treated = np.cumsum(rng.binomial(200, 0.3, 50))
        ends = np.arange(1, 51) * 200
        pairs = zip(treated, ends, strict=True)
        ps = [sample_ratio({"c": int(n - k), "t": int(k)}, {"c": 0.7, "t": 0.3}).p for k, n in pairs]
        alarms += min(ps) < 0.01

    assert alarms / 1_000 < 0.015


def test_a_lost_percent_is_noticed_and_chance_is_not():
    halves = {"a": 0.5, "b": 0.5}

    assert sample_ratio({"a": 100_000, "b": 97_500}, halves).is_broken
    assert not sample_ratio({"a": 100_000, "b": 99_500}, halves).is_broken
    assert not sample_ratio({"a": 1, "b": 0}, halves).is_broken


def test_fiellers_ends_are_the_ratios_that_are_just_not_rejected():
    means, variances, bound = (5.0, 6.0), (0.04, 0.09), 2.5
    _, low, high = fieller(means, variances, 0.0, bound)

    for end in (low, high):
        z = (means[1] - (1 + end) * means[0]) / math.sqrt(variances[1] + (1 + end) ** 2 * variances[0])
        assert abs(z) == pytest.approx(bound, rel=1e-9)
    assert math.isnan(fieller((0.1, 6.0), variances, 0.0, bound)[1])
