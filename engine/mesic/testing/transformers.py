"""What transformers promise."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mesic.bundle.portable import Matrix, PortableStep
from mesic.data.view import Dataset
from mesic.testing.fitted import FittedContract, fit
from mesic.testing.subjects import Subject
from mesic.testing.tables import later
from mesic.training.recipe import Fitted


class TransformerContract(FittedContract, kind="transformer"):
    """Promises of every transformer: it keeps every row, and its columns have names of their own."""

    def answer(self, fitted: Fitted, X: pd.DataFrame) -> np.ndarray:
        """Return the rewritten columns, of which a baseline makes nothing."""
        steps = (*fitted.steps[:-1], _all_of(len(fitted.inputs)))
        return replace(fitted, steps=steps, classes=0).predictor()(X)

    def own_answer(self, component: Any, X: pd.DataFrame) -> np.ndarray:
        """Return what ``transform`` makes of rows, as numbers and codes of levels."""
        columns = component.transform(X)
        if isinstance(columns, pd.DataFrame):
            return Matrix.from_frame(columns).values
        return columns.toarray() if hasattr(columns, "toarray") else np.asarray(columns)

    def after(self, answer: np.ndarray) -> list[PortableStep]:
        """Return a step that keeps every column: only learners end a pipeline."""
        return [_all_of(answer.shape[1])]

    def check(self, subject: Subject, data: Dataset, answer: np.ndarray) -> None:
        """Assert that there are columns of numbers."""
        assert answer.ndim == 2, f"{subject} makes an array of shape {answer.shape}"
        assert answer.shape[1], f"{subject} leaves no column ({data.task})"
        assert not np.isinf(answer).any(), f"{subject} makes infinite numbers ({data.task})"

    def test_names_differ_and_fit_the_columns(self, subject: Subject) -> None:
        """Reports and bundles tell columns apart by name."""
        for data, component in self.bare(subject):
            component.fit(data.X, data.y)
            names = list(map(str, component.get_feature_names_out()))
            width = self.own_answer(component, data.X).shape[1]
            assert len(names) == width, f"{subject} names {len(names)} columns and makes {width}"
            assert len(set(names)) == width, f"{subject} gives a name twice: {names}"

    def test_a_frame_keeps_its_index(self, subject: Subject) -> None:
        """Where a data frame comes out, its rows are those that went in."""
        for data, component in self.bare(subject):
            X = data.X.set_axis(range(100, 100 + len(data)))
            columns = component.fit(X, data.y).transform(X)
            if isinstance(columns, pd.DataFrame):
                assert columns.index.equals(X.index), f"{subject} gives rows another index"

    def test_what_it_fills_stays_filled(self, subject: Subject) -> None:
        """Who leaves no blank among training rows leaves none in later ones."""
        for data in self.data(subject):
            fitted = fit(subject, data)
            if not np.isnan(self.answer(fitted, data.X)).any():
                blank = np.isnan(self.answer(fitted, later(data.X, self.reads(subject)))).any(axis=0)
                assert not blank.any(), f"{subject} leaves blanks in {np.flatnonzero(blank)} of {fitted.inputs}"


def _all_of(columns: int) -> PortableStep:
    return PortableStep("take", {"columns": list(range(columns))})
