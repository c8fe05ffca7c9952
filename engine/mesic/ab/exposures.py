"""A log of exposures and outcomes: who saw which arm, when, and what came of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.ab import log_columns as part
from mesic.ab.log_columns import has_dates, refuse_other_arms, typed_rows
from mesic.ab.plan import Design
from mesic.errors import DataError
from mesic.findings import Finding

MOST_CONFLICTS = 0.01  # of units; above it, who saw what is not known well enough
SHOWN = 3


@dataclass(frozen=True)
class Exposures:
    """The rows that are read, one arm a unit.

    Parameters
    ----------
    rows
        With unit as a code from 0; other columns as :func:`mesic.ab.log_columns.typed_rows` returns them.
    arms
        Arm of each unit, shape (units,).
    clusters
        Code of each unit's cluster, shape (units,); None where units are assigned one by one.
    covariate
        Of each unit, shape (units,), nan where it is not known; None without one.
    read
        Rows of the log.
    has_dates
        Whether times are days since 1970.
    findings
        What is wrong with the log.
    """

    rows: pd.DataFrame
    arms: np.ndarray
    clusters: np.ndarray | None
    covariate: np.ndarray | None
    read: int
    has_dates: bool
    findings: tuple[Finding, ...]

    @cached_property
    def unit_of_row(self) -> np.ndarray:
        """The unit of each row, shape (rows,)."""
        return np.asarray(self.rows[part.UNIT], dtype=np.int64)

    @cached_property
    def time(self) -> np.ndarray:
        """The time of each row, shape (rows,)."""
        return np.asarray(self.rows[part.TIME], dtype=float)

    @cached_property
    def first(self) -> np.ndarray:
        """The time of each unit's first row, shape (units,)."""
        first = np.full(len(self.arms), np.inf)
        np.minimum.at(first, self.unit_of_row, self.time)
        return first

    def moment(self, time: float) -> str:
        """Return a time as people read it."""
        if not self.has_dates:
            return f"{time:.12g}"
        return pd.Timestamp(round(time * 86_400), unit="s").isoformat() + "Z"


def read_exposures(table: pa.Table, design: Design) -> Exposures:
    """Return what a log says, with what is wrong with it.

    Rows that were delivered twice count once. Units in several arms are left out. Rows of arms that nobody planned are
    left out. Times decide the order, not the rows.

    Parameters
    ----------
    table
        A row an exposure, or an outcome: unit, arm, time, outcomes.
    design
        Which column is what, and which arms there are.

    Raises
    ------
    DataError
        A column or a cell that cannot be read.
    SettingError
        No planned arm stands in the log.

    Examples
    --------
    >>> log = pa.table({"unit": ["a", "b", "b"], "arm": ["control", "treatment", "treatment"],
    ...                 "time": ["2026-01-01", "2026-01-01", "2026-01-02"], "outcome": [0, 0, 1]})
    >>> found = read_exposures(log, Design(base=0.1, mde=0.05))
    >>> found.arms.tolist(), found.moment(found.first[1])
    (['control', 'treatment'], '2026-01-01T00:00:00Z')
    """
    typed = typed_rows(table, design)
    rows, findings = typed.rows, list(_clock(typed.rows, design))
    rows, strange = _planned_arms(rows, design)
    rows, repeated = _without_repeats(rows, design)
    rows, conflicting = _without_conflicts(rows, typed.names)
    findings += [*strange, *repeated, *conflicting]
    if rows.empty:
        raise DataError("no row of the log is left to be read: every unit stands in several arms")
    findings += list(_missing_outcomes(rows, design))
    rows[part.UNIT], of_unit = pd.factorize(rows[part.UNIT])
    names = typed.names[part.UNIT].take(pa.array(of_unit))
    arms = np.empty(len(of_unit), dtype=object)
    arms[rows[part.UNIT]] = np.asarray(rows[part.ARM].astype(object))
    units = rows.groupby(part.UNIT)
    clusters = _clusters(units, names) if part.CLUSTER in rows else None
    covariate = _covariate(units, names, design) if part.COVARIATE in rows else None
    dated = has_dates(table, design.columns)
    return Exposures(rows, arms, clusters, covariate, table.num_rows, dated, tuple(findings))


def _clock(rows: pd.DataFrame, design: Design) -> Iterator[Finding]:
    back = np.flatnonzero(np.diff(np.asarray(rows[part.TIME])) < 0)
    if design.columns.time and back.size:
        times = "once" if back.size == 1 else f"{back.size:,} times"
        message = f"the clock goes back {times} in the log, first after row {back[0]}; rows are put in order"
        fix = "nothing, where several servers write one log; else find out whose clock was wrong: looks go by time"
        yield Finding("AB-CLOCK-BACK", "warning", message, {"steps": int(back.size), "row": int(back[0])}, fix)


Grouped = Any  # pandas gives the type of a grouped table no public name
Cleaned = tuple[pd.DataFrame, list[Finding]]


