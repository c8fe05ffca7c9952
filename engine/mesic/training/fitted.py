"""What was fitted: portable steps, what is known of them, and what interprets them."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mesic.bundle.answers import decided
from mesic.bundle.portable import NO_OTHERS, Estimators, Matrix, PortableStep, compile_pipeline
from mesic.findings import Finding
from mesic.training.metering import Took
from mesic.training.selection import Choice


@dataclass(frozen=True)
class Fitted:
    """A fitted recipe: portable steps, and what interprets them.

    Parameters
    ----------
    steps
        From raw typed columns to prediction.
    present
        Class codes that the training rows had; probabilities of others are zero.
    classes
        Number of classes, 0 for regression.
    threads
        Threads of the interpreter.
    complexity
        ``(size, unit)`` or None.
    inputs
        Names of the columns that the learner saw.
    choices
        What the selectors chose, in turn.
    findings
        What transformers found, and what the learner needed and did not get.
    took
        What each step took that was fitted for it, where that was measured.
    """

    steps: tuple[PortableStep, ...]
    present: np.ndarray
    classes: int
    threads: int
    complexity: tuple[float, str] | None = None
    inputs: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    findings: tuple[Finding, ...] = ()
    took: tuple[Took, ...] = ()

    @property
    def types(self) -> frozenset[str]:
        """The types that the steps are made of: to be trusted where our own process made them a moment ago."""
        every = (part for step in self.steps for part in step.every())
        return frozenset(name for part in every for name in part.params.get("types", ()))

    def last_step(self) -> "Fitted":
        """Return what answers for rows that the steps before it have rewritten."""
        return replace(self, steps=self.steps[-1:])

    def in_all_classes(self, answer: np.ndarray) -> np.ndarray:
        """Return what was answered of the classes that are present, shape (n, present), for all of them."""
        if not self.classes or self.present.size == self.classes:
            return answer
        full = np.zeros((len(answer), self.classes))
        full[:, self.present] = answer
        return full

    def decided(self, p: np.ndarray) -> np.ndarray:
        """Return the class codes that are answered for probabilities of shape (n, classes), shape (n,)."""
        return decided(self.steps, p)

    def predictor(self) -> "Predictor":
        """Return the interpreter, with everything heavy loaded."""
        return Predictor(self)


class Predictor:
    """Answers for rows of typed columns."""

    def __init__(self, fitted: Fitted, trusted: frozenset[str] = frozenset(), others: Estimators = NO_OTHERS) -> None:
        self.fitted = fitted
        self.run = compile_pipeline(
            list(fitted.steps), threads=fitted.threads, trusted=trusted or fitted.types, others=others
        )

    def __call__(self, X: pd.DataFrame | Matrix) -> np.ndarray:
        """Return values of shape (n,), or probabilities of shape (n, classes)."""
        return self.fitted.in_all_classes(self.run(X if isinstance(X, Matrix) else Matrix.from_frame(X)))
