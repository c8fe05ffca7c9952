"""Watch over the jobs of other processes: who leaves no word, takes too long or holds too much is ended."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.sweeping.job import Desk, birth_of
from mesic.sweeping.outcome import Outcome, write_outcome

LOOK_EVERY_S = 0.2
GRACE_S = 2.0  # a job that runs Python code ends by itself at its limit
PAGE_MIB = os.sysconf("SC_PAGE_SIZE") / 2**20 if hasattr(os, "sysconf") else 0.0


@dataclass(frozen=True)
class Limits:
    """What a job may take; None is no limit."""

    seconds: float | None = None
    memory_mb: int | None = None


def who_started(desk: Desk, number: int) -> Mapping[str, Any] | None:
    """Return which process began a job; None where none did."""
    try:
        said: dict[str, Any] = json.loads(desk.started(number).read_text())
    except (FileNotFoundError, ValueError):
        return None
    return said


def is_at_it(who: Mapping[str, Any] | None) -> bool:
    """Return whether another process of this machine is at the job that it began."""
    if who is None or who["host"] != socket.gethostname() or who["pid"] == os.getpid():
        return False
    try:
        os.kill(who["pid"], 0)
    except OSError:
        return False
    return bool(who["born"] == birth_of(who["pid"]))


def wait_for(desk: Desk, number: int) -> None:
    """Wait while another process is at a job."""
    while not desk.ended(number).exists() and is_at_it(who_started(desk, number)):
        time.sleep(LOOK_EVERY_S)


@contextmanager
def watched(desk: Desk, limits: Limits) -> Iterator[None]:
    """End jobs of other processes that go beyond the limits, as long as the block lasts."""
    if limits == Limits():
        yield
        return
    done = threading.Event()

    def look() -> None:
        while not done.wait(LOOK_EVERY_S):
            for path in desk.folder.glob("*.started.json"):
                end_beyond(desk, int(path.name.partition(".")[0]), limits)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


def end_beyond(desk: Desk, number: int, limits: Limits) -> None:
    """End the process of a job that is beyond its limits, and say so in its name."""
    who = who_started(desk, number)
    if who is None or desk.ended(number).exists() or not is_at_it(who):
        return
    seconds = time.time() - who["time"]
    reason = ""
    if limits.seconds is not None and seconds > limits.seconds + GRACE_S:
        reason = f"it hung: it was at it for longer than trial_timeout_s={limits.seconds:g} and had to be ended"
    elif limits.memory_mb is not None and (held := resident_mib(who["pid"])) > limits.memory_mb:
        reason = f"it held {held:.0f} MiB, more than trial_memory_mb={limits.memory_mb}"
    if reason:
        write_outcome(desk.ended(number), Outcome("failed", reason=reason, seconds=round(seconds, 3)))
        with suppress(ProcessLookupError):
            os.kill(who["pid"], signal.SIGKILL)


def resident_mib(pid: int) -> float:
    """Return how much memory a process holds; 0 where the system does not say."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MIB
    except (OSError, IndexError):
        return 0.0
