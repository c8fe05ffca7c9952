"""How resampled scores become an interval, against independent ways to get it."""

import numpy as np
import pytest
from scipy import stats

from mesic import Metric, SettingError, score_with_interval
from mesic.evaluation.ends import STEEP, acceleration, bca_ends, studentised_ends
from mesic.evaluation.intervals import score_all, skill
from mesic.evaluation.time_blocks import block_length, time_blocks
from mesic_plugins.metrics.average_precision import AveragePrecision
from mesic_plugins.metrics.f1 import F1
from mesic_plugins.metrics.log_loss import LogLoss
from mesic_plugins.metrics.mae import Mae
from mesic_plugins.metrics.ndcg import Ndcg
from mesic_plugins.metrics.one_vs_rest import falling_bins
from mesic_plugins.metrics.r2 import R2
from mesic_plugins.metrics.rmse import Rmse
from mesic_plugins.metrics.roc_auc import RocAuc


def rng(seed=0):
    return np.random.default_rng(seed)


def ranked(random, n, share=0.3, decimals=None):
    """Return codes, and probabilities that rank them."""
    y = (random.random(n) < share).astype(int)
    p = 1 / (1 + np.exp(-(random.normal(size=n) + 1.2 * y - 0.8)))
    p = p if decimals is None else p.round(decimals)
    return y, np.column_stack([1 - p, p])


def remembering(random, n, memory=0.9):
    """Return a series in which each value remembers the one before."""
    shocks = random.normal(size=n)
    series = np.empty(n)
    series[0] = shocks[0] / np.sqrt(1 - memory**2)
    for place in range(1, n):
        series[place] = memory * series[place - 1] + shocks[place]
    return series


def test_corrected_percentiles_are_scipys():
    seen = rng(1).exponential(size=60)
    expected = stats.bootstrap((seen,), np.var, n_resamples=20_000, method="BCa", rng=rng(2), vectorized=True)
    drawn = np.var(rng(3).choice(seen, (20_000, 60)), axis=1)
    left_out = np.array([np.var(np.delete(seen, place)) for place in range(60)])
    found = bca_ends(drawn, np.var(seen), left_out, level=0.95)

    spread = drawn.std()
    assert found == pytest.approx(tuple(expected.confidence_interval), abs=0.06 * spread)
    assert abs(found[1] - np.quantile(drawn, 0.975)) > 0.2 * spread, "plain percentiles would be something else"


def test_acceleration_is_a_sixth_of_the_skewness_of_a_mean():
    seen = rng(4).exponential(size=500)
    left_out = (seen.sum() - seen) / 499

    assert acceleration(left_out) == pytest.approx(stats.skew(seen) / (6 * np.sqrt(500)), rel=1e-9)
    assert acceleration(np.array([1.0, 2.0]), np.array([3.0, 1.0])) == pytest.approx(
        acceleration(np.array([1.0, 1.0, 1.0, 2.0]))
    )


def test_studentised_ends_are_those_of_a_loop_over_resamples():
    values = rng(5).gamma(0.7, size=80)
    drawn = rng(6).integers(0, 80, (4_000, 80))
    counts = np.stack([np.bincount(rows, minlength=80) for rows in drawn])
    found = studentised_ends(np.column_stack([np.ones(80), values]), counts, level=0.9)

    again = values[drawn]
    errors = again.std(axis=1) / np.sqrt(80)
    near, far = np.quantile((again.mean(axis=1) - values.mean()) / errors, [0.05, 0.95])
    error = values.std() / np.sqrt(80)
    assert found == pytest.approx((values.mean() - far * error, values.mean() - near * error))


def held_by(method, draw, truth, metric, repeats=400):
    """Return how often intervals of drawn tables hold the truth."""
    held = 0
    for seed in range(repeats):
        y, prediction = draw(rng(seed))
        found = score_with_interval(metric, y, prediction, rng=rng(seed), replicates=400, method=method)
        held += found.low <= truth <= found.high
    return held / repeats


def test_squared_errors_of_few_rows_are_covered_better_than_by_percentiles():
    def draw(random):
        return np.zeros(40), random.normal(size=40)

    held = {method: held_by(method, draw, 1.0, Rmse()) for method in ("auto", "percentile")}
    assert held["auto"] >= 0.925
    assert held["percentile"] <= held["auto"] - 0.01


