"""What evaluators see: the test rows and their predictions, and no way to fit anything again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from mesic.findings import Finding


@dataclass(frozen=True)
class EvaluationView:
    """Test rows with their predictions.

    Parameters
    ----------
    task, classes
        What is predicted; labels by code, empty for regression.
    X
        Features of n rows.
    y
        Class codes or values, shape (n,).
    prediction
        Probabilities (n, k) or values (n,).
    losses
        Log loss or squared error a row, shape (n,).
    origin
        Each row's number in the source, shape (n,).
    weight, groups
        Shape (n,), or None.
    predict
        Answers for other rows of the same columns.
    level
        Level of intervals, such as 0.95.
    rng
        The evaluator's own generator.
    """

    task: str
    classes: tuple[str, ...]
    X: pd.DataFrame
    y: np.ndarray
    prediction: np.ndarray
    losses: np.ndarray
    origin: np.ndarray
    weight: np.ndarray | None
    groups: np.ndarray | None
    predict: Callable[[pd.DataFrame], np.ndarray]
    level: float
    rng: np.random.Generator

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Evaluation:
    """What an evaluator found: numbers for the record and the report, and findings."""

    data: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()


class Evaluator(Protocol):
    """Asks one question of the test predictions."""

    def evaluate(self, view: EvaluationView) -> Evaluation:
        """Return the answer."""
        ...
