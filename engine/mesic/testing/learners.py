"""What learners and baselines promise."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mesic.data.view import Dataset
from mesic.testing.fitted import FittedContract, assert_alike, fit, recipe_of
from mesic.testing.subjects import Subject
from mesic.testing.tables import READS_ALL, rescaled
from mesic.training.fitted import Fitted
from mesic.training.fold_fit import fit_fold
from mesic.training.prepared import PreparedFolds

MOST_ROUNDS = 12


class _PredictorContract(FittedContract):
    """Promises of whatever predicts."""

    def reads(self, subject: Subject) -> Iterable[str]:  # noqa: ARG002 - a run makes columns readable
        """Return everything: a run puts before a learner the transformers that it needs."""
        return READS_ALL

    def answer(self, fitted: Fitted, X: pd.DataFrame) -> np.ndarray:
        """Return probabilities (n, k) or values (n,)."""
        return fitted.predictor()(X)

    def own_answer(self, component: Any, X: pd.DataFrame) -> np.ndarray:
        """Return probabilities where the estimator has them."""
        return np.asarray(component.predict_proba(X) if hasattr(component, "predict_proba") else component.predict(X))

    def check(self, subject: Subject, data: Dataset, answer: np.ndarray) -> None:
        """Assert that answers are finite numbers, and probabilities for classes."""
        say, classes = f"{subject} ({data.task})", len(data.classes)
        shape = (len(answer), classes) if classes else (len(answer),)
        assert answer.shape == shape, f"{say} answers with shape {answer.shape}, not {shape}"
        assert np.isfinite(answer).all(), f"{say} answers what is not finite"
        if classes:
            assert ((answer >= 0) & (answer <= 1)).all(), f"{say} answers outside of 0 to 1"
            np.testing.assert_allclose(answer.sum(axis=1), 1, rtol=1e-6, err_msg=f"{say}: probabilities of a row")

    def test_a_class_of_one_row_is_learned(self, subject: Subject) -> None:
        """For what claims to cope with ``rare_classes``."""
        if "rare_classes" in subject.component.traits and "multiclass" in subject.component.tasks:
            data = self.tables.rows("multiclass")
            rare = replace(data, y=np.where(np.arange(len(data)) == 7, 2, data.y % 2))
            self.check(subject, rare, self.answer(fit(subject, rare), data.X))

    def test_weights_count(self, subject: Subject) -> None:
        """For what claims to take ``weights``: answers move to the targets of rows that weigh more."""
        if "weights" not in subject.component.traits:
            return
        moves = [self._move_by_weights(subject, data) for data in self.data(subject)]
        assert min(moves) >= 0, f"{subject} moves away from rows that weigh more"
        assert max(moves) > 0, f"{subject} claims to take weights, but they change nothing"

    def _move_by_weights(self, subject: Subject, data: Dataset) -> float:
        """Return how far the mean answer moves when rows of large targets weigh more, where nothing tells them."""
        y = np.random.default_rng(0).permutation(data.y)
        weight = np.where(y > np.median(data.y), 10.0, 0.5)
        table, kept = replace(data, y=y, weight=weight), weight.copy()
        answers = [self.answer(fit(subject, t), t.X) for t in (replace(table, weight=np.ones(len(y))), table)]
        np.testing.assert_array_equal(weight, kept, err_msg=f"{subject} changes the weights that it is given")
        even, heavy = (answer[:, -1] if data.classes else answer for answer in answers)
        return round(float(heavy.mean() - even.mean()), 9)

    def test_its_complexity_is_a_number_with_a_unit(self, subject: Subject) -> None:
        """Where a plugin says one."""
        for data in self.data(subject):
            complexity = fit(subject, data).complexity
            if complexity is not None:
                size, unit = complexity
                assert 0 <= size < np.inf, f"{subject} has complexity {size!r}"
                assert unit.strip(), f"{subject} has a complexity of {size!r} without a unit"


class LearnerContract(_PredictorContract, kind="learner"):
    """Promises of every learner: it predicts what can be learned."""

    def test_it_learns_what_one_column_tells(self, subject: Subject) -> None:
        """On training rows it is nearer to the truth than one answer for all; so classes are in their order."""
        for data in self.data(subject):
            shares = np.bincount(data.y) / len(data) if data.classes else np.array([data.y.mean()])
            learned = _closeness(data, self.answer(fit(subject, data), data.X))
            always = _closeness(data, np.tile(shares, (len(data), 1)) if data.classes else shares)
            assert learned > always, f"{subject} ({data.task}): {learned:g} is no nearer to the truth than {always:g}"

    def test_its_rounds_can_be_cut(self, subject: Subject) -> None:
        """For what names its ``rounds``: after the first n it is as one that was fitted with n."""
        name = subject.component.rounds
        for data in self.data(subject) if name else ():
            recipe, rows = recipe_of(subject, data.task), np.arange(len(data))
            divided = (rows[rows % 3 > 0], rows[rows % 3 == 0])
            most = recipe.learner.with_options({name: MOST_ROUNDS})
            fit = fit_fold(
                replace(recipe.with_learner(most), most_rounds=MOST_ROUNDS), data, 0, divided, PreparedFolds()
            )
            curve = fit.curve
            assert curve is not None
            assert 0 < curve.size <= MOST_ROUNDS, f"{subject} looked at {curve.size} of {MOST_ROUNDS} rounds"
            assert np.isfinite(curve).any(), f"{subject} was handed an eval_set and left no loss in eval_losses_"
            for rounds in sorted({1, curve.size}):
                alone = recipe.with_learner(recipe.learner.with_options({name: rounds}))
                own = fit_fold(alone, data, 0, divided, PreparedFolds()).answered(data, None)
                cut = fit.answered(data, rounds)
                assert_alike(cut.prediction, own.prediction, f"{subject} after {rounds} of its rounds", rtol=1e-9)

    def test_scale_does_not_count(self, subject: Subject) -> None:
        """For what claims not to care about the scale of columns."""
        if "unscaled" not in subject.component.traits:
            return
        for data in self.data(subject):
            other = replace(data, X=rescaled(data.X))
            here, there = (self.answer(fit(subject, table), table.X) for table in (data, other))
            assert_alike(there, here, f"{subject} claims to be unscaled, but scale counts", rtol=1e-6)


class BaselineContract(_PredictorContract, kind="baseline"):
    """Promises of every baseline: those of a learner, but for learning."""


def _closeness(data: Dataset, answer: np.ndarray) -> float:
    """Return the mean probability of what is true, or the mean squared error with a minus."""
    return float(answer[np.arange(len(data)), data.y].mean() if data.classes else -((answer - data.y) ** 2).mean())