def test_f1_of_ten_positives_is_covered_by_default_and_not_by_a_bootstrap():
    y, p = ranked(rng(99), 400_000, 0.05)
    truth = F1().score(y, (p[:, 1] > 0.88).astype(int))

    def draw(random):
        y, p = ranked(random, 200, 0.05)
        return y, (p[:, 1] > 0.88).astype(int)

    assert 0.93 <= held_by("auto", draw, truth, F1()) <= 0.985
    assert held_by("percentile", draw, truth, F1()) < 0.9


def test_average_precision_of_few_positives_is_covered():
    y, p = ranked(rng(99), 400_000, 0.15)
    truth = AveragePrecision().score(y, p)

    assert 0.915 <= held_by("auto", lambda random: ranked(random, 150, 0.15), truth, AveragePrecision(), 200) <= 0.985


@pytest.mark.parametrize(("metric", "rows"), [(AveragePrecision(), 3_000), (RocAuc(), 3_000), (AveragePrecision(), 90)])
@pytest.mark.parametrize("kind", ["plain", "weights", "groups"])
def test_bins_give_the_interval_that_scoring_each_resample_gives(metric, rows, kind):
    random = rng(7)
    y, p = ranked(random, rows)
    groups = np.repeat(np.arange(rows // 3), 3) if kind == "groups" else None
    weight = random.exponential(size=rows) if kind == "weights" else None
    options = {"weight": weight, "groups": groups, "replicates": 800, "method": "percentile"}
    found = score_with_interval(metric, y, p, rng=rng(), **options)
    scores = []
    for _ in range(800):
        drawn = random.integers(0, rows, rows)
        if groups is not None:
            drawn = (3 * random.integers(0, rows // 3, rows // 3)[:, None] + np.arange(3)).ravel()
        scores.append(metric.score(y[drawn], p[drawn], None if weight is None else weight[drawn]))
    spread, ends = np.nanstd(scores), np.nanquantile(scores, [0.025, 0.975])

    slack = 0.35 if rows > 100 else 0.8  # few positives: our ends are widened as by Student's t
    assert np.abs(np.array([found.low, found.high]) - ends).max() < slack * spread
    assert found.method == "percentile bootstrap"


def test_few_probabilities_have_a_bin_each_and_many_share_them():
    y, p = ranked(rng(8), 5_000, decimals=2)
    bins = AveragePrecision().binned(y, p)
    shares = np.bincount(bins.cell, minlength=bins.count) / 5_000
    assert float(bins.value(shares)) == pytest.approx(AveragePrecision().score(y, p), abs=1e-12)
    bins = RocAuc().binned(y, p)
    shares = np.bincount(bins.cell, minlength=bins.count) / 5_000
    assert float(bins.value(shares)) == pytest.approx(RocAuc().score(y, p), abs=1e-12)

    many, is_wide = falling_bins(rng(9).random(10_000), most=64, alone=16)
    sizes = np.bincount(many)
    assert (sizes[:16] == 1).all()
    assert not is_wide[:16].any()
    assert is_wide[16:].all()
    assert np.ptp(sizes[16:]) <= 2
    assert many.max() + 1 == is_wide.size <= 64


def test_both_methods_can_be_wished_for_and_no_other():
    y, p = ranked(rng(10), 300)
    said = {method: score_all([RocAuc(), LogLoss(), F1()], y, p, rng=rng(), method=method) for method in
            ("auto", "bca", "percentile")}  # fmt: skip

    assert [one.method for one in said["auto"]] == ["logit DeLong", "studentised bootstrap", "Dirichlet"]
    assert {one.method for one in said["bca"]} == {"BCa bootstrap"}
    assert {one.method for one in said["percentile"]} == {"percentile bootstrap"}
    assert len({one.value for one in (found[0] for found in said.values())}) == 1
    with pytest.raises(SettingError, match="method='basic' cannot work: give one of auto, bca, percentile"):
        score_all([LogLoss()], y, p, rng=rng(), method="basic")


def test_a_few_huge_losses_are_not_studentised():
    errors = np.r_[np.full(98, 0.3), 40.0, 45.0]
    steep = score_with_interval(Mae(), np.zeros(100), errors, rng=rng())
    even = score_with_interval(Mae(), np.zeros(100), np.linspace(0, 1, 100), rng=rng())

    assert acceleration((errors.sum() - errors) / 99) > STEEP
    assert (steep.method, even.method) == ("BCa bootstrap", "studentised bootstrap")
    assert steep.high < 10


def test_losses_that_are_all_alike_have_the_ends_that_they_are():
    found = score_with_interval(LogLoss(), np.array([0, 1] * 30), np.full((60, 2), 0.5), rng=rng())

    assert found.low == found.high == pytest.approx(np.log(2))


def test_a_metric_that_some_resamples_do_not_define_says_on_how_many():
    class MeanOfEven(Metric):
        name, greater_is_better, needs = "mean_of_even", True, "value"

        def score(self, y, prediction, weight=None, groups=None):
            even = prediction[y % 2 == 0]
            return float(even.mean()) if even.size else float("nan")

    y = np.r_[0, np.ones(39)]
    found = score_with_interval(MeanOfEven(), y, np.arange(40.0), rng=rng())
    few = score_with_interval(MeanOfEven(), np.r_[0, 0, np.ones(38)], np.arange(40.0), rng=rng())

    assert found.undefined == pytest.approx((39 / 40) ** 40, abs=0.06)
    assert few.undefined == pytest.approx((38 / 40) ** 40, abs=0.06)
    assert score_with_interval(Rmse(), y, y + 1, rng=rng()).undefined == 0


def test_undefined_on_most_resamples_is_no_interval_and_never_zero():
    class Rare(Metric):
        name, greater_is_better, needs = "rare", True, "value"

        def score(self, y, prediction, weight=None, groups=None):
            return float("nan") if np.unique(y).size < len(y) else 0.5

    found = score_with_interval(Rare(), np.arange(30.0), np.zeros(30), rng=rng())
    assert (found.value, found.as_dict()["low"], found.undefined) == (0.5, None, 1.0)


def test_blocks_of_time_are_drawn_whole_and_metrics_do_not_see_them():
    random = rng(11)
    errors = remembering(random, 600)
    blocks = time_blocks(np.arange(600), errors**2)
    rows = score_with_interval(Rmse(), np.zeros(600), errors, rng=rng())
    whole = score_with_interval(Rmse(), np.zeros(600), errors, blocks=blocks, rng=rng())
    ranking = Ndcg(task="regression")
    gains = random.random(600)

    assert (rows.unit, whole.unit) == ("rows", "blocks of time")
    assert whole.high - whole.low > 1.8 * (rows.high - rows.low)
    assert score_with_interval(ranking, gains, errors, blocks=blocks, rng=rng()).value == ranking.score(gains, errors)
    assert skill(errors**2, errors**2 + 1, groups=blocks, unit="blocks of time", rng=rng())["unit"] == "blocks of time"


def test_the_blocks_are_as_long_as_the_series_remembers():
    alone = np.mean([block_length(rng(seed).normal(size=1_000)) for seed in range(30)])
    short = np.mean([block_length(remembering(rng(seed), 1_000, 0.5)) for seed in range(30)])
    long = np.mean([block_length(remembering(rng(seed), 1_000, 0.9)) for seed in range(30)])

    assert alone < 3 < short < 20 < long < 100
    assert block_length(np.ones(100)) == block_length(np.arange(5.0)) == 1


def test_rows_that_remember_each_other_are_covered_by_blocks_only():
    held = np.zeros(2)
    for seed in range(200):
        losses = np.abs(5 + remembering(rng(seed), 500, 0.7))
        blocks = time_blocks(np.arange(500), losses)
        for place, given in enumerate((blocks, None)):
            found = score_with_interval(Mae(), np.zeros(500), losses, blocks=given, rng=rng(seed), replicates=300)
            held[place] += found.low <= 5.0 <= found.high

    assert held[0] / 200 >= 0.88
    assert held[1] / 200 < 0.7


def test_r2_of_groups_is_corrected():
    random = rng(12)
    y = np.repeat(random.normal(size=60), 5)
    found = score_with_interval(
        R2(), y, y + np.repeat(random.normal(size=60), 5), groups=np.repeat(np.arange(60), 5), rng=rng()
    )

    assert (found.method, found.unit) == ("BCa bootstrap", "groups")
    assert found.low < found.value < found.high
