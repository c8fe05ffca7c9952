"""Answers in the form of their file: parts by themselves, then the whole, which does not tell how it was divided."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa
from pyarrow import csv, ipc, parquet

ROWS_OF_A_GROUP = 122_880
FORMATS = {".csv": "csv", ".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow"}


class Writer(Protocol):
    """Puts parts together."""

    def write(self, payload: bytes) -> None:
        """Write a part behind those before."""

    def close(self) -> None:
        """Write what ends the file."""


def packed(kind: str, answers: pa.Table) -> bytes:
    """Return a part: lines of a CSV without its header, else a stream of Arrow."""
    sink = pa.BufferOutputStream()
    if kind == "csv":
        csv.write_csv(answers, sink, csv.WriteOptions(include_header=False))
    else:
        with ipc.new_stream(sink, answers.schema) as stream:
            stream.write_table(answers)
    return bytes(sink.getvalue())


class Lines:
    """A CSV: a header, and the lines of the parts."""

    def __init__(self, file: IO[bytes], schema: pa.Schema) -> None:
        self.file = file
        csv.write_csv(schema.empty_table(), file)

    def write(self, payload: bytes) -> None:
        """Write lines."""
        self.file.write(payload)

    def close(self) -> None:
        """Nothing ends a CSV."""


class Groups:
    """Parquet or Arrow: groups of rows, of one size whatever that of the parts."""

    def __init__(self, writer: Any) -> None:
        self.writer = writer
        self.waiting: list[pa.RecordBatch] = []
        self.count = 0

    def write(self, payload: bytes) -> None:
        """Write whole groups, and keep what is left."""
        for batch in ipc.open_stream(payload):
            self.waiting.append(batch)
            self.count += batch.num_rows
        while self.count >= ROWS_OF_A_GROUP:
            whole = pa.Table.from_batches(self.waiting)
            self._put(whole.slice(0, ROWS_OF_A_GROUP))
            self.waiting, self.count = whole.slice(ROWS_OF_A_GROUP).to_batches(), self.count - ROWS_OF_A_GROUP

    def _put(self, table: pa.Table) -> None:
        self.writer.write_table(table.combine_chunks())

    def close(self) -> None:
        """Write the last group, and what ends the file."""
        if self.count:
            self._put(pa.Table.from_batches(self.waiting))
        self.writer.close()


@contextmanager
def writing(kind: str, path: Path, schema: pa.Schema) -> Iterator[Writer]:
    """Give what writes a file; it is whole, and on the disk, when the block has ended well."""
    with path.open("wb") as file:
        writer = _writer(kind, file, schema)
        try:
            yield writer
        except BaseException:
            with suppress(OSError):  # what went wrong before says more
                writer.close()
            raise
        writer.close()
        file.flush()
        os.fsync(file.fileno())


def _writer(kind: str, file: IO[bytes], schema: pa.Schema) -> Writer:
    if kind == "csv":
        return Lines(file, schema)
    if kind == "arrow":
        return Groups(ipc.new_file(file, schema))
    numbers = [field.name for field in schema if pa.types.is_floating(field.type)]
    texts = [field.name for field in schema if field.name not in numbers]
    return Groups(parquet.ParquetWriter(file, schema, compression="zstd", use_dictionary=texts or False))
