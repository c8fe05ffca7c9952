"""The keeper's side of the process that answers beside: started for a roll-out, and again when it ends."""

import contextlib
import dataclasses
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from time import monotonic
from typing import Any

import msgspec

from mesic.serving.messages import log
from mesic.serving.settings import ServeSettings

CRASHES = frozenset({signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE})
OVERDUE = frozenset({signal.SIGPROF, signal.SIGALRM})
PAUSE_S = 1.0


class BesideProcess:
    """One such process.

    Parameters
    ----------
    rows
        File descriptor of the memory that rows come through.
    rollout
        Rows of which are compared.
    versions
        The settings of the version in use and of the one that is tried, ``bundle`` naming each.
    """

    def __init__(self, rows: int, rollout: str, versions: Sequence[ServeSettings]) -> None:
        self.rows, self.rollout, self.versions = rows, rollout, versions
        self._heard = b""
        self._ended: float | None = None
        self._start()

    def _start(self) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", "mesic.serving.comparing", str(self.rows), self.rollout],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=(self.rows,),
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        os.set_blocking(self._process.stdout.fileno(), False)
        told = msgspec.json.encode([dataclasses.asdict(one) for one in self.versions])
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(told + b"\n")
            self._process.stdin.flush()

    def counts(self) -> Iterator[dict[str, Any]]:
        """Yield what it has counted since the last time."""
        assert self._process.stdout is not None
        self._heard += self._process.stdout.read() or b""
        *lines, self._heard = self._heard.split(b"\n")
        yield from map(msgspec.json.decode, lines)

    def ended(self) -> int | None:
        """Return the signal by which it crashed or ran out of time, once; ended otherwise it is only started again."""
        if self._ended is not None:
            if monotonic() - self._ended >= PAUSE_S:
                self._ended = None
                self._start()
            return None
        status = self._process.poll()
        if status is None:
            return None
        log("beside-ended", pid=self._process.pid, status=status)
        self._close()
        self._ended = monotonic()
        return -status if -status in CRASHES | OVERDUE else None

    def stop(self) -> None:
        """End it."""
        if self._ended is None:
            self._process.kill()
            self._close()

    def _close(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe.close()  # type: ignore[union-attr]  # both are pipes
        self._process.wait()
        self._heard = b""
