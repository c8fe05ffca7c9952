"""What everything that is fitted promises, whether it rewrites columns, chooses them or predicts."""

import pickle
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mesic.bundle.portable import Matrix, PortableStep, compile_pipeline
from mesic.bundle.stepping import portable_step
from mesic.config.settings import Needs
from mesic.data.view import Dataset
from mesic.host.registry import installed
from mesic.runs.plan import ZERO_RULE
from mesic.testing.component import ComponentContract, or_refusal
from mesic.testing.subjects import Subject
from mesic.testing.tables import CLASSES, READS_ALL, Tables
from mesic.training.fitted import Fitted
from mesic.training.folds import final_fit
from mesic.training.needs import NEED_OF_TRAIT
from mesic.training.part import Part
from mesic.training.recipe import Recipe


class FittedContract(ComponentContract):
    """Promises of what is fitted on training rows and asked for other rows.

    Attributes
    ----------
    tables : Tables
        What the promises are asked on; a subclass may have :class:`SchemaTables` of its own rows.
    """

    tables: Tables = Tables()

    def reads(self, subject: Subject) -> Iterable[str]:
        """Return what the columns may hold beside numbers: ``categories``, ``missing``."""
        return subject.component.traits & set(READS_ALL)

    def answer(self, fitted: Fitted, X: pd.DataFrame) -> np.ndarray:
        """Return what becomes of rows."""
        raise NotImplementedError

    def own_answer(self, component: Any, X: pd.DataFrame) -> np.ndarray:
        """Return what the component itself, and not its description, makes of rows."""
        raise NotImplementedError

    def after(self, answer: np.ndarray) -> list[PortableStep]:  # noqa: ARG002 - a default
        """Return what ends the pipeline of its portable form."""
        return []

    def check(self, subject: Subject, data: Dataset, answer: np.ndarray) -> None:
        """Assert that an answer can be worked with."""
        raise NotImplementedError

    def data(self, subject: Subject, *, seed: int = 0) -> Iterator[Dataset]:
        """Yield a table a task."""
        for task in subject.component.tasks:
            yield self.tables.rows(task, self.reads(subject), seed=seed)

    def bare(self, subject: Subject, *, seed: int = 0) -> Iterator[tuple[Dataset, Any]]:
        """Yield a table a task that the component reads as it is, and the component, not fitted."""
        for task in subject.component.tasks:
            yield self.tables.rows(task, FittedContract.reads(self, subject), seed=seed), self.make(subject, task)

    def test_every_task_is_served(self, subject: Subject) -> None:
        """What comes out can be worked with, for rows of training and for later ones."""
        for data in self.data(subject):
            fitted = fit(subject, data)
            for X in (data.X, self.tables.later(data.X, self.reads(subject))):
                answer = self.answer(fitted, X)
                assert len(answer) == len(X), f"{subject} answers {len(answer)} rows for {len(X)}"
                self.check(subject, data, answer)

    def test_the_same_seed_gives_the_same_result(self, subject: Subject) -> None:
        """Whatever the state of the global generators, which are left as they were."""
        for data in self.data(subject):
            here = self._result(subject, data)  # outside, for some libraries draw while they are imported
            with global_chance(1, subject):
                there = self._result(subject, data)
            assert here == there, f"{subject} gives two results for one seed ({data.task})"

    def test_fits_in_threads_are_as_fits_alone(self, subject: Subject) -> None:
        """For what claims to be ``concurrent``."""
        if "concurrent" not in subject.component.traits:
            return
        tables = [data for seed in (0, 1) for data in self.data(subject, seed=seed)]
        with ThreadPoolExecutor(2) as pool:
            at_once = list(pool.map(lambda data: self._result(subject, data), tables))
        alone = [self._result(subject, data) for data in tables]
        assert at_once == alone, f"{subject} claims to be concurrent, but fits disturb each other"

    def test_the_number_of_threads_changes_nothing(self, subject: Subject) -> None:
        """For what claims ``any_threads``."""
        for data in self.data(subject) if "any_threads" in subject.component.traits else ():
            one, two = (
                final_fit(replace(recipe_of(subject, data.task), threads=threads), data, np.arange(len(data)))
                for threads in (1, 2)
            )
            same = [step.digest() for step in one.steps] == [step.digest() for step in two.steps]
            assert same, f"{subject} claims any_threads, and one thread gives another result than two"

    def _result(self, subject: Subject, data: Dataset) -> list[Any]:
        """Return the bytes of all steps for what claims to be ``deterministic``, else the answers."""
        fitted = fit(subject, data)
        if "deterministic" in subject.component.traits:
            return [step.digest() for step in fitted.steps]
        return [self.answer(fitted, data.X).tobytes()]

    def test_a_row_is_answered_alone_as_among_others(self, subject: Subject) -> None:
        """Neither the other rows nor their order count; no row is no answer."""
        for data in self.data(subject):
            fitted = fit(subject, data)
            together = self.answer(fitted, data.X)
            order = np.random.default_rng(0).permutation(len(data))
            alone = [self.answer(fitted, data.X.iloc[[row]]) for row in order[:5]]
            say = f"{subject} ({data.task})"
            assert_alike(np.concatenate(alone), together[order[:5]], f"{say} answers a row alone otherwise")
            assert_alike(self.answer(fitted, data.X.iloc[order]), together[order], f"{say}: the order of rows counts")
            nothing = self.answer(fitted, data.X.head(0)).shape
            assert nothing == (0, *together.shape[1:]), f"{say} answers no row with shape {nothing}"

    def test_extreme_training_rows_are_learned_or_refused(self, subject: Subject) -> None:
        """One row; one class or a constant target; nothing but constant columns."""
        for data in self.data(subject):
            constant = replace(data, X=data.X.assign(**dict.fromkeys(data.X.columns, 1.0)))
            target = replace(data, y=np.full_like(data.y, data.y[0]))
            for what, table, rows in (
                ("one row", data, [0]),
                ("one class" if data.classes else "a constant target", target, None),
                ("constant columns", constant, None),
            ):
                with or_refusal(f"{subject} ({data.task}): {what}"):
                    self.check(subject, data, self.answer(fit(subject, table, rows), table.X))

    def test_fitting_and_answering_change_no_input(self, subject: Subject) -> None:
        """Rows, target and weights stay as they were."""
        for data, component in self.bare(subject):
            X, y = data.X.copy(deep=True), data.y.copy()
            component.fit(data.X, data.y)
            self.own_answer(component, data.X)
            pd.testing.assert_frame_equal(data.X, X, obj=f"{subject}: X")
            np.testing.assert_array_equal(data.y, y, err_msg=f"{subject}: y")

    def test_a_fit_forgets_the_one_before(self, subject: Subject) -> None:
        """A component that was fitted on other rows gives what a new one gives."""
        for (data, used), (other, new) in zip(self.bare(subject), self.bare(subject, seed=1), strict=True):
            used.fit(other.X, other.y)
            again, fresh = used.fit(data.X, data.y), new.fit(data.X, data.y)
            assert again is used, f"{subject}: fit must return self"
            left, right = self.own_answer(again, data.X), self.own_answer(fresh, data.X)
            np.testing.assert_array_equal(left, right, err_msg=f"{subject} remembers an earlier fit")

    def test_it_can_be_cloned_and_pickled_when_fitted(self, subject: Subject) -> None:
        """A clone has the same settings; what comes out of a pickle gives the same answers."""
        from sklearn.base import clone

        for data, component in self.bare(subject):
            copy = clone(component)
            assert copy.get_params() == component.get_params(), f"{subject} loses settings when it is cloned"
            fitted = component.fit(data.X, data.y)
            again = pickle.loads(pickle.dumps(fitted))  # noqa: S301 - our own bytes of a moment ago
            for name, other in (("clone", copy.fit(data.X, data.y)), ("pickle", again)):
                left, right = self.own_answer(other, data.X), self.own_answer(fitted, data.X)
                np.testing.assert_array_equal(left, right, err_msg=f"{subject}: its {name} answers something else")

    def test_its_portable_form_answers_as_it_does(self, subject: Subject) -> None:
        """What is deployed is what was fitted."""
        for data, component in self.bare(subject):
            component.fit(data.X, data.y)
            step = portable_step(installed(), component, subject.offer)
            own = self.own_answer(component, data.X)
            run = compile_pipeline([step, *self.after(own)], trusted=frozenset(step.params.get("types", ())))
            assert_alike(run(Matrix.from_frame(data.X)), own, f"{subject}: its portable form ({data.task})")


