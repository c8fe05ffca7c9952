"""What selectors promise."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from mesic.bundle.portable import Matrix
from mesic.data.view import Dataset
from mesic.host.registry import installed
from mesic.testing.extraction import ExtractionContract
from mesic.testing.subjects import Subject
from mesic.testing.tables import READS_ALL, rescaled
from mesic.training.fitted import Fitted


class SelectorContract(ExtractionContract, kind="selector"):
    """Promises of every selector: it says which columns are kept, at least one, and changes none."""

    def reads(self, subject: Subject) -> Iterable[str]:  # noqa: ARG002 - a run makes columns readable
        """Return everything: a run shows a selector what it can read, and lets it choose among all."""
        return READS_ALL

    def answer(self, fitted: Fitted, X: pd.DataFrame) -> np.ndarray:
        """Return the columns that are kept, of which a baseline makes nothing."""
        return replace(fitted, steps=fitted.steps[:-1], classes=0).predictor()(X)

    def own_answer(self, component: Any, X: pd.DataFrame) -> np.ndarray:
        """Return the columns of the support."""
        return Matrix.from_frame(X.loc[:, component.get_support()]).values

    def check(self, subject: Subject, data: Dataset, answer: np.ndarray) -> None:
        """Assert that a column is kept."""
        assert answer.shape[1], f"{subject} keeps no column ({data.task})"

    def test_its_support_is_a_claim_for_each_column(self, subject: Subject) -> None:
        """A run asks for nothing else."""
        for data, component in self.bare(subject):
            support = np.asarray(component.fit(data.X, data.y).get_support())
            assert support.dtype == bool, f"{subject}: get_support() must return booleans, not {support.dtype}"
            assert support.shape == (data.X.shape[1],), (
                f"{subject}: {support.shape} claims on {data.X.shape[1]} columns"
            )

    def test_its_portable_form_answers_as_it_does(self, subject: Subject) -> None:
        """What it says to ``to_portable``, if anything, and what it transforms, is its support."""
        for data, component in self.bare(subject):
            kept = np.flatnonzero(component.fit(data.X, data.y).get_support())
            step = installed().manager.hook.to_portable(step=component)
            assert step is None or list(step.params["columns"]) == kept.tolist(), f"{subject}: another portable form"
            assert np.shape(component.transform(data.X)) == (len(data), kept.size), f"{subject} transforms otherwise"

    def test_scale_does_not_count(self, subject: Subject) -> None:
        """For what claims not to care about the scale of columns."""
        if "unscaled" not in subject.component.traits:
            return
        for data, component in self.bare(subject):
            kept = component.fit(data.X, data.y).get_support()
            again = component.fit(rescaled(data.X), data.y).get_support()
            np.testing.assert_array_equal(again, kept, err_msg=f"{subject} claims to be unscaled, but scale counts")
