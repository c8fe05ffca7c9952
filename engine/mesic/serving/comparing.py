"""The process that answers rows with the other version: ``python -m mesic.serving.comparing ROWS ROLLOUT``.

ROWS is a file descriptor of memory. What differs goes to stdout, a JSON object of counts a line. It runs only when
nobody else wants the processor, less often where somebody does again and again, and ends with its parent: whatever the
new version does, it does it here.
"""

import contextlib
import ctypes
import math
import mmap
import os
import select
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from time import monotonic
from typing import Any

import msgspec

from mesic.live.tallies import Tally
from mesic.serving.release import Answer, Release, load_release
from mesic.serving.restraint import Restraint
from mesic.serving.ring import Ring
from mesic.serving.routing import ABSTAINED
from mesic.serving.settings import ServeSettings

TOGETHER = 16  # rows that the kernel answers at once; who wants the processor meanwhile waits for no more
LOOK_S, TOLD_S = 0.02, 0.25
STARVED = 6
DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of Linux

Taken = tuple[str, str, Mapping[str, Any], Answer]


class Comparing:
    """Two versions, and what they were seen to differ in.

    Parameters
    ----------
    current, candidate
        The version in use, and the one that is tried.
    """

    def __init__(self, current: Release, candidate: Release) -> None:
        self.current, self.candidate = current, candidate
        self.tally = Tally()
        self._told = monotonic()

    def compare(self, taken: Sequence[Taken]) -> None:
        """Let the other version answer rows of a version, too, and count what differs."""
        for version in (self.current.version, self.candidate.version):
            of_version = [(row, answer) for _, by, row, answer in taken if by == version]
            if of_version:
                self._compare(version, [row for row, _ in of_version], [answer for _, answer in of_version])

    def _compare(self, version: str, rows: Sequence[Mapping[str, Any]], answers: Sequence[Answer]) -> None:
        is_old = version == self.current.version
        other = self.candidate if is_old else self.current
        for answer, found in zip(answers, self._answers(other, rows), strict=True):
            if found is not None:
                self._count(*((answer, found) if is_old else (found, answer)))

    def _answers(self, release: Release, rows: Sequence[Mapping[str, Any]]) -> Sequence[Answer | None]:
        """Return what a version answers, None where it fails; rows that fail together are asked one by one."""
        with contextlib.suppress(Exception):  # of which row it is, and whether it is one of the candidate, shows below
            return release.answers(rows)
        return [self._answer(release, row) for row in rows]

    def _answer(self, release: Release, row: Mapping[str, Any]) -> Answer | None:
        try:
            return release.answer(row)
        except Exception as error:  # noqa: BLE001 - whatever a new version does is counted, and no more
            if release is self.candidate:
                self.tally.fail(self.candidate.version, error)
            return None

    def _count(self, old: Answer, new: Answer) -> None:
        name, said = self.candidate.version, (old["prediction"], new["prediction"])
        keys = self.current.keys or ["prediction"]
        apart = max((abs(new[key] - old[key]) for key in keys if None not in (old.get(key), new.get(key))), default=0.0)
        self.tally.add(name, ("beside",), 1.0)
        self.tally.add(name, ("apart",), apart)
        self.tally.largest = max(self.tally.largest, apart if math.isfinite(apart) else 0.0)
        if None in said or isinstance(said[0], str):
            self.tally.add(name, ("pair", *(ABSTAINED if one is None else str(one) for one in said)), 1.0)
        else:
            self.tally.add(name, ("difference",), said[1] - said[0])
            self.tally.add(name, ("old",), said[0])

    def tell_now_and_then(self) -> None:
        """Write what was counted since the last time, a few times a second."""
        if monotonic() - self._told >= TOLD_S:
            self._tell()
            self._told = monotonic()

    def _tell(self) -> None:
        counted, self.tally = self.tally, Tally()
        if counted:
            sys.stdout.buffer.write(msgspec.json.encode(counted.as_dict()) + b"\n")
            sys.stdout.buffer.flush()


def _taken(rings: Sequence[Ring], rollout: str) -> Iterator[Taken]:
    """Yield the rows that have come, of this roll-out: some of the one before may still be on their way."""
    for ring in rings:
        for record in ring.take():
            of, version, row, answer = msgspec.msgpack.decode(record)
            if of == rollout:
                yield of, version, _read(row), _read(answer)
                os.sched_yield()  # who answers need not wait for the clock to tick


def _read(said: Answer | bytes) -> Answer:
    read: Answer = msgspec.json.decode(said) if isinstance(said, bytes) else said
    return read


def _compare_all(comparing: Comparing, rings: Sequence[Ring], rollout: str, limit_s: float) -> None:
    """Compare until the parent has gone; rows that are not answered in time end the process."""
    restraint = Restraint()
    while not select.select([sys.stdin], [], [], LOOK_S)[0]:
        rows = _taken(rings, rollout)
        while together := list(islice(rows, TOGETHER)):
            _allow(limit_s)
            comparing.compare(together)
            _allow(0)
            comparing.tell_now_and_then()
            restraint.pause()
        comparing.tell_now_and_then()


def _allow(seconds: float) -> None:
    """Let the system end this process after so many seconds, 0 for never: of the processor, or many more of the clock.

    No code of the process takes part, be it native and never come back. Where others want the processor, this process
    stands still for long, which is no fault of the new version.
    """
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, STARVED * seconds)


def _stand_back() -> None:
    """Run when nobody else wants to, and end with the parent, where the system knows of such."""
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).prctl(DEATH_OF_PARENT, signal.SIGKILL)


def main() -> None:
    """Answer beside until the parent has gone."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they reach the whole group
    told = msgspec.json.decode(sys.stdin.buffer.readline())
    settings = [msgspec.convert(one, ServeSettings) for one in told]
    releases = [load_release(str(one.bundle), one) for one in settings]
    memory = mmap.mmap(int(sys.argv[1]), 0)
    rings = [Ring(memory, slot) for slot in range(settings[0].workers)]
    _stand_back()
    _compare_all(Comparing(*releases), rings, sys.argv[2], settings[0].answer_s)
    os._exit(0)


if __name__ == "__main__":
    main()
