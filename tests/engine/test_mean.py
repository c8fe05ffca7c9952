"""The mean of several pipelines: what it answers, how it is kept, who counts how often; bias and variance."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from mesic.bundle.portable import compile_pipeline
from mesic.bundle.step import PortableStep
from mesic.findings import Finding
from mesic.partition.rows import Split
from mesic.testing.fitted import fit, recipe_of
from mesic.testing.subjects import installed
from mesic.testing.tables import dataset
from mesic.training.folds import OutOfFold, OutOfRace, Race, cross_fit, mean_out_of_fold
from mesic.training.mean import MOST_MEMBERS, MOST_TAKEN, FoldModels, counts_of, fitted_mean, mean_of
from mesic.training.variance import bias_and_variance, second_look, squared_parts
from mesic.training.zone import Trial

(TREE,) = [learner for learner in installed("learners") if learner.name == "tree"]


def fitted(task, halves=2):
    data = dataset(task)
    return data, [fit(TREE, data, range(start, len(data), halves)) for start in range(halves)]


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_the_mean_answers_with_the_weighted_mean(task):
    data, models = fitted(task)
    answers = [model.predictor()(data.X) for model in models]

    mean = mean_of(models, [1, 3]).predictor()(data.X)

    np.testing.assert_allclose(mean, 0.25 * answers[0] + 0.75 * answers[1], rtol=1e-12)


def test_levels_and_classes_that_one_member_never_saw_are_answered_by_the_others():
    data = dataset("multiclass")
    rare = data.y != 2
    models = [fit(TREE, data, np.flatnonzero(rare)), fit(TREE, data)]
    mean = mean_of(models, [1, 1])

    answer = mean.predictor()(data.X)

    np.testing.assert_allclose(answer.sum(axis=1), 1)
    np.testing.assert_allclose(answer[:, 2], models[1].predictor()(data.X)[:, 2] / 2)
    town = next(column for column in mean.steps[0].params["columns"] if column["name"] == "town")
    assert town["levels"] == sorted(data.X["town"].cat.remove_unused_categories().cat.categories)


def test_a_mean_is_written_and_read_to_the_byte_and_its_digest_is_that_of_its_members(tmp_path):
    data, models = fitted("binary")
    step = mean_of(models, [1, 2]).steps[1]
    step.save(tmp_path / "mean")
    again = PortableStep.load(tmp_path / "mean")

    assert again.digest() == step.digest()
    assert mean_of(models[::-1], [1, 2]).steps[1].digest() != step.digest()
    whole = [mean_of(models, [1, 2]).steps[0], again]
    np.testing.assert_array_equal(compile_pipeline(whole)(data.X), mean_of(models, [1, 2]).predictor()(data.X))


def counted(target, members, answers):
    arrays = {number: np.array([value]) for number, value in answers.items()}
    return counts_of(arrays, lambda mean: float(((mean - target) ** 2).sum()), members)


def test_members_count_again_while_the_loss_falls():
    assert counted(0.8, [0, 1], {0: 0.0, 1: 1.0}) == {0: 1, 1: 4}
    assert counted(0.8, [0], {0: 0.0}) == {0: 1}


def test_who_is_outside_counts_only_where_that_mends_the_mean():
    assert counted(0.5, [0], {0: 0.0, 1: 1.0, 2: 9.0}) == {0: 1, 1: 1}
    assert counted(0.0, [0], {0: 0.0, 1: 1.0}) == {0: 1}


def test_a_mean_has_not_too_many_members():
    alike = {number: float(number % 2) for number in range(40)}
    rng = np.random.default_rng(0)
    unlike = {number: rng.normal(size=500) for number in range(40)}

    assert len(counted(0.5, list(alike), alike)) == MOST_MEMBERS
    assert len(counts_of(unlike, lambda mean: float((mean**2).mean()), list(unlike))) == MOST_TAKEN


def folds_of(rows, number=5):
    part = np.arange(rows) % number
    return [(np.flatnonzero(part != fold), np.flatnonzero(part == fold)) for fold in range(number)]


def test_the_mean_out_of_fold_is_the_mean_of_what_was_predicted():
    data = dataset("regression")
    found = {n: cross_fit(recipe_of(TREE, "regression"), data, folds_of(len(data), 3 + n)) for n in (0,)}
    found[1] = replace(found[0], prediction=found[0].prediction + 2)

    mean = mean_out_of_fold(data, found, {0: 1, 1: 3})

    np.testing.assert_allclose(mean.prediction, found[0].prediction + 1.5)
    np.testing.assert_allclose(mean.losses, (data.y[mean.rows] - mean.prediction) ** 2)


def race_against(excess, noise=0.1):
    """Return a race against a leader whose losses lie below those of the tree."""
    data = dataset("regression", rows=200)
    recipe = recipe_of(TREE, "regression")
    own = cross_fit(recipe, data, folds_of(200))
    rng = np.random.default_rng(0)
    losses = own.losses - excess + noise * rng.normal(size=own.losses.size)
    leader = replace(own, losses=losses, loss=float(losses.mean()))
    return data, recipe, own, Race(leader)


def test_who_is_clearly_worse_after_two_folds_is_not_fitted_in_the_others():
    data, recipe, own, race = race_against(0.5)

    with pytest.raises(OutOfRace) as out:
        cross_fit(recipe, data, folds_of(200), race=race)

    assert np.unique(out.value.found.fold).tolist() == [0, 1]
    assert out.value.loss == pytest.approx(own.loss, abs=0.1)


def test_who_is_not_clearly_worse_runs_to_the_end_and_threads_change_nothing():
    data, recipe, own, race = race_against(0.0)
    finished = cross_fit(recipe, data, folds_of(200), race=race)
    data, recipe, _, race = race_against(0.5)
    ends = []
    for threads in (1, 2, 5):
        with pytest.raises(OutOfRace) as out:
            cross_fit(replace(recipe, threads=threads), data, folds_of(200), race=race)
        ends.append((out.value.loss, out.value.found.losses.tobytes()))

    np.testing.assert_array_equal(finished.losses, own.losses)
    assert ends[0] == ends[1] == ends[2]


def test_models_of_the_best_trials_are_kept_and_others_fitted_again():
    kept = FoldModels(most=2)
    empty = np.empty(0)
    for number, loss in enumerate((3.0, 1.0, 2.0)):
        out = OutOfFold(empty, empty, empty, empty, loss, (), 0.0, None, models=(f"model {number}",))
        kept.hear(Trial(number, {}, empty, loss), out)

    assert kept.of(1, lambda: pytest.fail("fitted again")) == ("model 1",)
    assert kept.of(0, lambda: ("again",)) == ("again",)


def test_a_trial_counts_as_often_as_is_said_however_many_models_stand_for_it():
    data, models = fitted("regression", halves=3)
    mean = fitted_mean({0: 1, 7: 3}, lambda number: models[:2] if number == 0 else models[2:3])

    said = [model.predictor()(data.X) for model in models[:3]]
    np.testing.assert_allclose(mean.predictor()(data.X), (said[0] + said[1]) / 8 + said[2] * 3 / 4)


def split_of(data, by="row content"):
    return Split(np.arange(len(data)), np.empty(0, np.int64), tuple(folds_of(len(data))), by, "exact")


def test_another_sample_keeps_groups_whole_and_needs_an_order_that_may_be_drawn_from():
    data = replace(dataset("binary", rows=200), groups=np.arange(200) // 10)
    look = second_look(split_of(data), data, np.random.default_rng(0))

    assert set(data.groups[look.fit]) & set(data.groups[look.ask]) == set()
    assert 10 <= look.ask.size <= 80
    assert look.fit.size + look.ask.size == 200
    assert second_look(split_of(data, by="time"), data, np.random.default_rng(0)) is None


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_bias_and_variance_make_the_mean_squared_error(task):
    data = dataset(task, rows=300)
    recipe = recipe_of(TREE, task)
    found = cross_fit(recipe, data, folds_of(300))
    look = second_look(split_of(data), data, np.random.default_rng(1))
    bias, variance = bias_and_variance(recipe, data, found, look)
    second = recipe.fit(data.view(look.fit)).predictor()(data.X.iloc[look.ask])
    first = found.prediction[np.searchsorted(found.rows, look.ask)]
    truth = np.eye(len(data.classes))[data.y[look.ask]] if data.classes else data.y[look.ask]
    error = np.mean(
        [((truth - answer) ** 2).reshape(look.ask.size, -1).sum(axis=1).mean() for answer in (first, second)]
    )

    assert bias + variance == pytest.approx(error * (0.5 if data.classes else 1.0))
    assert variance > 0


def test_a_recipe_that_says_the_same_whatever_the_sample_has_no_variance():
    truth, same = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])

    assert squared_parts(truth, same, same) == (pytest.approx(2 / 3), 0.0)


def test_a_frame_of_fewer_levels_is_answered(tmp_path):
    data, models = fitted("binary")
    X = data.X.assign(town=pd.Categorical(["Ulm"] * len(data)))

    assert np.isfinite(mean_of(models, [1, 1]).predictor()(X)).all()


def test_what_members_found_is_told_once():
    _, models = fitted("binary")
    finding = Finding("UNSCALED-INPUT", "warning", "columns of unlike scale", {"columns": 3}, "scale them")
    found = [replace(model, findings=(finding,)) for model in models]

    assert mean_of(found, [1, 1]).findings == (finding,)
