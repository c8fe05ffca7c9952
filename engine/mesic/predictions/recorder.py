"""Takes note of answers without holding them up: a request appends to a bounded queue, a thread writes."""

from collections import deque
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from threading import Event, Lock, Thread
from time import perf_counter

import numpy as np

from mesic.errors import UsageError
from mesic.host.names import did_you_mean
from mesic.predictions.entries import NONE, Entry, only
from mesic.predictions.inputs import kinds_of
from mesic.predictions.lanes import Lane, Strip
from mesic.predictions.writer import Writer
from mesic.serving.asking import Asked
from mesic.serving.counters import Counters
from mesic.serving.messages import log
from mesic.serving.release import Answer, Release
from mesic.serving.scorer import Row
from mesic.serving.service import Refused, Service
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
    What waits is told by three counts: rows that were let in, those of them that may still come, both written by the
    thread that answers, and those that are done with, written by the log's thread. What was answered up to ``_last``
    is whole.
    """

    def __init__(self, settings: ServeSettings, counters: Counters, release: Release) -> None:
        self.settings, self.counters, own = settings, counters, settings.log
        self._most, self._kept_hashes = own.buffer_rows, own.sample * HASHES
        self._draws, self._enough = own.sample < 1, min(ROWS_AT_ONCE, own.buffer_rows // 2)
        self._at_once = max(1, self._enough // 8)
        self._let_in = self._free = self._done = 0
        self._last = perf_counter()
        self._queue: deque[Entry] = deque()
        self._lanes: list[Lane] = []
        self._lane = self._lane_of(release)
        self._wake, self._is_ending = Event(), False
        self._dropping = Lock()
        self._writer = Writer(settings, counters, self._drop)
        self._thread = Thread(target=self._write, name="prediction-log", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many rows wait to be written."""
        return self._let_in - self._free - self._done

    def watch(self, service: Service) -> None:
        """Take note of what a service answers, and of what it refuses where that is asked for."""
        service.observers.append(self._drawn if self._draws else self.answered)
        if self.settings.log.refused:
            service.refusal_observers.append(self.refused)

    def answered(self, release: Release, rows: Sequence[Row], answers: Sequence[Answer], asked: Asked) -> None:
        """Take note of rows that were answered just now; every call and every object here is paid by each request."""
        lane, told = self._lane, release.told_alone
        if lane.release is not release:
            lane = self._lane = self._lane_of(release)
        if told is None or release.scorer.unlearned != lane.seen:
            if rows and self._has_room(len(rows)):
                self._wait(self._entry(rows, answers, [asked]))
        elif self._free or self._has_room(1):
            self._free -= 1
            scores, code = told
            arm, ended = asked.arm, perf_counter()
            number = 0 if arm is None else lane.number_of(arm)
            lane.pack(lane.line, 0, asked.began, ended, code, asked.is_kept, asked.propensity, number, *scores)
            lane.add_head(asked.head)
            lane.add_caller(asked.caller)
            lane.add_line(lane.line)  # the last one: the log's thread counts lines
            self._last = ended

    def _drawn(self, release: Release, rows: Sequence[Row], answers: Sequence[Answer], asked: Asked) -> None:
        if is_drawn(asked.request_id, self._kept_hashes):
            self.answered(release, rows, answers, asked)

    def several(self, release: Release, rows: Sequence[Row], answers: Sequence[Answer], asked: Sequence[Asked]) -> None:
        """Take note of rows that were answered just now, each to a request of its own."""
        drawn = [n for n, one in enumerate(asked) if not self._draws or is_drawn(one.request_id, self._kept_hashes)]
        if not drawn or not self._has_room(len(drawn)):
            return
        self._lane = self._lane_of(release)
        entry = self._entry(rows, answers, asked)
        self._wait(entry if len(drawn) == len(rows) else only(entry, drawn))

    def refused(self, event: Refused) -> None:
        """Take note of rows that were refused just now."""
        if self._draws and not is_drawn(event.asked.request_id, self._kept_hashes):
            return
        if self._has_room(len(event.rows)):
            rows = dict(enumerate(event.rows))
            self._wait(Entry(event.release, [event.asked], len(rows), perf_counter(), given=rows, error=event.error))

    def _entry(self, rows: Sequence[Row], answers: Sequence[Answer], asked: Sequence[Asked]) -> Entry:
        """Return rows kept by themselves: copies of what the scorer holds, and of the rest what that does not tell."""
        lane = self._lane
        release, scorer = lane.release, lane.scorer
        given = NONE if scorer.unlearned == lane.seen else lane.given(rows)
        entry = Entry(release, asked, len(rows), perf_counter(), scorer.taken.copy(), given)
        if lane.tells(answers):
            scores, codes = release.told_alone or release.told
            entry.scores, entry.codes = np.reshape(scores, (len(rows), -1)), np.reshape(codes, -1)
        else:
            entry.answers = answers
        return entry

    def _wait(self, entry: Entry) -> None:
        self._free -= entry.count
        self._queue.append(entry)
        self._last = entry.ended

    def _has_room(self, rows: int) -> bool:
        """Return whether rows may wait, too; those that may not are dropped. Many that wait wake the thread."""
        if self._free < rows:
            waiting = self.waiting
            room = self._most - waiting
            if waiting + rows > self._enough and not self._wake.is_set():
                self._wake.set()
            if room < rows:
                self._drop(rows)
                return False
            more = max(rows, min(room, self._at_once))
            self._let_in, self._free = self._let_in - self._free + more, more
        return True

    def _lane_of(self, release: Release) -> Lane:
        lane = next((lane for lane in self._lanes if lane.release is release), None)
        if lane is None:
            lane = Lane(release)
            is_full = len(self._lanes) >= MOST_RELEASES
            self._lanes = [*(one for one in self._lanes if not (is_full and one.is_empty)), lane]
        return lane

    def close(self, seconds: float) -> None:
        """Write what waits and seal the files; after so many seconds what could not be written is given up."""
        if self._is_ending:
            return
        self._is_ending = True
        self._wake.set()
        self._thread.join(seconds)
        if lost := self.waiting:
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

    def _taken(self) -> list[Entry | Strip]:
        """Return what waits, no longer waiting: all up to one time, so that what is taken later is no earlier."""
        until, entries = self._last, list[Entry | Strip]()
        while self._queue and self._queue[0].ended <= until:
            entries.append(self._queue.popleft())
        for lane in self._lanes:
            entries += lane.take(until)
        return entries


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
