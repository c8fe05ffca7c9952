"""What evaluators see: rows that no model saw and their predictions, and no way to fit anything again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from mesic.data.view import TrainingView
from mesic.findings import Finding


def most_probable(p: np.ndarray) -> np.ndarray:
    """Return the codes of the most probable classes, the first of equals."""
    return np.asarray(p.argmax(axis=1))


@dataclass(frozen=True)
class PredictedRows:
    """Rows, each predicted by a model that did not see it.

    Parameters
    ----------
    X
        Features of n rows.
    y
        Class codes or values, shape (n,).
    prediction
        Probabilities (n, k) or values (n,).
    losses
        Log loss or squared error a row, shape (n,).
    weight, groups, time
        Shape (n,), or None. Rows that were predicted several times, by repeated folds, are one group.
    aside
        Columns that no learner sees, n rows, or None.
    """

    X: pd.DataFrame
    y: np.ndarray
    prediction: np.ndarray
    losses: np.ndarray
    weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    time: np.ndarray | None = None
    aside: pd.DataFrame | None = None

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class EvaluationView:
    """Rows with their predictions: the test rows, or, for evaluators of the trait ``validation``, those of a fold.

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
    reference
        The rows that the model learned from, or None.
    columns
        By name, what the schema and its owners say of each column: ``kind``, ``sensitive``, ``upstream``, ...
    costs
        By name, the microseconds a row that each column takes in the pipeline.
    time
        Shape (n,), or None.
    aside
        Columns that no learner sees, n rows, or None: ignored ones, groups, times. Numbers and levels only.
    out_of_fold
        Training rows as models predicted them that did not see them, or None.
    decide
        From probabilities, shape (n, k), to the class codes that are answered, shape (n,).
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
    reference: TrainingView | None = None
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    time: np.ndarray | None = None
    aside: pd.DataFrame | None = None
    out_of_fold: PredictedRows | None = None
    decide: Callable[[np.ndarray], np.ndarray] = most_probable

    @property
    def answered(self) -> np.ndarray:
        """The class codes that are answered, shape (n,): by the threshold, where there is one."""
        return self.decide(self.prediction)

    def __len__(self) -> int:
        return len(self.y)


@dataclass(frozen=True)
class Evaluation:
    """What an evaluator found: numbers for the record and the report, and findings."""

    data: Mapping[str, Any]
    findings: tuple[Finding, ...] = ()


class Evaluator(Protocol):
    """Asks one question of the test predictions.

    It may have ``check(columns)``: asked when the table was read, with what ``view.columns`` will hold, it raises
    :class:`mesic.SettingError` where an option names a column that is not there.
    """

    def evaluate(self, view: EvaluationView) -> Evaluation:
        """Return the answer."""
        ...
