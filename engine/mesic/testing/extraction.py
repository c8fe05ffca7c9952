"""What all code promises that makes or chooses columns: the same rows give the same, wherever and however they come."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from mesic.data.view import Dataset
from mesic.testing.component import or_refusal
from mesic.testing.elsewhere import elsewhere
from mesic.testing.fitted import FittedContract, assert_alike
from mesic.testing.promises import suite_of
from mesic.testing.subjects import Subject

Table = tuple[Any, pd.DataFrame, np.ndarray]  # a component, not fitted, and the rows to fit it on
NARROW = {100: ("float32", "int64", "uint8"), 2: ("bool",)}  # types of numbers that hold as many different ones
TOLERANCE = {"float32": 1e-4}


class ExtractionContract(FittedContract):
    """Promises of whatever rewrites or chooses columns."""

    def test_another_process_answers_alike(self, subject: Subject) -> None:
        """One that has seen nothing yet, hashes strings otherwise and lives in another time zone."""
        tables = [(component, data.X, data.y) for data, component in self.bare(subject)]
        other, component = next(self.bare(subject, seed=2))  # which no promise fits here: caches must hold others there
        there = elsewhere(fitted_answers, subject.offer.kind.name, [(component, other.X, other.y), *tables])
        here = fitted_answers(subject.offer.kind.name, tables)
        try:
            answers = there()[1:]
        except RuntimeError as error:
            raise AssertionError(f"{subject} cannot be fitted in another process: {error}") from error
        for found, expected in zip(answers, here, strict=True):
            assert_alike(found, expected, f"{subject} answers otherwise in another process")

    def test_labels_of_rows_do_not_count(self, subject: Subject) -> None:
        """Rows are told apart by their place; an index may hold anything, also one label twice."""
        data, component = next(self.bare(subject))
        expected = self.own_answer(component.fit(data.X, data.y), data.X)
        for what, labels in _labels(len(data)).items():
            X = data.X.set_axis(pd.Index(labels))
            found = self.own_answer(self.make(subject, data.task).fit(X, data.y), X)
            assert_alike(found, expected, f"{subject}: labels of rows count, where they are {what}")

    def test_narrow_numbers_are_read_as_wide_ones(self, subject: Subject) -> None:
        """Where it is used outside of a run: single precision, whole numbers, truths."""
        data = self._without_blanks(subject)
        for distinct, kinds in NARROW.items():
            wide = _whole(data.X, distinct)
            expected = self._answer_of(subject, data, wide)
            for kind in kinds:
                with or_refusal(f"{subject}: numbers of type {kind}"):
                    found = self._answer_of(subject, data, wide.astype(dict.fromkeys(_numbers(wide), kind)))
                    assert found.shape == expected.shape, f"{subject} makes other columns of {kind}"
                    near = TOLERANCE.get(kind, 1e-9)
                    say = f"{subject} reads numbers of type {kind} otherwise"
                    assert_alike(found, expected, say, rtol=near, atol=near * np.abs(expected).max(initial=0.0))

    def _without_blanks(self, subject: Subject) -> Dataset:
        reads = set(FittedContract.reads(self, subject)) - {"missing"}
        return self.tables.rows(subject.component.tasks[0], reads)

    def _answer_of(self, subject: Subject, data: Dataset, X: pd.DataFrame) -> np.ndarray:
        return self.own_answer(self.make(subject, data.task).fit(X, data.y), X)


def fitted_answers(kind: str, tables: Sequence[Table]) -> list[np.ndarray]:
    """Return what components of a kind answer, each for the rows that it was fitted on."""
    suite: Any = suite_of(kind)()
    return [suite.own_answer(component.fit(X, y), X) for component, X, y in tables]


def _labels(rows: int) -> dict[str, Sequence[Any]]:
    return {"in no order": range(rows, 0, -1), "all one": ["row"] * rows}


def _numbers(X: pd.DataFrame) -> list[str]:
    return [str(name) for name in X.select_dtypes("number")]


def _whole(X: pd.DataFrame, distinct: int) -> pd.DataFrame:
    """Return rows whose numbers are whole, from 0, and few."""
    return X.assign(**{name: np.floor(X[name].rank(pct=True) * (distinct - 1)) for name in _numbers(X)})
