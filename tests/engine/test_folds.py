"""What is fitted in a fold is shown the fold's rows, and nothing leads from them to the others."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from mesic.data.view import Dataset
from mesic.errors import MesicError
from mesic.host.components import Component
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider
from mesic.testing import installed
from mesic.testing.fitted import recipe_of
from mesic.testing.tables import dataset
from mesic.training.folds import cross_fit, final_fit
from mesic.training.part import Part
from mesic.training.sampling import Sample
from mesic_plugins.transformers.standardize import Standardize

SEEN = []
ROWS = 90
DATA = dataset("binary", rows=ROWS)
FOLDS = [(np.flatnonzero(np.arange(ROWS) % 3 - fold), np.arange(ROWS)[fold::3]) for fold in range(3)]
ALL = frozenset({"categories", "missing", "unscaled"})


class SpyScaler(Standardize):
    """A scaler that writes down what it was fitted on."""

    def fit(self, X, y=None):
        SEEN.append(X.copy())
        return super().fit(X, y)


class LastHalf:
    """A sampler that takes the second half, each row twice."""

    def sample(self, view, rng):
        index = np.repeat(np.arange(len(view) // 2, len(view)), 2)
        return Sample(index, np.full(index.size, 0.5))


class Nothing(SpyScaler):
    """A selector that keeps no column."""

    def get_support(self):
        return np.zeros(self.n_features_in_, dtype=bool)


def part(kind, thing, name="spy"):
    component = Component(name, f"{__name__}:{thing}", "looks", traits=ALL)
    return Part(Offer(KINDS[kind], component, Provider("spy", __name__, "spy", "1")))


def recipe(learner="linear", task="binary", **changed):
    (subject,) = (subject for subject in installed("learners") if subject.name == learner)
    return dataclasses.replace(recipe_of(subject, task), **changed)


@pytest.fixture(autouse=True)
def nothing_seen():
    SEEN.clear()


def test_a_scaler_learns_from_the_fitting_rows_of_its_fold_alone():
    cross_fit(recipe(transformers=[part("transformer", "SpyScaler")]), DATA, FOLDS)

    assert len(SEEN) == 3
    for shown, (fit, _) in zip(SEEN, FOLDS, strict=True):
        expected = DATA.view(fit).X
        pd.testing.assert_frame_equal(shown.reset_index(drop=True), expected.reset_index(drop=True))


@pytest.mark.parametrize("learner", ["linear", "lightgbm"])
def test_what_stands_in_rows_of_no_fold_changes_no_prediction(learner):
    strange = DATA.X.copy()
    strange.loc[FOLDS[0][1], "signal"] = 1e9
    strange["town"] = strange["town"].cat.add_categories("Zzz")
    strange.loc[FOLDS[0][1], "town"] = "Zzz"
    other = dataclasses.replace(DATA, X=strange, y=np.where(np.isin(np.arange(ROWS), FOLDS[0][1]), 1 - DATA.y, DATA.y))
    rows = FOLDS[0][0]

    steps = [[step.digest() for step in final_fit(recipe(learner), data, rows).steps] for data in (DATA, other)]
    assert steps[0] == steps[1]


def test_a_view_shares_nothing_with_the_rows_that_it_was_taken_from():
    levels = pd.Categorical(np.where(np.arange(ROWS) < 80, "Ulm", "Bonn"))
    more = {"weight": np.ones(ROWS), "groups": np.arange(ROWS), "time": np.arange(float(ROWS))}
    data = dataclasses.replace(DATA, X=DATA.X[["signal"]].assign(town=levels), **more)
    view = data.view(np.arange(60))
    view.X.loc[:, "signal"] = 7.0
    for values in (view.y, view.weight, view.groups, view.time):
        values[:] = 0

    assert list(view.X["town"].cat.categories) == ["Ulm"]
    assert len(view) == len(view.X) == 60
    assert not (data.X["signal"] == 7.0).any()
    assert (data.y.sum(), data.weight.sum(), data.groups.sum()) == (DATA.y.sum(), ROWS, ROWS * (ROWS - 1) // 2)
    assert not any(isinstance(value, Dataset) for value in vars(view).values())


def test_weights_groups_and_times_follow_their_rows_through_the_sampler():
    weight = np.arange(1.0, ROWS + 1)
    data = dataclasses.replace(DATA, weight=weight, groups=np.arange(ROWS), time=np.arange(float(ROWS)))
    sampled = recipe(sampler=part("sampler", "LastHalf"))._sampled(data.view(np.arange(60)))
    expected = np.repeat(np.arange(30, 60), 2)

    np.testing.assert_array_equal(sampled.groups, expected)
    np.testing.assert_array_equal(sampled.time, expected)
    np.testing.assert_array_equal(sampled.y, DATA.y[expected])
    np.testing.assert_array_equal(sampled.weight, weight[expected] / 2)


def test_losses_of_a_weighted_table_are_weighted_fold_by_fold_and_in_all():
    weight = np.linspace(0, 3, ROWS)
    found = cross_fit(recipe("tree"), dataclasses.replace(DATA, weight=weight), FOLDS)
    mean = [np.average(found.losses[validate], weights=weight[validate]) for _, validate in FOLDS]

    assert found.fold_losses == pytest.approx(mean)
    assert found.loss == pytest.approx(np.average(found.losses, weights=weight))
    np.testing.assert_array_equal(found.fold, np.arange(ROWS) % 3)


def test_a_class_that_the_fitting_rows_lack_gets_probability_zero():
    three = dataset("multiclass", rows=ROWS)
    fit = np.flatnonzero(three.y != 1)
    answer = final_fit(recipe("tree", task="multiclass", classes=3), three, fit).predictor()(three.X)

    assert answer.shape == (ROWS, 3)
    assert (answer[:, 1] == 0).all()
    assert answer.sum(axis=1) == pytest.approx(1)


def test_before_each_fit_it_is_said_what_is_about_to_be_done_and_a_refusal_stops():
    said = []

    def between(doing):
        said.append(doing)
        if doing == "fold 2 of 3":
            raise MesicError("enough")

    with pytest.raises(MesicError, match="enough"):
        cross_fit(recipe("tree"), DATA, FOLDS, between)
    assert said == ["fold 1 of 3", "fold 2 of 3"]


def test_where_a_selector_keeps_nothing_a_column_stays_and_it_is_said():
    fitted = final_fit(recipe(selectors=[part("selector", "Nothing")]), DATA, FOLDS[0][0])
    ((finding,),) = [choice.findings for choice in fitted.choices]

    assert fitted.inputs == ("signal",)
    assert finding.code == "NOTHING-SELECTED"
    assert "'signal'" in finding.message


def test_a_fold_that_fails_is_named():
    data = dataset("regression", ())
    data = dataclasses.replace(data, y=np.where(np.arange(len(data)) == 0, np.nan, data.y))
    rows = np.arange(len(data))

    with pytest.raises(Exception, match="fold 2 of 2"):
        cross_fit(recipe("tree", task="regression"), data, [(rows[1:40], rows[50:]), (rows[:40], rows[50:])])
