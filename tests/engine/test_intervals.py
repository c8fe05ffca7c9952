"""Intervals hold the truth as often as they say, and say so where they cannot."""

import json
import math
import time

import numpy as np
import pytest
from scipy import stats

from mesic import Metric, SettingError, example_losses, score_with_interval
from mesic.evaluation.intervals import paired_difference, score_all, skill
from mesic.evaluation.resampling import MOST_UNITS, plan_resampling
from mesic_plugins.metrics.accuracy import Accuracy
from mesic_plugins.metrics.average_precision import AveragePrecision
from mesic_plugins.metrics.balanced_accuracy import BalancedAccuracy
from mesic_plugins.metrics.brier import Brier
from mesic_plugins.metrics.calibration_error import CalibrationError
from mesic_plugins.metrics.f1 import F1
from mesic_plugins.metrics.log_loss import LogLoss
from mesic_plugins.metrics.map import MeanAveragePrecision
from mesic_plugins.metrics.max_error import MaxError
from mesic_plugins.metrics.median_ae import MedianAe
from mesic_plugins.metrics.precision import Precision
from mesic_plugins.metrics.r2 import R2
from mesic_plugins.metrics.recall import Recall
from mesic_plugins.metrics.rmse import Rmse
from mesic_plugins.metrics.roc_auc import RocAuc

SEVERAL = [LogLoss, RocAuc, AveragePrecision, Brier, Accuracy, F1, Precision, Recall]


def rng(seed=0):
    return np.random.default_rng(seed)


def people(random, n, share=0.3):
    """Return codes and the probabilities that truly hold for them."""
    y = (random.random(n) < share).astype(int)
    signal = random.normal(size=n) + 1.2 * y
    odds = share / (1 - share) * np.exp(1.2 * signal - 0.72)
    p = odds / (1 + odds)
    return y, np.column_stack([1 - p, p])


def answers(p, threshold=0.3):
    return (p[:, 1] > threshold).astype(int)


