"""The columns of a log, typed; a cell that cannot be read is named, and nothing is guessed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mesic.ab.plan import Columns, Design
from mesic.data.coercion import Coerced, categorical, coerce
from mesic.data.inference import BLANKS, is_numeric, is_time, plain_values
from mesic.data.schema import Column, Kind
from mesic.errors import DataError, SettingError
from mesic.host.names import did_you_mean

UNIT, ARM, TIME, CLUSTER = "unit", "arm", "time", "cluster"
OUTCOME, DENOMINATOR, COVARIATE = "outcome", "denominator", "covariate"
GUARD = "guard "  # before the name of a guard's column


def guard_columns(design: Design) -> list[str]:
    """Return the columns that guards are made of, each once."""
    return list(dict.fromkeys(name for guard in design.guards for name in guard.columns if name))


@dataclass(frozen=True)
class Typed:
    """A log's rows, and what their codes stand for.

    Parameters
    ----------
    rows
        A column a part: units and clusters as codes, arms as text, everything else as numbers.
    names
        Of units and clusters, by code.
    """

    rows: pd.DataFrame
    names: Mapping[str, pa.Array]


def typed_rows(table: pa.Table, design: Design) -> Typed:
    """Return a log's rows, a column a part.

    Parameters
    ----------
    table
        The log, a row an exposure or an outcome.
    design
        Which column is what.

    Raises
    ------
    DataError
        A column is missing, a row has no unit, arm or time, or a cell is not what its column holds.
    """
    columns = design.columns
    _refuse_missing(table, design)
    names = {}
    arms = categorical(table.column(columns.arm))
    _refuse(np.asarray(arms.codes) < 0, ARM, columns.arm, "empty")
    rows: dict[str, Any] = {ARM: arms}
    for who, name in ((UNIT, columns.unit), (CLUSTER, columns.cluster)):
        if name:
            rows[who], names[who] = _coded(table, who, name)
    rows[TIME] = _times(table, columns.time) if columns.time else np.arange(table.num_rows, dtype=float)
    is_yes_or_no = design.is_proportion and not columns.denominator
    rows[OUTCOME] = _numbers(table, OUTCOME, columns.outcome, is_yes_or_no=is_yes_or_no)
    for part, name in ((DENOMINATOR, columns.denominator), (COVARIATE, columns.covariate)):
        if name:
            rows[part] = _numbers(table, part, name)
    for name in guard_columns(design):
        rows[GUARD + name] = _numbers(table, "guards", name)
    return Typed(pd.DataFrame(rows), names)


def has_dates(table: pa.Table, columns: Columns) -> bool:
    """Return whether the log's times are dates or moments, rather than numbers."""
    return columns.time is not None and not is_numeric(table.column(columns.time).type)


def _refuse_missing(table: pa.Table, design: Design) -> None:
    columns = design.columns
    named = {part: getattr(columns, part) for part in (UNIT, ARM, TIME, OUTCOME, DENOMINATOR, COVARIATE, CLUSTER)}
    wanted = [(f"{part}={name}", name) for part, name in named.items() if name]
    wanted += [(f"guards=[{guard.name}:...]", name) for guard in design.guards for name in guard.columns if name]
    for said, name in wanted:
        if name not in table.column_names:
            near = did_you_mean(name, table.column_names)
            hint = near or f"; columns: {', '.join(table.column_names)}"
            raise DataError(f"the log has no column {name!r}, for {said}{hint}")
    if not table.num_rows:
        raise DataError("the log has no rows: nobody was exposed yet")


def _coded(table: pa.Table, part: str, name: str) -> tuple[np.ndarray, pa.Array]:
    """Return a code a row, from 0 in the order of the rows, and what each stands for."""
    values = plain_values(table.column(name))
    encoded = values.combine_chunks() if pa.types.is_dictionary(values.type) else values.dictionary_encode()
    encoded = encoded.unify_dictionaries().combine_chunks() if isinstance(encoded, pa.ChunkedArray) else encoded
    codes = np.asarray(encoded.indices.fill_null(-1)).astype(np.int64)
    texts = encoded.dictionary
    is_blank = pc.is_in(texts, pa.array(BLANKS, texts.type)) if _is_text(texts.type) else texts.is_null()
    _refuse(np.append(np.asarray(is_blank), True)[codes], part, name, "empty")
    return codes, texts


def _times(table: pa.Table, name: str) -> np.ndarray:
    values = table.column(name)
    kind: Kind = "number" if is_numeric(values.type) else "time"
    if not is_numeric(values.type) and not is_time(values.type) and not _is_text(values.type):
        raise DataError(f"time={name} holds {values.type}: give moments such as 2026-03-01T09:30:00Z, or numbers")
    found = coerce(Column(name, kind), values)
    _refuse(np.isnan(found.values), TIME, name, "no moment such as 2026-03-01T09:30:00Z")
    return np.asarray(found.values)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind))


def _numbers(table: pa.Table, part: str, name: str, *, is_yes_or_no: bool = False) -> np.ndarray:
    """Return a column as numbers, nan where a cell is empty."""
    values = table.column(name)
    if is_yes_or_no or pa.types.is_boolean(values.type):
        found = coerce(Column(name, "boolean"), values)
        _refuse_misfits(found, part, name, "0 or 1, yes or no; for amounts give sd in the plan")
    else:
        found = coerce(Column(name, "number"), values)
        _refuse_misfits(found, part, name, "numbers")
    return np.asarray(found.values, dtype=float)


def _refuse_misfits(found: Coerced, part: str, name: str, allowed: str) -> None:
    wrong = found.misfits if found.misfits is not None else np.zeros(0, dtype=bool)
    if wrong.any():
        raise DataError(
            f"{part}={name} holds {found.examples[0]!r} in row {int(np.flatnonzero(wrong)[0])} and "
            f"{int(wrong.sum()):,} such cells in all: give {allowed}"
        )


def _refuse(wrong: np.ndarray, part: str, name: str, what: str) -> None:
    if wrong.any():
        row, count = int(np.flatnonzero(wrong)[0]), int(wrong.sum())
        mend = "; time=null takes the rows in their order" if part == TIME else ""
        raise DataError(f"{part}={name} is {what} in {count:,} rows, such as row {row}: mend the log{mend}")


def refuse_other_arms(arms: Sequence[str], planned: Sequence[str]) -> None:
    """Refuse a log in which no planned arm stands.

    Raises
    ------
    SettingError
        None does.
    """
    if not set(arms) & set(planned):
        raise SettingError("arms", list(planned), f"the arms of the log, the control first: {', '.join(arms)}")
