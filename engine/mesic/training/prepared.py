"""Training rows as a learner sees them, kept across the trials of a search that change nothing before the learner."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import cached_property
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd

from mesic.bundle.matrix import Matrix
from mesic.bundle.step import PortableStep
from mesic.data.view import TrainingView
from mesic.findings import Finding
from mesic.training.selection import Choice

MOST_BYTES = 2**30


def most_bytes(memory_mb: int | None) -> int:
    """Return how much prepared folds may take: a quarter of the memory limit, 1 GiB at most."""
    return MOST_BYTES if memory_mb is None else min(MOST_BYTES, int(memory_mb * 1e6 / 4))


EvalSet = tuple[pd.DataFrame, np.ndarray, np.ndarray | None]


@dataclass(frozen=True)
class BeforeLearner:
    """Training rows before anything is done for one learner's needs: the same for all learners.

    Parameters
    ----------
    steps
        From raw typed columns to these.
    view
        The rows; targets are codes of the classes that are present.
    present
        Class codes that the rows have.
    choices
        What the selectors chose, in turn.
    findings
        What transformers found.
    """

    steps: tuple[PortableStep, ...]
    view: TrainingView
    present: np.ndarray
    choices: tuple[Choice, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class Prepared(BeforeLearner):
    """The same as the learner sees them; its findings tell besides what the learner needs and does not get.

    Parameters
    ----------
    cache
        Where a learner keeps what it derives from these rows whatever its options, such as bins.
    """

    cache: dict[Hashable, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PreparedFold:
    """A fold's rows on both sides, as its learner sees them.

    Parameters
    ----------
    prepared
        Those that are fitted on.
    validate
        Those that are predicted.
    seen
        Some of those that are fitted on.
    y, weight
        Of those that are predicted: class codes or values, and weights or None.
    take_us
        Wall microseconds that it takes to bring a row into this form.
    """

    prepared: Prepared
    validate: Matrix
    seen: Matrix
    y: np.ndarray
    weight: np.ndarray | None
    take_us: float

    @property
    def nbytes(self) -> int:
        """Bytes of the rows; what learners keep of them is less."""
        fitted = int(self.prepared.view.X.memory_usage(index=False).sum())
        return 2 * fitted + self.validate.values.nbytes + self.seen.values.nbytes

    @cached_property
    def eval_set(self) -> EvalSet:
        """Validation rows for a learner to watch, less those of classes that its own rows lack."""
        X, y, weight = self.validate.frame(), self.y, self.weight
        if not self.prepared.present.size:
            return X, y, weight
        known = np.isin(y, self.prepared.present)
        codes = np.searchsorted(self.prepared.present, y[known])
        return X[known], codes, None if weight is None else weight[known]

    def without_fitted_rows(self) -> "PreparedFold":
        """Return the fold without the rows that were fitted on."""
        view = self.prepared.view
        return replace(self, prepared=replace(self.prepared, view=TrainingView(view.X.head(0), view.y[:0]), cache={}))


class PreparedFolds:
    """What was prepared last, as far as it fits in.

    Parameters
    ----------
    most_bytes
        What is kept at most.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self.most_bytes, self.lock = most_bytes, Lock()
        self.kept: dict[tuple[str, Hashable], PreparedFold] = {}

    def of(self, preparation: str, rows: Hashable, make: Callable[[], PreparedFold]) -> PreparedFold:
        """Return what is kept of some rows, or what `make` returns; that of other preparations gives way to it."""
        if (fold := self.kept.get((preparation, rows))) is not None:
            return fold
        fold = make()
        with self.lock:
            self._make_room(preparation, fold.nbytes)
            if self._nbytes() + fold.nbytes <= self.most_bytes:
                self.kept[preparation, rows] = fold
        return fold

    def _make_room(self, preparation: str, nbytes: int) -> None:
        for key in [key for key in self.kept if key[0] != preparation]:
            if self._nbytes() + nbytes <= self.most_bytes:
                return
            del self.kept[key]

    def _nbytes(self) -> int:
        return sum(fold.nbytes for fold in self.kept.values())
