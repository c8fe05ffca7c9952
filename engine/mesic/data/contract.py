"""A table held against a schema: propose one, say everything that differs, accept what is meant to differ."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from mesic.data.account import RowAccount
from mesic.data.coercion import Coerced, coerce_table
from mesic.data.reading import NOT_IN_SCHEMA, assign_roles, infer_schema, lost_columns, unlike_findings, with_seen
from mesic.data.rules import Broken, accepted, broken_rules, proposed
from mesic.data.schema import IGNORED, Schema
from mesic.errors import UsageError
from mesic.findings import Finding
from mesic.host.names import did_you_mean

EVERYTHING = "*"


def propose(table: pa.Table, options: Mapping[str, Any], target: str | None) -> Schema:
    """Return a schema with the rules that a table keeps, with slack, and the declared parts.

    Parameters
    ----------
    table
        The rows.
    options
        What is declared of the columns: ``SourceOptions`` by name.
    target
        The column to predict, where it is known.
    """
    schema = assign_roles(infer_schema(table), options, target)
    coerced = coerce_table(table, schema.columns, RowAccount(), "schema")
    for column in schema.columns:
        if column.why != IGNORED and column.kind != "constant":
            schema = schema.with_column(proposed(column, coerced[column.name]))
    return schema


@dataclass(frozen=True)
class Verdict:
    """How a table stands to a schema.

    Parameters
    ----------
    given
        The schema as its file says it.
    schema
        Its columns that the table has, with what was seen of them, and the table's other columns, ignored.
    coerced
        The table's typed columns by name.
    broken
        Every rule that the table breaks.
    lost
        Columns that the schema needs and the table lacks.
    findings
        What differs and breaks no rule.
    """

    given: Schema
    schema: Schema
    coerced: Mapping[str, Coerced]
    broken: tuple[Broken, ...]
    lost: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def extra(self) -> tuple[str, ...]:
        """Columns that only the table has."""
        return tuple(column.name for column in self.schema.columns if column.why == NOT_IN_SCHEMA)

    @property
    def holds(self) -> bool:
        """Whether the table keeps every rule."""
        return not self.broken and not self.lost


def judge(table: pa.Table, given: Schema) -> Verdict:
    """Return everything in which a table differs from a schema."""
    schema = with_seen(given, table, infer_schema(table))
    coerced = coerce_table(table, schema.columns, RowAccount(), "schema")
    return Verdict(
        given,
        schema,
        coerced,
        tuple(broken_rules(schema, coerced)),
        tuple(lost_columns(given, table)),
        tuple(unlike_findings(schema, given, table.num_rows)),
    )


def widened(verdict: Verdict, names: Sequence[str]) -> Schema:
    """Return the given schema with what differs taken as meant.

    Parameters
    ----------
    verdict
        What differs.
    names
        ``COLUMN.RULE`` widens a rule by what was seen; ``COLUMN`` every broken rule of a column, adds a column that
        the schema lacks, takes out one that the table lacks; ``*`` does all of it.

    Raises
    ------
    UsageError
        A name names nothing that differs.
    """
    choices = _choices(verdict)
    for name in names:
        if name not in choices:
            near = did_you_mean(name, choices) or f"; what differs: {', '.join(sorted(choices)) or 'nothing'}"
            raise UsageError(f"accept={name} names nothing in which the table differs from the schema{near}")
    chosen = {key for name in names for key in choices[name]}
    schema = accepted(verdict.schema, [b for b in verdict.broken if (b.column, b.rule) in chosen], verdict.coerced)
    new = [name for name in verdict.extra if (name, "") in chosen]
    kept = [verdict.given[c.name] if c.name not in schema else schema[c.name] for c in verdict.given.columns]
    kept = [column for column in kept if (column.name, "") not in chosen]
    added = [proposed(replace(verdict.schema[name], role="feature", why=""), verdict.coerced[name]) for name in new]
    return Schema((*kept, *added))


def _choices(verdict: Verdict) -> dict[str, list[tuple[str, str]]]:
    """Return what each name that can be accepted stands for: a column and its rule, or the whole column."""
    choices: dict[str, list[tuple[str, str]]] = {}
    for problem in verdict.broken:
        for name in (problem.column, f"{problem.column}.{problem.rule}", EVERYTHING):
            choices.setdefault(name, []).append((problem.column, problem.rule))
    for column in (*verdict.lost, *verdict.extra):
        for name in (column, EVERYTHING):
            choices.setdefault(name, []).append((column, ""))
    return choices
