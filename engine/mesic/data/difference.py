"""What differs between two versions of a table: columns, rows, cells, labels by labeler, distributions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.data.account import RowAccount
from mesic.data.coercion import coerce_table
from mesic.data.identity import bits, row_keys, table_digest
from mesic.data.reading import infer_schema
from mesic.data.schema import Column, Schema
from mesic.data.view import frame_of
from mesic.errors import DataError, UsageError
from mesic.host.names import did_you_mean
from mesic.profile.profile import Profile
from mesic.profile.shifts import Shift, shifts

FEWEST_ADDED_ROWS = 50
MOST_SHOWN = 5


@dataclass(frozen=True)
class ChangedCells:
    """Cells of one column that are others now, among rows that both versions hold.

    Parameters
    ----------
    column
        Its name.
    cells
        How many changed.
    share
        Of the rows that both versions hold.
    examples
        The first ones: number of the row before and now, and what the cell was and is.
    """

    column: str
    cells: int
    share: float
    examples: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class ChangedLabels:
    """Targets that are others now, of all rows or of one labeler's.

    Parameters
    ----------
    labeler
        Who gave the label as it is now; None for all rows together.
    rows
        Rows that both versions hold.
    changed
        Of these, with another target.
    flips
        How many went from which label to which, the most frequent first.
    """

    labeler: str | None
    rows: int
    changed: int
    flips: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Difference:
    """Everything that differs between two versions of a table.

    Parameters
    ----------
    rows, digests
        Of both versions: how many rows, and the digest of what they say.
    by
        What says which rows are the same: the key's columns, or all columns but the target.
    added, removed
        Numbers of the rows that only the newer, or only the older version holds.
    common
        How many rows both hold.
    added_columns, removed_columns
        Columns that only one version has.
    kinds
        Columns whose kind differs, with both.
    keys
        Columns that name each row of both versions, where no key was given.
    cells
        Changed cells by column, the most first.
    labels
        Changed targets, of all rows first, then by labeler.
    shifts
        Columns that are distributed otherwise.
    added_shifts
        Columns that are distributed otherwise among the added rows than in the older version.
    """

    rows: tuple[int, int]
    digests: tuple[str, str]
    by: tuple[str, ...]
    added: np.ndarray
    removed: np.ndarray
    common: int
    added_columns: tuple[str, ...]
    removed_columns: tuple[str, ...]
    kinds: Mapping[str, tuple[str, str]]
    keys: tuple[str, ...]
    cells: tuple[ChangedCells, ...]
    labels: tuple[ChangedLabels, ...]
    shifts: tuple[Shift, ...]
    added_shifts: tuple[Shift, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both versions say the same, in whatever order."""
        parts = (self.added, self.removed, self.added_columns, self.removed_columns, self.kinds, self.cells)
        return not any(len(part) for part in parts)

    def as_dict(self) -> dict[str, Any]:
        """Return the difference as ``--json`` prints it; of rows the first thousand."""
        facts = asdict(replace(self, added=self.added[:1000].tolist(), removed=self.removed[:1000].tolist()))
        return facts | {"added_rows": int(self.added.size), "removed_rows": int(self.removed.size)}