def fit(subject: Subject, data: Dataset, rows: Iterable[int] | None = None) -> Fitted:
    """Fit a component on some rows, or all, as a run does."""
    chosen = np.arange(len(data)) if rows is None else np.fromiter(rows, np.int64)
    return final_fit(recipe_of(subject, data.task), data, chosen)


def recipe_of(subject: Subject, task: str) -> Recipe:
    """Return a recipe in which a component does its work, and what else is needed does as little as can be."""
    registry = installed()
    own, kind = Part(subject.offer, subject.options), subject.offer.kind.name
    needs = {trait: Part(registry.find("transformer", getattr(Needs(), need))) for trait, need in NEED_OF_TRAIT.items()}
    return Recipe(
        learner=own if kind in ("learner", "baseline") else Part(registry.find("baseline", ZERO_RULE)),
        sampler=own if kind == "sampler" else Part(registry.find("sampler", "everything")),
        transformers=[own] if kind == "transformer" else [],
        selectors=[own] if kind == "selector" else [],
        needs=needs,
        registry=registry,
        task=task,
        classes=CLASSES[task],
        seed=0,
        threads=1,
    )


def assert_alike(
    found: np.ndarray, expected: np.ndarray, what: str, *, rtol: float = 1e-9, atol: float = 1e-12
) -> None:
    """Assert that two answers differ by no more than the order of additions."""
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol, err_msg=what)


@contextmanager
def global_chance(seed: int, subject: Subject) -> Iterator[None]:
    """Seed the global generators for a block, which must not draw from them; restore them afterwards."""
    kept = random.getstate(), np.random.get_state()
    random.seed(seed)
    np.random.seed(seed)
    before = random.getstate(), str(np.random.get_state())
    try:
        yield
        after = random.getstate(), str(np.random.get_state())
    finally:
        random.setstate(kept[0])
        np.random.set_state(kept[1])
    assert before == after, f"{subject} draws from a global random generator; take a seed"
