"""The thread's part of the log: from what waits to files, whatever the disk does."""

import time
from collections.abc import Callable
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import pyarrow as pa

from mesic.predictions.columns import Encoder
from mesic.predictions.entries import Entry
from mesic.predictions.files import LogFile, recover
from mesic.predictions.folder import MIB, make_room
from mesic.predictions.lanes import Strip
from mesic.serving.counters import Counters
from mesic.serving.messages import log
from mesic.serving.settings import ServeSettings

Name = tuple[str, str]  # digest and version
Waiting = Entry | Strip
BETWEEN_LOOKS_S = 60.0
MOST_FILES = 8  # releases that answer side by side; of others the files are sealed


class Writer:
    """Writes batches, one open file a release; what cannot be written waits and is tried again.

    Parameters
    ----------
    settings
        The keys of ``mesic serve``.
    counters
        Where rows that were written, and errors, are counted.
    drop
        Counts rows that are lost.
    """

    def __init__(self, settings: ServeSettings, counters: Counters, drop: Callable[[int], None]) -> None:
        self.settings, self.counters, self.drop = settings.log, counters, drop
        self.unknown, self.folder = settings.unknown, Path(str(settings.log.folder))
        self._encoders: dict[Name, Encoder] = {}
        self._files: dict[Name, LogFile] = {}
        self._waiting: list[tuple[Name, pa.RecordBatch]] = []
        self._is_failing = False
        self._looked = time.monotonic()

    def begin(self) -> None:
        """Seal what processes left that ended in the middle."""
        try:
            if found := recover(self.folder):
                log("log-recovered", files=[path.name for path in found])
        except Exception as error:  # noqa: BLE001 - whatever lies in the folder, the log goes on
            self._failed(error)

    def write(self, take: Callable[[], list[Waiting]]) -> int:
        """Write what could not be written before, then what `take` returns; return how many rows are done with."""
        done = self._write_waiting()
        if not self._waiting:
            done += self._encode(take())
            done += self._write_waiting()
        self._rotate()
        return done

    def end(self) -> None:
        """Seal the files."""
        for name in list(self._files):
            self._seal(name)

    def _encode(self, entries: list[Waiting]) -> int:
        """Make batches of requests; return how many rows were lost, as they could not be told."""
        lost = 0
        for name, group in _by_release(entries).items():
            try:
                if name not in self._encoders:
                    self._encoders[name] = Encoder(group[0].release, self.settings, self.unknown)
                self._waiting.append((name, self._encoders[name].batch(group)))
            except Exception as error:  # noqa: BLE001 - rows that cannot be told must not end the log
                self._failed(error)
                rows = sum(entry.count for entry in group)
                self.drop(rows)
                lost += rows
        return lost

    def _write_waiting(self) -> int:
        done = 0
        while self._waiting and self._append(*self._waiting[0]):
            _, batch = self._waiting.pop(0)
            done += batch.num_rows
            self.counters.add("mesic_log_rows_total", batch.num_rows)
        return done

    def _append(self, name: Name, batch: pa.RecordBatch) -> bool:
        """Append a batch to the release's file; return whether that went well."""
        try:
            self._make_room(batch.nbytes)
            if name not in self._files:
                self._files[name] = LogFile(self.folder, batch.schema, batch.column("time")[0].value)
            self._files[name].write(batch)
        except Exception as error:  # noqa: BLE001 - a disk may fail in many ways, and the server answers on
            self._failed(error)
            if file := self._files.pop(name, None):
                file.abandon()
            return False
        if self._is_failing:
            self._is_failing = False
            log("log-writes-again", folder=str(self.folder))
            self.begin()
        return True

    def _make_room(self, coming_bytes: int) -> None:
        most_bytes = self.settings.max_mib * MIB
        gone = make_room(self.folder, most_bytes=most_bytes, coming_bytes=coming_bytes, days=self.settings.days)
        if gone:
            log("log-deleted", files=[path.name for path in gone])

    def _rotate(self) -> None:
        """Seal what is large or old, and what belongs to releases that answer no longer; now and then delete."""
        now = time.monotonic()
        for name, file in list(self._files.items()):
            is_large = file.bytes >= self.settings.rotate_mib * MIB
            if is_large or now - file.began >= 3600 * self.settings.rotate_hours:
                self._seal(name)
        while len(self._files) > MOST_FILES:
            self._seal(next(iter(self._files)))
        for name in [name for name in self._encoders if name not in self._files][MOST_FILES:]:
            del self._encoders[name]
        if now - self._looked > BETWEEN_LOOKS_S:
            self._looked = now
            self._make_room(0)

    def _seal(self, name: Name) -> None:
        try:
            self._files.pop(name).seal()
        except Exception as error:  # noqa: BLE001 - the file stays readable, and is sealed later
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        """Count a failure; the first one leaves a line in the server's log."""
        self.counters.add("mesic_log_errors_total")
        if not self._is_failing:
            log("log-failed", folder=str(self.folder), error=f"{type(error).__name__}: {error}")
        self._is_failing = True


def _by_release(entries: list[Waiting]) -> dict[Name, list[Waiting]]:
    found: dict[Name, list[Waiting]] = {}
    for release, group in groupby(entries, key=attrgetter("release")):
        found.setdefault((release.digest, release.version), []).extend(group)
    return found
