"""Takes note of answers without holding them up: a request appends to a bounded queue, a thread writes."""

from collections import deque
from hashlib import blake2b
from pathlib import Path
from threading import Event, Lock, Thread
from time import perf_counter

from mesic.errors import UsageError
from mesic.host.names import did_you_mean
from mesic.predictions.entries import NONE, Entry, Keeper
from mesic.predictions.inputs import kinds_of
from mesic.predictions.writer import Writer
from mesic.serving.counters import Counters
from mesic.serving.messages import log
from mesic.serving.release import Release
from mesic.serving.service import Answered, Refused, Service
from mesic.serving.settings import ServeSettings

ROWS_AT_ONCE = 8192
MOST_RELEASES = 4  # that answer side by side
HASHES = 2**64


class Recorder:
    """The log of one process.

    Parameters
    ----------
    settings
        The keys of ``mesic serve``; ``log.folder`` is given.
    counters
        Where rows are counted: written, dropped.
    release
        The first to answer.

    Notes
    -----
    The loop's thread writes ``_put``, the log's ``_done``; what waits is the difference.
    """

    def __init__(self, settings: ServeSettings, counters: Counters, release: Release) -> None:
        self.settings, self.counters, own = settings, counters, settings.log
        self._most, self._kept_hashes = own.buffer_rows, own.sample * HASHES
        self._draws, self._enough = own.sample < 1, min(ROWS_AT_ONCE, own.buffer_rows // 2)
        self._queue: deque[Entry] = deque()
        self._put = self._done = 0
        self._wake, self._is_ending = Event(), False
        self._keepers: dict[Release, Keeper] = {}
        self._keeper_of(release)
        self._dropping = Lock()
        self._writer = Writer(settings, counters, self._drop)
        self._thread = Thread(target=self._write, name="prediction-log", daemon=True)
        self._thread.start()

    def watch(self, service: Service) -> None:
        """Take note of what a service answers, and of what it refuses where that is asked for."""
        service.observers.append(self.answered)
        if self.settings.log.refused:
            service.refusal_observers.append(self.refused)

    def answered(self, event: Answered) -> None:
        """Take note of rows that were answered just now; every call and every object here is paid by each request."""
        release, rows, asked = event.release, event.rows, event.asked
        count, scorer = len(rows), release.scorer
        if self._put - self._done + count > self._enough and not self._has_room(count):
            return
        if not count or (self._draws and not is_drawn(asked.request_id, self._kept_hashes)):
            return
        keeper = self._keeper if self._keeper.release is release else self._keeper_of(release)
        given = keeper.given(rows) if scorer.unlearned != keeper.seen or keeper.needs_all else NONE
        about = (event.answers, None, perf_counter(), event.is_kept, event.arm, event.propensity)
        self._put += count
        self._queue.append(Entry(release, asked, count, scorer.taken.tobytes(), given, *about))

    def refused(self, event: Refused) -> None:
        """Take note of rows that were refused just now."""
        asked, rows = event.asked, dict(enumerate(event.rows))
        if self._draws and not is_drawn(asked.request_id, self._kept_hashes):
            return
        if self._has_room(len(rows)):
            self._put += len(rows)
            self._queue.append(Entry(event.release, asked, len(rows), b"", rows, (), event.error, perf_counter()))

    def _has_room(self, rows: int) -> bool:
        """Return whether rows may wait, too; those that may not are dropped. Many that wait wake the thread."""
        if self._put - self._done + rows > self._most:
            self._drop(rows)
            return False
        if not self._wake.is_set():
            self._wake.set()
        return True

    def _keeper_of(self, release: Release) -> Keeper:
        if release not in self._keepers:
            if len(self._keepers) >= MOST_RELEASES:
                self._keepers.clear()
            self._keepers[release] = Keeper(release)
        self._keeper = self._keepers[release]
        return self._keeper

    def close(self, seconds: float) -> None:
        """Write what waits and seal the files; after so many seconds what could not be written is given up."""
        self._is_ending = True
        self._wake.set()
        self._thread.join(seconds)
        if lost := self._put - self._done:
            self._drop(lost)
            log("log-lost", rows=lost)

    def _drop(self, rows: int) -> None:
        with self._dropping:
            self.counters.add("mesic_log_dropped_rows_total", rows)

    def _write(self) -> None:
        self._writer.begin()
        while not self._is_ending:
            self._wake.wait(self.settings.log.flush_s)
            self._wake.clear()
            self._done += self._writer.write(self._taken)
        self._done += self._writer.write(self._taken)
        self._writer.end()

    def _taken(self) -> list[Entry]:
        """Return what waits, no longer waiting."""
        return [self._queue.popleft() for _ in range(len(self._queue))]


def is_drawn(request_id: str, below: float) -> bool:
    """Return whether the hash of a request's id, 0 to 2**64, is below a bound: the same on every machine.

    Examples
    --------
    >>> [is_drawn(str(number), 0.5 * HASHES) for number in range(4)]
    [False, False, True, False]
    """
    return int.from_bytes(blake2b(request_id.encode(), digest_size=8).digest(), "big") < below


def recorder_of(settings: ServeSettings, counters: Counters, release: Release) -> Recorder:
    """Return a recorder, its folder made.

    Parameters
    ----------
    settings, counters
        See :class:`Recorder`.
    release
        The first to answer; what is redacted must be a field of it.

    Raises
    ------
    UsageError
        The folder cannot be made, or a field is misspelt.
    """
    known = kinds_of(release)
    for name in settings.log.redact:
        if name not in known:
            near = did_you_mean(name, known) or f"; it reads {', '.join(known)}"
            raise UsageError(f"log.redact names {name!r}, which the bundle does not read{near}")
    folder = Path(str(settings.log.folder))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"log.folder={folder} cannot be made: {error}; give a folder that can be written") from error
    return Recorder(settings, counters, release)
