"""A process for trials, as the run's process sees it: started, spoken to, listened to, ended."""

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import Pipe
from typing import Any

from mesic.workers.messages import STOP

LOOK_EVERY_S = 0.1
MODULE = "mesic.workers.child"


class Died(Exception):
    """The process has ended by itself."""


class Child:
    """A process for trials, in a group of its own: Ctrl-C is the run's to hear, and what a fit began ends with it.

    Its stdout is our stderr, for learners print.
    """

    def __init__(self) -> None:
        self.line, theirs = Pipe()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", MODULE, str(theirs.fileno())],
                env=environment(),
                pass_fds=[theirs.fileno()],
                process_group=0,
                stdin=subprocess.DEVNULL,
                stdout=2,
            )
        self.answers, self.sent = 0, 0

    def send(self, message: Any) -> None:
        """Send a message.

        Raises
        ------
        Died
            Nobody is there any more.
        """
        self.sent += 1
        self._send(pickle.dumps(message, pickle.HIGHEST_PROTOCOL))

    def stop(self) -> None:
        """Ask it to leave what was sent last undone, as soon as the fit that is under way has ended.

        Raises
        ------
        Died
            Nobody is there any more.
        """
        self._send(STOP + str(self.sent).encode())

    def _send(self, told: bytes) -> None:
        try:
            self.line.send_bytes(told)
        except OSError as error:
            raise Died(self._how()) from error

    def receive(self, until: float | None) -> Any:
        """Return the next message, or None where there is none until a moment, which is soon.

        Raises
        ------
        Died
            Nobody is there any more; how it ended.
        """
        wait = LOOK_EVERY_S if until is None else min(LOOK_EVERY_S, max(0.0, until - time.monotonic()))
        try:
            if self.line.poll(wait):
                return pickle.loads(self.line.recv_bytes())  # noqa: S301 - from the process that we started
        except (EOFError, OSError) as error:
            raise Died(self._how()) from error
        if self.process.poll() is not None and not self.line.poll(0):
            raise Died(self._how())
        return None

    def _how(self) -> str:
        return how_it_ended(self.process.wait())

    def end(self) -> None:
        """End it at once, and whatever it began."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self.line.close()


def environment() -> Mapping[str, str]:
    """Return the environment of a process that finds the modules that this one finds."""
    paths = dict.fromkeys(path or os.getcwd() for path in sys.path)  # noqa: PTH109 - what Python takes "" for
    return os.environ | {"PYTHONPATH": os.pathsep.join(paths)}


def how_it_ended(status: int) -> str:
    """Return in words how a process ended.

    Examples
    --------
    >>> how_it_ended(-11), how_it_ended(3)
    ('was killed by SIGSEGV', 'ended with status 3')
    """
    if status >= 0:
        return f"ended with status {status}"
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return f"was killed by {name}" + (" (by the system, if memory ran out)" if -status == signal.SIGKILL else "")