def _planned_arms(rows: pd.DataFrame, design: Design) -> Cleaned:
    present = list(rows[part.ARM].cat.categories)
    refuse_other_arms(present, design.arms)
    lost = [arm for arm in design.arms if arm not in present]
    found = [_missing_arm(arm, present) for arm in lost]
    strange = [arm for arm in present if arm not in design.arms]
    if strange:
        is_strange = rows[part.ARM].isin(strange)
        message = f"the plan knows no arm {', '.join(map(repr, strange))}: {int(is_strange.sum()):,} rows are left out"
        fix = f"plan a test with all arms; it begins when the last of them does: arms=[{','.join(present)}]"
        found.append(Finding("AB-UNPLANNED-ARM", "warning", message, {"arms": strange}, fix))
        rows = rows[~is_strange]
    return rows, found


def _missing_arm(arm: str, present: list[str]) -> Finding:
    message = f"nobody in the log saw arm {arm!r}; it holds {', '.join(present)}"
    return Finding(
        "AB-MISSING-ARM", "block", message, {"arm": arm}, "look at the assignment, or at what writes the log"
    )


def _without_repeats(rows: pd.DataFrame, design: Design) -> Cleaned:
    if not design.columns.time:
        return rows, []
    again = np.asarray(rows.duplicated())
    if not again.any():
        return rows, []
    message = f"{int(again.sum()):,} rows say again what another row says, with the same time; each counts once"
    fix = "make delivery idempotent; if both happened, write times that are fine enough to tell them apart"
    return rows[~again], [Finding("AB-DUPLICATE-ROWS", "warning", message, {"rows": int(again.sum())}, fix)]


def _without_conflicts(rows: pd.DataFrame, names: Mapping[str, pa.Array]) -> Cleaned:
    """Leave out whoever was assigned to several arms; assigned are clusters where there are any."""
    found: list[Finding] = []
    for who in (part.CLUSTER, part.UNIT) if part.CLUSTER in rows else (part.UNIT,):
        arms = rows[part.ARM].cat.codes.groupby(rows[who]).agg(["min", "max"])
        wrong = arms.index[arms["min"] < arms["max"]]
        if len(wrong):
            shown = [str(name) for name in names[who].take(pa.array(wrong[:SHOWN])).to_pylist()]
            found.append(_conflict(who, shown, len(wrong), len(arms)))
            rows = rows[~rows[who].isin(wrong)]
    return rows.copy(), found


def _conflict(who: str, such_as: list[str], count: int, of: int) -> Finding:
    share = count / of
    message = f"{count:,} of {of:,} {who}s stand in several arms, such as {', '.join(such_as)}"
    message += "; they are left out" if share <= MOST_CONFLICTS else f": more than {MOST_CONFLICTS:.0%}"
    fix = "assign by a hash of the unit's own id, so that it always sees one arm"
    fix = f"{fix}; cluster=null if units were assigned one by one" if who == part.CLUSTER else fix
    severity = "warning" if share <= MOST_CONFLICTS else "block"
    evidence = {"count": count, "of": of, "such_as": such_as}
    return Finding("AB-CONFLICTING-ASSIGNMENT", severity, message, evidence, fix)  # type: ignore[arg-type]  # two words


def _missing_outcomes(rows: pd.DataFrame, design: Design) -> Iterator[Finding]:
    parts = {f"outcome {design.columns.outcome}": [part.OUTCOME, *({part.DENOMINATOR} & set(rows))]}
    parts |= {f"guard {name}": [part.GUARD + name] for name in part.guard_columns(design)}
    for name, columns in parts.items():
        unknown = np.asarray(rows[columns].isna().any(axis=1))
        if unknown.any():
            yield _missing_outcome(name, rows, unknown)


def _missing_outcome(name: str, rows: pd.DataFrame, unknown: np.ndarray) -> Finding:
    known = rows.loc[~unknown, part.UNIT].unique()
    lost = rows.loc[unknown & ~rows[part.UNIT].isin(known), [part.UNIT, part.ARM]].drop_duplicates()
    by_arm = {str(arm): int(count) for arm, count in lost[part.ARM].value_counts().sort_index().items() if count}
    said = ", ".join(f"{count:,} in {arm}" for arm, count in by_arm.items()) or "none"
    message = f"{name} is empty in {int(unknown.sum()):,} rows; units without any are left out of its effect: {said}"
    fix = "write a 0 where nothing came of an exposure; leave empty only what is not known yet"
    return Finding("AB-MISSING-OUTCOME", "warning", message, {"rows": int(unknown.sum()), "units": by_arm}, fix)


def _clusters(units: Grouped, names: pa.Array) -> np.ndarray:
    several = units[part.CLUSTER].nunique()
    if (several > 1).any():
        who = int(several.index[several > 1][0])
        raise DataError(
            f"unit {names[who].as_py()!r} stands in {several[who]} clusters: a unit belongs to one; mend the log"
        )
    return np.asarray(pd.factorize(units[part.CLUSTER].first())[0], dtype=np.int64)


def _covariate(units: Grouped, names: pa.Array, design: Design) -> np.ndarray:
    several = units[part.COVARIATE].nunique()
    if (several > 1).any():
        who = int(several.index[several > 1][0])
        raise DataError(
            f"unit {names[who].as_py()!r} has {several[who]} values of covariate={design.columns.covariate}: give what "
            "was known before its first exposure, the same in each of its rows"
        )
    return np.asarray(units[part.COVARIATE].first(), dtype=float)
