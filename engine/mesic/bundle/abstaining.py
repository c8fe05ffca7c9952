"""When a bundle gives no decision: it does not know, and says so."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from mesic.bundle import coverage
from mesic.bundle.envelope import OPEN, outside, with_envelope
from mesic.bundle.soundness import refuse_many_rows
from mesic.data.account import RowAccount
from mesic.errors import SettingError, UsageError

if TYPE_CHECKING:
    from mesic.bundle.bundle import Bundle

COLUMN = "abstained"
SEVERAL, WIDE, BETWEEN, UNSURE = "several classes", "wide interval", "between thresholds", "low probability"
CONFIDENCE = "confidence.parquet"


@dataclass(frozen=True)
class Abstention:
    """For which answers there is no decision.

    Parameters
    ----------
    by_set
        Where the set that holds the target as often as promised has several classes.
    width
        Where the interval that does is wider; None: never for that reason.
    between
        Where the probability of the second of two classes lies strictly between the two; empty: never.
    below
        Where the probability of the class that is answered is smaller; None: never for that reason.
    """

    by_set: bool = False
    width: float | None = None
    between: Sequence[float] = ()
    below: float | None = None

    def __bool__(self) -> bool:
        return self.by_set or self.width is not None or bool(self.between) or self.below is not None

    def refuse_unfit(self, bundle: "Bundle") -> None:
        """Raise UsageError where the bundle cannot abstain so."""
        low, high = self.between if len(self.between) == 2 else (1.0, 0.0)
        if self.between and not 0 <= low < high <= 1:
            raise SettingError("abstain_between", list(self.between), "two probabilities, the lower one first")
        if self.between and len(bundle.classes) != 2:
            raise SettingError("abstain_between", list(self.between), "[]: it is for two classes")
        if self.below is not None and not bundle.classes:
            raise SettingError(
                "abstain_below", self.below, "null: it is for classes; for numbers there is abstain_width"
            )
        for key, kind, is_asked in (
            ("abstain_set", "set", self.by_set),
            ("abstain_width", "interval", self.width is not None),
        ):
            if is_asked and bundle.coverage["kind"] != kind:
                raise UsageError(f"{key} cannot work: bundle {bundle.folder} answers no {kind}s; leave it out")

    def reasons(self, bundle: "Bundle", scores: np.ndarray) -> list[str | None]:
        """Return for each row why there is no decision, None where there is one.

        Parameters
        ----------
        bundle
            Whose scores they are.
        scores
            Probabilities (n, k), or values (n,).
        """
        why = np.full(len(scores), None, dtype=object)
        if self.between:
            low, high = self.between
            why[(scores[:, 1] > low) & (scores[:, 1] < high)] = BETWEEN
        if self.below is not None:
            answered = np.take_along_axis(scores, bundle.fitted.decided(scores)[:, None], axis=1)[:, 0]
            why[~(answered >= self.below)] = UNSURE
        if self.width is not None:
            low_ends, high_ends = coverage.intervals_of(bundle.coverage, scores)
            why[~(high_ends - low_ends <= self.width)] = WIDE
        if self.by_set:
            why[coverage.sets_of(bundle.coverage, scores).sum(axis=1) != 1] = SEVERAL
        found: list[str | None] = why.tolist()
        return found


def measured(bundle: "Bundle", abstention: Abstention, level: float = 0.95) -> dict[str, Any]:
    """Return how often there is a decision, and how often those are wrong, on the bundle's confidence set.

    These are test rows: neither the model nor what calibrated it saw them. Shares have Wilson's interval, mean absolute
    errors that of the normal approximation.

    Returns
    -------
    dict
        ``rows``; ``answered``, the share of them; of the answered ``error_share`` for classes or ``absolute_error`` for
        numbers; ``error_of_all``, the same without abstention: each with ``value``, ``low`` and ``high``. A bundle
        without such rows tells 0 ``rows``.
    """
    from pyarrow import parquet

    if not (bundle.folder / CONFIDENCE).is_file():
        return {"rows": 0}
    file = parquet.ParquetFile(bundle.folder / CONFIDENCE)
    refuse_many_rows(CONFIDENCE, file.metadata.num_rows)
    table = file.read()
    scores = with_envelope(bundle, OPEN).scores(table, RowAccount())
    error = _errors(bundle, scores, table.column(str(bundle.manifest["target"])).to_pylist())
    is_answered, known = np.array([why is None for why in abstention.reasons(bundle, scores)]), ~np.isnan(error)
    mean = _share_of if bundle.classes else _mean_of
    return {
        "rows": table.num_rows,
        "level": level,
        "method": f"confidence set, which are test rows; {'Wilson' if bundle.classes else 'normal approximation'}",
        "answered": _share_of(is_answered, level),
        "error_share" if bundle.classes else "absolute_error": mean(error[is_answered & known], level),
        "error_of_all": mean(error[known], level),
    }


def envelope_facts(bundle: "Bundle", level: float = 0.95) -> dict[str, Any]:
    """Return the ``kind`` of a bundle's envelope; of a strict one also which share of the test rows it refuses.

    These are the rows of the confidence set, ``rows`` of them; the share, ``refused``, has Wilson's interval.
    """
    from pyarrow import parquet

    if bundle.envelope == OPEN:
        return {"kind": OPEN}
    told = {"kind": bundle.envelope, "rows": 0, "level": level, "method": "confidence set, which are test rows; Wilson"}
    if not (bundle.folder / CONFIDENCE).is_file():
        return told | {"refused": share(0, 0, level)}
    table = parquet.ParquetFile(bundle.folder / CONFIDENCE).read()
    strange = outside(bundle, with_envelope(bundle, OPEN).coerced(table, RowAccount()), table)
    return told | {"rows": table.num_rows, "refused": share(len(strange), table.num_rows, level)}


def _errors(bundle: "Bundle", scores: np.ndarray, truth: Sequence[Any]) -> np.ndarray:
    """Return 1 for a wrong class and 0 for the right one, or the absolute error; NaN where nothing is known."""
    if not bundle.classes:
        return np.asarray(np.abs(scores - np.array([math.nan if one is None else float(one) for one in truth])))
    code_of = {label: code for code, label in enumerate(bundle.classes)}
    codes = np.array([code_of.get(_label(one), -1) for one in truth])
    return np.asarray(np.where(codes < 0, math.nan, bundle.fitted.decided(scores) != codes))


def _label(value: Any) -> str:
    """Return a class as labels are written: a whole number without its point."""
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value)) if is_whole else str(value).strip()


def _share_of(claims: np.ndarray, level: float) -> dict[str, float | None]:
    return share(int(claims.sum()), claims.size, level)


def share(count: int, rows: int, level: float) -> dict[str, float | None]:
    """Return a share with Wilson's interval; of no rows nothing is known.

    Examples
    --------
    >>> {key: round(value, 4) for key, value in share(8, 10, 0.95).items()}
    {'value': 0.8, 'low': 0.4902, 'high': 0.9433}
    """
    if not rows:
        return {"value": None, "low": None, "high": None}
    z, p = _quantile(level), count / rows
    middle, spread = p + z * z / (2 * rows), z * math.sqrt(p * (1 - p) / rows + z * z / (4 * rows * rows))
    whole = 1 + z * z / rows
    return {"value": p, "low": max(0.0, (middle - spread) / whole), "high": min(1.0, (middle + spread) / whole)}


def _mean_of(errors: np.ndarray, level: float) -> dict[str, float | None]:
    if errors.size < 2:
        return {"value": float(errors[0]) if errors.size else None, "low": None, "high": None}
    mean, half = float(errors.mean()), _quantile(level) * float(errors.std(ddof=1)) / math.sqrt(errors.size)
    return {"value": mean, "low": max(0.0, mean - half), "high": mean + half}


def _quantile(level: float) -> float:
    return NormalDist().inv_cdf(0.5 + level / 2)
