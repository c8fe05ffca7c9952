"""Trials in a process of their own, watched over: who crashes, hangs or eats memory fails, and the search goes on."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mesic.caching.cache import StageCache
from mesic.errors import MemoryLimitReached, MesicError
from mesic.runs.resources import Clock, megabytes, resident_mib
from mesic.training.attempting import Asked, Attempted, Between, NotFitted, Stopped, failed
from mesic.training.fitted import Fitted
from mesic.training.folds import OutOfFold
from mesic.workers.messages import Answer, Cached, Doing, FirstFold, FoldEnded, Folds, Parts, Raised, Table, Whole
from mesic.workers.process import Child, Died

BUDGET = "the budget was used up"
STOPPING_S = 0.5  # given to a trial to end between two fits; a new process would take longer to begin


@dataclass(frozen=True)
class Limits:
    """What a trial may take; None is no limit.

    Parameters
    ----------
    trial_s
        Wall seconds of a trial, or of the final fit.
    memory_mb
        Resident memory of the run's process and of the process for trials together.
    """

    trial_s: float | None = None
    memory_mb: int | None = None


class Lost(Exception):
    """What was asked for will not come: its process has ended, or was ended."""


class Cut(Lost):
    """It was ended because the budget was used up."""


class TooMuchMemory(Lost):
    """It was ended because of the memory that it held."""


class Supervised:
    """Makes trials in a child process, and a new process where one has ended.

    Parameters
    ----------
    parts
        The configuration; the process starts, and imports what it names, at once.
    limits
        What a trial may take.
    """

    def __init__(self, parts: Parts, limits: Limits) -> None:
        self.parts, self.limits = parts, limits
        self.table: Table | None = None
        self.cache: StageCache | None = None
        self.between: Between = lambda _: None
        self.is_ready, self.is_used = False, False
        self.child: Child | None = self._started()

    def _started(self) -> Child:
        child = Child()
        with suppress(Died):  # whoever waits for it hears of that
            child.send(self.parts)
            if self.table is not None:
                child.send(self.table)
        return child

    def give(self, table: Table, between: Between) -> None:
        """Say what all trials share, and who is told of what is being done."""
        self.table, self.between = table, between
        if self.child is not None:
            with suppress(Died):
                self.child.send(table)

    def wait(self) -> None:
        """Wait until the process can begin.

        Raises
        ------
        MemoryLimitReached
            There is no room for any trial.
        MesicError
            No process can be had.
        """
        self._ready(None)

    def end(self) -> None:
        """End the process, if there is one."""
        if self.child is not None:
            self.child.end()
        self.child, self.is_ready = None, False

    def trial(self, asked: Asked, until: float | None) -> Attempted:
        """Make a trial; one that held too much memory in a process that others had used is made again in a new one."""
        clock, ended = Clock.started(), list[OutOfFold]()
        try:
            try:
                return self._attempted(asked, until, ended)
            except TooMuchMemory:
                if not self.is_used:
                    raise
                ended.clear()
                return self._attempted(asked, until, ended)
        except (Cut, Stopped):
            attempted = failed(asked, BUDGET, clock.wall_s())
            return Attempted(attempted.trial, is_cut=True, folds=tuple(ended))
        except Lost as lost:
            return failed(asked, str(lost), clock.wall_s())

    def _attempted(self, asked: Asked, until: float | None, ended: list[OutOfFold]) -> Attempted:
        attempted: Attempted = self._asked(asked, until, ended, stopping_s=STOPPING_S)
        return attempted

    def whole(self, params: Mapping[str, Any], until: float | None, copy: int = 0) -> Fitted:
        """Return a recipe fitted on all training rows."""
        return self._model(Whole(params, copy), until)  # type: ignore[no-any-return]  # what Whole is answered by

    def folds(self, params: Mapping[str, Any], until: float | None) -> tuple[Fitted, ...]:
        """Return the models of a recipe's folds."""
        return self._model(Folds(params), until)  # type: ignore[no-any-return]  # what Folds is answered by

    def first_fold_s(self, params: Mapping[str, Any], until: float | None) -> float:
        """Return about how many seconds a fit of the first fold takes; more than there are where these are used up."""
        try:
            return float(self._asked(FirstFold(params), until, []))
        except Cut:
            return float("inf")
        except Exception:  # noqa: BLE001 - its trial will say what is wrong with it
            return 0.0

    def _model(self, asked: Any, until: float | None) -> Any:
        try:
            return self._asked(asked, until, [])
        except Lost as lost:
            raise NotFitted(str(lost)) from lost

    def _asked(self, asked: Any, until: float | None, ended: list[OutOfFold], *, stopping_s: float = 0.0) -> Any:
        """Ask and wait; tell what is being done, keep the folds that end, stop what is late and end it thereafter."""
        child = self._ready(until)
        self.is_used = child.answers > 0
        late = None if self.limits.trial_s is None else time.monotonic() + self.limits.trial_s
        try:
            child.send(asked)
            while True:
                message = self._message(child, until, late, stopping_s)
                if isinstance(message, Doing):
                    self.between(message.what)
                elif isinstance(message, FoldEnded):
                    ended.append(message.found)
                elif isinstance(message, Cached):
                    self._book(message)
                else:
                    child.answers += 1
                    return _value(message)
        except Died as died:
            self.end()
            raise Lost(f"the process of the trial {died}") from died
        except Lost:
            self.end()
            raise

    def _book(self, told: Cached) -> None:
        if self.cache is not None:
            self.cache.uses += told.uses
            self.cache.findings += told.findings

    def _message(self, child: Child, until: float | None, late: float | None, stopping_s: float) -> Any:
        """Wait for a message as long as all limits are kept."""
        moments = [moment for moment in (until, late) if moment is not None]
        while (message := child.receive(min(moments, default=None))) is None:
            now = time.monotonic()
            if until is not None and now >= until + stopping_s:
                raise Cut(BUDGET)
            if until is not None and now >= until == moments[0]:
                child.stop()
                moments[0] = until + stopping_s
            if late is not None and now >= late:
                raise Lost(f"took longer than tuner.trial_s={self.limits.trial_s:g}")
            self._refuse_memory(child)
        return message

    def _refuse_memory(self, child: Child) -> None:
        if self.limits.memory_mb is None:
            return
        own, theirs = megabytes(resident_mib()), megabytes(resident_mib(child.process.pid))
        if own + theirs > self.limits.memory_mb:
            raise TooMuchMemory(
                f"held {theirs:,.0f} MB beside {own:,.0f} MB of the run, resources.memory_mb={self.limits.memory_mb}"
            )

    def _ready(self, until: float | None) -> Child:
        """Return a process that waits for trials; it has the table. Raise as :meth:`wait`, or Cut where it is late."""
        assert self.table is not None
        child = self.child = self.child or self._started()
        if self.is_ready:
            return child
        try:
            while (message := child.receive(until)) is None:
                if until is not None and time.monotonic() >= until:
                    self.end()
                    raise Cut(BUDGET)
            _value(message)
        except Died as died:
            self.end()
            raise MesicError(f"the process for trials {died} before it could begin") from died
        self.is_ready = True
        self._refuse_crowd(child)
        return child

    def _refuse_crowd(self, child: Child) -> None:
        try:
            self._refuse_memory(child)
        except TooMuchMemory as error:
            self.end()
            message = f"memory: before any fit the process for trials {error}; give more, or fewer rows or columns"
            raise MemoryLimitReached(message) from error


def _value(message: Any) -> Any:
    if isinstance(message, Raised):
        for note in message.notes:
            if note not in getattr(message.error, "__notes__", ()):
                message.error.add_note(note)
        raise message.error
    return message.value if isinstance(message, Answer) else message
