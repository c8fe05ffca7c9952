"""Reads parameter files: verifies, answers, counts, and takes updates; nothing but the standard library.

It is copied behind kernels, the reading of cells and the verifying of signatures into ``mesic_device.py``.
"""

import array
import base64
import hashlib
import json
import math
import struct
import sys
from bisect import bisect_right

from mesic_plugins.targets.device.ed25519 import is_signed
from mesic_plugins.targets.static import kernels as own_kernels
from mesic_plugins.targets.static.answering import Column, Model, Refused

MAGIC, FORMAT, SUMMARY_FORMAT = b"MESICDEV", 1, 1
PREAMBLE = struct.Struct("<8sII")
KEY_BYTES, SIGNATURE_BYTES, DIGEST_BYTES = 32, 64, 32
CODES = {"f8": "d", "i1": "b", "i2": "h", "i4": "i"}
WITHIN, LEAST_ROWS = 1e-12, 20
KERNELS = {
    name: (kernel, name in ("hashed", "words", "mean"))
    for name in (
        *("take", "recode", "fill", "scale", "interpolate", "bins", "dates", "products", "one_hot", "lookup"),
        *("crosses", "hashed", "words", "flush", "constant", "draw", "linear", "forest", "naive_bayes", "mean"),
        *("divide", "sigmoid", "softmax", "log_odds", "isotonic", "temperature", "of_two", "shares", "spread"),
    )
    for kernel in [getattr(own_kernels, name)]
}


class Broken(ValueError):
    """A file that is not opened; it says why."""


class DeviceModel(Model):
    """What a parameter file answers, and how often it answered what."""

    def __init__(self, head, program, costs, digest, signed_by):
        super().__init__(
            [column_of(told) for told in head["columns"]],
            program,
            head["classes"],
            blanks=frozenset(head["blanks"]),
            truths=head["truths"],
            threshold=head["threshold"],
            costs=costs,
            last_day=head["last_day"],
        )
        self.facts = {name: head[name] for name in ("name", "predicts", "version", "serial", "bundle", "expires")}
        self.facts.update(digest=digest, signed_by=signed_by)
        self.note, self.edges = None, head["score_edges"]
        self.forget()

    def predict(self, row, today=None):
        """Return the answer for a row, as :meth:`Model.predict`, and count it."""
        self.rows += 1
        try:
            self.refuse_expired(today)
            numbers, texts = self.cells_of(row)
        except Refused as error:
            self.refusals[error.column, error.reason] = self.refusals.get((error.column, error.reason), 0) + 1
            raise
        found = self.answer(numbers, texts)
        self.count(numbers, found)
        return found

    def count(self, numbers, found):
        """Count blank cells, the decision, and where the scores lie."""
        for place, number in enumerate(numbers):
            if number != number:  # noqa: PLR0124 - only NaN differs from itself
                self.blank[place] += 1
        if not self.classes:
            self.scores["prediction"][self.place_of(found["prediction"])] += 1
            return
        self.decisions[found["prediction"]] += 1
        for label in self.classes:
            self.scores["p_" + label][self.place_of(found["p_" + label])] += 1

    def place_of(self, score):
        """Return in which part of the histogram a score lies; the last one is of what is no number."""
        return len(self.edges) + 1 if score != score else bisect_right(self.edges, score)  # noqa: PLR0124

    def forget(self):
        """Count from zero."""
        self.rows, self.refusals, self.blank = 0, {}, [0] * len(self.inputs)
        self.decisions = dict.fromkeys(self.classes, 0)
        names = ["p_" + label for label in self.classes] or ["prediction"]
        self.scores = {name: [0] * (len(self.edges) + 2) for name in names}

    def summary(self, least=LEAST_ROWS):
        """Return counts, and no value of any row; nothing but that, where fewer than `least` rows were counted."""
        told = {"summary": SUMMARY_FORMAT, "model": self.facts, "least": least, "rows": None}
        if self.rows < least:
            return told
        refused: dict[str, dict[str, int]] = {}
        for (column, reason), count in sorted(self.refusals.items(), key=str):
            refused.setdefault(reason, {})[column or ""] = count
        return {
            **told,
            "rows": self.rows,
            "answered": self.rows - sum(self.refusals.values()),
            "refused": refused,
            "blank": {column.name: count for column, count in zip(self.inputs, self.blank)},  # noqa: B905 - Python 3.8 reads this
            "decisions": dict(self.decisions),
            "score_edges": list(self.edges),
            "scores": {name: list(counts) for name, counts in self.scores.items()},
        }


def column_of(told):
    """Return how a column is read, from what a file says."""
    allowed = told.get("allowed")
    return Column(
        told["name"],
        told["reading"],
        told.get("cells", ""),
        told.get("refuses_misfits", False),
        told.get("refuses_missing", False),
        told.get("low", -math.inf),
        told.get("high", math.inf),
        None if allowed is None else frozenset(allowed),
        {level: float(code) for code, level in enumerate(told.get("levels", ()))},
    )


