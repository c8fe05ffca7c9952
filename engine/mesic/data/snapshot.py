"""Snapshots: the rows that a run used, kept by what they say, so that equal tables of any format are kept once."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mesic.data.inference import is_time, parse_times, plain_values, text_values
from mesic.data.reading import TypedTable, type_table
from mesic.data.schema import Column
from mesic.errors import DataError
from mesic.runs.files import json_digest, replacing

ROWS = "rows.parquet"
SCHEMA = "schema.yaml"


@dataclass(frozen=True)
class Snapshot:
    """A folder of rows and their schema.

    Parameters
    ----------
    folder
        Called by what it holds.
    """

    folder: Path

    @property
    def rows(self) -> Path:
        """The rows, as Parquet."""
        return self.folder / ROWS

    @property
    def schema(self) -> Path:
        """Kinds and parts of the columns."""
        return self.folder / SCHEMA

    def read(self, digest: str) -> pa.Table:
        """Return the rows.

        Raises
        ------
        DataError
            A file is gone, or the rows are not those of the digest any more.
        """
        from pyarrow import parquet

        try:
            table = parquet.ParquetFile(self.rows).read()
            typed = type_table(table, {"schema": str(self.schema)}, None)
        except (OSError, pa.ArrowException) as error:
            raise DataError(f"snapshot {self.folder} cannot be read: {error}") from error
        if typed.digest != digest:
            raise DataError(
                f"snapshot {self.folder} was altered: its rows have digest {typed.digest[:12]}, not {digest[:12]}"
            )
        return table


def keep(folder: Path, table: pa.Table, typed: TypedTable) -> Snapshot:
    """Keep a table's rows under a folder, unless they are kept there already.

    Parameters
    ----------
    folder
        Of all snapshots.
    table
        As the source gave it.
    typed
        The same, typed.
    """
    from pyarrow import parquet

    facts = [(column.name, column.kind, column.role) for column in typed.schema.columns]
    snapshot = Snapshot(folder / json_digest([typed.digest, facts])[:16])
    if not (snapshot.rows.exists() and snapshot.schema.exists()):
        rows = canonical(table, typed)
        typed.schema.save(snapshot.schema)
        with replacing(snapshot.rows) as fresh:
            parquet.write_table(rows, fresh, compression="zstd")
    return snapshot


def canonical(table: pa.Table, typed: TypedTable) -> pa.Table:
    """Return a table in one form for all formats: float64, bool, timestamps, dictionary-encoded text."""
    columns = {c.name: _canonical(c, table.column(c.name), typed.columns[c.name]) for c in typed.schema.columns}
    return pa.table({name: columns[name] for name in table.column_names})


def _canonical(column: Column, raw: pa.ChunkedArray, values: Any) -> pa.Array:
    if isinstance(values, pd.Categorical):
        return pa.DictionaryArray.from_arrays(
            pa.array(values.codes, mask=values.codes < 0, type=pa.int32()), pa.array(values.categories, pa.string())
        )
    missing = np.isnan(values)
    if column.kind == "boolean":
        return pa.array(values == 1, mask=missing)
    if column.kind == "time":
        return _moments(plain_values(raw))
    return pa.array(values, mask=missing)


def _moments(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_time(values.type):
        return values
    if not is_time(values.type):
        encoded = text_values(values)
        times = parse_times(pd.Series(encoded.dictionary.to_pylist(), dtype=object).astype(str))
        values = pa.chunked_array([pa.array(times.dt.tz_localize(None)).take(encoded.indices)])
    plain = values.cast(pa.timestamp(values.type.unit)) if getattr(values.type, "tz", None) else values
    try:
        return pc.cast(plain, pa.timestamp("us"))
    except pa.ArrowInvalid:  # finer than a microsecond
        return pc.cast(plain, pa.timestamp("ns"))
