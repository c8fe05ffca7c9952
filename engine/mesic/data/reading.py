"""Read a source and make typed rows of it."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from mesic.data.account import RowAccount
from mesic.data.availability import hide_later, without_later
from mesic.data.coercion import coerce_table
from mesic.data.identity import table_digest
from mesic.data.inference import NO_VALUES, UNREAD, infer_column, kind_of_cells, plain_values
from mesic.data.rules import broken_rules, refuse
from mesic.data.schema import IGNORED, ROLES_OF_ONE, Column, Schema, load_schema
from mesic.errors import DataError, UsageError
from mesic.findings import Finding, ignoring
from mesic.host.names import did_you_mean

BATCH_ROWS = 65_536
MOST_NAMED = 50  # columns in one message
NOT_IN_SCHEMA = "not in the schema"
FEWEST_VALUES_TO_GET_STUCK = 10  # of fewer, one may be so rare that a table lacks it by chance
MEND_OF_RULES = (
    "\nmend the cells, or accept what is new: `mesic data schema` with the same source and "
    "'accept=[COLUMN.RULE]' out=NEW.yaml widens the rules"
)


class Source(Protocol):
    """Where rows come from. ``target`` names the column to predict where the source knows it, else None.

    What a source finds on its way it leaves in ``findings``, after the last batch.
    """

    target: str | None

    def columns(self) -> list[str]:
        """Return the column names without reading rows."""
        ...

    def batches(self, rows: int) -> Any:
        """Yield ``pyarrow.RecordBatch``es of at most `rows` rows each."""
        ...


@dataclass(frozen=True)
class TypedTable:
    """A source's rows, typed by its schema."""

    columns: Mapping[str, Any]
    schema: Schema
    rows: int
    digest: str
    account: RowAccount
    findings: tuple[Finding, ...]


def read_table(source: Source) -> pa.Table:
    """Return all rows of a source.

    Raises
    ------
    DataError
        The source has no rows, no columns, or two columns of one name.
    """
    names = source.columns()
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        count = "1 column name occurs" if len(repeated) == 1 else f"{len(repeated)} column names occur"
        raise DataError(f"{count} twice: {_listed(list(map(repr, repeated)))}; rename them")
    batches = list(source.batches(BATCH_ROWS))
    rows = sum(batch.num_rows for batch in batches)
    if not rows or not names:
        raise DataError(f"the source has {rows} rows and {len(names)} columns: there is nothing to learn from")
    return pa.Table.from_batches(batches)


def findings_of(source: Source) -> tuple[Finding, ...]:
    """Return what a source found while it was read."""
    return tuple(getattr(source, "findings", ()))


def infer_schema(table: pa.Table) -> Schema:
    """Return what each column of a table seems to be."""
    return Schema(tuple(infer_column(name, table.column(name)) for name in table.column_names))


def assign_roles(schema: Schema, options: Mapping[str, Any], target: str | None) -> Schema:
    """Give the declared columns their parts; a part that the schema gives is kept.

    Raises
    ------
    UsageError
        A declared column does not exist, or the schema gives its part to another.
    """
    given: dict[str, str] = {column.role: column.name for column in schema.columns}
    for role in ROLES_OF_ONE:
        said = options.get(role)
        if said is not None and given.get(role, said) != said:
            raise UsageError(f"source.{role}={said!r}, but the schema says {given[role]!r}: let them agree")
        name = target if role == "target" else said
        if name is not None and role not in given:
            schema = schema.with_column(_in_role(_known(schema, name, role), role))
    for name in options.get("ignore") or []:
        column = _known(schema, name, "ignore")
        if column.role in ROLES_OF_ONE:
            raise UsageError(f"column {name!r} cannot be {column.role} and ignore at once")
        schema = schema.with_column(replace(column, role="ignored", why=IGNORED))
    return schema


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more


def _known(schema: Schema, name: str, role: str) -> Column:
    if name not in schema:
        near = did_you_mean(name, schema.names)
        raise UsageError(f"source.{role}={name!r} is no column{near or '; columns: ' + _listed(schema.names)}")
    return schema[name]


def _in_role(column: Column, role: Any) -> Column:
    kind = column.kind
    if role in ("time", "weight") and kind == "id" and "high" in column.seen:
        kind = "number"  # numbers that count the rows say nothing about others, but order them
    if role == "time" and kind not in ("time", "number"):
        raise DataError(f"source.time={column.name!r} holds no times but {kind}: give dates or numbers")
    if role == "weight" and kind not in ("number", "constant"):
        raise DataError(f"source.weight={column.name!r} holds no numbers but {kind}")
    if role == "target" and column.why.startswith(NO_VALUES):
        raise DataError(f"source.target={column.name!r} cannot be predicted: its {column.why}")
    if role == "part" and kind != "time":
        kind = "category"
    if role == "target" and kind in ("id", "text", "boolean"):
        kind = "number" if "high" in column.seen else "category"
    return replace(column, role=role, kind=kind, why="")