def opened(content, keys=()):
    """Return the model of a file's bytes, once everything in it is verified.

    `keys` are the public keys that are trusted, 32 bytes in base 64: where some are given, one of them has signed.
    Raises Broken: it is no such file, was altered, needs a newer reader, is not signed as it must be, or answers
    otherwise here than where it was made.
    """
    content = bytes(content)
    if content[:8] != MAGIC or len(content) < PREAMBLE.size + KEY_BYTES + SIGNATURE_BYTES + DIGEST_BYTES:
        raise Broken("this is no parameter file of mesic")
    if hashlib.sha256(content[:-DIGEST_BYTES]).digest() != content[-DIGEST_BYTES:]:
        raise Broken("this file was altered: its digest does not fit")
    _, version, size = PREAMBLE.unpack_from(content)
    if version != FORMAT:
        raise Broken(f"this file has format {version}, and this reader reads {FORMAT}: give it a newer reader")
    end = len(content) - KEY_BYTES - SIGNATURE_BYTES - DIGEST_BYTES
    signed_by = signer_of(content[:end], content[end : end + KEY_BYTES + SIGNATURE_BYTES], keys)
    try:
        head = json.loads(content[PREAMBLE.size : PREAMBLE.size + size].decode())
        numbers = Numbers(content[PREAMBLE.size + size : end], head["arrays"])
        program, costs = numbers.program(head["program"]), head["costs"]
        costs = None if costs is None else numbers.array(costs)
        model = DeviceModel(head, program, costs, content[-DIGEST_BYTES:].hex(), signed_by)
        refuse_other_answers(model, head["self_test"])
    except (KeyError, TypeError, IndexError, AttributeError) as error:
        raise Broken(f"this file cannot be read: {error!r}") from error
    return model


def signer_of(content, seal, keys):
    """Return the public key whose signature was verified, in base 64; None where no key is asked for."""
    if not keys:
        return None
    key, signature = seal[:KEY_BYTES], seal[KEY_BYTES:]
    name = base64.b64encode(key).decode()
    if not any(seal):
        raise Broken("this file is not signed, and a signature is asked for")
    if name not in [one if isinstance(one, str) else base64.b64encode(one).decode() for one in keys]:
        raise Broken(f"this file is signed by {name}, which is none of the keys that are trusted")
    if not is_signed(content, signature, key):
        raise Broken("this file is not what its key has signed")
    return name


class Numbers:
    """The arrays of a file."""

    def __init__(self, body, table):
        self.body, self.table = body, table

    def array(self, place):
        """Return the numbers at a place of the table."""
        kind, start, count = self.table[place]
        code = CODES[kind]
        found = array.array(code)
        found.frombytes(self.body[start : start + count * found.itemsize])
        if len(found) != count:
            raise Broken("this file is shorter than it says")
        if sys.byteorder == "big":
            found.byteswap()
        return found.tolist()

    def program(self, calls):
        """Return calls as kernels are called: function, whether it reads texts, constants."""
        found = []
        for call in calls:
            if call["kernel"] not in KERNELS:
                raise Broken(f"this reader has no kernel {call['kernel']!r}: give it a newer reader")
            kernel, reads_texts = KERNELS[call["kernel"]]
            found.append((kernel, reads_texts, [self.constant(told) for told in call["constants"].values()]))
        return found

    def constant(self, told):
        """Return a constant of a kernel."""
        if not isinstance(told, dict):
            return told
        ((form, value),) = told.items()
        if form == "array":
            return self.array(value)
        if form == "nodes":
            return list(zip(*map(self.array, value)))  # noqa: B905 - Python 3.8 reads this
        if form == "programs":
            return [self.program(member) for member in value]
        return int(value, 16) if form == "whole" else value


def refuse_other_answers(model, test):
    """Raise Broken where a model answers its own rows otherwise than it did where it was made."""
    names = [column.name for column in model.inputs]
    for number, (cells, wanted) in enumerate(zip(test["rows"], test["answers"])):  # noqa: B905 - Python 3.8 reads this
        row = dict(zip(names, cells))  # noqa: B905
        given = list(model.answer(*model.cells_of(row)).values())
        if len(given) != len(wanted) or not all(map(is_near, wanted, given)):
            raise Broken(f"this file answers otherwise here than where it was made: row {number} of its own test")


def is_near(wanted, given):
    """Return whether an answer is the one that is wanted, but for the last digits of a number."""
    if isinstance(wanted, str):
        return wanted == given
    return abs(wanted - given) <= WITHIN * max(1.0, abs(wanted))
