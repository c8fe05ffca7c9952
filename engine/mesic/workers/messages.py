"""What a run and the process for its trials say to each other, pickled: both are ours, of one user."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mesic.caching.cache import Use
from mesic.data.view import Dataset
from mesic.findings import Finding
from mesic.training.folds import OutOfFold
from mesic.training.variance import SecondLook

STOP = b"stop "  # and the number of the message that is to be stopped, in plain bytes: no pickle begins so


@dataclass(frozen=True)
class Parts:
    """Said first: the configuration, whose components are imported while the run reads its table."""

    config: Mapping[str, Any]
    threads: int


@dataclass(frozen=True)
class Table:
    """What all trials share; answered by :class:`Ready`."""

    dataset: Dataset
    folds: Sequence[tuple[np.ndarray, np.ndarray]]
    train: np.ndarray
    look: SecondLook | None


@dataclass(frozen=True)
class Whole:
    """Fit some options on all training rows; answered by a ``Fitted``. A trial is asked for by ``Asked``."""

    params: Mapping[str, Any]
    copy: int


@dataclass(frozen=True)
class Folds:
    """Fit some options on each fold once more; answered by a tuple of ``Fitted``."""

    params: Mapping[str, Any]


@dataclass(frozen=True)
class FirstFold:
    """Tell how long some options would take in the first fold; answered by seconds."""

    params: Mapping[str, Any]


@dataclass(frozen=True)
class Ready:
    """The table is there; nothing has been fitted."""


@dataclass(frozen=True)
class Doing:
    """What is about to be fitted."""

    what: str


@dataclass(frozen=True)
class FoldEnded:
    """What one fold of a trial predicted."""

    found: OutOfFold


@dataclass(frozen=True)
class Cached:
    """What was had of the stage cache since this was last said, and what was found there."""

    uses: Sequence[Use]
    findings: Sequence[Finding]


@dataclass(frozen=True)
class Answer:
    """What was asked for."""

    value: Any


@dataclass(frozen=True)
class Raised:
    """What was raised instead, and the notes that it was given."""

    error: Exception
    notes: tuple[str, ...] = ()
