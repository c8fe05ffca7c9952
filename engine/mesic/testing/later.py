"""What transformers promise of rows that come later: all are answered, one by one, and leave nothing behind."""

import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import numpy as np
import pandas as pd

from mesic.testing.component import or_refusal
from mesic.testing.extraction import ExtractionContract
from mesic.testing.fitted import assert_alike, fit
from mesic.testing.subjects import Subject
from mesic.testing.tables import extremes

THREADS = 4
ROUNDS = 60


class LaterRowsContract(ExtractionContract):
    """Promises of what is asked again and again once it is deployed."""

    def test_strange_rows_are_answered_in_the_same_columns(self, subject: Subject) -> None:
        """New levels, nothing but blanks, numbers out of range: alone as among others, and never infinite."""
        for data in self.data(subject):
            fitted = fit(subject, data)
            width = self.answer(fitted, data.X).shape[1]
            for what, X in self.tables.strange(data.X, self.reads(subject)).items():
                say, together = f"{subject} ({data.task}), {what}", self.answer(fitted, X)
                assert together.shape == (len(X), width), f"{say}: {together.shape} for {len(X)} rows"
                assert not np.isinf(together).any(), f"{say}: infinite numbers come out"
                alone = [self.answer(fitted, X.iloc[[row]]) for row in range(4)]
                assert_alike(np.concatenate(alone), together[:4], f"{say}: a row alone is answered otherwise")

    def test_used_bare_it_answers_strange_rows_or_says_why_not(self, subject: Subject) -> None:
        """No run stands between it and rows that it does not know."""
        for data, component in self.bare(subject):
            component.fit(data.X, data.y)
            names = list(component.get_feature_names_out())
            others = {"no row": data.X.head(0), "one row": data.X.head(1)}
            for what, X in {**self.tables.strange(data.X, self.bare_reads(subject)), **others}.items():
                with or_refusal(f"{subject} ({data.task}): {what}"):
                    shape = self.own_answer(component, X).shape
                    assert shape == (len(X), len(names)), (
                        f"{subject}: {what} gives shape {shape}, not {len(names)} wide"
                    )
            assert list(component.get_feature_names_out()) == names, f"{subject}: names change with the rows asked for"

    def test_the_hugest_and_tiniest_numbers_are_answered(self, subject: Subject) -> None:
        """1e300, 5e-324, 2**53; and a zero with a minus is a zero."""
        for data in self.data(subject):
            fitted = fit(subject, data)
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                huge = self.answer(fitted, extremes(data.X))
                zero, minus = (self.answer(fitted, extremes(data.X, [sign * 0.0])) for sign in (1, -1))
            assert len(huge) == len(data), f"{subject} ({data.task}) answers {len(huge)} of {len(data)} extreme rows"
            assert_alike(minus, zero, f"{subject} ({data.task}) takes -0.0 for another number than 0.0")

    def test_answers_leave_nothing_behind(self, subject: Subject) -> None:
        """The same rows are answered alike before and after any others, and an answer is its owner's."""
        for data, component in self.bare(subject):
            component.fit(data.X, data.y)
            first = self.own_answer(component, data.X)
            kept = first.copy()
            for what, X in self.tables.strange(data.X, self.bare_reads(subject)).items():
                with or_refusal(f"{subject}: {what}"):
                    self.own_answer(component, X)
                again = self.own_answer(component, data.X)
                assert_alike(again, kept, f"{subject} answers otherwise after {what}")
                assert_alike(first, kept, f"{subject} changes an answer that it gave before, at {what}")

    def test_threads_may_share_what_is_fitted(self, subject: Subject) -> None:
        """A server asks one fitted component from many threads."""
        data, component = next(self.bare(subject))
        component.fit(data.X, data.y)
        batches = [data.X.iloc[start::THREADS] for start in range(THREADS)] * ROUNDS
        expected = [self.own_answer(component, X) for X in batches[:THREADS]] * ROUNDS
        try:
            found = _at_once(self.own_answer, component, batches)
        except Exception as error:
            raise AssertionError(f"{subject} fails when threads share it: {error!r}") from error
        for answer, alone in zip(found, expected, strict=True):
            assert_alike(answer, alone, f"{subject} answers otherwise when threads share it")

    def test_columns_are_known_by_name(self, subject: Subject) -> None:
        """In another order they are answered alike, or refused."""
        for data, component in self.bare(subject):
            expected = self.own_answer(component.fit(data.X, data.y), data.X)
            with or_refusal(f"{subject}: columns in another order"):
                found = self.own_answer(component, data.X.iloc[:, ::-1])
                assert_alike(found, expected, f"{subject} takes columns in another order for each other")

    def bare_reads(self, subject: Subject) -> Any:
        """Return what it reads by itself."""
        return subject.component.traits & {"categories", "missing"}


def _at_once(ask: Any, component: Any, batches: list[pd.DataFrame]) -> list[np.ndarray]:
    with _hasty_threads(), ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda X: ask(component, X), batches))


@contextmanager
def _hasty_threads() -> Iterator[None]:
    """Let threads take turns as often as can be, so that what they share shows."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
