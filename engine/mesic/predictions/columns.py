"""From answers as they left the server to columns: whole requests at a time, a microsecond a row."""

import json
import time
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate, chain
from typing import Any

import numpy as np
import pyarrow as pa

from mesic.predictions.entries import Entry
from mesic.predictions.inputs import Inputs, Unsaid, kinds_of
from mesic.predictions.lanes import CODE, Strip
from mesic.predictions.layout import ABOUT, AS_GIVEN, MOMENT, PROMISES, LogFacts, answer_names, in_order, schema_of
from mesic.predictions.requests import Requests, of_entries, of_strip
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
        answers = answer_names(self.schema)
        self._plain = [name for name in answers if name not in PROMISES]
        self._promises = [name for name in answers if name in PROMISES]
        self._labels = pa.array(release.labels, pa.string())

    def batch(self, waiting: Sequence[Entry | Strip]) -> pa.RecordBatch:
        """Return requests as rows of the log, in order of time."""
        strips = [one for one in waiting if isinstance(one, Strip)]
        entries = [one for one in waiting if isinstance(one, Entry)]
        refused = [entry for entry in entries if entry.error is not None]
        told = [entry for entry in entries if entry.error is None and entry.answers is None]
        wordy = [entry for entry in entries if entry.answers is not None]
        parts = [self._lines(strip) for strip in strips]
        parts += [
            write(part) for write, part in ((self._told, told), (self._wordy, wordy), (self._refused, refused)) if part
        ]
        if len(parts) == 1:
            return parts[0]
        table = pa.Table.from_batches(parts).combine_chunks()
        return (table if len(strips) == len(parts) else in_order(table)).to_batches()[0]

    def _lines(self, strip: Strip) -> pa.RecordBatch:
        answers = self._of_scores(strip.scores, strip.about(CODE))
        return self._rows(of_strip(strip), strip.taken, {}, answers)

    def _told(self, entries: Sequence[Entry]) -> pa.RecordBatch:
        scores = np.concatenate([entry.scores for entry in entries])
        answers = self._of_scores(scores, np.concatenate([entry.codes for entry in entries]))
        return self._rows(of_entries(entries), _taken(entries), _given(entries), answers)

    def _wordy(self, entries: Sequence[Entry]) -> pa.RecordBatch:
        answers = list(chain.from_iterable(entry.answers or () for entry in entries))
        return self._rows(of_entries(entries), _taken(entries), _given(entries), self._of_answers(answers))

    def _rows(
        self, requests: Requests, taken: np.ndarray, given: Mapping[int, Any], answers: Mapping[str, pa.Array]
    ) -> pa.RecordBatch:
        about = self._about(requests, pa.nulls(requests.count, pa.string()))
        inputs, unsaid = self._inputs.columns(taken, given)
        return self._as_batch({**about, **answers, **inputs, AS_GIVEN.name: _texts(unsaid, requests.count)})

    def _as_batch(self, columns: Mapping[str, pa.Array]) -> pa.RecordBatch:
        return pa.RecordBatch.from_arrays([columns[name] for name in self.schema.names], schema=self.schema)

    def _of_scores(self, scores: np.ndarray, codes: np.ndarray) -> dict[str, pa.Array]:
        """Return answers that scores (n, k) and decisions (n,) tell."""
        columns = [pa.array(np.ascontiguousarray(column)) for column in scores.T]
        if self.facts.classes:
            decided = pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), self._labels)
            columns = [decided.dictionary_decode(), *columns]
        rest = {name: pa.nulls(len(scores), self.schema.field(name).type) for name in self._promises}
        return dict(zip(self._plain, columns, strict=True)) | rest

    def _of_answers(self, answers: Sequence[Answer]) -> dict[str, pa.Array]:
        return {
            name: pa.array([answer.get(name) for answer in answers], self.schema.field(name).type)
            for name in (*self._plain, *self._promises)
        }

    def _refused(self, entries: Sequence[Entry]) -> pa.RecordBatch:
        requests, reasons = of_entries(entries), chain.from_iterable(map(self._reasons, entries))
        about = self._about(requests, pa.array(list(reasons), pa.string()))
        columns = {**about, AS_GIVEN.name: pa.array(map(self._given, _given(entries).values()), pa.string())}
        empty = {field.name: pa.nulls(requests.count, field.type) for field in self.schema if field.name not in columns}
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

    def _about(self, requests: Requests, refused: pa.Array) -> dict[str, pa.Array]:
        spread, same = requests.spread, np.zeros(requests.count, np.int8)
        columns = {
            "request_id": spread(requests.ids, pa.string()),
            "row": pa.array(requests.numbers),
            "time": spread(_moments(requests.ended), pa.int64()).cast(MOMENT),
            "bundle": pa.DictionaryArray.from_arrays(same, [self.facts.bundle]),
            "version": pa.DictionaryArray.from_arrays(same, [self.facts.version]),
            "arm": spread(requests.arms, pa.string()),
            "propensity": spread(requests.propensities, pa.float64()),
            "caller": spread(self._callers(requests.callers), pa.string()),
            "latency_us": spread((1e6 * (requests.ended - requests.began)).astype(np.int32), pa.int32()),
            "cache_hit": spread(requests.kept, pa.bool_()),
            "refused": refused,
        }
        return {field.name: columns[field.name] for field in ABOUT}

    def _callers(self, callers: Sequence[str | bytes | None]) -> list[str | None]:
        known = {caller: self._hashed(caller) for caller in set(callers)}
        return [known[caller] for caller in callers]

    def _hashed(self, caller: str | bytes | None) -> str | None:
        if not caller:
            return None
        text = caller.decode("latin-1") if isinstance(caller, bytes) else caller
        return blake2b(text.encode(), key=self._key, digest_size=DIGEST_BYTES).hexdigest()


def _taken(entries: Sequence[Entry]) -> np.ndarray:
    return np.concatenate([entry.taken for entry in entries if entry.taken is not None])


def _given(entries: Sequence[Entry]) -> dict[int, Any]:
    """Return the rows that were kept as they were given, by their place among all."""
    starts = accumulate((entry.count for entry in entries), initial=0)
    return {
        start + number: row
        for start, entry in zip(starts, entries, strict=False)
        for number, row in entry.given.items()
    }


def _moments(ended: np.ndarray) -> np.ndarray:
    """Return times on ``time.perf_counter`` as microseconds since 1970, UTC."""
    moments: np.ndarray = 1e6 * (ended + (time.time() - time.perf_counter()))
    return moments.astype(np.int64)


def _texts(unsaid: Unsaid, count: int) -> pa.Array:
    if not unsaid:
        return pa.nulls(count, pa.string())
    told = {place: json.dumps(cells, default=str) for place, cells in unsaid.items()}
    return pa.array([told.get(place) for place in range(count)], pa.string())
