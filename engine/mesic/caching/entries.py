"""One result in one file: what JSON can hold, arrays of any shape, and in front of both a digest under a key."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import ipc

_DIGEST_BYTES = 32
_FACTS = "_facts"


class Damaged(Exception):
    """An entry does not say what was written."""


def written(facts: Any, arrays: Mapping[str, np.ndarray], key: bytes = b"") -> bytes:
    """Return a result as the bytes of a file, which only who has the key can write.

    Examples
    --------
    >>> facts, arrays = read(written({"a": 1}, {"b": np.eye(2)}))
    >>> facts, arrays["b"].tolist()
    ({'a': 1}, [[1.0, 0.0], [0.0, 1.0]])
    """
    shapes = {name: [array.dtype.str, *array.shape] for name, array in arrays.items()}
    meta = json.dumps({"facts": facts, "shapes": shapes}).encode()
    cells = {name: _cell(np.ascontiguousarray(array).reshape(-1).view(np.uint8)) for name, array in arrays.items()}
    table = pa.table(cells | {_FACTS: _cell(np.frombuffer(meta, dtype=np.uint8))})
    sink = pa.BufferOutputStream()
    with ipc.new_file(sink, table.schema, options=ipc.IpcWriteOptions(compression="lz4")) as writer:
        writer.write_table(table)
    body = sink.getvalue()
    content: bytes = _digest(body, key) + body.to_pybytes()
    return content


def read(content: bytes, key: bytes = b"") -> tuple[Any, dict[str, np.ndarray]]:
    """Return what :func:`written` was given.

    Raises
    ------
    Damaged
        A byte of it has changed, some are missing, or it was written under another key.
    """
    body = memoryview(content)[_DIGEST_BYTES:]
    if not hmac.compare_digest(_digest(body, key), content[:_DIGEST_BYTES]):
        raise Damaged
    table = ipc.open_file(pa.py_buffer(body)).read_all()
    cells = {name: table.column(name).chunk(0)[0].as_buffer() for name in table.column_names}
    meta = json.loads(cells.pop(_FACTS).to_pybytes())
    arrays = {
        name: np.frombuffer(cells[name], dtype=kind).reshape(shape).copy()
        for name, (kind, *shape) in meta["shapes"].items()
    }
    return meta["facts"], arrays


def _digest(body: Any, key: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_BYTES, key=key).digest()


def _cell(content: np.ndarray) -> pa.Array:
    """Return a column of one cell that holds some bytes, which are not copied."""
    ends = np.array([0, content.size], dtype=np.int64)
    return pa.Array.from_buffers(pa.large_binary(), 1, [None, pa.py_buffer(ends), pa.py_buffer(content)])
