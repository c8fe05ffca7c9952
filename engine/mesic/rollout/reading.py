"""Read a log of assignments: which arm, with which probability, and what came of it."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.data.coercion import categorical
from mesic.data.reading import read_table
from mesic.errors import DataError, SettingError
from mesic.findings import Finding
from mesic.host.building import build_table
from mesic.host.names import did_you_mean
from mesic.report.words import counted
from mesic.rollout.notes import missing_rewards
from mesic.rollout.values import Log

NEVER = 1e-4  # an arm that was not assigned where it had all but this chance to be was not there
WRONG = 1e-4  # propensities that fit the assignments this rarely are said to be wrong
LEAST_ROWS = 30


@dataclass(frozen=True)
class Columns:
    """Names of a log's columns; None: there is none."""

    arm: str = "arm"
    reward: str = "reward"
    propensity: str = "propensity"
    unit: str | None = "unit"
    time: str | None = "time"
    id: str | None = "id"

    def as_dict(self) -> dict[str, str]:
        """Return those that there are, by role."""
        return {role: name for role, name in vars(self).items() if name is not None}


def read_log(path: Path, columns: Columns, *, low: float, high: float, silence: str) -> tuple[Log, tuple[Finding, ...]]:
    """Return the assignments of a log in the order of its rows, and what a person should know of them.

    Parameters
    ----------
    path
        A table file.
    columns
        Where what stands. Rows of one `id` are one assignment, as when the reward was logged later.
    low, high
        Range of the rewards.
    silence
        ``"unknown"``: an empty reward is not known; ``"low"``: it is the lowest one.

    Raises
    ------
    DataError
        A column is missing, or a row cannot be what the log says.
    SettingError
        The range is empty.
    """
    if not low < high:
        raise SettingError("high", high, f"a number above low={low}")
    rows = _rows(read_table(build_table(str(path), "log")), path, columns)
    rows["reward"] = (rows["reward"] - low) / (high - low)
    outside = ~rows["reward"].between(0, 1) & rows["reward"].notna()
    if outside.any():
        seen = low + rows["reward"][outside].iloc[0] * (high - low)
        raise DataError(
            f"{path}: {_at(outside)} has the reward {seen:g}, which is not between low={low:g} and high={high:g}: "
            "give the range of the rewards"
        )
    found = list(_clock_findings(rows))
    rows, repeats = _without_repeats(rows)
    found += repeats
    names = tuple(sorted(rows["arm"].unique()))
    arm = rows["arm"].map({name: place for place, name in enumerate(names)}).to_numpy()
    found += _missing_findings(rows, names, silence)
    reward = rows["reward"].fillna(0.0) if silence == "low" else rows["reward"]
    propensity = rows["propensity"].to_numpy()
    spans = tuple(_span(np.flatnonzero(arm == place), propensity, len(arm)) for place in range(len(names)))
    unit = pd.factorize(rows["unit"])[0]
    log = Log(arm, names, reward.to_numpy(), propensity, unit, spans)
    return log, (*found, *_span_findings(log), *_propensity_findings(log))


def _rows(table: pa.Table, path: Path, columns: Columns) -> pd.DataFrame:
    there = columns.as_dict()
    for role, name in there.items():
        if name not in table.column_names:
            near = did_you_mean(name, table.column_names) or f"; columns: {', '.join(table.column_names)}"
            without = f", or {role}=null if there is none" if role in ("unit", "time", "id") else ""
            raise DataError(f"{path} has no column {role}={name}{near}: say {role}=COLUMN{without}")
    rows = pd.DataFrame({role: _texts(table, there[role]) for role in ("arm", "unit", "id") if role in there})
    for role in ("reward", "propensity"):
        rows[role] = _numbers(table, there[role], path, role)
    rows["time"] = table.column(there["time"]).to_pandas().to_numpy() if "time" in there else np.arange(len(rows))
    for role in ("unit", "id"):
        rows[role] = rows[role] if role in rows else np.arange(len(rows)).astype(str)
    bad = ~rows["propensity"].between(0, 1, inclusive="right")
    for mask, what in ((rows["arm"].isna(), "no arm"), (bad, "a propensity that is not above 0 and at most 1")):
        if mask.any():
            seen = "" if what == "no arm" else f": {rows['propensity'][mask].iloc[0]:g}"
            raise DataError(f"{path}: {_at(mask)} has {what}{seen}; leave such rows out, or log it")
    for role in ("unit", "id"):
        if rows[role].isna().any():
            raise DataError(f"{path}: {_at(rows[role].isna())} has no {role}; fill it, or say {role}=null")
    return rows


def _texts(table: pa.Table, name: str) -> pd.Series:
    return pd.Series(categorical(table.column(name))).astype(object)


def _numbers(table: pa.Table, name: str, path: Path, role: str) -> pd.Series:
    cells = table.column(name).to_pandas()
    numbers: pd.Series = pd.to_numeric(cells, errors="coerce").astype(float)
    unread = numbers.isna() & cells.notna() & (cells.astype(str).str.strip() != "")
    if unread.any():
        raise DataError(f"{path}: {_at(unread)} has {role} {cells[unread].iloc[0]!r}, which is no number")
    return numbers


