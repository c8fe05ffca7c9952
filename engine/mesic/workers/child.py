"""The process for trials: imports what the configuration names, gets the table once, makes one trial after the other.

Started by :mod:`mesic.workers.process`. It lives as long as the run wants it, so that what fits keep between trials is
kept, and ends as soon as the run's process has ended, however that was.
"""

import ctypes
import gc
import os
import pickle
import queue
import signal
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from mesic.caching.cache import stage_cache
from mesic.cli import ALLOCATIONS_BETWEEN_COLLECTIONS
from mesic.errors import MesicError, message_of
from mesic.host.registry import installed
from mesic.runs import plan
from mesic.runs.resources import limited_threads
from mesic.training.attempting import Asked, Bench, Stopped
from mesic.training.prepared import PreparedFolds, most_bytes
from mesic.workers.messages import (
    STOP,
    Answer,
    Cached,
    Doing,
    FirstFold,
    FoldEnded,
    Folds,
    Parts,
    Raised,
    Ready,
    Table,
    Whole,
)

PR_SET_PDEATHSIG = 1


class Line:
    """The connection to the run's process; a thread of its own listens, and ends this process when nobody is there."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.heard = connection, queue.SimpleQueue[bytes]()
        self.received, self.stopped = 0, 0
        self.one_at_a_time = threading.Lock()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                told = self.connection.recv_bytes()
            except (EOFError, OSError):
                end_with_children()
            if told.startswith(STOP):
                self.stopped = int(told.removeprefix(STOP))
            else:
                self.heard.put(told)

    def receive(self) -> Any:
        """Wait for the next message."""
        told = self.heard.get()
        self.received += 1
        return pickle.loads(told)  # noqa: S301 - from the process that started this one

    def refuse_stopped(self) -> None:
        """Raise Stopped where the last message is to be left undone."""
        if self.stopped == self.received:
            raise Stopped

    def send(self, message: Any) -> None:
        """Send a message; folds that are fitted in threads say one thing at a time."""
        told = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with self.one_at_a_time:
            self.connection.send_bytes(told)


def end_with_children() -> None:
    """End this process and those that its fits have started."""
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def end_with_parent() -> None:
    """Let the system end this process with the run's, also while a learner lets no other thread run (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end_before_parent() -> None:
    """Let a system that is out of memory end this process and not the run's (Linux)."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("500")


def main(descriptor: int) -> None:
    """Serve one run."""
    end_with_parent()
    end_before_parent()
    gc.set_threshold(ALLOCATIONS_BETWEEN_COLLECTIONS)
    os.set_inheritable(descriptor, False)
    line = Line(Connection(descriptor))
    parts: Parts = line.receive()
    try:
        plan.import_components(installed(), parts.config, plan.FITTED)
        with limited_threads(parts.threads):
            serve(line, parts)
    except MesicError as error:
        line.send(raised(error))


def serve(line: Line, parts: Parts) -> None:
    """Take in the table, then answer one request after the other, until this process is ended."""
    bench = bench_of(parts, line.receive())
    line.send(Ready())
    while True:
        asked = line.receive()
        answer: Answer | Raised
        try:
            answer = Answer(_answer(bench, asked, line))
        except Exception as error:  # noqa: BLE001 - it is raised again where it was asked for
            answer = raised(error)
        if bench.recipe.cache is not None:
            line.send(Cached(*bench.recipe.cache.told()))
        line.send(answer)


def bench_of(parts: Parts, table: Table) -> Bench:
    """Return everything that a trial needs, the recipe made from the configuration."""
    task, classes = table.dataset.task, len(table.dataset.classes)
    cache = stage_cache(parts.config.get("cache"), installed(), parts.threads)
    recipe = plan.recipe_of(installed(), parts.config, task=task, classes=classes, threads=parts.threads, cache=cache)
    space = plan.space_of(installed(), parts.config)
    kept = PreparedFolds(most_bytes(parts.config["resources"]["memory_mb"]))
    told = plan.constraints_of(parts.config, table.dataset)
    return Bench(space, recipe, table.dataset, table.folds, table.train, table.look, kept, told)


def _answer(bench: Bench, asked: Any, line: Line) -> Any:
    def between(doing: str) -> None:
        line.refuse_stopped()
        line.send(Doing(doing))

    if isinstance(asked, Asked):
        return bench.trial(asked, between, lambda found: line.send(FoldEnded(found)))
    if isinstance(asked, Folds):
        return bench.fold_models(asked.params, between)
    if isinstance(asked, FirstFold):
        return bench.first_fold_s(asked.params)
    assert isinstance(asked, Whole)
    return bench.whole(asked.params, asked.copy)


def raised(error: Exception) -> Raised:
    """Return an error as it can be raised in another process."""
    notes = tuple(getattr(error, "__notes__", ()))
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever a plugin's error does when it is copied, its message gets there
        return Raised(MesicError(f"{type(error).__name__}: {message_of(error)}"))
    return Raised(error, notes)


if __name__ == "__main__":
    main(int(sys.argv[1]))