def difference(
    old: pa.Table,
    new: pa.Table,
    *,
    key: Sequence[str] = (),
    target: str | None = None,
    labeler: str | None = None,
    level: float = 0.95,
) -> Difference:
    """Return what differs between two versions of a table, whatever the order of their rows and columns.

    Parameters
    ----------
    old, new
        The versions, as sources give them.
    key
        Columns that name a row; without any, rows are the same that say the same but for target and labeler.
    target
        The column of labels; its changes are also counted by label and by labeler.
    labeler
        The column that says who gave a label.
    level
        One less the share of false discoveries among shifts.

    Raises
    ------
    UsageError
        A named column is in neither version.
    DataError
        A named column is missing in one version, the key names several rows, or no column is in both.

    Examples
    --------
    >>> old = pa.table({"id": [1, 2, 3], "size": [5.0, 6.0, 7.5], "label": ["a", "b", "a"]})
    >>> new = pa.table({"id": [3, 1, 4], "size": [7.5, 5.5, 8.0], "label": ["b", "a", "a"]})
    >>> found = difference(old, new, key=["id"], target="label")
    >>> found.added.tolist(), found.removed.tolist(), [(c.column, c.cells) for c in found.cells]
    ([2], [1], [('size', 1), ('label', 1)])
    """
    _refuse_unknown([*key, *(name for name in (target, labeler) if name)], old, new)
    before, after = infer_schema(old), infer_schema(new)
    shared = [name for name in before.names if name in after]
    if not shared:
        raise DataError(f"both versions share no column: one has {_few(before.names)}, the other {_few(after.names)}")
    kinds = {n: (before[n].kind, after[n].kind) for n in shared if _reads_otherwise(before[n], after[n])}
    columns = [_column_of_both(before[name], after[name], is_target=name == target) for name in shared]
    values = _typed(columns, old, new)
    rows = old.num_rows, new.num_rows
    was, now = _matched(values, rows, key, (target, labeler))
    added = np.setdiff1d(np.arange(new.num_rows), now, assume_unique=True)
    cells = [_changed(name, values, was, now) for name in shared if name not in key]
    return Difference(
        rows=rows,
        digests=(_digest(before, old), _digest(after, new)),
        by=tuple(key),
        added=added,
        removed=np.setdiff1d(np.arange(old.num_rows), was, assume_unique=True),
        common=was.size,
        added_columns=tuple(name for name in after.names if name not in before),
        removed_columns=tuple(name for name in before.names if name not in after),
        kinds=kinds,
        keys=() if key else tuple(name for name in shared if before[name].kind == after[name].kind == "id"),
        cells=tuple(sorted((found for found in cells if found.cells), key=lambda found: -found.cells)),
        labels=tuple(_labels(values, was, now, target, labeler)) if target else (),
        **_shifts(columns, values, added, level),
    )


