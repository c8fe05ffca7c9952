"""How large the steps of a learner must be, so that enough of its trials fit into the seconds."""

import dataclasses

import numpy as np
import pytest

from mesic.host.components import Component, Range, option
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider
from mesic.testing import installed
from mesic.testing.fitted import recipe_of
from mesic.training.budget import Budget, Replay
from mesic.training.haste import Haste
from mesic.training.part import Part
from mesic.training.space import SearchSpace
from mesic.training.zone import Trial


@dataclasses.dataclass
class Options:
    step: float = option(0.05, "of a round", low=0, high=1)
    rounds: int = option(50, "of boosting", low=1)


def learner(name="grower", **options):
    space = {"step": Range(0.01, 0.15, log=True), "rounds": Range(10, 400)}
    component = Component(name, "nowhere:Grower", "grows", Options, space=space, rounds="rounds", shrinkage="step")
    offer = Offer(KINDS["learner"], component, Provider("spy", __name__, "spy", "1"))
    return Part(offer, {"step": 0.05, "rounds": 50} | options)


def haste(budget_s=140.0, replay=None, learners=None, **options):
    (any_learner,) = (subject for subject in installed("learners") if subject.name == "lightgbm")
    registry = recipe_of(any_learner, "binary").registry
    space = SearchSpace.of(learners or [learner(**options)], {}, registry)
    return Haste(space, Budget(None, budget_s, turns=5.0, replay=replay))


def trial(params, fit_s, **more):
    return Trial(0, params, np.ones(9), loss=1.0, fit_s=fit_s, **more)


def test_a_first_trial_that_takes_four_times_its_share_doubles_the_steps_of_later_ones():
    one = haste()
    one.hear(trial({"step": 0.05}, 40.0))

    assert one.of({"step": 0.02}) == {"step": 0.1}
    assert one.of({"step": 0.12}) == {"step": 0.12}
    assert one.slow == []


def test_one_that_ended_after_its_first_fold_would_take_as_many_turns():
    one = haste()
    one.hear(trial({"step": 0.05}, 8.0, is_out=True, is_screened=True))

    assert one.of({"step": 0.02}) == {"step": 0.1}
    assert one.slow == [0]


def test_a_cheap_first_trial_that_was_screened_is_not_slow():
    one = haste()
    one.hear(trial({"step": 0.05}, 0.1, is_out=True, is_screened=True))

    assert one.slow == []


def test_a_cheap_trial_leaves_steps_as_they_are_asked_for():
    one = haste()
    one.hear(trial({"step": 0.05}, 1.0))

    assert one.of({"step": 0.02}) == {"step": 0.02}


def test_steps_stay_within_the_range_and_four_times_the_first():
    wide, narrow = haste(), haste()
    wide.hear(trial({"step": 0.02}, 1_000.0))
    narrow.hear(trial({"step": 0.1}, 1_000.0))

    assert wide.of({"step": 0.02}) == {"step": 0.08}
    assert narrow.of({"step": 0.02}) == {"step": 0.15}


def test_the_first_trial_that_did_not_fail_decides_for_its_learner():
    one = haste(learners=[learner(), learner("other")])
    failed = Trial(0, {"learner": "grower", "grower.step": 0.05}, None, fit_s=90.0, error="on demand")
    for heard in (failed, trial({"learner": "grower", "grower.step": 0.05}, 40.0)):
        one.hear(heard)
    one.hear(trial({"learner": "grower", "grower.step": 0.1}, 90.0))

    assert one.least == {"grower": pytest.approx(0.1)}
    assert one.of({"learner": "other", "other.step": 0.02})["other.step"] == 0.02


def test_without_seconds_and_where_steps_were_set_by_hand_nothing_is_changed():
    free, by_hand = haste(None), haste(step=0.03)
    free.hear(trial({"step": 0.05}, 1_000.0))
    by_hand.hear(trial({}, 1_000.0))

    assert free.of({"step": 0.02}) == {"step": 0.02}
    assert by_hand.of({}) == {}
    assert (free.least, by_hand.least) == ({}, {})


def test_a_search_that_is_followed_takes_the_steps_of_the_other():
    one = haste(None, Replay(2, least={"grower": 0.07}))
    one.hear(trial({"step": 0.05}, 1_000.0))

    assert one.of({"step": 0.02}) == {"step": 0.07}


def test_a_first_trial_may_take_less_where_larger_steps_would_help():
    one, by_hand = haste(), haste(step=0.03)

    assert one.dear_s({"step": 0.05}) == pytest.approx(140 / 14 / 5)
    assert by_hand.dear_s({}) == pytest.approx(140 / 7 / 5)
    one.hear(trial({"step": 0.05}, 90.0, is_screened=True))
    assert one.dear_s({"step": 0.05}) == pytest.approx(140 / 7 / 5)
    assert haste(None).dear_s({"step": 0.05}) is None
