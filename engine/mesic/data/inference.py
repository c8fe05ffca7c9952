"""What a column is, judged from its values."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mesic.data.schema import Column, Kind

BLANKS = (  # what Arrow's CSV reader takes as missing, so that a cell is missing in every format or in none
    *("", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "null", "NULL"),
    *("#NA", "#N/A", "#N/A N/A", "1.#IND", "1.#QNAN", "-1.#IND", "-1.#QNAN"),
)
TRUTHS = {
    **dict.fromkeys(("yes", "y", "true", "t", "1", "on", "1.0"), 1.0),
    **dict.fromkeys(("no", "n", "false", "f", "0", "off", "0.0"), 0.0),
}
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?"
DATE = r"(\d{4}-\d\d?-\d\d?|\d{4}/\d\d?/\d\d?).*"
ZONE = r".*\d(Z|[+-]\d\d:?\d\d)"
DECORATED = (  # a number that no reader of numbers takes: thousands kept apart, a decimal comma, a currency, a unit
    r"[+-]?[$€£]?\s?(\d{1,3}([,' ]\d{3})+(\.\d+)?|\d{1,3}(\.\d{3})+,\d+|\d+,\d+|\d+(\.\d+)?)\s?([$€£%]|[A-Za-z]{1,3})?"
)
CLOCK = r"\d\d:\d\d(:\d\d(\.\d{1,9})?)?"
LEAST_ROWS_OF_AN_ID = 20
NO_VALUES = ("cells of type", "cells are bytes")
MOST_OF_A_TYPE = 100
UNREAD = "free text: no transformer of this run reads it"
LEAST_SHARE_OF_NUMBERS = 0.95
MOST_LEVELS_LISTED = 50


def infer_column(name: str, values: pa.ChunkedArray) -> Column:
    """Return the kind of a column and what was seen of it; `values` as the source gave them."""
    values = plain_values(values)
    if pa.types.is_dictionary(values.type) or _is_text(values.type):
        return _infer_text(name, text_values(values))
    if pa.types.is_boolean(values.type):
        return _with_constant(name, "boolean", values)
    if is_time(values.type):
        return _with_constant(name, "time", values)
    if pa.types.is_null(values.type):
        return Column(name, "constant", "ignored", why="every cell is missing", seen=_seen(values))
    if is_numeric(values.type):
        return _infer_number(name, values)
    why = f"{NO_VALUES[0]} {str(values.type)[:MOST_OF_A_TYPE]} are no single values"
    if is_bytes(values.type):
        why = f"{NO_VALUES[1]} that are no UTF-8: say the encoding of a CSV, such as source.encoding=latin1"
    return Column(name, "text", "ignored", why=why, seen={"missing": values.null_count})


def plain_values(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column in a type that Arrow computes with, the cells as they are."""
    if isinstance(values.type, pa.BaseExtensionType):
        return plain_values(values.cast(values.type.storage_type))
    if pa.types.is_run_end_encoded(values.type):
        values = pc.run_end_decode(values)
    if pa.types.is_dictionary(values.type) and not _is_text(values.type.value_type):
        values = pa.chunked_array([c.dictionary_decode() for c in values.chunks], values.type.value_type)
    return values.cast(pa.float32()) if pa.types.is_float16(values.type) else values


def is_time(kind: pa.DataType) -> bool:
    """Return whether an Arrow type holds dates, moments or times of day."""
    is_span = pa.types.is_duration(kind) or pa.types.is_interval(kind)
    return bool(pa.types.is_temporal(kind) and not is_span)


def kind_of_cells(kind: pa.DataType) -> Kind | None:
    """Return what the cells of an Arrow type are; None for text and for what holds no single values."""
    if pa.types.is_boolean(kind):
        return "boolean"
    if is_time(kind):
        return "time"
    return "number" if is_numeric(kind) else None


