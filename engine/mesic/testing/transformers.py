"""What transformers promise."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mesic.bundle.portable import Matrix, PortableStep
from mesic.data.view import Dataset
from mesic.testing.component import or_refusal
from mesic.testing.fitted import assert_alike, fit
from mesic.testing.later import LaterRowsContract
from mesic.testing.subjects import Subject
from mesic.training.fitted import Fitted

NEAR, FAR = 1e-9, 1e-5  # of a number: what float32 cannot tell apart, which differs by 6e-8, and what it can


class TransformerContract(LaterRowsContract, kind="transformer"):
    """Promises of every transformer: it keeps every row, and its columns have names of their own."""

    def answer(self, fitted: Fitted, X: pd.DataFrame) -> np.ndarray:
        """Return the rewritten columns, of which a baseline makes nothing."""
        steps = (*fitted.steps[:-1], _all_of(len(fitted.inputs)))
        return replace(fitted, steps=steps, classes=0).predictor()(X)

    def own_answer(self, component: Any, X: pd.DataFrame) -> np.ndarray:
        """Return what ``transform`` makes of rows, as numbers and codes of levels."""
        return _as_numbers(component.transform(X))

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
                blank = np.isnan(self.answer(fitted, self.tables.later(data.X, self.reads(subject)))).any(axis=0)
                assert not blank.any(), f"{subject} leaves blanks in {np.flatnonzero(blank)} of {fitted.inputs}"

    def test_where_nothing_is_missing_nothing_becomes_missing(self, subject: Subject) -> None:
        """Numbers come out of numbers, also where all are the same or one row taught it."""
        for task in subject.component.tasks:
            data = self.tables.rows(task, ())
            same = replace(data, X=data.X.assign(**dict.fromkeys(data.X.columns, 1.0)))
            for what, table, rows in (
                ("all rows", data, None),
                ("one row", data, [0]),
                ("constant columns", same, None),
            ):
                with or_refusal(f"{subject} ({task}): {what}"):
                    answer = self.answer(fit(subject, table, rows), table.X)
                    assert np.isfinite(answer).all(), f"{subject} ({task}) learns from {what}, and makes no numbers"

    def test_fit_transform_answers_as_fit_and_transform(self, subject: Subject) -> None:
        """Unless it claims ``out_of_fold``: training rows are answered as later ones will be."""
        if "out_of_fold" in subject.component.traits:
            return
        for (data, joined), (_, parted) in zip(self.bare(subject), self.bare(subject), strict=True):
            if hasattr(joined, "fit_transform"):
                found = _as_numbers(joined.fit_transform(data.X, data.y))
                expected = self.own_answer(parted.fit(data.X, data.y), data.X)
                assert found.shape == expected.shape, f"{subject}: fit_transform makes other columns than transform"
                assert_alike(found, expected, f"{subject}: fit_transform answers otherwise than transform")

    def test_no_digit_of_a_number_is_lost(self, subject: Subject) -> None:
        """A column that follows a number closely follows its tenth digit, too."""
        for data, component in self.bare(subject):
            component.fit(data.X, data.y)
            still, near, far = (self.own_answer(component, _moved(data.X, by)) for by in (0.0, NEAR, FAR))
            lost = np.flatnonzero(_follows_from_afar_only(still, near, far))
            assert not lost.size, f"{subject} loses digits in columns {lost.tolist()}: keep 64 bits (float64)"


def _as_numbers(columns: Any) -> np.ndarray:
    if isinstance(columns, pd.DataFrame):
        return Matrix.from_frame(columns).values
    return columns.toarray() if hasattr(columns, "toarray") else np.asarray(columns)


def _moved(X: pd.DataFrame, by: float) -> pd.DataFrame:
    """Return rows whose numbers are a little larger, each by its own share, up to `by`."""
    rng, numbers = np.random.default_rng(0), X.select_dtypes("number")
    return X.assign(**{str(name): numbers[name] * (1 + by * rng.uniform(0.5, 1, len(X))) for name in numbers})


def _follows_from_afar_only(still: np.ndarray, near: np.ndarray, far: np.ndarray) -> np.ndarray:
    """Return of which columns nearly every cell follows a number by `FAR`, and nearly none by `NEAR`.

    Cells whose answer is so large that 64 bits cannot hold what `NEAR` moves do not count.
    """
    size = np.nanmax(np.abs(still), axis=0, initial=0.0)
    moved, expected = np.abs(near - still), np.abs(far - still) * NEAR / FAR
    follows = (expected > 1e-13 * size).sum(axis=0) > 0.9 * (~np.isnan(far)).sum(axis=0)
    is_blind: np.ndarray = (moved > 0.01 * expected).sum(axis=0) < 0.1 * (~np.isnan(near)).sum(axis=0)
    return np.asarray(is_blind & follows)


def _all_of(columns: int) -> PortableStep:
    return PortableStep("take", {"columns": list(range(columns))})
