"""The envelope: what the training rows have shown of each column, and a bundle that answers within it only."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.data.availability import MOMENTS
from mesic.data.coercion import Coerced
from mesic.data.rules import KINDS_THAT_CELLS_MAY_MISS, broken_by_cells, expected, reach
from mesic.data.schema import ENVELOPE, Column, Schema, load_schema
from mesic.errors import CheckFailed, UsageError

if TYPE_CHECKING:
    from mesic.bundle.bundle import Bundle

FILE, FORMAT = "envelope.json", 1
OPEN, STRICT = "open", "strict"
KINDS = (OPEN, STRICT)
MOST_SHOWN = 60


def envelope_of(X: pd.DataFrame, schema: Schema) -> dict[str, Any]:
    """Return what rows have shown of each column, as a bundle keeps it; of columns with a clock nothing is kept.

    Parameters
    ----------
    X
        The training rows: float64 columns with NaN, or ``category`` columns of the levels that occur.
    schema
        What the columns are.

    Examples
    --------
    >>> X = pd.DataFrame({"age": [20.0, 58.0, 60.0], "town": pd.Categorical(["Ulm", None, "Bonn"])})
    >>> schema = Schema((Column("age", "number"), Column("town", "category")))
    >>> for told in envelope_of(X, schema)["columns"].values():
    ...     print(told)
    {'missing': 0, 'low': 20.0, 'high': 60.0, 'range': [0.0, 100.0]}
    {'missing': 1, 'levels': ['Bonn', 'Ulm']}
    """
    names = [str(name) for name in X if schema[str(name)].available_at in MOMENTS]
    return {"format": FORMAT, "rows": len(X), "columns": {name: _shown(schema[name], X[name]) for name in names}}


def _shown(column: Column, values: pd.Series) -> dict[str, Any]:
    missing = {"missing": int(values.isna().sum())}
    if values.dtype == "category":
        levels = {} if column.kind == "text" else {"levels": [str(level) for level in values.cat.categories]}
        return missing | levels
    known = values.to_numpy(dtype=np.float64)
    known = known[~np.isnan(known)]
    if not known.size:
        return missing
    low, high = float(known.min()), float(known.max())
    far = reach(column, known) or (low, high)
    return missing | {"low": low, "high": high, "range": list(far)}


def with_envelope(bundle: "Bundle", kind: str) -> "Bundle":
    """Return a bundle that answers by its schema alone (``open``), or within its envelope only (``strict``).

    In a strict bundle the envelope is part of the schema: whatever asks the schema refuses what the training rows have
    not shown, and names the column, the value and what is expected. A number may lie as far outside of those seen as
    ``mesic data schema`` proposes; a level must have been seen; a cell may be missing, or not fit its kind, only where
    one was missing.

    Raises
    ------
    UsageError
        The bundle keeps no envelope.
    """
    if kind == bundle.envelope:
        return bundle
    schema = load_schema(bundle.folder / "schema.yaml")
    if kind == STRICT:
        schema = _within(schema, _kept(bundle))
    return replace(bundle, schema=schema, envelope=kind)


def _kept(bundle: "Bundle") -> Mapping[str, Mapping[str, Any]]:
    path = bundle.folder / FILE
    if not path.is_file():
        raise UsageError(
            f"envelope=strict cannot work: bundle {bundle.folder} was made before bundles kept what training has seen; "
            "run again, or leave it out"
        )
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        columns: Mapping[str, Mapping[str, Any]] = told["columns"]
        _ = [_tightened(Column(name, "number"), facts) for name, facts in columns.items()]
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise CheckFailed(f"bundle {bundle.folder} is refused: {FILE} cannot be understood ({error})") from error
    if told.get("format") != FORMAT:
        raise UsageError(f"bundle {bundle.folder} has an envelope of format {told.get('format')!r}, not {FORMAT}")
    return columns


def _within(schema: Schema, envelope: Mapping[str, Mapping[str, Any]]) -> Schema:
    tight = [_tightened(one, envelope[one.name]) if one.name in envelope else one for one in schema.columns]
    return Schema(tuple(tight))


def _tightened(column: Column, shown: Mapping[str, Any]) -> Column:
    """Return a column whose rules are those of the schema and those of the envelope; it says which are the latter's."""
    rules: dict[str, Any] = {}
    if not int(shown["missing"]) and column.missing != "forbidden":
        rules["missing"] = "forbidden"
    if not int(shown["missing"]) and column.kind in KINDS_THAT_CELLS_MAY_MISS and column.misfits != "forbidden":
        rules["misfits"] = "forbidden"
    if "range" in shown and (limits := _narrower(column, shown["range"])) != column.range:
        rules["range"] = limits
    if "levels" in shown and (levels := _fewer(column, shown["levels"])) != column.levels:
        rules["levels"] = levels
    return replace(column, **rules, seen={**column.seen, ENVELOPE: tuple(rules)})


def _narrower(column: Column, limits: Sequence[float]) -> tuple[float, float]:
    low, high = (float(limit) for limit in limits)
    own_low, own_high = column.range or (low, high)
    return max(low, own_low), min(high, own_high)


def _fewer(column: Column, levels: Sequence[str]) -> tuple[str, ...]:
    return tuple(str(level) for level in levels if column.levels is None or level in column.levels)


def outside(strict: "Bundle", coerced: Mapping[str, Coerced], table: pa.Table) -> dict[int, dict[str, str]]:
    """Return for each row that lies outside of the envelope why it does, by column.

    Parameters
    ----------
    strict
        A bundle within its envelope.
    coerced
        Typed columns of the rows, which keep the schema itself.
    table
        The rows as they were given.

    Returns
    -------
    dict
        By the row's number, ascending; then, by the column's name, what the cell holds and what it may hold.
    """
    found: dict[int, dict[str, str]] = {}
    for name in strict.needed:
        column = strict.schema[name]
        rows = {int(row) for broken in broken_by_cells(column, coerced[name]) for row in broken.rows}
        for row in rows:
            cell = table.column(name)[row].as_py()
            held = "nothing" if cell is None else repr(cell)[:MOST_SHOWN]
            found.setdefault(row, {})[name] = f"{held}, and expected is {expected(column)}"
    return dict(sorted(found.items()))
