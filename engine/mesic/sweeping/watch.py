"""Watch over the jobs of other processes: who leaves no word, takes too long or holds too much is ended."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from mesic.runs.resources import resident_mib
from mesic.sweeping.job import Desk
from mesic.sweeping.outcome import Outcome, write_outcome
from mesic.sweeping.processes import Process

LOOK_EVERY_S = 0.2
GRACE_S = 2.0  # a job that runs Python code ends by itself at its limit


@dataclass(frozen=True)
class Limits:
    """What a job may take; None is no limit."""

    seconds: float | None = None
    memory_mb: int | None = None


@dataclass(frozen=True)
class Start:
    """Which process began a job, and when."""

    process: Process
    time: float

    @property
    def is_underway(self) -> bool:
        """Whether another process of this machine is at it."""
        return self.process.is_alive and self.process.pid != os.getpid()


def start_of(desk: Desk, number: int) -> Start | None:
    """Return who began a job; None where nobody did."""
    try:
        said = json.loads(desk.started(number).read_text())
        return Start(Process(**said["process"]), said["time"])
    except (FileNotFoundError, ValueError):
        return None


def is_underway(desk: Desk, number: int) -> bool:
    """Return whether another process of this machine is at a job and has not said how it ended."""
    start = start_of(desk, number)
    return start is not None and start.is_underway and not desk.ended(number).exists()


def wait_for(desk: Desk, number: int) -> None:
    """Wait while another process is at a job."""
    while is_underway(desk, number):
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
    start = start_of(desk, number)
    if start is None or not is_underway(desk, number):
        return
    seconds, pid = time.time() - start.time, start.process.pid
    reason = ""
    if limits.seconds is not None and seconds > limits.seconds + GRACE_S:
        reason = f"it hung: it was at it for longer than trial_timeout_s={limits.seconds:g} and had to be ended"
    elif limits.memory_mb is not None and (held := resident_mib(pid)) > limits.memory_mb:
        reason = f"it held {held:.0f} MiB, more than trial_memory_mb={limits.memory_mb}"
    if reason:
        write_outcome(desk.ended(number), Outcome("failed", reason=reason, seconds=round(seconds, 3)))
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
