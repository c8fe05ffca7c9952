"""The process that answers: ``python -m mesic.serving.worker LINE SOCKET COUNTERS [ROWS]``, file descriptors all.

It ends when its supervisor says so or has gone. Neither Hydra nor scikit-learn is imported here, unless a step of the
bundle is a scikit-learn estimator.
"""

import asyncio
import contextlib
import dataclasses
import gc
import mmap
import resource
import shutil
import signal
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from mesic.cli import ALLOCATIONS_BETWEEN_COLLECTIONS
from mesic.errors import MesicError, message_of
from mesic.serving.beside import Beside
from mesic.serving.connection import Connection
from mesic.serving.control import Line
from mesic.serving.counters import Counters, shared_memory_size
from mesic.serving.door import check_through_door
from mesic.serving.following import Follower
from mesic.serving.messages import Reply, log
from mesic.serving.release import Release, load_release
from mesic.serving.ring import Ring
from mesic.serving.service import Service
from mesic.serving.settings import ServeSettings
from mesic.serving.watchman import Watchman

if TYPE_CHECKING:
    from mesic.predictions.recorder import Recorder

BETWEEN_LOOKS_S = 0.25
SWITCH_S = 0.0005  # what a request waits at most for the thread that writes the log


class Worker:
    """Answers at a socket as long as the supervisor wants it."""

    def __init__(self, line: Line, settings: ServeSettings, counters: Counters, rows: Ring | None = None) -> None:
        self.line, self.settings = line, settings
        self.service = Service(settings, counters, reload=self._ask_for_reload)
        self.follower = None if rows is None else self._following(Beside(rows))
        self._verifying: str | None = None
        self._candidate: Release | None = None
        self._is_alone = False
        self._recorder: Recorder | None = None
        self._asked: dict[int, asyncio.Future[Reply]] = {}

    def _following(self, beside: Beside) -> Follower:
        marks = self.service.counters.marks
        return Follower(self.settings, self._verified, use=self.service.use, beside=beside, marks=marks)

    def watch(self) -> None:
        """Let a thread look whether answers come back."""
        ledger = self.follower.ledger if self.follower else None
        Watchman(self.service, self.service.counters.marks, verifying=lambda: self._verifying, ledger=ledger).start()

    async def serve(self, folder: str, listening: socket.socket) -> None:
        """Verify the bundle, answer until told to stop, end what is under way."""
        turning = asyncio.ensure_future(self._turn())
        if not await self._began(folder) or not await self._record():
            return
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Connection(self.service), sock=listening)
        stopping = asyncio.Event()
        loop.add_signal_handler(signal.SIGTERM, stopping.set)
        works = [self._look_at_clock(), self._obey(stopping), *([self.follower.follow()] if self.follower else [])]
        beside = [turning, *(asyncio.ensure_future(work) for work in works)]
        rpc = await self._rpc()
        self.line.say(said="ready")
        await stopping.wait()
        self.service.is_stopping = True
        server.close()
        await asyncio.gather(self._end_connections(), *([rpc.stop(self.settings.grace_s)] if rpc else []))
        if self._recorder is not None:
            await asyncio.to_thread(self._recorder.close, self.settings.grace_s)
        for task in beside:
            task.cancel()
        if self.follower is not None:
            await self.follower.count()
        elif self._is_alone:  # nobody else is left to remove the copies of the bundle
            shutil.rmtree(Path(folder).parent, ignore_errors=True)

    async def _rpc(self) -> Any:
        """Return the server of gRPC, where one is asked for."""
        if self.settings.grpc_port is None:
            return None
        from mesic.serving.grpc_server import started

        return await started(self.service, self.settings.grpc_port)

    async def _began(self, folder: str) -> bool:
        """Take into use what is to answer first; say how it went."""
        if self.follower is None:
            is_there = await self._prepare(folder, {})
            self._use()
            return is_there
        try:
            await self.follower.begin()
        except MesicError as error:
            await self._fail(error)
            return False
        self.service.outcomes = self.follower.outcomes()
        _settle()
        return True

    async def _prepare(self, folder: str, names: Mapping[str, Any]) -> bool:
        """Load a bundle and send its end-to-end rows through the door; say how it went."""
        try:
            self._candidate = await self._verified(folder, dataclasses.replace(self.settings, **names))
        except MesicError as error:
            await self._fail(error)
            return False
        return True

    async def _fail(self, error: MesicError) -> None:
        self.line.say(said="failed", why=message_of(error), status=error.exit_status)
        await self.line.flushed()

    async def _record(self) -> bool:
        """Begin the log of predictions, if one is asked for; say why it cannot be."""
        if self.settings.log.folder is None or self.service.release is None:
            return True
        from mesic.predictions.recorder import recorder_of

        try:
            self._recorder = recorder_of(self.settings, self.service.counters, self.service.release)
        except MesicError as error:
            await self._fail(error)
            return False
        self._recorder.watch(self.service)
        sys.setswitchinterval(SWITCH_S)
        return True

    async def _verified(self, folder: str, settings: ServeSettings) -> Release:
        release = await asyncio.to_thread(load_release, folder, settings)
        private = Service(
            dataclasses.replace(self.settings, rate=None), Counters(mmap.mmap(-1, shared_memory_size(1)), 0)
        )
        private.use(release)
        if private.is_expired():
            log("expired", bundle=release.digest, **{"last day": release.facts()["expires"]})
        else:
            self._verifying = release.version
            try:
                rows = await check_through_door(private, release)
            finally:
                self._verifying = None
            log("verified", bundle=release.digest, version=release.version, end_to_end_rows=rows)
        if release.cache is not None:
            release.cache.forget()
            log("cache", rows=release.cache.rows, pays_from_hit_rate=release.pays_from)
        return release

    def _use(self) -> None:
        if self._candidate is not None:
            self.service.use(self._candidate)
            self._candidate = None
            _settle()

    async def _obey(self, stopping: asyncio.Event) -> None:
        while (message := await self.line.hear()) is not None:
            if message["do"] == "load":
                if await self._prepare(message["folder"], message["names"]):
                    self.line.say(said="loaded")
            elif message["do"] == "use":
                self._use()
                self.line.say(said="using")
            elif message["do"] == "drop":
                self._candidate = None
            elif message["do"] == "reloaded":
                self._asked.pop(message["number"]).set_result(Reply(message["status"], message["body"].encode()))
            else:
                break
        self._is_alone = message is None
        stopping.set()

    async def _ask_for_reload(self) -> Reply:
        number, done = len(self._asked), asyncio.get_running_loop().create_future()
        while number in self._asked:
            number += 1
        self._asked[number] = done
        self.line.say(said="reload", number=number)
        reply: Reply = await done
        return reply

    async def _turn(self) -> None:
        while True:
            self.service.counters.marks.turned()
            await asyncio.sleep(BETWEEN_LOOKS_S)

    async def _look_at_clock(self) -> None:
        while True:
            await asyncio.sleep(BETWEEN_LOOKS_S)
            self.service.look_at_clock()

    async def _end_connections(self) -> None:
        end = perf_counter() + self.settings.grace_s
        while self.service.connections and perf_counter() < end:
            for connection in list(self.service.connections):
                connection.stop()
            await asyncio.sleep(0.01)


def _settle() -> None:
    gc.collect()
    gc.freeze()  # what is loaded stays; looking at it again and again costs answers their time


async def _main(line_at: int, socket_at: int, counters_at: int, rows_at: int | None = None) -> None:
    line = await Line.over(socket.socket(fileno=line_at))
    start: dict[str, Any] | None = await line.hear()
    if start is None:
        return
    memory = mmap.mmap(counters_at, 0)
    counters = Counters(memory, start["slot"])
    counters.add("mesic_starts_total")
    rows = None if rows_at is None else Ring(mmap.mmap(rows_at, 0), start["slot"])
    worker = Worker(line, ServeSettings(**start["settings"]), counters, rows)
    worker.watch()
    await worker.serve(start["folder"], socket.socket(fileno=socket_at))
    line.close()


def _allow_files() -> None:
    """Take as many open files as the system grants: each connection is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main() -> None:
    """Answer until told to stop."""
    gc.set_threshold(ALLOCATIONS_BETWEEN_COLLECTIONS)
    _allow_files()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they reach the whole group; the supervisor says what they mean
    with contextlib.suppress(ImportError):
        import uvloop

        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    asyncio.run(_main(*map(int, sys.argv[1:])))


if __name__ == "__main__":
    main()
