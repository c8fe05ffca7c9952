"""From the cells that a source gave to typed values, by the schema; every coerced cell is counted."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mesic.data.account import Entry, RowAccount
from mesic.data.inference import (
    BLANKS,
    TRUTHS,
    is_bytes,
    is_numeric,
    is_time,
    kind_of_cells,
    parse_times,
    plain_values,
    text_values,
)
from mesic.data.schema import Column

SECONDS_A_DAY = 86_400
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
MOST_SHOWN = 5


@dataclass(frozen=True)
class Coerced:
    """One typed column: float64 with NaN, or a pandas Categorical of text; and the cells that became missing.

    Parameters
    ----------
    values
        The cells, shape (n,).
    lost
        How many held something and are missing now.
    examples
        What some of them held.
    why
        The reason.
    respelt
        How many were one of several spellings of true and false.
    misfits
        Which of the lost were no blanks, bool of shape (n,); None where none was lost.
    """

    values: Any
    lost: int = 0
    examples: tuple[Any, ...] = ()
    why: str = ""
    respelt: int = 0
    misfits: np.ndarray | None = None


def coerce(column: Column, values: pa.ChunkedArray) -> Coerced:
    """Return a column's typed values.

    Numbers, booleans (0, 1), times (days since 1970, UTC) and durations (seconds) are float64; every other kind is
    categorical text. A cell that the kind does not allow becomes missing and is counted, as are infinities.
    """
    values = plain_values(values)
    if column.kind in ("category", "id", "text") or (column.kind == "constant" and not is_numeric(values.type)):
        return Coerced(categorical(values, column.seen.get("cells")))
    if column.kind == "boolean":
        return _boolean(values)
    if column.kind == "time":
        return _time(values)
    return _number(values)


def categorical(values: pa.ChunkedArray, cells: str | None = None) -> pd.Categorical:
    """Return a column as text levels in sorted order; blanks are missing.

    Parameters
    ----------
    values
        The column, of any type.
    cells
        What the cells are where the column is text: ``"number"``, ``"boolean"``, ``"time"`` or, with None, text.
        Numbers, truths and times have one spelling each, whatever the format they come from.
    """
    values = plain_values(values)
    if pa.types.is_nested(values.type) or pa.types.is_interval(values.type) or is_bytes(values.type):
        values = pa.chunked_array([pa.array(map(_as_text, values.to_pylist()), pa.string())])
    if pa.types.is_null(values.type):
        return pd.Categorical([None] * len(values), categories=pd.Index([], dtype=object))
    spelt = _SPELLINGS.get(kind_of_cells(values.type) or cells or "", str)
    encoded = text_values(values)
    levels = [None if level is None else spelt(level) for level in encoded.dictionary.to_pylist()]
    names, position = _sorted_levels(levels)
    codes = np.asarray(encoded.indices.fill_null(-1)).astype(np.int64)
    table = np.append(position, -1)  # code -1 reads the last entry
    return pd.Categorical.from_codes(table[codes], categories=pd.Index(names, dtype=object))


def _as_text(cell: Any) -> str | None:
    if isinstance(cell, bytes):
        return cell.hex()
    return None if cell is None else str(cell)


def _number_text(text: str) -> str:
    """Spell a number: 3.0 and 3.00 as 3, so that codes do not depend on whether one of them is missing."""
    if re.fullmatch(r"[+-]?\d+", text):
        return str(int(text))
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(number)) if number.is_integer() else repr(number) if np.isfinite(number) else text


def _truth_text(text: str) -> str:
    truth = TRUTHS.get(text.lower())
    return text if truth is None else str(bool(truth)).lower()


def _time_text(text: str) -> str:
    (moment,) = parse_times(pd.Series([text], dtype=object))
    return text if moment is pd.NaT else moment.isoformat().removesuffix("+00:00").removesuffix("T00:00:00")


_SPELLINGS: Mapping[str, Callable[[str], str]] = {
    "number": _number_text,
    "boolean": _truth_text,
    "time": _time_text,
}


def _sorted_levels(levels: Sequence[str | None]) -> tuple[list[str], np.ndarray]:
    kept = sorted({level for level in levels if level is not None and level not in BLANKS})
    place: dict[str | None, int] = {level: number for number, level in enumerate(kept)}
    return kept, np.array([place.get(level, -1) for level in levels], dtype=np.int64)


def _by_level(values: pa.ChunkedArray, translated: Iterable[float]) -> np.ndarray:
    """Spread one number a level over the cells."""
    encoded = text_values(values)
    table = np.append(np.asarray(list(translated), dtype=np.float64), np.nan)
    return table[np.asarray(encoded.indices.fill_null(-1)).astype(np.int64)]


def _lost_levels(values: pa.ChunkedArray, result: np.ndarray, why: str, respelt: int = 0) -> Coerced:
    """Count the cells that held something and are missing now."""
    encoded = text_values(values)
    levels = encoded.dictionary.to_pylist()
    codes = np.asarray(encoded.indices.fill_null(-1)).astype(np.int64)
    is_lost = np.isnan(result) & (codes >= 0)
    strange = [str(levels[code]) for code in np.unique(codes[is_lost]) if levels[code] is not None]
    is_blank = np.array([*(level is None or level in BLANKS for level in levels), True], dtype=bool)
    misfits = is_lost & ~is_blank[codes]
    reason = why if misfits.any() else "blank text"
    shown = tuple(sorted(strange, key=lambda level: level in BLANKS)[:MOST_SHOWN])
    return Coerced(result, int(is_lost.sum()), shown, reason, respelt, misfits)


def _boolean(values: pa.ChunkedArray) -> Coerced:
    if pa.types.is_boolean(values.type):
        return Coerced(_floats(values))
    if is_numeric(values.type):
        numbers = _floats(values)
        strange = ~np.isnan(numbers) & (numbers != 0) & (numbers != 1)
        shown = tuple(numbers[strange][:MOST_SHOWN].tolist())
        return Coerced(
            np.where(strange, np.nan, numbers), int(strange.sum()), shown, "neither 0 nor 1", misfits=strange
        )
    levels = text_values(values).dictionary.to_pylist()
    translated = [TRUTHS.get(str(level).lower(), np.nan) for level in levels]
    spellings = {level for level in levels if level not in BLANKS and level is not None}
    result = _by_level(values, translated)
    respelt = int((~np.isnan(result)).sum()) if len(spellings) > 2 else 0
    return _lost_levels(values, result, "not a spelling of true or false", respelt)


def _time(values: pa.ChunkedArray) -> Coerced:
    if is_time(values.type):
        return Coerced(_days(values))
    levels = pd.Series(text_values(values).dictionary.to_pylist(), dtype=object).astype(str)
    times = pa.chunked_array([pa.Array.from_pandas(parse_times(levels))])
    return _lost_levels(values, _by_level(values, _days(times)), "no date or time")


def _days(times: pa.ChunkedArray) -> np.ndarray:
    """Return days since 1970, UTC; a time of day is a share of one."""
    if pa.types.is_date32(times.type):
        return _floats(times.cast(pa.int32()))
    return _seconds(times) / SECONDS_A_DAY


def _seconds(values: pa.ChunkedArray) -> np.ndarray:
    """Return the seconds of times or durations: the same for the same moment, whatever unit it is stored in."""
    parts = PER_SECOND["ms" if pa.types.is_date64(values.type) else values.type.unit]
    missing = np.asarray(values.is_null())
    counts = values.cast(pa.int32() if pa.types.is_time32(values.type) else pa.int64()).fill_null(0).to_numpy()
    return np.where(missing, np.nan, counts // parts + counts % parts / parts)


def _number(values: pa.ChunkedArray) -> Coerced:
    if pa.types.is_null(values.type):
        return Coerced(np.full(len(values), np.nan))
    if is_numeric(values.type) or pa.types.is_boolean(values.type):
        return _finite(_floats(values))
    if is_time(values.type):
        return _time(values)
    plain = _plain_numbers(values)
    if plain is not None:
        return Coerced(plain, misfits=np.zeros(plain.size, dtype=bool))
    levels = pd.Series(text_values(values).dictionary.to_pylist(), dtype=object)
    numbers = pd.to_numeric(levels, errors="coerce").to_numpy(dtype=np.float64)
    return _finite(_by_level(values, numbers) + 0.0, values)


def _plain_numbers(texts: pa.ChunkedArray) -> np.ndarray | None:
    """Return texts as numbers where each is a finite number in plain spelling or missing; else None.

    Both ways round a text to the nearest number; minus zero becomes zero in both, for one of them reads -0 as a whole
    number.
    """
    if pa.types.is_dictionary(texts.type):
        return None
    try:
        numbers = pc.cast(texts, pa.float64())
    except pa.ArrowInvalid:
        return None
    values: np.ndarray = numbers.to_numpy() + 0.0
    return values if np.count_nonzero(~np.isfinite(values)) == texts.null_count else None


def _floats(values: pa.ChunkedArray) -> np.ndarray:
    if pa.types.is_duration(values.type):
        return _seconds(values)
    if not pa.types.is_float64(values.type):
        values = pc.cast(values, pa.float64(), safe=False)
    return np.array(values.to_numpy(), dtype=np.float64, copy=True)


def _finite(numbers: np.ndarray, texts: pa.ChunkedArray | None = None) -> Coerced:
    infinite = np.isinf(numbers)
    numbers[infinite] = np.nan
    if texts is not None:
        return _lost_levels(texts, numbers, "not a number")
    shown = (float("inf"),) if infinite.any() else ()
    return Coerced(numbers, int(infinite.sum()), shown, "infinite", misfits=infinite)


def coerce_table(table: pa.Table, columns: Iterable[Column], account: RowAccount, stage: str) -> dict[str, Coerced]:
    """Return typed columns by name, and book what was coerced."""
    typed = {}
    for column in columns:
        coerced = coerce(column, table.column(column.name))
        what = f"coerced to missing: {', '.join(map(repr, coerced.examples))}"
        account.add(Entry(stage, column.name, what, coerced.why, cells=coerced.lost))
        respelt = "several spellings of true and false made one"
        account.add(Entry(stage, column.name, "respelt", respelt, cells=coerced.respelt))
        typed[column.name] = coerced
    return typed
