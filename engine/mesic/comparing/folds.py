"""Models by the losses of the same folds, where those of rows are not to be had."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from mesic.comparing.candidates import Candidate
from mesic.comparing.difference import difference_of
from mesic.errors import DataError, UsageError
from mesic.evaluation.comparison import Comparison

METHOD = "Nadeau-Bengio t over folds"


@dataclass(frozen=True)
class FoldLosses:
    """Losses of k models in the same folds.

    Folds share training rows: their losses vary together, and a plain t test over repeated folds takes noise for a
    difference in half of all cases. The correction adds the share of validation rows to the variance.

    Parameters
    ----------
    losses
        Shape (k, folds).
    fitted, validated
        Rows of a fold that are fitted on and validated, the mean of the folds.

    References
    ----------
    C. Nadeau, Y. Bengio, Inference for the Generalization Error, Machine Learning 52, 2003.

    Examples
    --------
    >>> both = FoldLosses(np.array([[1.0, 1.2, 1.1, 1.3], [0.9, 1.0, 1.1, 1.1]]), fitted=300, validated=100)
    >>> found = both.difference(0, 1, 0.95)
    >>> round(found["value"], 3), round(found["p"], 3)
    (0.125, 0.186)
    """

    losses: np.ndarray
    fitted: float
    validated: float

    @property
    def values(self) -> np.ndarray:
        """Mean losses, shape (k,)."""
        return np.asarray(self.losses.mean(axis=1))

    def p(self, one: int, other: int) -> float:
        """Return the two-sided p of no difference; nan of a single fold."""
        from scipy import special

        value, error, freedom = self._told(one, other)
        if not error > 0:
            return float(value == 0) if error == 0 else math.nan
        return float(2 * special.stdtr(freedom, -abs(value) / error))

    def difference(self, one: int, other: int, level: float) -> Comparison:
        """Return by how much more `one` loses than `other`, with its interval and the p of no difference."""
        from scipy import special

        value, error, freedom = self._told(one, other)
        half = -float(special.stdtrit(max(freedom, 1), (1 - level) / 2)) * error
        ends, folds = (value - half, value + half), self.losses.shape[1]
        return difference_of(value, ends, self.p(one, other), level=level, method=METHOD, unit="folds", n=folds)

    def _told(self, one: int, other: int) -> tuple[float, float, int]:
        difference = self.losses[one] - self.losses[other]
        count = difference.size
        variance = float(difference.var(ddof=1)) if count > 1 else math.nan
        error = math.sqrt(variance * (1 / count + self.validated / self.fitted))
        return float(difference.mean()), error, count - 1


def fold_losses_of(candidates: Sequence[Candidate]) -> FoldLosses:
    """Return the fold losses of the trials that count most in what was taken from each run's zone.

    Raises
    ------
    UsageError
        The runs do not have the same folds.
    DataError
        A run kept no losses of folds.
    """
    first = _folds(candidates[0])
    for other in candidates[1:]:
        if not _folds(other).equals(first):
            raise UsageError(
                f"{other.name} and {candidates[0].name} have other folds, and losses a row are gone: by=test"
            )
    sizes = candidates[0].facts["partition"]["folds"]
    fitted, validated = (float(np.mean([fold[name] for fold in sizes])) for name in ("train", "validate"))
    return FoldLosses(np.array([_losses(candidate) for candidate in candidates]), fitted, validated)


def _folds(candidate: Candidate) -> pd.DataFrame:
    assert candidate.folder is not None
    table = pd.read_parquet(candidate.folder / "partition.parquet").drop(columns="key")
    return table.astype({"part": str}).sort_values("row", ignore_index=True)


def _losses(candidate: Candidate) -> list[float]:
    assert candidate.folder is not None
    taken = (candidate.facts.get("zone") or {}).get("taken") or {}
    number = max(taken, key=taken.__getitem__, default=None)
    file = candidate.folder / "trials.jsonl"
    trials = [json.loads(line) for line in file.read_text().splitlines()] if file.is_file() else []
    found = next((trial["fold_losses"] for trial in trials if str(trial["number"]) == number), None)
    if not found or len(found) != len(candidate.facts["partition"]["folds"]):
        raise DataError(f"{candidate.name} kept losses neither of rows nor of all folds: compare by=test")
    return list(found)
