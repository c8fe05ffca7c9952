"""What a run may use and what it used: threads, memory, time."""

import ctypes
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mesic.errors import MemoryLimitReached


def available_cores() -> int:
    """Return the cores that this process may use: affinity, and the quota of its control group."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return cores if quota == "max" else max(1, min(cores, int(quota) // int(period)))
    except (OSError, ValueError):
        return cores


@contextmanager
def limited_threads(threads: int) -> Iterator[None]:
    """Hold every native thread pool to `threads`: equal thread counts are part of equal bytes."""
    import pyarrow
    from threadpoolctl import threadpool_limits

    before = pyarrow.cpu_count()
    pyarrow.set_cpu_count(threads)
    try:
        with threadpool_limits(limits=threads):
            yield
    finally:
        pyarrow.set_cpu_count(before)


def resident_mib(pid: int | None = None) -> float:
    """Return the resident memory of this process now, or of another one (0 where the system does not say), in MiB."""
    try:
        pages = int(Path(f"/proc/{pid or 'self'}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return peak_mib() if pid is None else 0.0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def peak_mib() -> float:
    """Return the highest resident memory of this process so far, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def release_free_memory() -> None:
    """Give back to the system what was freed: threads cannot use what glibc keeps for another thread."""
    import pyarrow

    pyarrow.default_memory_pool().release_unused()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if os.name == "posix" else None
    if trim is not None:
        trim(0)


def megabytes(mib: float) -> float:
    """Return MB of MiB."""
    return mib * 2**20 / 1e6


@dataclass(frozen=True)
class MemoryLimit:
    """Stops a run cleanly between two fits when it holds more than `limit_mb`."""

    limit_mb: int | None

    def check(self, doing: str) -> None:
        """Raise MemoryLimitReached where the limit is passed."""
        used = megabytes(resident_mib())
        if self.limit_mb is not None and used > self.limit_mb:
            raise MemoryLimitReached(
                f"memory: {used:,.0f} MB are held while {doing}, resources.memory_mb={self.limit_mb}; "
                "give more, or fewer rows or columns"
            )


@dataclass(frozen=True)
class Clock:
    """Wall and CPU seconds since it was made; the wall clock never goes back."""

    wall: float
    cpu: float

    @classmethod
    def started(cls) -> "Clock":
        """Return a clock that starts now."""
        return cls(time.monotonic(), time.process_time())

    def wall_s(self) -> float:
        """Return the wall seconds since the start."""
        return time.monotonic() - self.wall

    def cpu_s(self) -> float:
        """Return the CPU seconds of this process since the start, all threads together."""
        return time.process_time() - self.cpu
