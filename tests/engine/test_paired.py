"""Two predictions are scored on the same resamples: the interval covers, and p is seldom small without a difference."""

import math

import numpy as np
import pytest

from mesic.evaluation.paired import paired_scores
from mesic_plugins.metrics.accuracy import Accuracy
from mesic_plugins.metrics.calibration_error import CalibrationError
from mesic_plugins.metrics.ndcg import Ndcg
from mesic_plugins.metrics.rmse import Rmse
from mesic_plugins.metrics.roc_auc import RocAuc


def about(seed, **more):
    return {"weight": None, "groups": None, "level": 0.95, "rng": np.random.default_rng(seed)} | more


@pytest.mark.parametrize("metric", [RocAuc(), Accuracy()], ids=repr)
def test_p_is_below_a_twentieth_about_every_twentieth_time_where_two_are_alike(metric):
    small = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        truth = rng.normal(size=250)
        y = (truth + rng.normal(size=250) > 0).astype(int)
        scores = [1 / (1 + np.exp(-(truth + rng.normal(size=250)))) for _ in range(2)]
        answers = [(p > 0.5).astype(int) if metric.needs == "label" else np.column_stack([1 - p, p]) for p in scores]
        small.append(paired_scores(metric, y, *answers, **about(seed))["p"] < 0.05)

    assert 0.01 <= np.mean(small) <= 0.1


def test_a_difference_is_that_of_the_scores_and_weights_and_groups_count():
    rng = np.random.default_rng(0)
    y = rng.normal(size=300)
    one, other = y + rng.normal(0, 2, 300), y + rng.normal(0, 1, 300)
    weight, groups = rng.uniform(0.1, 3, 300), np.arange(300) // 10
    found = paired_scores(Rmse(), y, one, other, **about(0, weight=weight, groups=groups))

    assert found["value"] == pytest.approx(Rmse().score(y, one, weight) - Rmse().score(y, other, weight))
    assert found["low"] < found["value"] < found["high"]
    assert (found["unit"], found["p"] < 0.01) == ("groups", True)


def test_what_noise_only_raises_has_no_p_and_what_resamples_cannot_tell_no_interval():
    rng = np.random.default_rng(0)
    p = rng.random(100)
    y = (rng.random(100) < p).astype(int)
    two = [np.column_stack([1 - q, q]) for q in (p, p**2)]
    error = paired_scores(CalibrationError(), y, *two, **about(0))
    rank = paired_scores(Ndcg(), y.astype(float), p, p**2, **about(0))

    assert error["low"] < error["value"] < error["high"]
    assert error["p"] is None
    assert (rank["low"], rank["method"]) == (None, "no interval")
    assert math.isfinite(rank["value"])
