"""A file in pieces that can be read by themselves: by another thread, or by a later process that goes on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv
from pyarrow import parquet as pq

_HEAD_BYTES, _LEAST_BYTES = 1 << 20, 1 << 12
_NEWLINE, _RETURN, _QUOTE = 10, 13, 34


@dataclass(frozen=True)
class Piece:
    """Some rows of a file.

    Parameters
    ----------
    read : callable
        Returns the rows as a ``pyarrow.Table``.
    after : dict
        Where the next piece begins, as JSON holds it.
    share : float
        How much of the file has gone by at its end, from 0 to 1.
    """

    read: Callable[[], pa.Table]
    after: dict[str, Any]
    share: float


def csv_pieces(table, rows, columns, after):
    """Yield a CSV in blocks of whole lines, of about `rows` rows; cells are text.

    A block is cut only where its quotes leave no doubt that a record ends. From where they leave some on, and in a
    packed file, Arrow's reader goes through what is left.
    """
    start, row = (after or {}).get("byte", 0), (after or {}).get("row")
    names, size = table.columns(), max(1, table.path.stat().st_size)
    if row is None and not table.is_packed and ",0".encode(table.encoding) == b",0":
        with table.path.open("rb") as file:
            block_bytes = _block_bytes(file.read(_HEAD_BYTES), rows)
            file.seek(start)
            for block in _blocks(file, block_bytes, ord(table.delimiter)):
                is_first, start = start == 0, start + len(block)
                yield Piece(_parser(table, block, None if is_first else names, columns), {"byte": start}, start / size)
        if start >= size:
            return
    yield from _rest(table, rows, (names, columns), start, row or 0)


def _block_bytes(head, rows):
    """Return about how many bytes hold so many rows."""
    return max(_LEAST_BYTES, len(head) * rows // max(1, head.count(b"\n")))


def _blocks(file, block_bytes, delimiter):
    """Yield blocks that end where a record does, until the end or where that cannot be told."""
    left = b""
    while block := left + file.read(block_bytes - len(left)):  # the same blocks, wherever reading begins
        end = len(block) if len(block) < block_bytes else end_of_records(block, delimiter)
        if end == 0:
            return
        left = block[end:]
        yield block[:end]


def end_of_records(block, delimiter):
    r"""Return after how many bytes the last whole record of a block ends; 0 where that cannot be told.

    Parameters
    ----------
    block : bytes
        It begins where a record does.
    delimiter : int
        The byte between cells.

    Examples
    --------
    >>> end_of_records(b'a,b\nc,"d\n', ord(",")), end_of_records(b'a,5" pipe\nb', ord(","))
    (4, 0)
    """
    if b'"' not in block:
        return block.rfind(b"\n") + 1
    cells = np.frombuffer(block, dtype=np.uint8)
    quotes, newlines = np.flatnonzero(cells == _QUOTE), np.flatnonzero(cells == _NEWLINE)
    outside = newlines[np.searchsorted(quotes, newlines) % 2 == 0]
    if not outside.size:
        return 0
    quotes = quotes[quotes < outside[-1]]
    ahead = np.where(quotes[::2] > 0, cells[np.maximum(quotes[::2] - 1, 0)], _NEWLINE)
    allowed = [delimiter, _NEWLINE, _RETURN, _QUOTE]
    is_plain = np.isin(ahead, allowed).all() and np.isin(cells[quotes[1::2] + 1], allowed).all()
    return int(outside[-1]) + 1 if is_plain else 0


def _parser(table, block, names, columns):
    def read():
        if not block.strip():
            return pa.table({name: pa.array([], pa.string()) for name in columns})
        types = dict.fromkeys(columns, pa.string())
        options = table.csv_options(
            len(block) + 1, newlines=b'"' in block, names=names, column_types=types, include_columns=columns
        )
        return csv.read_csv(pa.BufferReader(block), **options)

    return lambda: table.guarded(read)


def _rest(table, rows, names_columns, start, row):
    """Yield what is left of a CSV behind so many bytes, and so many rows after them."""
    names, columns = names_columns

    def open_rest():
        stream = pa.input_stream(str(table.path)) if table.is_packed else pa.OSFile(str(table.path))
        if start:
            stream.seek(start)
        types = dict.fromkeys(names, pa.string())
        options = table.csv_options(names=names if start else None, column_types=types, include_columns=columns)
        return csv.open_csv(stream, **options)

    reader = table.guarded(open_rest)
    batches = iter(lambda: table.guarded(lambda: next(reader, None)), None)
    for number, part in enumerate(regrouped(batches, rows, skip=row), 1):
        last = row + (number - 1) * rows + part.num_rows
        yield Piece(partial(_given, part), {"byte": start, "row": last}, 0.0)


def parquet_pieces(table, rows, columns, after):
    """Yield a Parquet file `rows` rows at a time; row groups that lie before are not read."""
    start = (after or {}).get("row", 0)
    file = table.guarded(lambda: pq.ParquetFile(table.path))
    total = max(1, file.metadata.num_rows)
    texts = [field.name for field in file.schema_arrow if _is_text(field.type) and field.name in columns]
    file = table.guarded(lambda: pq.ParquetFile(table.path, read_dictionary=texts))
    ends = np.cumsum([0, *(file.metadata.row_group(group).num_rows for group in range(file.num_row_groups))]).tolist()
    groups = [group for group, (_, end) in enumerate(pairwise(ends)) if end > start]
    before = ends[groups[0]] if groups else start

    def batches():
        for group in groups:
            own = file.iter_batches(batch_size=rows, row_groups=[group], columns=list(columns))
            yield from iter(partial(table.guarded, lambda own=own: sound(next(own, None))), None)

    yield from _counted(regrouped(batches(), rows, skip=start - before), start, total)


def arrow_pieces(table, rows, columns, after):
    """Yield an Arrow file or stream `rows` rows at a time."""
    start = (after or {}).get("row", 0)
    own = (batch.select(list(columns)) for batch in table.arrow_batches())
    batches = iter(partial(table.guarded, lambda: sound(next(own, None))), None)
    yield from _counted(regrouped(batches, rows, skip=start), start, 0)


def sound(batch):
    """Return a batch whose cells lie where it says; else Arrow would read memory that is not the file's."""
    if batch is not None:
        batch.validate(full=True)
    return batch


def _counted(parts, start, total):
    for part in parts:
        start += part.num_rows
        yield Piece(partial(_given, part), {"row": start}, start / total if total else 0.0)


def _given(part):
    return part


def _is_text(kind):
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def regrouped(batches, rows, *, skip=0):
    """Yield the rows of record batches as tables of `rows` rows each, the last one fewer.

    Examples
    --------
    >>> batches = [pa.record_batch({"x": [1, 2, 3]}), pa.record_batch({"x": [4, 5]})]
    >>> [part["x"].to_pylist() for part in regrouped(batches, 2, skip=1)]
    [[2, 3], [4, 5]]
    """
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        dropped, skip = min(skip, batch.num_rows), max(0, skip - batch.num_rows)
        waiting, count = [*waiting, batch.slice(dropped)], count + batch.num_rows - dropped
        while count >= rows:
            whole = pa.Table.from_batches(waiting)
            yield whole.slice(0, rows)
            waiting, count = whole.slice(rows).to_batches(), count - rows
    if count:
        yield pa.Table.from_batches(waiting)
