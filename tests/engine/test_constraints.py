"""What a model keeps to beside its loss."""

import numpy as np
import pandas as pd
import pytest

from mesic.config.settings import Zone
from mesic.data.view import Dataset
from mesic.errors import MesicError, UsageError
from mesic.training.constraints import Constraints, disparity, refuse_unmet
from mesic.training.folds import OutOfFold
from mesic.training.zone import Trial, estimate_zone


def table(task="binary", rows=60):
    X = pd.DataFrame({"sex": pd.Categorical(np.where(np.arange(rows) % 3 == 0, "f", "m")), "id": np.arange(rows) * 1.0})
    return Dataset(X, np.arange(rows) % 2, task, ("no", "yes"), np.arange(rows, dtype=np.uint64), np.arange(rows))


def out_of_fold(data, probability):
    rows = np.arange(len(data))
    prediction = np.stack([1 - probability, probability], axis=1)
    return OutOfFold(rows, rows % 3, prediction, rows * 0.0, 0.0, (), 0.0, None)


def trial(number=0, *, loss=0.5, predict_us=4.0, size=(30.0, "leaves"), excess=None):
    return Trial(number, {}, np.full(60, loss), loss, complexity=size, predict_us=predict_us, excess=excess or {})


def test_the_excess_over_each_limit_is_told():
    data = table()
    found = out_of_fold(data, np.where(data.X["sex"] == "f", 0.7, 0.4))
    limits = {"predict_us": 5.0, "complexity": 20.0, "disparity.sex": 0.1}

    assert Constraints(limits, data).excess(trial(), found) == pytest.approx(
        {"predict_us": -1.0, "complexity": 10.0, "disparity.sex": 0.2}
    )


def test_what_is_not_known_is_too_much():
    data = table()
    limits = {"complexity": 20.0, "predict_us": 5.0, "disparity.sex": 0.1}
    excess = Constraints(limits, data).excess(trial(size=None, predict_us=float("nan")), None)

    assert all(value == float("inf") for value in excess.values())


def test_a_missing_value_is_a_group_of_its_own():
    data = table()
    data.X.loc[5:9, "sex"] = None
    probability = np.full(60, 0.5)
    probability[5:10] = 0.9

    assert disparity(data.X["sex"], out_of_fold(data, probability)) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("task", "name", "message"),
    [
        ("regression", "disparity.sex", "needs a binary task"),
        ("binary", "disparity.age", "'age' is no feature"),
        ("binary", "disparity.id", "'id' has 60 values"),
    ],
)
def test_a_column_that_tells_no_groups_is_refused(task, name, message):
    with pytest.raises(UsageError, match=message):
        Constraints({name: 0.1}, table(task))


def test_only_trials_that_keep_to_all_lie_in_the_zone():
    trials = [trial(0, loss=0.2, excess={"predict_us": 3.0}), trial(1, loss=0.4, excess={"predict_us": -1.0})]
    zone = estimate_zone(trials, 0.7, Zone())

    assert (zone["best"], zone["members"]) == (1, [1])


def test_where_no_trial_does_the_nearest_is_named():
    trials = [trial(0, excess={"predict_us": 3.0}), trial(1, excess={"predict_us": 0.25}), Trial(2, {}, None)]
    with pytest.raises(MesicError, match=r"none of 2 complete trials .* trial 1, exceeds predict_us by 0\.25: allow"):
        refuse_unmet(trials)

    refuse_unmet([*trials, trial(3, excess={"predict_us": 0.0})])
    refuse_unmet([trial()])
