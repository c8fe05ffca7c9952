"""Which columns the learner sees: what was forbidden, what selectors chose, what stays whatever they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np
import pandas as pd

from mesic.errors import UsageError
from mesic.findings import Finding
from mesic.host.names import did_you_mean

FORBIDDEN = "selection.forbid"


@dataclass(frozen=True)
class Choice:
    """What one selector chose.

    Parameters
    ----------
    selector
        Its name.
    columns
        The names that it was shown.
    kept
        Which of them stay, protected ones among them, shape (p,).
    protected
        Which stay whatever it says, shape (p,).
    statistic
        What its evidence measures; empty where it says nothing of it.
    evidence
        A row a column, as it gave it, or None.
    findings
        What the user should know of it.
    """

    selector: str
    columns: tuple[str, ...]
    kept: np.ndarray
    protected: np.ndarray
    statistic: str = ""
    evidence: pd.DataFrame | None = None
    findings: tuple[Finding, ...] = ()

    def reasons(self) -> list[str]:
        """Return why each column stays or goes."""
        known = self.evidence is not None and "reason" in self.evidence
        said = (
            list(map(str, self.evidence["reason"]))
            if known and self.evidence is not None
            else ["kept" if is_kept else "dropped" for is_kept in self.kept]
        )
        return [
            f"{reason}; protected" if is_protected else reason
            for reason, is_protected in zip(said, self.protected, strict=True)
        ]


@dataclass(frozen=True)
class Bounds:
    """What users say of columns beforehand.

    Parameters
    ----------
    protect, forbid
        Names of columns, or patterns such as ``BILL_*``: those that stay whatever selectors say, and those that the
        learner never sees.
    is_strict
        Whether an entry that means no column is refused.
    """

    protect: Sequence[str] = ()
    forbid: Sequence[str] = ()
    is_strict: bool = True

    def forbidden(self, names: Sequence[str], *, is_strict: bool = True) -> np.ndarray:
        """Return which columns the learner never sees, booleans of shape (p,)."""
        return self._matching(self.forbid, names, FORBIDDEN, is_strict=is_strict)

    def protected(self, names: Sequence[str]) -> np.ndarray:
        """Return which columns stay whatever selectors say, booleans of shape (p,)."""
        return self._matching(self.protect, names, "selection.protect")

    def facts(self) -> dict[str, Any]:
        """Return both lists; JSON-able."""
        return {"protect": list(self.protect), "forbid": list(self.forbid)}

    def _matching(
        self, patterns: Sequence[str], names: Sequence[str], key: str, *, is_strict: bool = True
    ) -> np.ndarray:
        found = np.zeros(len(names), dtype=bool)
        for pattern in patterns:
            own = np.array([name == pattern for name in names], dtype=bool)
            if not own.any():  # what is a column's name is no pattern
                own = np.array([fnmatchcase(name, pattern) for name in names], dtype=bool)
            if is_strict and self.is_strict and not own.any():
                raise UsageError(f"{key} names {pattern!r}, and no column is called so{did_you_mean(pattern, names)}")
            found |= own
        return found


def choice_of(selector: Any, name: str, columns: Sequence[str], protected: np.ndarray) -> Choice:
    """Return what a fitted selector chose; where nothing is left, its best column stays.

    Parameters
    ----------
    selector
        Fitted; asked for ``get_support`` and, where it has them, ``evidence_``, ``statistic_``, ``findings_`` and
        ``scores_``.
    name
        The name that users type.
    columns
        What it was fitted on.
    protected
        What stays whatever it says.
    """
    support = np.asarray(selector.get_support(), dtype=bool)
    evidence = getattr(selector, "evidence_", None)
    findings = tuple(getattr(selector, "findings_", ()))
    kept = support | protected
    if not kept.any():
        best = _best(selector, evidence, len(columns))
        kept = np.arange(len(columns)) == best
        findings = (*findings, _nothing_left(name, columns[best]))
    return Choice(name, tuple(columns), kept, protected, str(getattr(selector, "statistic_", "")), evidence, findings)


def _best(selector: Any, evidence: pd.DataFrame | None, columns: int) -> int:
    measured = evidence["statistic"] if evidence is not None and "statistic" in evidence else None
    scores = getattr(selector, "scores_", None) if measured is None else measured
    if scores is None or np.shape(scores) != (columns,):
        return 0
    known = np.nan_to_num(np.asarray(scores, dtype=np.float64), nan=-np.inf)
    return int(known.argmax())


def _nothing_left(selector: str, column: str) -> Finding:
    message = f"selector={selector} finds no column worth keeping; its best one stays, {column!r}"
    fix = "look whether the columns say anything of the target, or choose another selector"
    return Finding("NOTHING-SELECTED", "warning", message, {"selector": selector, "column": column}, fix)


def nogueira(chosen: np.ndarray) -> tuple[float, float]:
    """Return how alike choices of columns are, and the variance of that.

    1 says that all are the same, 0 that they are as alike as by chance, whatever the number of columns.

    Parameters
    ----------
    chosen
        A choice a row, shape (m, p), booleans.

    References
    ----------
    S. Nogueira, K. Sechidis, G. Brown, On the Stability of Feature Selection Algorithms, JMLR 18, 2018.

    Examples
    --------
    >>> same = np.array([[True, False, False], [True, False, False]])
    >>> nogueira(same)[0], round(nogueira(same[:, [0, 1, 2]] ^ [[False] * 3, [True, True, False]])[0], 2)
    (1.0, -0.5)
    """
    m, p = chosen.shape
    sizes, share = chosen.sum(axis=1), chosen.mean(axis=0)
    mean = sizes.mean() / p
    chance = mean * (1 - mean)
    if chance == 0:
        return 1.0, 0.0
    index = 1 - (m / (m - 1) * share * (1 - share)).mean() / chance
    each = (chosen @ share / p - sizes * mean / p + index / 2 * (2 * mean * sizes / p - sizes / p - mean + 1)) / chance
    return float(index), float(4 / m**2 * ((each - each.mean()) ** 2).sum())


def stability(choices: Sequence[Sequence[str]], columns: Sequence[str], level: float) -> dict[str, Any]:
    """Return Nogueira's index of some choices with its interval, and how often each column was chosen.

    Parameters
    ----------
    choices
        Names of the columns that were kept, a choice a sample of rows.
    columns
        All that could be.
    level
        Of the interval.
    """
    from scipy.special import ndtri

    everything = list(dict.fromkeys([*columns, *(name for choice in choices for name in choice)]))
    chosen = np.array([[name in set(choice) for name in everything] for choice in choices])
    index, variance = nogueira(chosen)
    half = float(ndtri(0.5 + level / 2)) * variance**0.5
    shares: Mapping[str, float] = dict(zip(everything, chosen.mean(axis=0).tolist(), strict=True))
    return {
        "value": index,
        "low": max(index - half, -1.0),
        "high": min(index + half, 1.0),
        "level": level,
        "method": "Nogueira's index, asymptotic interval",
        "unit": "samples of rows",
        "samples": len(choices),
        "columns": {"least": int(chosen.sum(axis=1).min()), "most": int(chosen.sum(axis=1).max())},
        "chosen": shares,
    }
