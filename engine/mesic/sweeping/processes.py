"""Processes of a sweep: who is at work, and workers that end when the sweeper was killed, for nobody else ends them."""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

LOOK_EVERY_S = 0.5
_AT_WORK = threading.RLock()


@dataclass(frozen=True)
class Process:
    """A process of some machine; numbers are used again, so it is known by its birth, too."""

    pid: int
    born: str
    host: str

    @classmethod
    def current(cls) -> "Process":
        """Return this process."""
        return cls(os.getpid(), birth_of(os.getpid()), socket.gethostname())

    @property
    def is_here(self) -> bool:
        """Whether it is of this machine."""
        return self.host == socket.gethostname()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs, as far as can be told from this machine."""
        if not self.is_here:
            return False
        try:
            os.kill(self.pid, 0)
        except OSError:
            return False
        return self.born == birth_of(self.pid)


def birth_of(pid: int) -> str:
    """Return when a process of this machine was born, as its kernel counts; nothing where it does not say."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


@contextmanager
def at_work(sweeper: Process) -> Iterator[None]:
    """Do a job in the block; a worker of this machine ends soon after its sweeper does, but not within a job."""
    if sweeper.is_here and sweeper.pid != os.getpid():
        _follow(sweeper)
    with _AT_WORK:
        yield


@lru_cache(maxsize=1)
def _follow(sweeper: Process) -> None:
    threading.Thread(target=_end_after, args=(sweeper,), daemon=True).start()


def _end_after(sweeper: Process) -> None:
    while sweeper.is_alive:
        time.sleep(LOOK_EVERY_S)
    with _AT_WORK:
        os._exit(0)  # who would wait for this worker is gone
