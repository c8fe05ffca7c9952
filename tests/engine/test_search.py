"""Search and folds: each row is answered by a model that never saw it, and one bad trial ends nothing."""

import dataclasses

import numpy as np
import pytest

from mesic.errors import MesicError
from mesic.host.components import Component
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider
from mesic.testing import installed
from mesic.testing.fitted import recipe_of
from mesic.testing.tables import dataset
from mesic.training.folds import cross_fit
from mesic.training.recipe import Part
from mesic.training.search import Budget, search
from mesic_plugins.learners.portable import PortableLearner, constant_step

DATA = dataset("regression", ())
ROWS = np.arange(len(DATA))
FOLDS = [(np.flatnonzero(ROWS % 3 - fold), ROWS[fold::3]) for fold in range(3)]
SEEN = []


class Spy(PortableLearner):
    """Answers the mean of what it was shown, writes down what that was, and breaks on demand."""

    task = "regression"

    def __init__(self, task="regression", fault=0):
        self.task, self.fault = task, fault

    def _learn(self, matrix, y, classes, weight):
        SEEN.append(np.sort(y))
        if self.fault:
            raise ZeroDivisionError("on demand")
        return constant_step([y.mean()], classes)


@dataclasses.dataclass
class SpyOptions:
    fault: int = 0


def spying(*traits, **options):
    traits = frozenset(traits) | {"categories", "missing", "unscaled"}
    component = Component("spy", f"{__name__}:Spy", "looks", SpyOptions, tasks=("regression",), traits=traits)
    (any_learner,) = (subject for subject in installed("learners") if subject.name == "lightgbm")
    recipe = recipe_of(any_learner, "regression")
    offer = Offer(KINDS["learner"], component, Provider("spy", __name__, "spy", "1"))
    return recipe.with_learner(Part(offer, {"fault": 0} | options))


@pytest.fixture(autouse=True)
def nothing_seen():
    SEEN.clear()


def test_a_fold_is_shown_its_fitting_rows_and_no_other():
    found = cross_fit(spying(), DATA, FOLDS)

    assert len(SEEN) == 3
    for shown, (fit, validate) in zip(SEEN, FOLDS, strict=True):
        np.testing.assert_array_equal(shown, np.sort(DATA.y[fit]))
        np.testing.assert_array_equal(found.prediction[validate], DATA.y[fit].mean())
    np.testing.assert_array_equal(found.rows, ROWS)


@pytest.mark.parametrize("learner", ["lightgbm", "tree"])
def test_folds_side_by_side_are_as_folds_one_after_the_other(learner):
    (subject,) = (subject for subject in installed("learners") if subject.name == learner)
    recipe = recipe_of(subject, "regression")
    alone = cross_fit(dataclasses.replace(recipe, threads=1), DATA, FOLDS)
    beside = cross_fit(dataclasses.replace(recipe, threads=3), DATA, FOLDS)

    assert dataclasses.replace(recipe, threads=3).side_by_side(3)[0] == 3
    assert alone.prediction.tobytes() == beside.prediction.tobytes()
    assert alone.losses.tobytes() == beside.losses.tobytes()


class Listed:
    """A tuner that asks for what it was given and remembers what it was told."""

    def __init__(self, *asked):
        self.asked, self.told = list(asked), []

    def ask(self):
        return self.asked.pop(0) if self.asked else None

    def tell(self, loss):
        self.told.append(loss)


def searched(tuner, *, trials=9, finished=None):
    heard = []
    found = search(
        tuner, lambda params: spying(**params), DATA, FOLDS, Budget(trials, None),
        finished=finished or {}, heard=lambda trial, _: heard.append(trial.number), between=lambda _: None,
    )  # fmt: skip
    return found, heard


def test_a_trial_that_breaks_is_recorded_and_the_search_goes_on():
    tuner = Listed({"fault": 1}, {"fault": 0})
    trials, heard = searched(tuner)

    assert [trial.error for trial in trials] == ["ZeroDivisionError: on demand", None]
    assert tuner.told[0] is None
    assert tuner.told[1] == pytest.approx(trials[1].loss)
    assert heard == [0, 1]


def test_when_every_trial_breaks_the_reason_is_given():
    with pytest.raises(MesicError, match=r"every trial failed:\n  ZeroDivisionError: on demand \(trials 0, 1\)"):
        searched(Listed({"fault": 1}, {"fault": 2}))


def test_the_budget_of_trials_is_kept():
    assert len(searched(Listed(*[{"fault": 0}] * 5), trials=2)[0]) == 2


def test_a_finished_trial_is_taken_only_for_what_it_was():
    first = searched(Listed({"fault": 0}))[0]
    SEEN.clear()
    again, heard = searched(Listed({"fault": 0}, {"fault": 0}), finished={0: first[0]})
    other = searched(Listed({"fault": 0}), finished={0: dataclasses.replace(first[0], params={"fault": 3})})[0]

    assert again[0] is first[0]
    assert heard == [1]
    assert other[0] is not first[0]
