"""Who a row is: a hash of what it says, whatever its place in the file and whatever the file's format.

Values are compared after typing, so that equal tables in CSV and Parquet have equal rows. A row's hash is a sum over
its columns and does not depend on their order.
"""

import hashlib
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd

_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_NAN = np.uint64(0x7FF8000000000000)


def mixed(values: np.ndarray) -> np.ndarray:
    """Return well-spread 64-bit hashes of 64-bit integers.

    References
    ----------
    Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014 (SplitMix64).
    """
    with np.errstate(over="ignore"):
        z = values.astype(np.uint64) + _GOLDEN
        z = (z ^ (z >> np.uint64(30))) * _MULTIPLIERS[0]
        z = (z ^ (z >> np.uint64(27))) * _MULTIPLIERS[1]
        return z ^ (z >> np.uint64(31))


def text_hash(text: str) -> np.uint64:
    """Return a 64-bit hash of a text that is the same in every process."""
    return np.uint64(int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little"))


def bits(values: Any) -> np.ndarray:
    """Return one 64-bit integer a cell: equal for equal values, one value for every missing cell."""
    if isinstance(values, pd.Categorical):
        table = np.array([text_hash(level) for level in values.categories] + [_NAN], dtype=np.uint64)
        return table[np.asarray(values.codes, dtype=np.int64)]
    numbers = np.asarray(values, dtype=np.float64) + 0.0  # minus zero equals zero
    return np.where(np.isnan(numbers), _NAN, numbers.view(np.uint64))


def row_keys(columns: Mapping[str, Any], rows: int) -> np.ndarray:
    """Return a 64-bit hash a row, shape (rows,).

    Examples
    --------
    >>> first = row_keys({"a": np.array([1.0, 2.0, 1.0]), "b": np.array([0.5, 0.5, 0.5])}, 3)
    >>> bool(first[0] == first[2]), bool(first[0] == first[1])
    (True, False)
    """
    total = np.zeros(rows, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for name, values in columns.items():
            total += mixed(bits(values) ^ text_hash(name))
    return mixed(total)


def table_digest(columns: Mapping[str, Any]) -> str:
    """Return the SHA-256 of typed columns, in the order of their names; the order of rows counts."""
    names = sorted(columns)
    with ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool:  # SHA-256 and NumPy let go of the interpreter
        digests = list(pool.map(lambda name: hashlib.sha256(bits(columns[name]).data).digest(), names))
    total = hashlib.sha256()
    for name, digest in zip(names, digests, strict=True):
        total.update(name.encode() + b"\0" + digest)
    return total.hexdigest()


def array_digest(*arrays: np.ndarray) -> str:
    """Return the SHA-256 of arrays: type, shape and bytes of each."""
    total = hashlib.sha256()
    for array in arrays:
        total.update(f"{array.dtype.str}{array.shape}".encode())
        total.update(np.ascontiguousarray(array).data)
    return total.hexdigest()