def coverage(metrics, n, *, repeats=300, group=1, share=0.3, grouped=True, weighted=False):
    """Return how often each metric's interval holds its value on endless rows."""
    random = rng(7)
    y, p = people(random, 200_000, share)
    truth = [metric.score(y, answers(p, share) if metric.needs == "label" else p) for metric in metrics]
    held = np.zeros(len(metrics))
    for _ in range(repeats):
        y, p = people(random, n // group, share)
        y, p = np.repeat(y, group), np.repeat(p, group, axis=0)
        groups = np.repeat(np.arange(n // group), group) if group > 1 and grouped else None
        weight = random.exponential(size=y.size) if weighted else None
        options = {"weight": weight, "groups": groups, "replicates": 300}
        found = score_all(metrics, y, p, labels=answers(p, share), rng=random, **options)
        held += [interval.low <= value <= interval.high for interval, value in zip(found, truth, strict=True)]
    return held / repeats


def test_intervals_of_95_percent_hold_the_truth_about_so_often():
    held = coverage([Accuracy(), F1(), RocAuc(), LogLoss(), Brier()], 300)

    assert (held >= 0.91).all(), held
    assert (held <= 0.99).all(), held


def test_few_positives_are_covered():
    held = coverage([Accuracy(), F1(), Precision(), Recall(), RocAuc()], 200, share=0.05)

    assert (held >= 0.91).all(), held


def test_weighted_rows_are_covered():
    assert (coverage([F1(), RocAuc(), LogLoss()], 300, weighted=True) >= 0.90).all()


def test_rows_that_repeat_each_other_need_groups_to_be_covered():
    metrics = [Accuracy(), F1(), LogLoss(), RocAuc()]

    assert (coverage(metrics, 500, group=5, repeats=200) >= 0.90).all()
    assert (coverage(metrics, 500, group=5, repeats=200, grouped=False) < 0.75).all()


def test_a_calibrated_model_is_not_accused():
    assert coverage([CalibrationError()], 500, repeats=150)[0] >= 0.9


def test_accuracy_has_wilsons_interval():
    y = np.zeros(80, dtype=int)
    predicted = np.repeat([0, 1], [71, 9])

    found = score_with_interval(Accuracy(), y, predicted, rng=rng())
    expected = stats.binomtest(71, 80).proportion_ci(0.95, "wilson")
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-12)
    assert (found.method, found.unit, found.n) == ("Wilson", "rows", 80)


def test_recall_and_precision_agree_with_jeffreys_interval_within_chance():
    y, predicted = np.repeat([1, 1, 0, 0], [30, 10, 150, 10]), np.repeat([1, 0, 0, 1], [30, 10, 150, 10])

    found = score_with_interval(Recall(), y, predicted, rng=rng(), replicates=20_000)
    expected = stats.beta(30.5, 10.5).ppf([0.025, 0.975])
    assert (found.low, found.high) == pytest.approx(tuple(expected), abs=0.005)
    assert found.method == "Dirichlet"


def test_the_interval_of_roc_auc_is_delongs_on_the_logit_scale():
    y, p = people(rng(1), 150)
    found = score_with_interval(RocAuc(), y, p, rng=rng())

    positive, negative = p[y == 1, 1], p[y == 0, 1]
    wins = (positive[:, None] > negative) + 0.5 * (positive[:, None] == negative)
    variance = wins.mean(1).var(ddof=1) / positive.size + wins.mean(0).var(ddof=1) / negative.size
    area = wins.mean()
    half = stats.t(min(positive.size, negative.size) - 1).ppf(0.975) * math.sqrt(variance) / (area * (1 - area))
    ends = 1 / (1 + np.exp(-(math.log(area / (1 - area)) + half * np.array([-1, 1]))))
    assert (found.value, found.low, found.high) == pytest.approx((area, *ends), abs=1e-12)


def test_a_perfect_ranking_is_not_certain():
    p = np.linspace(0, 1, 20)
    found = score_with_interval(RocAuc(), np.repeat([0, 1], 10), np.column_stack([1 - p, p]), rng=rng())

    assert found.value == found.high == 1
    assert 0.6 < found.low < 0.99


@pytest.mark.parametrize("metric", [Brier(), LogLoss(), BalancedAccuracy(), AveragePrecision(), RocAuc()], ids=repr)
def test_sums_give_the_interval_that_scoring_each_resample_gives(metric):
    random = rng(3)
    y, p = people(random, 1_500)
    weight = random.exponential(size=1_500)
    prediction = answers(p) if metric.needs == "label" else p
    found = score_with_interval(metric, y, prediction, weight=weight, rng=rng(), replicates=400)
    draws = [random.integers(0, 1_500, 1_500) for _ in range(400)]
    ends = np.quantile([metric.score(y[rows], prediction[rows], weight[rows]) for rows in draws], [0.025, 0.975])

    width = ends[1] - ends[0]
    assert abs(found.low - ends[0]) < 0.12 * width
    assert abs(found.high - ends[1]) < 0.12 * width


def test_many_classes_with_weights_agree_with_many_classes_without():
    random = rng(5)
    y = random.integers(0, 30, 4_000)
    predicted = np.where(random.random(4_000) < 0.7, y, random.integers(0, 30, 4_000))
    plain = score_with_interval(F1(), y, predicted, rng=rng())
    weighted = score_with_interval(F1(), y, predicted, weight=np.ones(4_000), rng=rng())

    assert weighted.value == pytest.approx(plain.value, abs=1e-12)
    assert (weighted.low, weighted.high) == pytest.approx((plain.low, plain.high), abs=0.004)


def test_the_same_generator_gives_the_same_interval_and_another_gives_another():
    y, p = people(rng(2), 400)
    first, again, other = (score_with_interval(LogLoss(), y, p, rng=rng(seed)) for seed in (0, 0, 1))

    assert first == again
    assert first.low != other.low


def test_what_a_metric_gets_does_not_depend_on_the_others():
    y, p = people(rng(2), 3_000)
    together = score_all([metric() for metric in SEVERAL], y, p, rng=rng())
    alone = [score_all([metric()], y, p, rng=rng())[0] for metric in SEVERAL]

    assert together == alone


def test_groups_widen_the_interval_of_rows_that_repeat_each_other():
    y, p = people(rng(4), 100)
    y, p, groups = np.repeat(y, 10), np.repeat(p, 10, axis=0), np.repeat([f"g{i}" for i in range(100)], 10)

    for metric in (LogLoss(), RocAuc(), AveragePrecision(), CalibrationError()):
        rows = score_with_interval(metric, y, p, rng=rng())
        whole = score_with_interval(metric, y, p, groups=groups, rng=rng())
        assert whole.unit == "groups"
        assert whole.high - whole.low > 1.5 * (rows.high - rows.low)


@pytest.mark.parametrize("metric", [metric() for metric in SEVERAL], ids=repr)
def test_one_row_has_no_interval(metric):
    prediction = np.array([1]) if metric.needs == "label" else np.array([[0.4, 0.6]])
    found = score_with_interval(metric, np.array([1]), prediction, rng=rng())

    assert found.as_dict()["high"] is None or found.low <= found.value <= found.high
    assert json.loads(json.dumps(found.as_dict(), allow_nan=False))["n"] == 1


def test_no_row_at_all_has_neither_value_nor_interval():
    found = score_with_interval(Rmse(), np.empty(0), np.empty(0), rng=rng())

    assert (found.as_dict()["value"], found.as_dict()["low"], found.n) == (None, None, 0)


@pytest.mark.parametrize("metric", [RocAuc(), AveragePrecision(), F1()], ids=repr)
def test_one_class_is_undefined_and_so_are_its_ends(metric):
    prediction = np.zeros(50, dtype=int) if metric.needs == "label" else np.tile([0.7, 0.3], (50, 1))
    found = score_with_interval(metric, np.zeros(50, dtype=int), prediction, rng=rng())

    assert math.isnan(found.value)
    assert math.isnan(found.low)
    assert math.isnan(found.high)


def test_one_group_has_no_interval():
    y, p = people(rng(), 30)
    found = score_with_interval(LogLoss(), y, p, groups=np.zeros(30), rng=rng())

    assert math.isfinite(found.value)
    assert math.isnan(found.low)


def test_a_missing_group_is_a_group_of_its_own():
    y, p = people(rng(), 30)
    groups = np.array([None, "a", "b"] * 10, dtype=object)

    assert math.isfinite(score_with_interval(LogLoss(), y, p, groups=groups, rng=rng()).low)


def test_the_ends_stay_in_bounds_around_the_value():
    for seed in range(40):
        y, p = people(rng(seed), 5 + 3 * seed)
        for found in score_all([metric() for metric in SEVERAL], y, p, rng=rng(), replicates=100):
            if not math.isnan(found.low):
                assert 0 <= found.low <= found.value <= found.high
                assert found.high <= 1 or found.metric == "log_loss"


@pytest.mark.parametrize("metric", [Rmse(), R2(), MedianAe()], ids=repr)
def test_metrics_of_numbers_have_intervals(metric):
    random = rng(6)
    y = random.normal(size=3_000)
    for groups in (None, np.repeat(np.arange(100), 30)):
        found = score_with_interval(metric, y, y + random.normal(size=3_000), groups=groups, rng=rng())
        assert found.low < found.value < found.high


def test_the_largest_error_has_no_interval():
    assert math.isnan(score_with_interval(MaxError(), np.arange(9.0), np.zeros(9), rng=rng()).low)


def test_map_resamples_queries():
    y, p = people(rng(8), 600)
    found = score_with_interval(MeanAveragePrecision(), y, p, groups=np.repeat(np.arange(60), 10), rng=rng())

    assert (found.unit, found.low < found.value < found.high) == ("groups", True)


def test_a_metric_that_only_scores_is_scored_on_each_resample():
    class Largest(Metric):
        name, greater_is_better, needs = "groups_seen", True, "value"

        def score(self, y, prediction, weight=None, groups=None):
            return float(len(np.unique(groups)))

    found = score_with_interval(Largest(), np.zeros(40), np.zeros(40), groups=np.repeat(np.arange(8), 5), rng=rng())
    assert (found.low, found.high) == (8, 8)


@pytest.mark.parametrize(("n", "unit"), [(10, "rows"), (MOST_UNITS, "rows"), (MOST_UNITS + 1, "blocks of rows")])
def test_rows_are_dealt_into_blocks_of_one_size(n, unit):
    plan = plan_resampling(n, None, rng=rng())
    sizes = np.bincount(plan.unit_of_row, minlength=plan.units)

    assert (plan.unit, sizes.sum()) == (unit, n)
    assert np.ptp(sizes) <= 1
    assert (plan.counts.sum(axis=1) == plan.units).all()


def test_more_groups_than_units_stay_whole():
    groups = np.repeat(np.arange(5_000), 3)
    plan = plan_resampling(groups.size, groups, rng=rng())

    assert plan.units == MOST_UNITS
    assert (np.ptp(plan.unit_of_row.reshape(-1, 3), axis=1) == 0).all()


@pytest.mark.parametrize("options", [{"level": 0}, {"level": 1.0}, {"replicates": 0}])
def test_a_level_or_number_that_cannot_work_is_refused(options):
    with pytest.raises(SettingError, match=next(iter(options))):
        score_with_interval(Rmse(), np.zeros(3), np.zeros(3), rng=rng(), **options)


def test_a_paired_difference_is_students():
    random = rng(9)
    a, b = random.exponential(size=60), random.exponential(size=60)
    found, expected = paired_difference(a, b, rng=rng()), stats.ttest_rel(a, b)

    assert found["p"] == pytest.approx(expected.pvalue)
    assert (found["low"], found["high"]) == pytest.approx(tuple(expected.confidence_interval()))


def test_copies_of_rows_in_groups_do_not_make_a_difference_surer():
    random = rng(10)
    a, b = random.exponential(size=60), random.exponential(size=60)
    once = paired_difference(a, b, rng=rng())
    copied = paired_difference(np.repeat(a, 7), np.repeat(b, 7), groups=np.repeat(np.arange(60), 7), rng=rng())

    assert copied["p"] == pytest.approx(once["p"])


def test_the_p_of_no_difference_is_uniform():
    random = rng(11)
    p = [paired_difference(*random.exponential(size=(2, 50)), rng=random)["p"] for _ in range(300)]

    assert stats.kstest(p, "uniform").pvalue > 0.001


def test_equal_losses_do_not_differ():
    found = paired_difference(np.ones(5), np.ones(5), rng=rng())

    assert (found["value"], found["low"], found["high"], found["p"]) == (0, 0, 0, 1)


def test_skill_is_the_share_of_the_loss_that_is_saved_and_its_interval_covers():
    random, held = rng(12), 0
    for _ in range(300):
        baseline = random.exponential(size=200)
        found = skill(baseline * random.uniform(0, 1.6, 200), baseline, rng=random, replicates=300)
        held += found["low"] <= 0.2 <= found["high"]

    assert 0.91 <= held / 300 <= 0.99


@pytest.mark.parametrize("losses", [(np.ones(4), np.zeros(4)), (np.ones(1), np.ones(1)), (np.ones(0), np.ones(0))])
def test_skill_that_cannot_be_told_is_none(losses):
    found = skill(*losses, rng=rng())

    assert found["low"] is None
    assert json.dumps(found, allow_nan=False)


def test_the_mean_loss_is_the_log_loss():
    y, p = people(rng(13), 100)
    p[0] = [1.0, 0.0]
    y[0] = 1

    assert example_losses("binary", y, p).mean() == LogLoss().score(y, p)
    assert np.isfinite(example_losses("binary", y, p)).all()


def test_eight_metrics_of_seventy_thousand_rows_take_less_than_half_a_second():
    y, p = people(rng(14), 70_000)
    times = []
    for _ in range(3):
        start = time.process_time()
        score_all([metric() for metric in SEVERAL], y, p, rng=rng())
        times.append(time.process_time() - start)

    assert min(times) < 0.5


def test_rows_of_very_unequal_weight_count_as_the_few_that_they_are():
    covered = []
    for seed in range(300):
        random = rng(seed)
        weight, difference = random.lognormal(0, 1.5, 60), random.normal(size=60)
        found = paired_difference(difference, np.zeros(60), weight=weight, rng=random)
        covered.append(found["low"] <= 0 <= found["high"])
    y = np.arange(60) % 2
    score = score_with_interval(Accuracy(), y, y, weight=rng().lognormal(0, 1.5, 60), rng=rng())
    even = score_with_interval(Accuracy(), y, y, weight=np.full(60, 3.0), rng=rng())

    assert np.mean(covered) >= 0.91  # 0.87 where sixty weights are taken for sixty rows
    assert 8 < score.effective_n < 40
    assert even.effective_n == pytest.approx(60)
    assert score_with_interval(Accuracy(), y, y, rng=rng()).effective_n is None