def matched_rows(
    old: pa.Table, new: pa.Table, *, key: Sequence[str] = (), target: str | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the rows that two versions share, in the older and in the newer, as `difference` does."""
    before, after = infer_schema(old), infer_schema(new)
    shared = [name for name in before.names if name in after]
    columns = [_column_of_both(before[name], after[name], is_target=name == target) for name in shared]
    return _matched(_typed(columns, old, new), (old.num_rows, new.num_rows), key, (target,))


def _typed(columns: Sequence[Column], *tables: pa.Table) -> list[dict[str, Any]]:
    return [
        {name: cells.values for name, cells in coerce_table(table, columns, RowAccount(), "diff").items()}
        for table in tables
    ]


def _refuse_unknown(named: Sequence[str], old: pa.Table, new: pa.Table) -> None:
    for name in named:
        if name not in old.column_names and name not in new.column_names:
            raise UsageError(f"{name!r} is no column of either version{did_you_mean(name, new.column_names)}")
        for which, table in (("older", old), ("newer", new)):
            if name not in table.column_names:
                raise DataError(f"the {which} version has no column {name!r}")


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:MOST_SHOWN]) + (", ..." if len(names) > MOST_SHOWN else "")


def _digest(schema: Schema, table: pa.Table) -> str:
    typed = coerce_table(table, schema.columns, RowAccount(), "diff")
    return table_digest({name: cells.values for name, cells in typed.items()})


def _reads_otherwise(before: Column, after: Column) -> bool:
    """Return whether the kinds differ in how cells are read: ids, texts, constants and categories are all texts."""
    texts = {"category", "id", "text", "constant"}
    return before.kind != after.kind and not {before.kind, after.kind} <= texts


def _column_of_both(before: Column, after: Column, *, is_target: bool) -> Column:
    """Return how a column is read in both versions, so that equal cells are equal: as text where the kinds differ."""
    if is_target and before.kind == "boolean":
        return replace(before, kind="category")  # labels are said as they are spelt
    if before.kind == after.kind and before.kind != "constant":
        return before
    numeric = {"number", "constant", "id"}
    if {before.kind, after.kind} <= numeric and "high" in before.seen and "high" in after.seen:
        return replace(before, kind="number")
    spelt = next((kind for kind in ("number", "time", "boolean") if kind in (before.kind, after.kind)), None)
    return replace(before, kind="category", seen={"cells": spelt} if spelt else {})


Versions = Sequence[Mapping[str, Any]]


def _matched(
    values: Versions, rows: Sequence[int], key: Sequence[str], told: Sequence[str | None]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the rows that both versions hold; columns that are `told` do not say which row it is."""
    if key:
        return _matched_by_key(values, rows, key)
    return _matched_by_content(values, rows, [name for name in values[0] if name not in told])


def _matched_by_key(values: Versions, rows: Sequence[int], by: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the rows that both versions hold, in both; the key must name one row of each."""
    hashes = [_hashes(columns, count, by) for columns, count in zip(values, rows, strict=True)]
    for keys, columns, which in zip(hashes, values, ("older", "newer"), strict=True):
        if (repeated := pd.Series(keys).duplicated()).any():
            row = int(repeated.argmax())
            said = ", ".join(f"{name}={_plain(columns[name], row)!r}" for name in by)
            raise DataError(f"the key names several rows of the {which} version, such as {said}: give key=[...] more")
    return _paired(hashes[0], hashes[1])


def _matched_by_content(values: Versions, rows: Sequence[int], by: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers of the rows that both versions hold: first those that say the same in all, then in `by`."""
    was, now = _paired(*(_hashes(columns, count, list(columns)) for columns, count in zip(values, rows, strict=True)))
    left = [np.setdiff1d(np.arange(count), found) for count, found in zip(rows, (was, now), strict=True)]
    again = _paired(*(_hashes(c, n, by)[own] for c, n, own in zip(values, rows, left, strict=True)))
    was, now = np.append(was, left[0][again[0]]), np.append(now, left[1][again[1]])
    order = np.argsort(now)
    return was[order], now[order]


def _hashes(columns: Mapping[str, Any], rows: int, by: Sequence[str]) -> np.ndarray:
    return row_keys({name: columns[name] for name in by}, rows)


def _paired(old: np.ndarray, new: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the places of equal hashes; of several equal ones the first is paired with the first."""
    tables = [pd.DataFrame({"hash": hashes, "row": np.arange(hashes.size)}) for hashes in (old, new)]
    for table in tables:
        table["nth"] = table.groupby("hash").cumcount()
    both = tables[1].merge(tables[0], on=["hash", "nth"], suffixes=("_now", "_was"))
    return both["row_was"].to_numpy(), both["row_now"].to_numpy()


def _changed(name: str, values: Versions, was: np.ndarray, now: np.ndarray) -> ChangedCells:
    old, new = values[0][name], values[1][name]
    places = np.flatnonzero(bits(old)[was] != bits(new)[now])
    examples = [
        {"row_was": int(was[p]), "row_now": int(now[p]), "was": _plain(old, was[p]), "now": _plain(new, now[p])}
        for p in places[:MOST_SHOWN]
    ]
    return ChangedCells(name, places.size, places.size / max(was.size, 1), tuple(examples))


def _plain(values: Any, row: int) -> Any:
    value = values[row]
    return None if pd.isna(value) else value.item() if isinstance(value, np.generic) else value


def _labels(
    values: Versions, was: np.ndarray, now: np.ndarray, target: str, labeler: str | None
) -> list[ChangedLabels]:
    pairs = pd.DataFrame(
        {
            "was": np.asarray(values[0][target], dtype=object)[was],
            "now": np.asarray(values[1][target], dtype=object)[now],
            "is_changed": bits(values[0][target])[was] != bits(values[1][target])[now],
        }
    )
    found = [_flips(None, pairs)]
    if labeler:
        who = np.asarray(values[1][labeler], dtype=object)[now]
        found += [_flips(str(name), group) for name, group in pairs.groupby(who, sort=True)]
    return [found[0], *sorted(found[1:], key=lambda one: -one.changed)]


def _flips(labeler: str | None, pairs: pd.DataFrame) -> ChangedLabels:
    changed = pairs[pairs["is_changed"]]
    counts = changed.groupby(["was", "now"], dropna=False).size().reset_index(name="rows")
    ranked = counts.sort_values("rows", ascending=False, kind="stable")[: MOST_SHOWN * 2]
    flips: list[Mapping[str, Any]] = [
        {str(name): None if pd.isna(cell) else cell for name, cell in line.items()}
        for line in ranked.to_dict("records")
    ]
    return ChangedLabels(labeler, len(pairs), len(changed), tuple(flips))


def _shifts(
    columns: Sequence[Column], values: Versions, added: np.ndarray, level: float
) -> dict[str, tuple[Shift, ...]]:
    names = [column.name for column in columns if column.kind not in ("id", "text", "constant")]
    if not names:
        return {"shifts": (), "added_shifts": ()}
    old, new = (frame_of({name: table[name] for name in names}, len(table[names[0]])) for table in values)
    reference = Profile.of(old)
    whole = shifts(reference, reference.counted(new), level=level)
    fresh = (
        shifts(reference, reference.counted(new.iloc[added]), level=level) if added.size >= FEWEST_ADDED_ROWS else []
    )
    return {"shifts": tuple(whole), "added_shifts": tuple(fresh)}
