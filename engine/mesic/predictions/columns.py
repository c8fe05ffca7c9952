"""From answers as they left the server to columns: whole requests at a time, a microsecond a row."""

import json
import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
from msgspec.structs import astuple

from mesic.predictions.entries import Entry
from mesic.predictions.inputs import Inputs, Unsaid, kinds_of
from mesic.predictions.layout import ABOUT, AS_GIVEN, MOMENT, PROMISES, LogFacts, answer_names, in_order, schema_of
from mesic.serving.release import Answer, Release
from mesic.serving.scorer import RowsRefused
from mesic.serving.settings import LogSettings

BESIDE = "another row of the request was refused"
DIGEST_BYTES = 16


class Encoder:
    """Writes the answers of one release as columns.

    Parameters
    ----------
    release
        What answered.
    settings
        What is left out, and the secret of callers.
    unknown
        What becomes of fields that the schema does not know.
    """

    def __init__(self, release: Release, settings: LogSettings, unknown: str) -> None:
        kinds = kinds_of(release)
        redacted = tuple(sorted({*settings.redact} & {*kinds}))
        manifest = release.bundle.manifest
        facts = LogFacts(
            release.digest,
            release.version,
            str(manifest["target"]),
            str(manifest["task"]),
            tuple(release.labels),
            redacted,
            settings.sample,
            unknown,
        )
        self.schema = schema_of(kinds, facts)
        self.facts, self.kinds, self.redacted = facts, kinds, frozenset(redacted)
        self._inputs = Inputs(release, kinds, self.redacted)
        self._key = blake2b((settings.key or "").encode(), digest_size=32).digest()
        self._answers = answer_names(self.schema)
        self._plain = [name for name in self._answers if name not in PROMISES]

    def batch(self, entries: Sequence[Entry]) -> pa.RecordBatch:
        """Return requests as rows of the log, in order; answered and refused ones are told apart by ``refused``."""
        answered = [entry for entry in entries if entry.error is None]
        refused = [entry for entry in entries if entry.error is not None] if len(answered) < len(entries) else []
        parts = [write(part) for write, part in ((self._answered, answered), (self._refused, refused)) if part]
        if len(parts) == 1:
            return parts[0]
        return in_order(pa.Table.from_batches(parts)).to_batches()[0]

    def _answered(self, entries: Sequence[Entry]) -> pa.RecordBatch:
        several = _Several(entries)
        about = self._about(several, pa.nulls(several.count, pa.string()))
        inputs, unsaid = self._inputs.columns(b"".join(several.each.taken), several.given)
        answers = list(chain.from_iterable(several.each.answers))
        return self._as_batch({**about, **self._told(answers), **inputs, AS_GIVEN.name: _texts(unsaid, several.count)})

    def _as_batch(self, columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays([columns[name] for name in self.schema.names], schema=self.schema)

    def _told(self, answers: list[Answer]) -> dict[str, pa.Array]:
        told, is_plain = {}, max(map(len, answers)) == len(self._plain)
        for name in self._answers:
            kind = self.schema.field(name).type
            if name in self._plain:
                told[name] = pa.array([answer[name] for answer in answers], kind)
            elif is_plain:
                told[name] = pa.nulls(len(answers), kind)
            else:
                told[name] = pa.array([answer.get(name) for answer in answers], kind)
        return told

    def _refused(self, entries: Sequence[Entry]) -> pa.RecordBatch:
        several = _Several(entries)
        reasons = chain.from_iterable(map(self._reasons, entries))
        about = self._about(several, pa.array(list(reasons), pa.string()))
        columns = {**about, AS_GIVEN.name: pa.array(map(self._given, several.given.values()), pa.string())}
        empty = {field.name: pa.nulls(several.count, field.type) for field in self.schema if field.name not in columns}
        return self._as_batch(columns | empty)

    def _reasons(self, entry: Entry) -> list[str]:
        """Return why each row was refused; of a redacted field it is only said that it was the reason."""
        if not isinstance(entry.error, RowsRefused):
            return [f"NO-DECISION: {entry.error}"] * entry.count
        found: dict[int, list[str]] = {}
        for problem in entry.error.problems:
            is_told = problem.field not in self.redacted
            words = problem.message if is_told else f"field {problem.field!r}, which is redacted, was refused"
            found.setdefault(problem.row, []).append(words)
        return ["; ".join(dict.fromkeys(found.get(number, [BESIDE]))) for number in range(entry.count)]

    def _given(self, row: Any) -> str | None:
        """Return a refused row as JSON; of fields that the bundle does not read only that they were there."""
        if not isinstance(row, Mapping):
            return None
        known = {name: None if name in self.redacted or name not in self.kinds else cell for name, cell in row.items()}
        return json.dumps(known, default=str)

    def _about(self, several: "_Several", refused: pa.Array) -> dict[str, pa.Array]:
        each, spread, same = several.each, several.spread, np.zeros(several.count, np.int8)
        ended, began = np.array(each.ended), np.array([asked.began for asked in each.asked])
        columns = {
            "request_id": spread([asked.request_id for asked in each.asked], pa.string()),
            "row": pa.array(several.numbers),
            "time": spread(_moments(ended), pa.int64()).cast(MOMENT),
            "bundle": pa.DictionaryArray.from_arrays(same, [self.facts.bundle]),
            "version": pa.DictionaryArray.from_arrays(same, [self.facts.version]),
            "arm": spread(each.arm, pa.string()),
            "propensity": spread(each.propensity, pa.float64()),
            "caller": spread(self._callers([asked.caller for asked in each.asked]), pa.string()),
            "latency_us": spread((1e6 * (ended - began)).astype(np.int32), pa.int32()),
            "cache_hit": spread(each.is_kept, pa.bool_()),
            "refused": refused,
        }
        return {field.name: columns[field.name] for field in ABOUT}

    def _callers(self, callers: Sequence[str | None]) -> list[str | None]:
        if not any(callers):
            return [None] * len(callers)
        known = {caller: self._hashed(caller) for caller in set(callers) if caller is not None}
        return [None if caller is None else known[caller] for caller in callers]

    def _hashed(self, caller: str) -> str:
        return blake2b(caller.encode(), key=self._key, digest_size=DIGEST_BYTES).hexdigest()


class _Several:
    """Requests, each of one row or of many; `each` holds their facts, a tuple of all of a kind."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        facts: Any = zip(*map(astuple, entries), strict=True)
        self.each: Any = Entry(*facts)
        self.counts = np.array(self.each.count)
        self.count, self._are_single = int(self.counts.sum()), bool((self.counts == 1).all())
        self._starts = np.cumsum(self.counts) - self.counts

    @property
    def given(self) -> dict[int, Any]:
        """The rows that were kept as they were given, by their place among all."""
        return {
            start + number: row
            for start, rows in zip(self._starts.tolist(), self.each.given, strict=True)
            if rows
            for number, row in rows.items()
        }

    @property
    def numbers(self) -> np.ndarray:
        """The number of each row in its request."""
        numbers: np.ndarray = np.arange(self.count) - np.repeat(self._starts, self.counts)
        return numbers.astype(np.int32)

    def spread(self, values: Any, kind: pa.DataType) -> pa.Array:
        """Return a value a request as one a row."""
        one = pa.array(values, kind)
        return one if self._are_single else one.take(pa.array(np.repeat(np.arange(len(one)), self.counts)))


def _moments(ended: np.ndarray) -> np.ndarray:
    """Return times on ``time.perf_counter`` as microseconds since 1970, UTC."""
    moments: np.ndarray = 1e6 * (ended + (time.time() - time.perf_counter()))
    return moments.astype(np.int64)


def _texts(unsaid: Unsaid, count: int) -> pa.Array:
    if not unsaid:
        return pa.nulls(count, pa.string())
    told = {place: json.dumps(cells, default=str) for place, cells in unsaid.items()}
    return pa.array([told.get(place) for place in range(count)], pa.string())
