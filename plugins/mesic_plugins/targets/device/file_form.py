"""The parameter file: a head in JSON, arrays of numbers as a processor has them, a signature, a digest.

docs/device.md tells the format; what stands here, and the two readers, are all that know it.
"""

import hashlib
import json
import struct
from collections import Counter

import numpy as np

MAGIC, FORMAT = b"MESICDEV", 1
PREAMBLE = struct.Struct("<8sII")  # magic, format, bytes of the head
KEY_BYTES, SIGNATURE_BYTES = 32, 64
UNSIGNED = bytes(KEY_BYTES + SIGNATURE_BYTES)
WIDTHS = ("i1", "i2", "i4")
NODE_FIELDS = ("slot", "limit", "left", "right")


class Arrays:
    """Arrays of numbers behind the head, each once, each at a multiple of 8 bytes."""

    def __init__(self):
        self.table, self.body, self.known = [], bytearray(), {}
        self.sizes: Counter[str] = Counter()
        self.part = ""

    def add(self, values):
        """Return the place in the table of some numbers; their bytes are booked to the part that is being written."""
        values = np.ascontiguousarray(values)
        kind = "f8" if values.dtype.kind == "f" else narrowest(values)
        packed = values.astype(f"<{kind}").tobytes()
        if (kind, packed) not in self.known:
            before = len(self.body)
            self.body += bytes(-before % 8)
            self.known[kind, packed] = len(self.table)
            self.table.append([kind, len(self.body), values.size])
            self.body += packed
            self.sizes[self.part] += len(self.body) - before
        return self.known[kind, packed]


def narrowest(values):
    """Return the smallest kind of whole number that holds all.

    Examples
    --------
    >>> narrowest(np.array([-129, 5])), narrowest(np.array([], dtype=np.int64))
    ('i2', 'i1')
    """
    ends = (int(values.min()), int(values.max())) if values.size else (0, 0)
    return next(kind for kind in WIDTHS if np.iinfo(kind).min <= ends[0] and ends[1] <= np.iinfo(kind).max)


def program_form(program, arrays):
    """Return a program as JSON has it; numbers are named by their place among the arrays."""
    return [_call_form(call, arrays) for call in program.calls]


def _call_form(call, arrays):
    constants = {}
    for kind, name, value in call.arguments:
        arrays.part = f"constants of {call.kernel}"
        constants[name] = _constant(kind, value, arrays)
    return {"kernel": call.kernel, "width": call.width, "constants": constants}


def _constant(kind, value, arrays):
    if kind == "P":
        return {"programs": [program_form(member, arrays) for member in value]}
    if kind == "N":
        return {"nodes": [arrays.add(value[field]) for field in NODE_FIELDS]}
    if kind == "S":
        return {"texts": list(value)}
    if kind == "u":
        return {"whole": f"{int(value):x}"}
    if kind in ("I", "R"):
        return {"array": arrays.add(np.asarray(value, dtype=np.int64))}
    if kind == "D":
        return {"array": arrays.add(np.asarray(value, dtype=np.float64))}
    return int(value) if kind == "i" else float(value)


def column_form(column):
    """Return how a column is read; what is usual is left out."""
    told = {
        "name": column.name,
        "reading": column.reading,
        "cells": column.cells,
        "refuses_misfits": column.refuses_misfits,
        "refuses_missing": column.refuses_missing,
        "low": column.low if np.isfinite(column.low) else None,
        "high": column.high if np.isfinite(column.high) else None,
        "allowed": None if column.allowed is None else sorted(column.allowed),
        "levels": list(column.levels),
    }
    return {name: value for name, value in told.items() if value or type(value) in (int, float)}


def sealed(head, body, sign=None):
    """Return the bytes of a file.

    Parameters
    ----------
    head : dict
        What JSON holds.
    body : bytes
        The arrays.
    sign : callable, optional
        From the content to public key and signature, 96 bytes.
    """
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    text += b" " * (-(PREAMBLE.size + len(text)) % 8)
    content = PREAMBLE.pack(MAGIC, FORMAT, len(text)) + text + bytes(body)
    signed = content + (UNSIGNED if sign is None else sign(content))
    return signed + hashlib.sha256(signed).digest()


def answering_form(program, decision, arrays):
    """Return what a file says of how scores and decisions are made."""
    told = {"program": program_form(program, arrays), "threshold": decision.threshold, "costs": None}
    if decision.costs is not None:
        arrays.part = "costs of the decision"
        told["costs"] = arrays.add(np.asarray(decision.costs, dtype=np.float64).reshape(-1))
    return told | {"arrays": arrays.table}
