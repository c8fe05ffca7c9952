"""What metrics promise."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, get_args

import numpy as np

from mesic.errors import SettingError
from mesic.evaluation.intervals import Interval, score_all
from mesic.evaluation.metrics import Metric, Need, Resampled
from mesic.testing.component import ComponentContract, or_refusal
from mesic.testing.subjects import Subject
from mesic.testing.tables import CLASSES, dataset

_OF_CLASSES = ("label", "probability")


@dataclass(frozen=True)
class Scored:
    """A metric with something to score, probabilities or values, shape (n, k) or (n,)."""

    subject: Subject
    metric: Metric
    task: str
    y: np.ndarray
    prediction: np.ndarray
    weight: np.ndarray | None = None
    groups: np.ndarray | None = None

    @property
    def answer(self) -> np.ndarray:
        """The prediction in the form that the metric needs."""
        return self.prediction.argmax(axis=1) if self.metric.needs == "label" else self.prediction

    @property
    def score(self) -> float:
        """The metric's score."""
        return self.metric.score(self.y, self.answer, self.weight, self.groups)

    def with_rows(self, rows: np.ndarray) -> "Scored":
        """Return the same of other rows."""
        names = ("y", "prediction", "weight", "groups")
        known = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return replace(self, **{name: values[rows] for name, values in known.items()})

    def __str__(self) -> str:
        return f"{self.subject} ({self.task})"


class MetricContract(ComponentContract, kind="metric"):
    """Promises of every metric: what it calls best is best, and rows count by their weight and not by their place.

    Attributes
    ----------
    weighs_otherwise : mapping of str to str
        Metrics for which a weight of 2 is not a row that stands there twice, each with its reason.
    """

    weighs_otherwise: ClassVar[Mapping[str, str]] = {}

    def cases(self, subject: Subject, *, noise: float = 1.0) -> Iterator[Scored]:
        """Yield a case a task, but for tasks that need an option; without noise, predictions are perfect."""
        for task in subject.component.tasks:
            data, metric = dataset(task, ()), self.make(subject, task)
            y = 1 + np.abs(data.y) if task == "regression" else data.y
            case = Scored(subject, metric, task, y, predicted(task, y, noise))
            if task == subject.component.tasks[0] or not _needs_an_option(case):
                yield case

    def test_it_says_what_it_is(self, subject: Subject) -> None:
        """Its name, what it needs, which way is up, and between which bounds."""
        for case in self.cases(subject):
            metric = case.metric
            assert metric.name == subject.name, f"{subject} calls itself {metric.name!r}"
            assert isinstance(metric.greater_is_better, bool), f"{subject} does not say which way is up"
            assert metric.needs in get_args(Need), f"{subject} needs {metric.needs!r}; known: {get_args(Need)}"
            has_classes = metric.needs in _OF_CLASSES
            assert has_classes == (case.task != "regression"), f"{subject}: a {case.task} task has no {metric.needs}"
            assert metric.bounds[0] < metric.bounds[1], f"{subject} has bounds {metric.bounds}"
            assert metric.resampled in get_args(Resampled), f"{subject} is resampled {metric.resampled!r}"

    def test_a_perfect_prediction_scores_best(self, subject: Subject) -> None:
        """The upper bound where greater is better, else the lower one."""
        for case in self.cases(subject, noise=0.0):
            best = case.metric.bounds[int(case.metric.greater_is_better)]
            assert math.isclose(case.score, best, abs_tol=1e-9), f"{case} gives perfection {case.score}, not {best}"

    def test_a_worse_prediction_is_not_better(self, subject: Subject) -> None:
        """Almost right scores better than never right, whichever way is up."""
        for case in self.cases(subject, noise=0.1):
            sign = 1 if case.metric.greater_is_better else -1
            wrong = replace(case, prediction=_wrong(case))
            assert sign * case.score > sign * wrong.score, f"{case}: right scores {case.score}, wrong {wrong.score}"

    def test_scores_are_finite_numbers_within_bounds(self, subject: Subject) -> None:
        """Plain numbers of Python, for any predictions."""
        for noise in (0.1, 1.0, 10.0):
            for case in self.cases(subject, noise=noise):
                for given in (case, _weighted(case), replace(case, groups=np.arange(len(case.y)) % 3)):
                    score, (low, high) = given.score, case.metric.bounds
                    assert isinstance(score, float), f"{case} scores a {type(score).__name__}"
                    assert math.isfinite(score), f"{case} scores {score}"
                    assert low - 1e-9 <= score <= high + 1e-9, f"{case} scores {score}, out of {low} to {high}"

    def test_what_cannot_be_told_is_nan_or_a_number(self, subject: Subject) -> None:
        """One class or a constant, one row: never infinite, nor an error; no row and no weight: nan."""
        for case in self.cases(subject):
            alike = case.with_rows(np.flatnonzero(case.y == case.y[0]))
            for few in (alike, case.with_rows(np.array([0]))):
                with or_refusal(f"{case}: {len(few.y)} rows of one class"):
                    assert not math.isinf(few.score), f"{case} scores {few.score} for {len(few.y)} rows of one class"
            nothing = case.with_rows(np.empty(0, dtype=np.int64)).score
            assert math.isnan(nothing), f"{case} scores {nothing} for no row; give nan"
            weightless = replace(case, weight=np.zeros(len(case.y))).score
            assert math.isnan(weightless), f"{case} scores {weightless} for rows of no weight; give nan"

    def test_the_order_of_rows_does_not_count(self, subject: Subject) -> None:
        """Nor that of weights and groups with them."""
        for case in self.cases(subject):
            order = np.random.default_rng(1).permutation(len(case.y))
            for given in (case, _weighted(case), replace(_weighted(case), groups=np.arange(len(case.y)) % 3)):
                _assert_close(given.with_rows(order).score, given.score, f"{case}: another order of rows")

    def test_only_the_shares_of_weights_count(self, subject: Subject) -> None:
        """Weights of one are no weights; three times the weights are the same weights."""
        for case in self.cases(subject):
            even, heavier = replace(case, weight=np.ones(len(case.y))), replace(case, weight=3 * _weights(case))
            _assert_close(even.score, case.score, f"{case}: weights of one")
            _assert_close(heavier.score, _weighted(case).score, f"{case}: weights times three")

    def test_a_weight_of_two_is_a_row_that_stands_there_twice(self, subject: Subject) -> None:
        """And a weight of zero is a row that is not there; not for what ``weighs_otherwise``, and says why."""
        if subject.name in self.weighs_otherwise:
            return
        for case in self.cases(subject):
            if case.metric.weighs_otherwise:
                continue
            times = np.random.default_rng(2).integers(0, 4, len(case.y))
            repeated = case.with_rows(np.repeat(np.arange(len(case.y)), times))
            weighted = replace(case, weight=times.astype(np.float64))
            _assert_close(weighted.score, repeated.score, f"{case}: whole weights against repeated rows")

    def test_its_interval_holds_its_score(self, subject: Subject) -> None:
        """The ends are in order and within bounds, and the same generator gives the same ends."""
        for case in self.cases(subject):
            for given in (case, _weighted(case)):
                first, second = _interval(given), _interval(given)
                _assert_close(first.value, given.score, f"{case}: the score of its interval")
                assert str(first) == str(second), f"{case}: two intervals for one seed: {first}, {second}"
                if case.metric.resampled != "not":
                    told = f"{case}: interval {first.low} to {first.high} of {first.value}"
                    assert first.low <= first.value <= first.high, told

    def test_scoring_changes_no_input(self, subject: Subject) -> None:
        """Classes, predictions and weights stay as they were."""
        for case in self.cases(subject):
            given = {
                "y": case.y,
                "prediction": case.answer,
                "weight": _weights(case),
                "groups": np.arange(len(case.y)) % 4,
            }
            before = {name: np.copy(values) for name, values in given.items()}
            case.metric.score(**given)
            for name, values in before.items():
                np.testing.assert_array_equal(given[name], values, err_msg=f"{case}: {name}")


