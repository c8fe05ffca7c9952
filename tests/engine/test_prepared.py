"""Folds that were prepared for one trial serve the next; rounds are those that are best for all folds together."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from mesic.data.view import Dataset
from mesic.evaluation.losses import example_losses
from mesic.testing import installed
from mesic.testing.fitted import recipe_of
from mesic.testing.tables import dataset
from mesic.training.attempting import Asked, Bench
from mesic.training.fold_fit import common_rounds, fit_fold
from mesic.training.folds import cross_fit
from mesic.training.prepared import PreparedFolds
from mesic.training.space import SearchSpace
from mesic.training.variance import SecondLook


def recipe(learner="lightgbm", task="binary", **options):
    (subject,) = (subject for subject in installed("learners") if subject.name == learner)
    made = dataclasses.replace(recipe_of(subject, task), classes={"binary": 2, "multiclass": 4, "regression": 0}[task])
    return made.with_learner(made.learner.with_options(options))


def folds_of(rows, count=4):
    return [(np.flatnonzero(np.arange(rows) % count - fold), np.arange(rows)[fold::count]) for fold in range(count)]


def table(task="binary", rows=400, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(rows, 4)), columns=list("abcd"))
    X["town"] = pd.Categorical(rng.choice(["Bern", "Graz", "Linz"], rows))
    score = X["a"] + (X["town"] == "Graz") + rng.normal(0, 1, rows)
    y = score.to_numpy() if task == "regression" else (score > 0.3).astype(np.int64).to_numpy()
    if task == "multiclass":
        y = np.digitize(score, [-0.5, 0.5, 3.2])
    classes = () if task == "regression" else tuple("0123"[: y.max() + 1])
    return Dataset(X, y, task, classes, np.arange(rows, dtype=np.uint64), np.arange(rows))


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
@pytest.mark.parametrize("learner", ["lightgbm", "linear", "extra_trees"])
def test_what_was_prepared_before_changes_no_answer(learner, task):
    data, folds = table(task), folds_of(400)
    kept = PreparedFolds()
    options = [{"num_leaves": 5}, {"num_leaves": 30, "min_child_samples": 2}] if learner == "lightgbm" else [{}, {}]
    for changed in options:
        given = recipe(learner, task, **changed)
        apart, kept_fit = (cross_fit(given, data, folds, prepared=held) for held in (None, kept))
        assert apart.prediction.tobytes() == kept_fit.prediction.tobytes()
    assert len(kept.kept) == len(folds)


def test_another_selection_of_columns_is_prepared_anew_and_takes_the_place_of_the_former():
    data, folds = table(), folds_of(400)
    kept = PreparedFolds(most_bytes=60_000)
    given = recipe()
    cross_fit(given, data, folds, prepared=kept)
    before = set(kept.kept)
    other = dataclasses.replace(given, bounds=dataclasses.replace(given.bounds, forbid=("b",)))
    found = cross_fit(other, data, folds, prepared=kept)

    assert before
    assert not before & set(kept.kept)
    assert found.prediction.tobytes() == cross_fit(other, data, folds).prediction.tobytes()


def test_nothing_is_kept_beyond_the_limit():
    kept = PreparedFolds(most_bytes=0)
    cross_fit(recipe(), table(), folds_of(400), prepared=kept)

    assert not kept.kept


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_rounds_are_those_with_the_least_loss_of_all_validation_rows_together(task):
    data, folds = table(task), folds_of(400)
    seeking = dataclasses.replace(recipe(task=task, n_estimators=300, learning_rate=0.2), most_rounds=300)
    found = cross_fit(seeking, data, folds)
    by_rounds = {
        rounds: cross_fit(recipe(task=task, n_estimators=rounds, learning_rate=0.2), data, folds).loss
        for rounds in range(1, 41)
    }

    assert found.rounds == min(by_rounds, key=by_rounds.get)
    fixed = cross_fit(recipe(task=task, n_estimators=found.rounds, learning_rate=0.2), data, folds)
    np.testing.assert_array_equal(found.prediction, fixed.prediction)


def test_a_curve_is_the_loss_of_the_validation_rows():
    data, (fold, *_) = table(), folds_of(400)
    seeking = dataclasses.replace(recipe(n_estimators=30), most_rounds=30)
    fit = fit_fold(seeking, data, 0, fold, PreparedFolds())

    for rounds in (1, 10, 30):
        answer = fit.answered(data, rounds).prediction
        assert fit.curve[rounds - 1] == pytest.approx(example_losses("binary", data.y[fold[1]], answer).mean())
    assert common_rounds([fit]) == int(np.argmin(fit.curve)) + 1


def test_a_fold_that_ended_early_does_not_end_the_others():
    nan = float("nan")

    def fit(rows, *curve):
        return SimpleNamespace(rows=np.arange(rows), curve=np.array(curve))

    assert common_rounds([fit(2, 5.0, 3.0, nan), fit(2, 5.0, 4.0, nan, 3.0, nan, 2.0)]) == 6
    assert common_rounds([fit(2, 5.0, 3.0, nan), fit(2, 5.0, 4.0, nan, 4.5, nan, 4.6)]) == 2
    assert common_rounds([fit(9, 5.0, 1.0, nan), fit(1, 5.0, 4.0, 3.0)]) == 2
    assert common_rounds([fit(2, nan, nan), fit(2, nan, nan, nan)]) == 3


def test_a_fold_that_ended_early_answers_after_all_of_its_rounds():
    data, (fold, *_) = table(), folds_of(400)
    seeking = dataclasses.replace(recipe(n_estimators=30), most_rounds=30)
    fit = fit_fold(seeking, data, 0, fold, PreparedFolds())

    np.testing.assert_array_equal(fit.answered(data, 99).prediction, fit.answered(data, 30).prediction)


def test_a_fit_without_hope_of_the_loss_to_beat_ends_early_and_any_other_is_as_without_one():
    data, (fold, *_) = table("regression"), folds_of(400)
    seeking = dataclasses.replace(recipe(task="regression", n_estimators=400, learning_rate=0.02), most_rounds=400)
    whole, hopeless, hopeful = (
        fit_fold(seeking, data, 0, fold, PreparedFolds(), beat=beat) for beat in (None, 0.0, 1e9)
    )

    assert hopeless.curve.size < whole.curve.size == hopeful.curve.size
    np.testing.assert_array_equal(hopeless.curve, whole.curve[: hopeless.curve.size])
    np.testing.assert_array_equal(hopeful.curve, whole.curve)


def test_a_trial_says_its_rounds_and_is_fitted_again_with_them():
    data, folds = dataset("binary", ()), folds_of(len(dataset("binary", ())))
    given = recipe(n_estimators=200)
    space = SearchSpace.of([given.learner], {"n_estimators": [10, 100]}, given.registry)
    look = SecondLook(*folds[0])
    attempted = Bench(space, given, data, folds, np.arange(len(data)), look).trial(Asked(0, {}), lambda _: None)
    trial, found = attempted.trial, attempted.found

    assert trial.params == {"n_estimators": found.rounds}
    assert 1 <= found.rounds <= 100
    again = space.recipe(given, trial.params)
    assert (again.most_rounds, again.learner.options["n_estimators"]) == (None, found.rounds)
    assert np.isfinite([trial.bias, trial.variance]).all()
