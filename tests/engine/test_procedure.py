"""Intervals of a procedure: halves of the training rows, and what their models' scores add."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from mesic import score_with_interval
from mesic.data.view import Dataset
from mesic.evaluation.procedure import of_procedure
from mesic.runs.refitting import STRETCHES, halves_of
from mesic_plugins.metrics.rmse import Rmse

SCORE = {"value": 0.8, "low": 0.7, "high": 0.85, "level": 0.95, "method": "Wilson", "unit": "rows"}


def rng(seed=0):
    return np.random.default_rng(seed)


def test_both_errors_add_up_as_independent_ones_do():
    again = [0.78, 0.80, 0.83, 0.79]
    found = of_procedure(SCORE, [*again, math.nan])
    reach = np.std(again, ddof=1) * stats.t(3).ppf(0.975)

    assert found["low"] == pytest.approx(0.8 - math.hypot(0.1, reach))
    assert found["high"] == pytest.approx(0.8 + math.hypot(0.05, reach))
    assert (found["spread"], found["unit"]) == (pytest.approx(np.std(again, ddof=1)), "test rows and training rows")
    assert found["method"] == "Wilson of test rows and 4 fits on halves of training rows"


@pytest.mark.parametrize(
    ("score", "again"), [(SCORE, [0.8]), (SCORE | {"low": None}, [0.8, 0.9]), (SCORE, [math.nan] * 3)]
)
def test_what_cannot_be_told_has_no_ends(score, again):
    found = of_procedure(score, again)

    assert (found["low"], found["high"], found["spread"]) == (None, None, None)


def test_ends_stay_in_bounds():
    found = of_procedure(SCORE, [0.1, 0.9, 0.5], (0.0, 1.0))

    assert (found["low"], found["high"]) == (0.0, 1.0)


def test_the_interval_holds_the_procedures_mean_score_where_the_models_own_does_not():
    """The procedure takes the mean of 20 training values; its squared error is 1 + 1/20 on average."""
    truth, held = math.sqrt(1 + 1 / 20), np.zeros(2)
    for seed in range(250):
        random = rng(seed)
        train, test = random.normal(size=20), random.normal(size=1_000)
        own = score_with_interval(Rmse(), test, np.full(1_000, train.mean()), rng=random, replicates=200).as_dict()
        halves = [random.permutation(train)[:10].mean() for _ in range(20)]
        again = [Rmse().score(test, np.full(1_000, half)) for half in halves]
        both = of_procedure(own, again)
        held += [found["low"] <= truth <= found["high"] for found in (own, both)]

    assert held[0] / 250 < 0.92
    assert 0.93 <= held[1] / 250 <= 0.995


def dataset(rows=120, *, classes=("no", "yes"), groups=None, time=None):
    y = (np.arange(rows) % 4 == 0).astype(np.int64) if classes else np.arange(rows, dtype=float)
    task = "binary" if classes else "regression"
    X, keys = pd.DataFrame({"x": np.arange(rows, dtype=float)}), np.arange(rows, dtype=np.uint64)
    return Dataset(X, y, task, classes, keys, np.arange(rows), groups=groups, time=time)


def drawn(data, train, number=20, is_ordered=False):
    halves = halves_of(data, train, is_ordered, rng())
    return [next(halves) for _ in range(number)]


def test_halves_are_of_training_rows_without_copies_and_hold_half_of_each_class():
    train = np.arange(0, 100)
    for half in drawn(dataset(), train):
        assert set(half) <= set(train)
        assert half.size == np.unique(half).size == 50 + (half.size - 50)
        assert np.count_nonzero(dataset().y[half]) in (12, 13)
        assert abs(half.size - 50) <= 1
    assert len({tuple(half) for half in drawn(dataset(), train)}) == 20


def test_halves_keep_groups_and_stretches_of_time_whole():
    groups = np.arange(120) // 6
    for half in drawn(dataset(groups=groups), np.arange(120)):
        assert (np.bincount(groups[half], minlength=20) % 6 == 0).all()
    time = rng().permutation(500).astype(float)
    for half in drawn(dataset(500, classes=(), time=time), np.arange(500), is_ordered=True):
        stretch = (np.argsort(np.argsort(time)) * STRETCHES // 500)[half]
        assert (np.bincount(stretch, minlength=STRETCHES) % 10 == 0).all()