def is_bytes(kind: pa.DataType) -> bool:
    """Return whether an Arrow type holds bytes that need not be text."""
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_fixed_size_binary(kind)
        or pa.types.is_binary_view(kind)
    )


def is_numeric(kind: pa.DataType) -> bool:
    """Return whether an Arrow type holds numbers."""
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_duration(kind)
    )


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def text_values(values: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return a column as dictionary-encoded text, the levels stripped of surrounding space."""
    if isinstance(values, pa.ChunkedArray):
        values = values.combine_chunks() if values.num_chunks != 1 else values.chunk(0)
    encoded = values if pa.types.is_dictionary(values.type) else pc.dictionary_encode(values)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    levels = pc.utf8_trim_whitespace(pc.cast(encoded.dictionary, pa.string()))
    return pa.DictionaryArray.from_arrays(encoded.indices, levels)


def level_counts(values: pa.DictionaryArray) -> pd.Series:
    """Return how often each level occurs, blanks left out."""
    codes = np.asarray(values.indices.fill_null(-1))
    counts = np.bincount(codes[codes >= 0], minlength=len(values.dictionary))
    series = pd.Series(counts, index=pd.Index(values.dictionary.to_pylist(), dtype=object))
    series = series[(series.to_numpy() > 0) & ~series.index.isin(BLANKS) & series.index.notna()]
    return series.groupby(level=0, sort=True).sum()


def _infer_text(name: str, values: pa.DictionaryArray) -> Column:
    counts = level_counts(values)
    filled = int(counts.sum())
    seen: dict[str, Any] = {"missing": len(values) - filled, "distinct": len(counts)}
    if filled == 0:
        return Column(name, "constant", "ignored", why="every cell is missing", seen=seen)
    if len(counts) == 1 and filled == len(values):
        return Column(name, "constant", "ignored", why=f"every cell is {counts.index[0]!r}", seen=seen)
    kind = _kind_of_text(counts, len(values))
    seen |= _looks(kind, counts)
    if kind == "category":
        return Column(name, kind, seen=seen | _listed(counts))
    why = {
        "id": f"{len(counts):,} of {len(values):,} values differ: an id says nothing about other rows",
        "text": UNREAD,
    }.get(kind, "")
    return Column(name, kind, "ignored" if why else "feature", seen=seen, why=why)


def _listed(counts: pd.Series) -> dict[str, Any]:
    return {"levels": list(counts.index)} if len(counts) <= MOST_LEVELS_LISTED else {}


def _kind_of_text(counts: pd.Series, rows: int) -> Kind:
    levels = pd.Series(counts.index, dtype=object).astype(str)
    if all(level.lower() in TRUTHS for level in levels) and levels.str.lower().map(TRUTHS).nunique() == 2:
        return "boolean"
    if _numbers_share(levels, counts) >= LEAST_SHARE_OF_NUMBERS:
        return "number"
    if _dates_share(levels) >= LEAST_SHARE_OF_NUMBERS:
        return "time"
    words = levels.str.count(r"\s+").mean() + 1
    if words >= 4 and len(counts) > rows / 2:
        return "text"
    if len(counts) >= 0.95 * counts.sum() and counts.sum() >= LEAST_ROWS_OF_AN_ID:
        return "id"
    return "category"


def _looks(kind: Kind, counts: pd.Series) -> dict[str, Any]:
    """Say of text what it looks like and is not read as: numbers, or times of several zones."""
    levels = pd.Series(counts.index, dtype=object).astype(str)
    if kind == "time":
        zones = levels.str.fullmatch(ZONE).to_numpy(bool)
        return {"zones": "mixed"} if zones.any() and not zones.all() else {}
    if kind not in ("category", "id", "text"):
        return {}
    likely = levels.str.fullmatch(DECORATED) & ~levels.str.fullmatch(r"[+-]?0\d+|\d+[A-Za-z]{1,3}")
    is_plain = levels.str.fullmatch(NUMBER, flags=re.IGNORECASE)
    cells = counts.to_numpy()
    strange = likely.to_numpy(bool) & ~is_plain.to_numpy(bool)
    share = float(cells[(likely | is_plain).to_numpy(bool)].sum() / cells.sum())
    return {"looks_like": "number", "such_as": levels[strange].iloc[0]} if strange.any() and share >= 0.9 else {}


def _numbers_share(levels: pd.Series, counts: pd.Series) -> float:
    """Return the share of cells that read as numbers; zero where leading zeros say that they are codes."""
    is_number = levels.str.fullmatch(NUMBER, flags=re.IGNORECASE).to_numpy(bool)
    if levels[is_number].str.fullmatch(r"0\d+").any():
        return 0.0
    share = float(counts.to_numpy()[is_number].sum() / counts.sum())
    return share if share == 1 or is_number.sum() >= 10 else 0.0


def _dates_share(levels: pd.Series) -> float:
    sample = levels.iloc[:: max(1, len(levels) // 1000)]
    if not (sample.str.fullmatch(DATE).all() or sample.str.fullmatch(CLOCK).all()):
        return 0.0
    return float(parse_times(levels).notna().mean())


def parse_times(texts: pd.Series) -> pd.Series:
    """Return texts as UTC timestamps, what is no time as NaT; a time of day is that of the first day of 1970.

    Less than a microsecond is cut off: a column of nanoseconds holds no year before 1678.
    """
    texts = texts.str.replace(r"(\.\d{6})\d+", r"\1", regex=True)
    texts = texts.where(~texts.str.fullmatch(CLOCK).astype(bool), "1970-01-01T" + texts)
    return pd.to_datetime(texts.str.replace("/", "-"), format="ISO8601", errors="coerce", utc=True)


def _infer_number(name: str, values: pa.ChunkedArray) -> Column:
    column = _with_constant(name, "number", values)
    if column.kind == "constant" or not pa.types.is_integer(values.type):
        return column
    rows, seen = len(values), column.seen
    counts_rows = values.null_count == 0 and seen["high"] - seen["low"] + 1 == rows
    if rows >= LEAST_ROWS_OF_AN_ID and seen["distinct"] == rows and counts_rows:
        why = f"the numbers {seen['low']:,} to {seen['high']:,}, each once: it counts the rows"
        return Column(name, "id", "ignored", seen=seen, why=why)
    return column


def _with_constant(name: str, kind: Kind, values: pa.ChunkedArray) -> Column:
    seen = _seen(values)
    if seen["distinct"] == 0:
        return Column(name, "constant", "ignored", seen=seen, why="every cell is missing")
    if seen["distinct"] == 1 and seen["missing"] == 0:
        return Column(name, "constant", "ignored", seen=seen, why=f"every cell is {_shown(values[0])}")
    return Column(name, kind, seen=seen)


def _shown(cell: pa.Scalar) -> str:
    try:
        return repr(cell.as_py())
    except (OverflowError, ValueError):  # a moment or a span that Python has no name for
        return f"{cell.cast(pa.int32() if cell.type.bit_width == 32 else pa.int64())} as {cell.type}"


def _seen(values: pa.ChunkedArray) -> dict[str, Any]:
    if pa.types.is_null(values.type):
        return {"missing": len(values), "distinct": 0}
    if pa.types.is_floating(values.type):
        values = pc.if_else(pc.is_finite(values), values, None)
    distinct = pc.count_distinct(values, mode="only_valid").as_py()
    seen = {"missing": values.null_count, "distinct": distinct}
    if is_numeric(values.type) and distinct and not pa.types.is_duration(values.type):
        limits = pc.min_max(pc.cast(values, pa.float64()) if pa.types.is_decimal(values.type) else values)
        seen |= {"low": _plain(limits["min"]), "high": _plain(limits["max"])}
    return seen


def _plain(scalar: pa.Scalar) -> float | int:
    value = scalar.as_py()
    return value if isinstance(value, int) else float(value)
