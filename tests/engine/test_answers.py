"""What takes answers: calibrations and decisions as steps of the pipeline."""

import numpy as np
import pandas as pd
import pytest
from sklearn.tree import DecisionTreeClassifier

from mesic.bundle.answers import decided
from mesic.bundle.portable import Matrix, PortableStep, compile_pipeline, place_of_estimator
from mesic.bundle.stepping import skops_step
from mesic.host.registry import installed
from mesic.training.fitted import Fitted
from mesic.training.mean import followed_by

P = np.array([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3], [0.4, 0.4, 0.2]])


def test_the_least_expected_cost_is_answered_and_the_first_of_equals():
    costs = np.array([[0.0, 1.0, 1.0], [1.0, 0.0, 1.0], [9.0, 9.0, 0.0]])
    step = PortableStep("decide", {"classes": 3}, {"costs": costs})

    assert decided([step], P).tolist() == np.argmin(P @ costs, axis=1).tolist() == [2, 2, 2]
    assert decided([], P).tolist() == [0, 1, 0]


def test_a_threshold_is_part_of_what_it_lets_pass():
    step = PortableStep("decide", {"classes": 2}, {"threshold": np.array([0.3])})
    second = np.array([0.29999, 0.3, 0.9])

    assert decided([step], np.column_stack([1 - second, second])).tolist() == [0, 1, 1]


def test_temperature_and_log_odds_are_what_they_say():
    second = np.array([0.1, 0.5, 0.8])
    p = np.column_stack([1 - second, second])
    arrays = {"coef": np.array([[2.0, 0.5]]), "intercept": np.array([-0.25])}
    odds = 2.0 * np.log(second) - 0.5 * np.log(1 - second) - 0.25
    by_odds = compile_pipeline([PortableStep("log_odds", {"classes": 2}, arrays)])(p)
    by_heat = compile_pipeline([PortableStep("temperature", {"classes": 3}, {"temperature": np.array([2.0])})])(P)

    np.testing.assert_allclose(by_odds[:, 1], 1 / (1 + np.exp(-odds)), rtol=1e-12)
    np.testing.assert_allclose(by_heat, np.sqrt(P) / np.sqrt(P).sum(axis=1, keepdims=True), rtol=1e-12)


@pytest.mark.parametrize("rows", [1, 7, 1_000])
def test_a_row_is_answered_alone_as_among_others_to_the_last_bit(rows):
    p = np.random.default_rng(0).dirichlet([1, 2, 3], 1_000)
    knots = {"start": np.array([0, 2, 4, 6]), "x": np.tile([0.1, 0.8], 3), "y": np.tile([0.2, 0.7], 3)}
    steps = [
        PortableStep("isotonic", {"classes": 3}, knots),
        PortableStep("log_odds", {"classes": 3}, {"coef": np.full((3, 2), 1.3), "intercept": np.full(3, 0.1)}),
        PortableStep("temperature", {"classes": 3}, {"temperature": np.array([1.7])}),
    ]
    run = compile_pipeline(steps)

    np.testing.assert_array_equal(run(p)[:rows], run(p[:rows]))


def test_no_row_is_answered():
    for step in (
        PortableStep("temperature", {"classes": 3}, {"temperature": np.array([2.0])}),
        PortableStep("decide", {"classes": 3}, {"costs": np.eye(3)}),
    ):
        assert compile_pipeline([step])(np.empty((0, 3))).shape == (0, 3)


def test_a_foreign_learner_predicts_also_where_answers_are_changed_behind_it():
    frame = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0]})
    tree = DecisionTreeClassifier(max_depth=1).fit(frame, [0, 0, 1, 1])
    steps = [
        skops_step(tree, installed().find("learner", "tree")),
        PortableStep("decide", {"classes": 2}, {"threshold": np.array([0.5])}),
    ]
    trusted = frozenset(name for name in steps[0].params["types"])

    assert place_of_estimator(steps) == 0
    answers = compile_pipeline(steps, trusted=trusted)(Matrix.from_frame(frame))
    assert decided(steps, answers).tolist() == [0, 0, 1, 1]


def test_a_class_that_no_training_row_had_stays_without_probability():
    model = Fitted(
        (
            PortableStep("codes", {"columns": [{"name": "x", "kind": "number"}]}),
            PortableStep("constant", {"classes": 2}, {"value": np.array([0.25, 0.75])}),
        ),
        np.array([0, 2]),
        3,
        1,
    )
    costs = np.array([[0.0, 1, 9], [1, 0, 1], [1, 1, 0]])
    decide = PortableStep("decide", {"classes": 3}, {"costs": costs})
    whole = followed_by(model, [decide])
    p = whole.predictor()(pd.DataFrame({"x": [1.0]}))

    assert p.tolist() == [[0.25, 0.0, 0.75]]
    assert whole.decided(p).tolist() == [int(np.argmin(p @ costs))]
