"""Answer again what a log holds, through the server's own door, and compare every bit."""

import asyncio
import dataclasses
import json
import math
import mmap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from mesic.errors import UsageError
from mesic.predictions.inputs import kinds_of
from mesic.predictions.layout import AS_GIVEN, INPUT, PROMISES, answer_names, facts_of
from mesic.predictions.reading import files_of, prediction_log
from mesic.report.words import counted
from mesic.serving.counters import Counters, shared_memory_size
from mesic.serving.messages import Reply, Request, encoded
from mesic.serving.release import Release, load_release
from mesic.serving.sealed_rows import as_json
from mesic.serving.service import Service
from mesic.serving.settings import LogSettings, ServeSettings

OTHER, REDACTED = "another bundle", "redacted fields"
UNBOUNDED: dict[str, Any] = {"cache_rows": 0, "expires": None, "token": None, "max_rows": 2**31, "queue_s": math.inf}


@dataclass
class Replay:
    """What came of answering a log again.

    Parameters
    ----------
    bundle
        Digest of what answered.
    files
        How many were read.
    rows
        That were in the log.
    replayed
        That were answered again.
    differing
        Of which an answer differs.
    skipped
        Rows that cannot be answered again, by reason.
    columns
        In how many rows each column differs.
    first
        The first difference of each column: request, row, what was logged, what came now.
    sample
        Least share of requests that the log holds.
    """

    bundle: str
    files: int = 0
    rows: int = 0
    replayed: int = 0
    differing: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    columns: Counter[str] = field(default_factory=Counter)
    first: dict[str, dict[str, Any]] = field(default_factory=dict)
    sample: float = 1.0

    @property
    def is_equal(self) -> bool:
        """Whether rows were answered again, and all of them as they were."""
        return self.replayed > 0 and not self.differing

    def as_dict(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        plain = dataclasses.asdict(self)
        return {**plain, "skipped": dict(self.skipped), "columns": dict(self.columns), "equal": self.is_equal}

    def lines(self) -> Iterator[str]:
        """Yield what a person reads."""
        same = self.replayed - self.differing
        read = f"{counted(self.rows, 'row')} in {counted(self.files, 'file')}"
        yield f"{read}, {self.replayed:,} answered again by {self.bundle[:12]}"
        yield f"  {same:,} have the same answer, bit for bit; {self.differing:,} differ"
        for name, count in self.columns.most_common():
            first = self.first[name]
            where = f"request {first['request_id']} row {first['row']}"
            yield f"  {name}: {count:,} differ, first {where}: logged {first['logged']!r}, now {first['replayed']!r}"
        for why, count in self.skipped.items():
            yield f"  {count:,} were not answered again: {why}"
        if self.sample < 1:
            yield f"  the log holds {self.sample:.3g} of the requests, drawn by their ids"
        if not self.replayed:
            yield "  nothing could be answered again, so that nothing is shown"

    def differs(self, name: str, row: Mapping[str, Any], now: Any) -> None:
        """Take note of a difference."""
        self.columns[name] += 1
        about = {"request_id": row["request_id"], "row": row["row"]}
        self.first.setdefault(name, {**about, "logged": row[name], "replayed": now})


def replay(settings: ServeSettings) -> Replay:
    """Answer the rows of a log again with a bundle, and compare.

    Parameters
    ----------
    settings
        ``bundle`` answers, ``replay`` names the log; limits and cache are left aside.

    Raises
    ------
    MesicError
        There is no log, no bundle, or one that was altered.
    """
    if settings.bundle is None:
        raise UsageError("a log is answered again by a bundle: give bundle=RUN/bundle")
    release = load_release(settings.bundle, settings)
    found = Replay(release.digest, files=len(files_of(settings.replay)))
    doors: dict[str, _Door] = {}
    for table in prediction_log(settings.replay):
        facts = facts_of(table.schema, settings.replay)
        found.rows += len(table)
        found.sample = min(found.sample, facts.sample)
        if facts.bundle != release.digest or facts.redacted:
            found.skipped[OTHER if facts.bundle != release.digest else REDACTED] += len(table)
            continue
        if facts.unknown not in doors:
            doors[facts.unknown] = _Door(release, settings, facts.unknown)
        asyncio.run(doors[facts.unknown].replay(table, found))
    return found


class _Door:
    """Asks a service as a caller would."""

    def __init__(self, release: Release, settings: ServeSettings, unknown: str) -> None:
        plain = dataclasses.replace(settings, unknown=unknown, log=LogSettings(), **UNBOUNDED)
        self.service = Service(plain, Counters(mmap.mmap(-1, shared_memory_size(1)), 0))
        own = Release(release.bundle, plain)
        own.expires = math.inf
        self.service.use(own)
        self.aside = {f"{INPUT}{name}" for name in kinds_of(own) if name not in own.scorer.names}

    async def replay(self, table: pa.Table, found: Replay) -> None:
        """Answer the rows of a table again, request by request."""
        answers = answer_names(table.schema)
        for rows in _requests(table):
            found.replayed += len(rows)
            status, told = self._asked(rows)
            for row, now in zip(rows, told, strict=True):
                differing = list(_differences(row, now, answers, is_answered=status == 200))
                for name, value in differing:
                    found.differs(name, row, value)
                found.differing += bool(differing)

    def _asked(self, rows: Sequence[Mapping[str, Any]]) -> tuple[int, list[dict[str, Any]]]:
        sent = [self._given(row) for row in rows]
        body = sent[0] if len(sent) == 1 and isinstance(sent[0], dict) and "rows" not in sent[0] else {"rows": sent}
        query = "intervals=true" if any(rows[0].get(name) is not None for name in PROMISES) else ""
        reply = self.service.reply(Request("POST", "/predict", query, {}, encoded(body)))
        assert isinstance(reply, Reply)
        answer = json.loads(reply.body)
        if reply.status != 200:
            return reply.status, [{"refused": answer["error"]["message"]}] * len(rows)
        return 200, answer.get("predictions", [answer])

    def _given(self, row: Mapping[str, Any]) -> Any:
        """Return a row as a caller may have given it."""
        given = None if row[AS_GIVEN.name] is None else json.loads(row[AS_GIVEN.name])
        if row["refused"] is not None:
            return given
        cells = {
            name.removeprefix(INPUT): as_json(cell)
            for name, cell in row.items()
            if name.startswith(INPUT) and not (cell is None and name in self.aside)
        }
        return cells | (given or {})


def _requests(table: pa.Table) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each request."""
    names = table.column_names
    request: list[dict[str, Any]] = []
    for cells in zip(*(column.to_pylist() for column in table.columns), strict=True):
        row = dict(zip(names, cells, strict=True))
        if request and (row["request_id"] != request[0]["request_id"] or row["row"] <= request[-1]["row"]):
            yield request
            request = []
        request.append(row)
    if request:
        yield request


def _differences(
    row: Mapping[str, Any], now: Mapping[str, Any], answers: Sequence[str], *, is_answered: bool
) -> Iterator[tuple[str, Any]]:
    """Yield the columns in which an answer is another one, and what it is now."""
    if (row["refused"] is None) != is_answered:
        yield "refused", now.get("refused")
        return
    for name in answers if is_answered else ():
        if not _is_same(row[name], now.get(name)):
            yield name, now.get(name)


def _is_same(logged: Any, now: Any) -> bool:
    """Return whether values have the same bits."""
    return bool(logged == now) and (logged != 0 or str(logged) == str(now))