def _at(mask: pd.Series) -> str:
    """Say which row is meant first, counted from 1, and how many there are."""
    count, first = int(mask.sum()), int(mask.to_numpy().argmax()) + 1
    return f"row {first:,}" if count == 1 else f"row {first:,}, one of {count:,},"


def _clock_findings(rows: pd.DataFrame) -> Iterator[Finding]:
    time = rows["time"]
    try:
        back = int((time < time.cummax()).sum())
    except TypeError:
        raise DataError(
            f"time holds {time.iloc[0]!r}, which is neither a number nor a time: write seconds, or times as "
            "2026-11-26T05:30:00, or say time=null"
        ) from None
    if back:
        message = f"{counted(back, 'row')} of {len(rows):,} earlier than a row before: a clock went back"
        fix = "rows are read in the order of the file; if they were not assigned in it, sort them by assignment"
        yield Finding("CLOCK-WENT-BACK", "warning", message, {"rows": back}, fix)


def _without_repeats(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Return one row an id, and what was found; where rows of one id contradict each other, none of them."""
    if rows["id"].is_unique:
        return rows, []
    by_id = rows.groupby("id", sort=False)
    kinds = by_id[["arm", "propensity", "reward"]].nunique()
    conflicting = kinds.index[(kinds > 1).any(axis=1)]
    rows = rows.assign(reward=by_id["reward"].transform("first"))
    repeats = rows["id"].duplicated()
    in_conflict = rows["id"].isin(conflicting)
    findings = []
    if count := int((repeats & ~in_conflict).sum()):
        message = f"{counted(count, 'row')} with the id of a row before, of the same content: left out"
        findings.append(Finding("OUTCOME-REPEATED", "info", message, {"rows": count}))
    if count := len(conflicting):
        message = f"rows contradict each other for {counted(count, 'id')}, such as {conflicting[0]!r}: none was read"
        fix = "find out why an assignment was logged as two; what is left out may not be like the rest"
        findings.append(Finding("LOG-CONFLICT", "warning", message, {"ids": count}, fix))
    kept = rows[~repeats & ~in_conflict]
    if kept.empty:
        raise DataError("no assignment is left: rows of every id contradict each other")
    return kept.reset_index(drop=True), findings


def _missing_findings(rows: pd.DataFrame, names: tuple[str, ...], silence: str) -> Iterator[Finding]:
    came = rows["reward"].notna()
    if silence == "low" or came.all():
        return
    groups = rows.groupby("arm")["reward"]
    counts: Mapping[str, tuple[int, int]] = {
        name: (int(groups.size()[name]), int(groups.count()[name])) for name in names
    }
    said = list(missing_rewards(counts))
    yield from said
    if not said:
        message = f"{int((~came).sum()):,} of {len(rows):,} rewards are missing, of no arm more than of another"
        yield Finding("REWARD-MISSING", "info", message, {"rows": int((~came).sum())}, "silence=low reads them as no")


def _span(own: np.ndarray, propensity: np.ndarray, rows: int) -> tuple[int, int]:
    """Return from which row to which an arm was there, or else its absence were chance of the smallest share."""
    first, last, missed = int(own[0]), int(own[-1]), 1 - propensity.min()
    came_later = missed**first < NEVER
    went_before = missed ** (rows - 1 - last) < NEVER
    return (first if came_later else 0), (last + 1 if went_before else rows)


def _span_findings(log: Log) -> Iterator[Finding]:
    for name, (start, end) in zip(log.names, log.spans, strict=True):
        if (start, end) != (0, len(log.arm)):
            message = f"arm {name} was there from row {start:,} to row {end:,} of {len(log.arm):,} only"
            fix = "its value is that of this time: compare it with the others only if they did not change meanwhile"
            yield Finding("ARM-SPAN", "warning", message, {"arm": name, "from": start, "to": end}, fix)


def _propensity_findings(log: Log) -> Iterator[Finding]:
    """Compare how often each arm was assigned with how often its propensities say that it should have been."""
    from scipy.special import ndtr

    if np.unique(log.unit).size < log.unit.size:
        return  # rows of one unit are no draws of their own
    smallest = log.propensity.min()
    for place, (name, (start, end)) in enumerate(zip(log.names, log.spans, strict=True)):
        own = start + np.flatnonzero(log.arm[start:end] == place)
        rows, came = end - own[0] - 1, log.propensity[own[1:]]
        if came.size < LEAST_ROWS or smallest == 1:
            continue
        stand_for = float((1 / came).sum())
        most = math.sqrt(rows * (1 / smallest - 1))  # its spread if the arm had always had the smallest share
        p = float(2 * ndtr(-abs(stand_for - rows) / most))
        if p < WRONG:
            said = f"{came.size:,} assignments of arm {name} stand for {stand_for:,.0f} by their propensities"
            message = f"{said}, not for the {rows:,} that there were (p {p:.1g}): the propensities are wrong"
            fix = "log the probability with which the arm was really drawn; until then no value holds"
            evidence = {"arm": name, "stand_for": stand_for, "rows": int(rows), "p": p}
            yield Finding("PROPENSITY-WRONG", "warning", message, evidence, fix)
