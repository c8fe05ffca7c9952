"""What auditors see: columns and parts of all rows, the target of training rows, and what a suspicion costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from mesic.audit.pricing import Pricing
from mesic.evaluation.view import Evaluation
from mesic.partition.rows import Split


@dataclass(frozen=True)
class AuditView:
    """Rows as they are divided. The target of test rows is not among it: they are opened once, at the end.

    Parameters
    ----------
    task, classes
        What is predicted; labels by code, empty for regression.
    X
        Features of all n rows, but for those that an earlier auditor suspects.
    y
        Class codes or values of the training rows, in the order of ``split.train``.
    split
        Numbers of the rows of each part.
    keys
        A 64-bit hash a row of everything but the target, uint64 of shape (n,).
    origin
        Each row's number in the source, shape (n,): what people know it by.
    groups, time
        Shape (n,), or None where none is declared.
    unlabelled
        The same columns of rows whose target is missing, some thousands at most.
    suspects
        The features that an earlier auditor suspects, n rows; they are not priced again.
    ignored
        Columns that ``source.ignore`` names already.
    kinds
        What each feature is: ``number``, ``boolean``, ``category`` or ``time``.
    pricing
        Fits the configured learner on training rows, to say what a suspicion costs.
    level
        Of intervals, such as 0.95.
    rng
        The auditor's own generator.
    """

    task: str
    classes: tuple[str, ...]
    X: pd.DataFrame
    y: np.ndarray
    split: Split
    keys: np.ndarray
    origin: np.ndarray
    groups: np.ndarray | None
    time: np.ndarray | None
    unlabelled: pd.DataFrame
    suspects: pd.DataFrame
    ignored: tuple[str, ...]
    kinds: Mapping[str, str]
    pricing: Pricing
    level: float
    rng: np.random.Generator

    def __len__(self) -> int:
        return len(self.X)


class Auditor(Protocol):
    """Asks one question of the data and its parts."""

    def audit(self, view: AuditView) -> Evaluation:
        """Return what was looked at, and what was found."""
        ...
