"""The process that answers rows with the other version: ``python -m mesic.serving.comparing ROWS``, a file descriptor.

What differs goes to stdout, a JSON object of counts a line. It runs only when nobody else wants the processor, and ends
with its parent: whatever the new version does, it does it here.
"""

import contextlib
import ctypes
import math
import os
import select
import signal
import socket
import sys
from collections.abc import Mapping
from time import monotonic
from typing import Any

import msgspec

from mesic.live.tallies import Tally
from mesic.serving.release import Answer, Release, load_release
from mesic.serving.routing import ABSTAINED
from mesic.serving.settings import ServeSettings

LARGEST_PACKET = 2**22
TOLD_S = 0.25
DEATH_OF_PARENT = 1  # PR_SET_PDEATHSIG of Linux


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

    def compare(self, version: str, row: Mapping[str, Any], answer: Answer) -> None:
        """Let the other version answer a row, too, and count what differs."""
        if version not in (self.current.version, self.candidate.version):
            return  # a row of the roll-out before, which was still on its way
        is_old = version == self.current.version
        try:
            other = (self.candidate if is_old else self.current).answer(row)
        except Exception as error:  # noqa: BLE001 - whatever a new version does is counted, and no more
            if is_old:
                self.tally.fail(self.candidate.version, error)
            return
        self._count(*((answer, other) if is_old else (other, answer)))

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

    def tell(self) -> None:
        """Write what was counted since the last time."""
        counted, self.tally = self.tally, Tally()
        if counted:
            sys.stdout.buffer.write(msgspec.json.encode(counted.as_dict()) + b"\n")
            sys.stdout.buffer.flush()


def _compare_all(comparing: Comparing, rows: socket.socket) -> None:
    """Compare until the parent has gone."""
    last = monotonic()
    while True:
        ready = select.select([rows, sys.stdin], [], [], TOLD_S)[0]
        if sys.stdin in ready:
            return
        if rows in ready:
            for version, row, answer in msgspec.msgpack.decode(rows.recv(LARGEST_PACKET)):
                comparing.compare(version, msgspec.json.decode(row) if isinstance(row, bytes) else row, answer)
                os.sched_yield()  # who answers need not wait for the clock to tick
        if monotonic() - last >= TOLD_S:
            comparing.tell()
            last = monotonic()


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
    _stand_back()
    _compare_all(Comparing(*releases), socket.socket(fileno=int(sys.argv[1])))
    os._exit(0)


if __name__ == "__main__":
    main()
