"""Another process: its strings hash otherwise, it lives in another time zone, and it has seen nothing yet."""

import atexit
import functools
import os
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, Any

_SERVE = "from mesic.testing.elsewhere import serve; serve()"
_SIZE = 8


class OtherProcess:
    """A process that answers as long as this one lives; starting one for each question would take its time.

    Examples
    --------
    >>> other = OtherProcess()
    >>> ask = other.asked(os.getpid)
    >>> ask() == os.getpid()
    False
    >>> other.close()
    """

    def __init__(self) -> None:
        self.is_busy = False
        self.process = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-c", _SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment()
        )

    def asked(self, work: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        """Let the other process work, and return what waits for its result; one question at a time.

        What is returned raises RuntimeError if the work raised anything, or the process ended over it.
        """
        if self.is_busy:  # nobody waited for the last answer
            next(_messages(self.process.stdout), None)
        question = pickle.dumps((work, arguments))
        self.is_busy = True
        _write(self.process.stdin, question)
        return self._answer

    def _answer(self) -> Any:
        answer = next(_messages(self.process.stdout), None)
        self.is_busy = False
        if answer is None:
            raise RuntimeError(f"the other process ended, with status {self.process.wait()}")
        result, failure = pickle.loads(answer)  # noqa: S301 - from a process of our own
        if failure:
            raise RuntimeError(failure)
        return result

    @property
    def is_alive(self) -> bool:
        """Whether it can be asked."""
        return self.process.poll() is None

    def close(self) -> None:
        """Let the process end."""
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(BrokenPipeError):
                pipe.close() if pipe is not None else None
        self.process.wait()


def elsewhere(work: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
    """Let the one other process of this process work, and return what waits for its result."""
    if not _other().is_alive:
        _other.cache_clear()
    return _other().asked(work, *arguments)


@functools.lru_cache(maxsize=1)
def _other() -> OtherProcess:
    other = OtherProcess()
    atexit.register(other.close)
    return other


def _environment() -> dict[str, str]:
    """Return the variables of a process in which everything is otherwise that must not count."""
    here = os.environ
    return {
        **here,
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "PYTHONHASHSEED": "2" if here.get("PYTHONHASHSEED") == "1" else "1",
        "TZ": "America/St_Johns" if here.get("TZ") == "Asia/Kathmandu" else "Asia/Kathmandu",
    }


def serve() -> None:
    """Do what is asked until nobody can ask any more; what a component prints goes to stderr."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    for question in _messages(sys.stdin.buffer):
        _write(answers, _done(question))


def _done(question: bytes) -> bytes:
    try:
        work, arguments = pickle.loads(question)  # noqa: S301 - from the process that started this one
        return pickle.dumps((work(*arguments), ""))
    except Exception as error:  # noqa: BLE001 - who asked is to hear of it
        return pickle.dumps((None, f"{type(error).__name__}: {error}"))


def _write(pipe: IO[bytes] | None, message: bytes) -> None:
    assert pipe is not None
    pipe.write(len(message).to_bytes(_SIZE, "big") + message)
    pipe.flush()


def _messages(pipe: IO[bytes] | None) -> Iterator[bytes]:
    """Yield messages until the other side closes the pipe."""
    assert pipe is not None
    while size := pipe.read(_SIZE):
        yield pipe.read(int.from_bytes(size, "big"))