def _needs_an_option(case: Scored) -> bool:
    """Return whether a metric refuses a task in words that name an option of its own."""
    try:
        case.metric.score(case.y, case.answer)
    except SettingError as error:
        return error.setting in case.subject.options
    except Exception:  # noqa: BLE001 - whatever else is wrong is for the promises to say
        return False
    return False


def predicted(task: str, y: np.ndarray, noise: float) -> np.ndarray:
    """Return predictions that are right, but for noise; values stay above 0 where the true ones do."""
    rng = np.random.default_rng(0)
    if task == "regression":
        return np.asarray(y * np.exp(0.1 * noise * rng.normal(size=len(y))))
    right = np.eye(CLASSES[task])[y]
    odds = np.exp(3 * right + 1.5 * noise * rng.normal(size=right.shape))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True) if noise else right)


def _wrong(case: Scored) -> np.ndarray:
    """Return the probabilities of other classes, or large values where small ones are right."""
    if case.task == "regression":
        return np.asarray(case.y.min() + case.y.max() - case.y)
    return np.roll(case.prediction, 1, axis=1)


def _weighted(case: Scored) -> Scored:
    return replace(case, weight=_weights(case))


def _weights(case: Scored) -> np.ndarray:
    return np.random.default_rng(4).exponential(size=len(case.y))


def _interval(case: Scored) -> Interval:
    rng = np.random.default_rng(0)
    return score_all([case.metric], case.y, case.prediction, weight=case.weight, rng=rng, replicates=50)[0]


def _assert_close(found: float, expected: float, what: str) -> None:
    assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9), f"{what} gives {found}, not {expected}"
