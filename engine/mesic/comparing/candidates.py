"""Finished runs as candidates: what each answered on the rows that it did not learn from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mesic.errors import DataError, UsageError
from mesic.runs.record import read_record

TEST, OUT_OF_FOLD = "test", "out of fold"
FILES = {TEST: "test_predictions.parquet", OUT_OF_FOLD: "oof.parquet"}


@dataclass(frozen=True)
class Answers:
    """What a model answered on rows that it did not learn from; repeated folds repeat rows.

    Parameters
    ----------
    rows
        Each row's number in its source, sorted, shape (n,).
    y
        Class codes or values, shape (n,).
    labels
        Class codes answered, shape (n,); None for regression.
    prediction
        Probabilities (n, k), or values (n,).
    losses
        Log loss or squared error, shape (n,).
    """

    rows: np.ndarray
    y: np.ndarray
    labels: np.ndarray | None
    prediction: np.ndarray
    losses: np.ndarray


@dataclass(frozen=True)
class Candidate:
    """One of the models that are compared.

    Parameters
    ----------
    name
        By which it is called.
    task, classes
        What is predicted; labels by code.
    facts
        What the record says, or the manifest.
    folder
        Of the run.
    given
        Answers by part, where they are not read from the folder.
    about
        What it is; empty: its learner.
    """

    name: str
    task: str
    classes: tuple[str, ...]
    facts: Mapping[str, Any]
    folder: Path | None = None
    given: Mapping[str, Answers] = field(default_factory=dict)
    about: str = ""

    @property
    def learner(self) -> str:
        """What it is."""
        return self.about or str((self.facts.get("model") or {}).get("learner", ""))

    def has(self, part: str) -> bool:
        """Return whether its answers on a part are to be had."""
        return part in self.given or (self.folder is not None and (self.folder / FILES[part]).is_file())

    def answers(self, part: str) -> Answers:
        """Return what it answered on a part.

        Raises
        ------
        DataError
            The file is gone.
        """
        if part in self.given:
            return self.given[part]
        assert self.folder is not None
        if not self.has(part):
            raise DataError(f"{self.folder / FILES[part]} is gone: run {self.name} again, or compare by=test")
        return self._read[part]

    @cached_property
    def _read(self) -> dict[str, Answers]:
        assert self.folder is not None
        return {part: _answers(self.folder / file, self.classes) for part, file in FILES.items() if self.has(part)}

    @property
    def luck(self) -> float:
        """By how much its search makes its loss out of fold too good, from 0."""
        found = (self.facts.get("zone") or {}).get("optimism") or {}
        return max(0.0, found.get("value") or 0.0)


def candidate_of(folder: Path, *, key: str, name: str | None = None) -> Candidate:
    """Return a finished run as a candidate.

    Raises
    ------
    UsageError
        The folder holds no finished run.
    """
    record = read_record(folder)
    if record.get("status") != "finished" or record.get("verb") != "run":
        raise UsageError(f"{key}={folder} is no finished run: give the folder of one that `mesic run` ended")
    data = record["data"]
    return Candidate(name or str(folder), data["task"], tuple(data["classes"]), record, folder)


def _answers(file: Path, classes: Sequence[str]) -> Answers:
    table = pd.read_parquet(file)
    by = ["row", "fold"] if "fold" in table else ["row"]
    table = table.sort_values(by, kind="stable")
    rows, losses = table["row"].to_numpy(), table["loss"].to_numpy()
    if not classes:
        prediction = table["prediction"].to_numpy(dtype=float)
        return Answers(rows, table["target"].to_numpy(dtype=float), None, prediction, losses)
    place = {label: code for code, label in enumerate(classes)}
    y, labels = (table[name].astype(str).map(place).to_numpy(dtype=np.int64) for name in ("target", "prediction"))
    return Answers(rows, y, labels, table[[f"p_{label}" for label in classes]].to_numpy(), losses)
