"""Which of several learners there is time for."""

import time

import numpy as np
import pytest

from mesic.testing import installed
from mesic.testing.fitted import recipe_of
from mesic.training.affordable import left_out_finding, seconds_of_all, too_dear
from mesic.training.budget import Budget, Replay
from mesic.training.part import Part
from mesic.training.space import SearchSpace

NAMES = ("lightgbm", "extra_trees", "linear")


def searched(names=NAMES):
    subjects = {subject.name: subject for subject in installed("learners")}
    recipe = recipe_of(subjects["lightgbm"], "binary")
    learners = [Part(subjects[name].offer, vars(subjects[name].component.options())) for name in names]
    space = SearchSpace.of(learners, {}, recipe.registry)
    return space, space.starts(recipe)


def test_learners_that_would_take_a_third_of_the_seconds_are_left_out_but_never_the_first():
    asked = []

    def first_fold_s(params, until):
        asked.append((params["learner"], until - time.monotonic()))
        return {"lightgbm": 99.0, "extra_trees": 2.1, "linear": 1.9}[params["learner"]]

    assert too_dear(*searched(), Budget(None, 30.0, turns=5.0), first_fold_s) == ("extra_trees",)
    assert [name for name, _ in asked] == ["extra_trees", "linear"]
    assert all(left == pytest.approx(2.0, abs=0.5) for _, left in asked)


def test_without_seconds_with_one_learner_or_where_another_search_is_followed_nobody_is_timed():
    def nobody(params, until):
        raise AssertionError((params, until))

    assert too_dear(*searched(), Budget(9, None), nobody) == ()
    assert too_dear(*searched(NAMES[:1]), Budget(None, 30.0), nobody) == ()
    replay = Replay.read(Replay(3, left_out=("linear",)).facts(), {})
    assert too_dear(*searched(), Budget(None, None, replay=replay), nobody) == ("linear",)


def test_what_is_left_out_is_no_longer_proposed_and_the_others_keep_their_names():
    space, _ = searched()
    left = space.without(("extra_trees", "linear"))

    assert left.spans["learner"].values == ("lightgbm",)
    assert "lightgbm.num_leaves" in left.spans
    assert not any(name.startswith(("extra_trees.", "linear.")) for name in left.spans)
    assert left.prefix_of(left.learners[0]) == "lightgbm."
    assert searched(NAMES[:1])[0].without(()).spans.keys() == searched(NAMES[:1])[0].spans.keys()


def test_what_is_left_out_is_told_with_what_would_let_it_in():
    (found,) = left_out_finding(["extra_trees"], 30.0)

    assert found.code == "TOO-DEAR"
    assert "learner=extra_trees" in found.message
    assert "tuner.budget_s=30" in found.message
    assert left_out_finding([], 30.0) == []


def test_few_rows_are_fitted_twice_for_the_first_fit_pays_for_what_comes_once():
    seen = []

    def fit(rows):
        seen.append(rows.size)
        return 9.0 if len(seen) == 1 else 0.2 + rows.size / 1_000

    assert seconds_of_all(fit, np.arange(4_000)) == pytest.approx(4.2)
    assert seen == [100, 100, 400]
    assert seconds_of_all(lambda rows: float(rows.size), np.arange(1)) == 1.0
