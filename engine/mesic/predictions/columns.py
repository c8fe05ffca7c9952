"""From answers as they left the server to columns: a few hundred nanoseconds a row, most of it without Python's lock."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from mesic.bundle import coverage
from mesic.errors import CheckFailed
from mesic.predictions.inputs import Inputs, Unsaid, kinds_of
from mesic.predictions.layout import ABOUT, AS_GIVEN, MOMENT, LogFacts, answer_names, in_order, schema_of
from mesic.serving.release import Answer, Release
from mesic.serving.scorer import Row
from mesic.serving.service import Answered, Refused
from mesic.serving.settings import LogSettings

BESIDE = "another row of the request was refused"
DIGEST_BYTES = 16


@dataclass(slots=True)
class Entry:
    """One request that waits to be written.

    Parameters
    ----------
    event
        What became of it.
    taken
        Numbers and codes of its rows, float64, one row after the other; nothing of rows that were refused.
    time_us
        When it was answered, in microseconds since 1970, UTC.
    latency_us
        What answering took.
    """

    event: Answered | Refused
    taken: bytes
    time_us: int
    latency_us: int


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

    def batch(self, entries: Sequence[Entry]) -> pa.RecordBatch:
        """Return requests as rows of the log, in order; answered and refused ones are told apart by ``refused``."""
        answered = [entry for entry in entries if isinstance(entry.event, Answered)]
        refused = [entry for entry in entries if isinstance(entry.event, Refused)]
        parts = [write(part) for write, part in ((self._answered, answered), (self._refused, refused)) if part]
        if len(parts) == 1:
            return parts[0]
        return in_order(pa.Table.from_batches(parts)).to_batches()[0]

    def _answered(self, entries: Sequence[Entry]) -> pa.RecordBatch:
        several = _Several(entries)
        answers: list[Answer] = list(chain.from_iterable(entry.event.answers for entry in entries))  # type: ignore[union-attr]
        about = self._about(several, pa.nulls(several.count, pa.string()))
        inputs, unsaid = self._inputs.columns(b"".join(entry.taken for entry in entries), several.rows)
        columns = {**about, **self._told(answers), **inputs, AS_GIVEN.name: _texts(unsaid, several.count)}
        return pa.RecordBatch.from_arrays([columns[name] for name in self.schema.names], schema=self.schema)

    def _told(self, answers: list[Answer]) -> dict[str, pa.Array]:
        told = {}
        for name in self._answers:
            kind = self.schema.field(name).type
            is_promise = name in (coverage.SET, coverage.LOW, coverage.HIGH)
            cells = [answer.get(name) for answer in answers] if is_promise else [answer[name] for answer in answers]
            told[name] = pa.array(cells, kind)
        return told

    def _refused(self, entries: Sequence[Entry]) -> pa.RecordBatch:
        several = _Several(entries)
        reasons = chain.from_iterable(self._reasons(entry.event) for entry in entries)  # type: ignore[arg-type]
        about = self._about(several, pa.array(list(reasons), pa.string()))
        given = pa.array([self._given(row) for row in several.rows], pa.string())
        columns = {**about, AS_GIVEN.name: given}
        empty = {field.name: pa.nulls(several.count, field.type) for field in self.schema if field.name not in columns}
        columns |= empty
        return pa.RecordBatch.from_arrays([columns[name] for name in self.schema.names], schema=self.schema)

    def _reasons(self, refused: Refused) -> list[str]:
        """Return why each row was refused; of a redacted field it is only said that it was the reason."""
        if isinstance(refused.error, CheckFailed):
            return [f"NO-DECISION: {refused.error}"] * len(refused.rows)
        found: dict[int, list[str]] = {}
        for problem in refused.error.problems:
            is_told = problem.field not in self.redacted
            words = problem.message if is_told else f"field {problem.field!r}, which is redacted, was refused"
            found.setdefault(problem.row, []).append(words)
        return ["; ".join(dict.fromkeys(found.get(number, [BESIDE]))) for number in range(len(refused.rows))]

    def _given(self, row: Any) -> str | None:
        """Return a refused row as JSON; of fields that the bundle does not read only that they were there."""
        if not isinstance(row, Mapping):
            return None
        known = {name: None if name in self.redacted or name not in self.kinds else cell for name, cell in row.items()}
        return json.dumps(known, default=str)

    def _about(self, several: "_Several", refused: pa.Array) -> dict[str, pa.Array]:
        entries, events = several.entries, [entry.event for entry in several.entries]
        answered = [event if isinstance(event, Answered) else None for event in events]
        spread, same = several.spread, np.zeros(several.count, np.int8)
        columns = {
            "request_id": spread(pa.array([event.asked.request_id for event in events], pa.string())),
            "row": pa.array(several.numbers),
            "time": spread(pa.array([entry.time_us for entry in entries], pa.int64())).cast(MOMENT),
            "bundle": pa.DictionaryArray.from_arrays(same, [self.facts.bundle]),
            "version": pa.DictionaryArray.from_arrays(same, [self.facts.version]),
            "arm": spread(pa.array([None if event is None else event.arm for event in answered], pa.string())),
            "propensity": spread(pa.array([1.0 if event is None else event.propensity for event in answered])),
            "caller": spread(pa.array(self._callers([event.asked.caller for event in events]), pa.string())),
            "latency_us": spread(pa.array([entry.latency_us for entry in entries], pa.int32())),
            "cache_hit": spread(pa.array([event is not None and event.is_kept for event in answered])),
            "refused": refused,
        }
        return {field.name: columns[field.name] for field in ABOUT}

    def _callers(self, callers: list[str | None]) -> list[str | None]:
        known = {caller: self._hashed(caller) for caller in set(callers) if caller is not None}
        return [None if caller is None else known[caller] for caller in callers]

    def _hashed(self, caller: str) -> str:
        return blake2b(caller.encode(), key=self._key, digest_size=DIGEST_BYTES).hexdigest()


@dataclass
class _Several:
    """Requests, each of one row or of many."""

    entries: Sequence[Entry]

    @cached_property
    def counts(self) -> np.ndarray:
        return np.array([len(entry.event.rows) for entry in self.entries])

    @property
    def count(self) -> int:
        return int(self.counts.sum())

    @cached_property
    def rows(self) -> list[Row]:
        return list(chain.from_iterable(entry.event.rows for entry in self.entries))

    @cached_property
    def numbers(self) -> np.ndarray:
        """The number of each row in its request."""
        starts = np.cumsum(self.counts) - self.counts
        return (np.arange(self.count) - np.repeat(starts, self.counts)).astype(np.int32)

    def spread(self, one: pa.Array) -> pa.Array:
        """Return a value a request as one a row."""
        if self.count == len(self.entries) == int((self.counts == 1).sum()):
            return one
        return one.take(pa.array(np.repeat(np.arange(len(self.entries)), self.counts)))


def _texts(unsaid: Unsaid, count: int) -> pa.Array:
    if not unsaid:
        return pa.nulls(count, pa.string())
    told = {place: json.dumps(cells, default=str) for place, cells in unsaid.items()}
    return pa.array([told.get(place) for place in range(count)], pa.string())