def type_table(table: pa.Table, options: Mapping[str, Any], target: str | None) -> TypedTable:
    """Return a table's rows, typed by the given schema or by an inferred one.

    Parameters
    ----------
    table
        What the source gave.
    options
        What was declared of its columns, and ``reads_text``: whether a transformer makes features of free text.
    target
        Which column is predicted, where it is known.
    """
    account = RowAccount(read=table.num_rows)
    path = options.get("schema")
    given = load_schema(Path(path)) if path else None
    schema = _merged(table, given) if given else infer_schema(table)
    if options.get("reads_text"):
        schema = with_texts(schema)
    schema = assign_roles(schema, options, target)
    if not any(column.role == "target" for column in schema.columns):
        raise UsageError(f"no target: give source.target=COLUMN, one of {_listed(schema.names)}")
    schema, late = without_later(schema)
    coerced = coerce_table(table, schema.columns, account, "schema")
    refuse(broken_rules(schema, coerced), MEND_OF_RULES)
    typed = {name: column.values for name, column in coerced.items()}
    digest = table_digest(typed)
    hide_later(typed, schema, account, "schema")
    findings = (*late, *unlike_findings(schema, given, table.num_rows), *_findings(schema, account))
    return TypedTable(typed, schema, table.num_rows, digest, account, findings)


def with_texts(schema: Schema) -> Schema:
    """Return a schema in which free text that is unread, and not ignored by name, is a feature."""
    return Schema(tuple(replace(c, role="feature", why="") if c.why == UNREAD else c for c in schema.columns))


def _merged(table: pa.Table, given: Schema) -> Schema:
    """Take the given columns, each with what was seen now; refuse a table that lacks one."""
    inferred = infer_schema(table)
    lost = lost_columns(given, table)
    if lost:
        near = did_you_mean(lost[0], inferred.names)
        raise DataError(f"columns of the schema are not in the data: {', '.join(map(repr, lost))}{near}")
    return with_seen(given, table, inferred)


def lost_columns(given: Schema, table: pa.Table) -> list[str]:
    """Return the names of the columns that a schema needs and a table lacks."""
    return [c.name for c in given.columns if c.name not in table.column_names and c.role != "ignored"]


def with_seen(given: Schema, table: pa.Table, inferred: Schema) -> Schema:
    """Return the given columns that a table has, each with what was seen of it, and its other columns, ignored."""
    extra = [replace(c, role="ignored", why=NOT_IN_SCHEMA) for c in inferred.columns if c.name not in given]
    kept = [replace(c, seen={**inferred[c.name].seen, **_cells(c, table)}) for c in given.columns if c.name in inferred]
    return Schema((*kept, *extra))


def _cells(column: Column, table: pa.Table) -> dict[str, str]:
    """Say what the cells of a category are if they are no text, so that every format gives them one spelling."""
    cells = kind_of_cells(plain_values(table.column(column.name)).type) if column.kind == "category" else None
    return {"cells": cells} if cells else {}


def unlike_findings(schema: Schema, given: Schema | None, rows: int) -> Iterator[Finding]:
    """Say which columns a given schema does not know, and which hold one value now and held several then."""
    for column in schema.columns if given else ():
        if column.why == NOT_IN_SCHEMA:
            message = f"column {column.name!r} is not used: it is not in the schema"
            fix = f"'accept=[{column.name}]' of `mesic data schema` adds it"
            yield Finding("EXTRA-COLUMN", "warning", message, {"column": column.name}, fix)
    for then in given.columns if given else ():
        now = schema[then.name].seen if then.name in schema else {}
        varied = then.seen.get("distinct", 0) >= FEWEST_VALUES_TO_GET_STUCK
        if varied and now.get("distinct") == 1 and not now.get("missing") and rows >= FEWEST_VALUES_TO_GET_STUCK:
            message = f"column {then.name!r} held {then.seen['distinct']:,} values, and holds one now"
            yield Finding("STUCK-COLUMN", "warning", message, {"column": then.name}, "find out who stopped filling it")


def _findings(schema: Schema, account: RowAccount) -> Iterator[Finding]:
    ignored = schema.ignored
    for column in schema.columns:
        if column.role == "ignored" and column.kind in ("id", "constant", "text"):
            use = "transformer=[text_counts] reads it" if column.why == UNREAD else "edit schema.yaml to use it"
            yield Finding(
                f"{column.kind.upper()}-COLUMN",
                "info",
                f"column {column.name!r} is not used: {column.why}",
                {"column": column.name, **column.seen},
                f"{ignoring([*ignored, column.name])} says so yourself; {use}",
            )
        if column.why != IGNORED:
            yield from _misread(column)
    for entry in account.entries:
        if entry.what.startswith("coerced"):
            was = "were" if entry.cells > 1 else "was"
            yield Finding(
                "COERCED-CELLS",
                "warning" if entry.cells > account.read / 100 else "info",
                f"{entry.cells:,} cell{'s' * (entry.cells > 1)} of {entry.column!r} {was} {entry.what} ({entry.why})",
                {"column": entry.column, "cells": entry.cells},
                "mend the cells, or edit the column's kind in schema.yaml",
            )


def _misread(column: Column) -> Iterator[Finding]:
    """Say what a column's cells look like and were not read as."""
    if column.seen.get("looks_like") == "number":
        message = f"column {column.name!r} is read as {column.kind}, but its cells look like numbers: "
        message += repr(column.seen["such_as"])
        fix = "write them as plain numbers, such as 1234.5"
        yield Finding("NUMBERS-AS-TEXT", "warning", message, {"column": column.name, **column.seen}, fix)
    if column.seen.get("zones") == "mixed":
        message = f"some times of column {column.name!r} say their time zone and others do not; those are taken as UTC"
        yield Finding("MIXED-ZONES", "warning", message, {"column": column.name}, "write all of them in one zone")
