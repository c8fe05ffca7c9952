"""What evaluators promise."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pandas as pd

from mesic.data.view import Dataset
from mesic.evaluation.losses import example_losses
from mesic.evaluation.view import Evaluation, EvaluationView
from mesic.findings import Finding, Severity
from mesic.host.registry import installed as registry
from mesic.runs.files import finite
from mesic.testing.component import ComponentContract, or_refusal
from mesic.testing.fitted import fit, global_chance
from mesic.testing.subjects import Subject
from mesic.testing.tables import dataset
from mesic.training.fitted import Fitted


class EvaluatorContract(ComponentContract, kind="evaluator"):
    """Promises of every evaluator: it answers its question for the record, and changes nothing."""

    def views(self, subject: Subject) -> Iterator[EvaluationView]:
        """Yield test rows of each task, with and without weights and groups."""
        model = Subject(registry().find("baseline", "simple"))
        for task in subject.component.tasks:
            data = dataset(task)
            fitted = fit(model, data)
            yield view_of(fitted, data)
            yield view_of(fitted, replace(data, weight=1.0 + data.origin % 3, groups=data.origin % 9))

    def test_it_answers_in_numbers_and_findings(self, subject: Subject) -> None:
        """What it returns can be written into the record."""
        for view in self.views(subject):
            assert_evaluation(subject, subject.made(view.task).evaluate(view))

    def test_the_same_generator_gives_the_same_answer(self, subject: Subject) -> None:
        """Whatever it was asked before, and whatever the state of the global generators."""
        for view in self.views(subject):
            assert_same_answers(subject, view, subject.made(view.task).evaluate)

    def test_evaluating_changes_no_input(self, subject: Subject) -> None:
        """The next evaluator sees what the first one saw."""
        for view in self.views(subject):
            assert_untouched(subject, view, subject.made(view.task).evaluate)

    def test_one_row_and_one_class_are_evaluated_or_refused(self, subject: Subject) -> None:
        """A test part may be small."""
        for view in self.views(subject):
            alike = np.flatnonzero(view.y == view.y[0])
            for what, rows in (("one row", alike[:1]), ("one class", alike)):
                arrays = {name: values for name, values in vars(view).items() if isinstance(values, np.ndarray)}
                taken: dict[str, Any] = {name: values[rows] for name, values in arrays.items()}
                with or_refusal(f"{subject} ({view.task}): {what}"):
                    evaluation = subject.made(view.task).evaluate(replace(view, X=view.X.iloc[rows], **taken))
                    assert_evaluation(subject, evaluation)


def view_of(fitted: Fitted, data: Dataset) -> EvaluationView:
    """Return a table as an evaluator sees it."""
    predict = fitted.predictor()
    prediction = predict(data.X)
    return EvaluationView(
        task=data.task,
        classes=data.classes,
        X=data.X,
        y=data.y,
        prediction=prediction,
        losses=example_losses(data.task, data.y, prediction),
        origin=data.origin,
        weight=data.weight,
        groups=data.groups,
        predict=predict,
        level=0.95,
        rng=np.random.default_rng(0),
    )


def assert_same_answers(subject: Subject, view: Any, ask: Callable[[Any], Evaluation]) -> None:
    """Assert that a view with one generator gets one answer, asked twice, whatever the global generators say."""
    found = []
    for state in (1, 2):
        with global_chance(state, subject):
            found.append(ask(replace(view, rng=np.random.default_rng(3))))
    left, right = (json.dumps(finite(dict(evaluation.data))) for evaluation in found)
    assert left == right, f"{subject} answers otherwise with one generator ({view.task})"
    assert found[0].findings == found[1].findings, f"{subject} finds other things with one generator"


def assert_untouched(subject: Subject, view: Any, ask: Callable[[Any], Evaluation]) -> None:
    """Assert that a view is after the question what it was before."""
    arrays = {name: value.copy() for name, value in vars(view).items() if isinstance(value, np.ndarray)}
    X = view.X.copy(deep=True)
    ask(view)
    pd.testing.assert_frame_equal(view.X, X, obj=f"{subject}: X")
    for name, before in arrays.items():
        np.testing.assert_array_equal(getattr(view, name), before, err_msg=f"{subject}: {name}")


def assert_evaluation(subject: Subject, evaluation: Evaluation) -> None:
    """Assert that an answer can be written into the record."""
    assert isinstance(evaluation, Evaluation), f"{subject} returns {type(evaluation).__name__}, no mesic.Evaluation"
    _assert_json(subject, dict(evaluation.data))
    for finding in evaluation.findings:
        assert isinstance(finding, Finding), f"{subject} finds {finding!r}, which is no mesic.Finding"
        assert finding.severity in get_args(Severity), f"{subject}: severity {finding.severity!r} is unknown"
        assert finding.message, f"{subject} finds {finding.code} without a word"
        _assert_json(subject, finding.as_dict())


def _assert_json(subject: Subject, value: dict[str, object]) -> None:
    try:
        json.dumps(finite(value), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"{subject} answers what JSON cannot hold: {error}") from error
