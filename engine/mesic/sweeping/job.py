"""What a launcher runs in place of the task: the task, and a file that says how it ended.

The file is what the sweeper believes. So a job that ended before the sweeper was killed is not run again, and no
launcher has to carry exceptions or return values that cannot be pickled.
"""

import json
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import FrameType
from typing import Any

from mesic.errors import MesicError, message_of
from mesic.sweeping.outcome import Outcome, outcome_of, read_outcome, write_outcome
from mesic.sweeping.processes import Process, at_work
from mesic.sweeping.reporting import Pruned, StudyAddress, Underway, underway

MOST_OF_A_REASON = 500
TRACEBACK = "traceback.txt"


class JobFailed(MesicError):
    """A job of a sweep failed; the sweep goes on."""


@dataclass(frozen=True)
class Desk:
    """Where the jobs of a sweep leave word of how far they came."""

    folder: Path

    def started(self, number: int) -> Path:
        """Return the file that says who runs a job."""
        return self.folder / f"{number}.started.json"

    def ended(self, number: int) -> Path:
        """Return the file that says how a job ended."""
        return self.folder / f"{number}.json"

    def clear(self, number: int) -> None:
        """Remove both files."""
        self.started(number).unlink(missing_ok=True)
        self.ended(number).unlink(missing_ok=True)


@dataclass(frozen=True)
class Job:
    """The task of a Hydra application, as the launcher gets it.

    Parameters
    ----------
    task
        What the application does with a configuration.
    desk
        Where word is left.
    study
        Where what is reported on the way goes.
    objectives
        How many numbers the task must return.
    timeout_s
        Seconds after which the task is stopped, where it runs Python code.
    sweeper
        The process that made this job.
    """

    task: Callable[[Any], Any]
    desk: Desk
    study: StudyAddress
    objectives: int
    timeout_s: float | None = None
    sweeper: Process = field(default_factory=Process.current)

    def __call__(self, config: Any) -> Any:
        """Do one job; its number is Hydra's."""
        from hydra.core.hydra_config import HydraConfig

        with at_work(self.sweeper):
            return self._done(config, int(HydraConfig.get().job.num))

    def _done(self, config: Any, number: int) -> Any:
        if read_outcome(self.desk.ended(number)) is not None:
            raise JobFailed(f"job {number} came too late: the sweep has given it up")
        write_started(self.desk.started(number))
        began = time.monotonic()
        outcome = replace(self._carried_out(config, number), seconds=round(time.monotonic() - began, 3))
        write_outcome(self.desk.ended(number), outcome)
        if outcome.state != "complete":
            raise JobFailed(outcome.reason or outcome.state)
        return outcome.values[0] if self.objectives == 1 else list(outcome.values)

    def _carried_out(self, config: Any, number: int) -> Outcome:
        try:
            with underway(Underway(self.study, number)), interrupted_after(self.timeout_s):
                return outcome_of(self.task(config), self.objectives)
        except Pruned:
            return Outcome("pruned")
        except (Exception, SystemExit, JobTookTooLong) as error:  # noqa: BLE001 - a sweep goes on, whatever its jobs do
            if _is_optunas_pruning(error):
                return Outcome("pruned")
            leave_traceback(error)
            return Outcome("failed", reason=reason_of(error))


def reason_of(error: BaseException) -> str:
    """Return why a job failed, in one line.

    Examples
    --------
    >>> reason_of(ValueError("too small"))
    'ValueError: too small'
    """
    text = " ".join(f"{type(error).__name__}: {message_of(error)}".split())
    return text[:MOST_OF_A_REASON]


def leave_traceback(error: BaseException) -> None:
    """Write where a job failed into its folder, if that can be written to."""
    from hydra.core.hydra_config import HydraConfig

    with suppress(OSError):
        lines = traceback.format_exception(error)
        (Path(HydraConfig.get().runtime.output_dir) / TRACEBACK).write_text("".join(lines), encoding="utf-8")


def _is_optunas_pruning(error: BaseException) -> bool:
    optuna = sys.modules.get("optuna")
    return optuna is not None and isinstance(error, optuna.TrialPruned)


def write_started(path: Path) -> None:
    """Say that this process has begun a job."""
    path.parent.mkdir(parents=True, exist_ok=True)
    said = {"process": asdict(Process.current()), "time": time.time()}
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(said))
    fresh.replace(path)


class JobTookTooLong(BaseException):
    """The task ran longer than ``trial_timeout_s``; not an Exception, so that a task that catches those ends, too."""


@contextmanager
def interrupted_after(timeout_s: float | None) -> Iterator[None]:
    """Raise in the block when it takes too long, where the system can interrupt this thread."""
    is_possible = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if timeout_s is None or not is_possible:
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise JobTookTooLong(f"it ran longer than trial_timeout_s={timeout_s:g}")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, timeout_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
