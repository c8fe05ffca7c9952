"""The process that starts those that answer, replaces the ones that end, and takes new bundles into use.

It holds the listening socket, so that callers wait rather than being refused while a process is replaced, and a copy of
the bundle that was verified, so that no later change of the folder reaches an answer but through a reload.
"""

import asyncio
import dataclasses
import mmap
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic

from mesic.bundle import MANIFEST
from mesic.errors import CheckFailed, ComponentError, DataError, MesicError, UsageError
from mesic.serving.artefacts import keys_of, renamed
from mesic.serving.control import Line, Message
from mesic.serving.counters import marks_of, shared_memory_size
from mesic.serving.keeping import Keeping, blame
from mesic.serving.lateness import CANDIDATE, Lateness
from mesic.serving.messages import Reply, encoded, log, refusal
from mesic.serving.settings import ServeSettings
from mesic.serving.sharing import shared_memory

BACKLOG = 1024
QUICK_S, LONGEST_PAUSE_S = 5.0, 5.0
LOOK_S, LATER_S = 0.5, 2.0
ERRORS: dict[int, type[MesicError]] = {2: UsageError, 3: DataError, 4: ComponentError}
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Child:
    """One process that answers, as the supervisor sees it."""

    def __init__(self, process: asyncio.subprocess.Process, line: Line, folder: Path) -> None:
        self.process, self.line, self.folder = process, line, folder
        self.is_ready = False
        self.heard: asyncio.Queue[Message] = asyncio.Queue()

    async def asked(self, **message: object) -> Message:
        """Send a message and return what comes back; ``gone`` where the process ends instead."""
        self.line.say(**message)
        return await self.heard.get()


class Supervisor:
    """Keeps ``workers`` processes answering with one bundle.

    Parameters
    ----------
    settings
        The keys of ``mesic serve``.
    listening
        A socket that listens.
    copies
        A folder for copies of bundles.
    """

    def __init__(self, settings: ServeSettings, listening: socket.socket, copies: Path) -> None:
        self.settings, self.listening, self.copies = settings, listening, copies
        self.children: dict[int, Child] = {}
        self.is_stopping = False
        self._number = 0
        self._reloading = asyncio.Lock()
        self._first: asyncio.Queue[MesicError | None] = asyncio.Queue()
        self._tasks: set[asyncio.Task[object]] = set()
        self._counters = _counters(settings.workers)
        self._memory = mmap.mmap(self._counters, 0)
        self.keeping = Keeping(settings) if settings.deployment else None
        self._of_artefact = keys_of(settings.artefact) if settings.artefact else {}
        self.folder, self.names = self._copied(), self._named()

    def _copied(self) -> Path:
        """Copy the bundle as it lies there now.

        Raises
        ------
        UsageError
            There is none.
        """
        if self.keeping is not None:
            self.keeping.ledger.look()
            return self.keeping.ledger.folder
        source = Path(str(self.settings.bundle))
        if not (source / MANIFEST).is_file():
            raise UsageError(f"bundle={source} is no bundle: it has no {MANIFEST}; give RUN/bundle")
        self._number += 1
        copy = self.copies / f"{self._number:06d}"
        try:
            shutil.copytree(source, copy, symlinks=True)  # links are refused when it is loaded
        except (OSError, shutil.Error) as error:
            shutil.rmtree(copy, ignore_errors=True)
            raise UsageError(f"bundle={source} cannot be copied to {copy}: {error}") from error
        return copy

    def _named(self) -> dict[str, str | None]:
        """Return version and last day of the bundle that lies there now."""
        if self.settings.artefact is None:
            return {"version": self.settings.version, "expires": self.settings.expires}
        return renamed(self.settings, self._of_artefact)

    async def run(self, is_ready: Callable[[str, str | None], None]) -> None:
        """Serve until SIGTERM or SIGINT; `is_ready` is told the addresses once every process answers.

        Raises
        ------
        MesicError
            A process cannot answer with the bundle.
        """
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        loop.add_signal_handler(signal.SIGHUP, lambda: self._spawn(self.reload()))
        keeping = [self._spawn(self._keep(slot)) for slot in range(self.settings.workers)]
        keeping += [self._spawn(self.keeping.keep())] if self.keeping else []
        self._spawn(self._watch())
        try:
            if await self._all_are_ready(stopping):
                is_ready(_address(self.listening), _target(self.settings))
                await stopping.wait()
        finally:
            await self._stop(keeping)

    def _spawn(self, work: object) -> "asyncio.Task[object]":
        task: asyncio.Task[object] = asyncio.ensure_future(work)  # type: ignore[call-overload]
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _all_are_ready(self, stopping: asyncio.Event) -> bool:
        """Wait until every process is ready; return False when told to stop meanwhile."""
        stop = asyncio.ensure_future(stopping.wait())
        for _ in range(self.settings.workers):
            first = asyncio.ensure_future(self._first.get())
            await asyncio.wait((stop, first), return_when=asyncio.FIRST_COMPLETED)
            if stop.done():
                first.cancel()
                return False
            if error := first.result():
                stop.cancel()
                raise error
        stop.cancel()
        return True

    async def _keep(self, slot: int) -> None:
        """Keep a process answering: start it, and another when it ends."""
        failures, is_first = 0, True
        while not self.is_stopping:
            began = monotonic()
            child = await self._start(slot)
            error = await self._until_ready(child)
            if is_first and (error or child.is_ready):
                self._first.put_nowait(error)
                is_first = False
            await child.process.wait()
            self.children.pop(slot, None)
            if self.is_stopping:
                return
            failures = failures + 1 if monotonic() - began < QUICK_S and not child.is_ready else 0
            log("worker-ended", slot=slot, pid=child.process.pid, status=child.process.returncode)
            if self.keeping is not None:
                status = child.process.returncode or 0
                await asyncio.to_thread(blame, self.keeping.ledger, status)
            if failures:
                await asyncio.sleep(min(LONGEST_PAUSE_S, 0.1 * 2**failures))

    async def _watch(self) -> None:
        """Kill a process that does not come back, and that its own watchman could not end."""
        limit_s = self.settings.answer_s + LATER_S
        watched: dict[int, tuple[Child, Lateness]] = {}
        while not self.is_stopping:
            await asyncio.sleep(LOOK_S)
            for slot, child in list(self.children.items()):
                if slot not in watched or watched[slot][0] is not child:
                    watched[slot] = (child, Lateness(marks_of(self._memory, slot), limit_s=limit_s, look_s=LOOK_S))
                if what := watched[slot][1].look():
                    await self._end_stuck(slot, child, what)

    async def _end_stuck(self, slot: int, child: Child, what: str) -> None:
        log("worker-stuck", slot=slot, pid=child.process.pid, waited_s=self.settings.answer_s + LATER_S)
        if what == CANDIDATE and self.keeping is not None:
            await asyncio.to_thread(self.keeping.take_out_candidate)
        with suppress(ProcessLookupError):
            child.process.kill()

    async def _start(self, slot: int) -> Child:
        marks_of(self._memory, slot).forget()
        ours, theirs = socket.socketpair()
        rows = (self.keeping.rows,) if self.keeping else ()
        passed = (theirs.fileno(), self.listening.fileno(), self._counters, *rows)
        command = (sys.executable, "-P", "-m", "mesic.serving.worker", *map(str, passed))
        process = await asyncio.create_subprocess_exec(
            *command, pass_fds=passed, stdin=asyncio.subprocess.DEVNULL, env=os.environ | ONE_THREAD
        )
        theirs.close()
        child = self.children[slot] = Child(process, await Line.over(ours), self.folder)
        self._spawn(self._listen(child))
        settings = dataclasses.asdict(self.settings) | self.names
        child.line.say(slot=slot, folder=str(child.folder), settings=settings)
        return child

    async def _until_ready(self, child: Child) -> MesicError | None:
        """Wait for a process to be ready, with the bundle that is in use then; return why it is not."""
        message = await child.heard.get()
        if message["said"] == "failed":
            log("worker-failed", pid=child.process.pid, why=message["why"])
            return ERRORS.get(message["status"], CheckFailed)(message["why"])
        if message["said"] != "ready":
            return None if self.is_stopping else CheckFailed("a process that should answer ended at its start")
        async with self._reloading:
            while child.folder != self.folder:  # it was started before a reload, and read the bundle of before
                if (await child.asked(do="load", folder=str(self.folder), names=self.names))["said"] != "loaded":
                    child.process.kill()
                    return None
                await child.asked(do="use")
                child.folder = self.folder
            child.is_ready = True
        return None

    async def _listen(self, child: Child) -> None:
        while message := await child.line.hear():
            if message["said"] == "reload":
                self._spawn(self._reload_for(child, message["number"]))
            else:
                child.heard.put_nowait(message)
        child.heard.put_nowait({"said": "gone"})
        child.line.close()

    async def _reload_for(self, child: Child, number: int) -> None:
        reply = await self.reload()
        child.line.say(do="reloaded", number=number, status=reply.status, body=reply.body.decode())

    async def reload(self) -> Reply:
        """Take the bundle into use that lies there now, if every process can answer with it; else nothing changes."""
        if self.keeping is not None:
            return _not_reloaded("a deployment is followed: `mesic deploy` changes what answers")
        async with self._reloading:
            try:
                folder, names = await asyncio.to_thread(lambda: (self._copied(), self._named()))
            except (UsageError, CheckFailed) as error:
                return _not_reloaded(str(error))
            children = [child for child in self.children.values() if child.is_ready]
            load = {"do": "load", "folder": str(folder), "names": names}
            told = await asyncio.gather(*(child.asked(**load) for child in children))
            failed = [message["why"] for message in told if message["said"] == "failed"]
            able = [child for child, message in zip(children, told, strict=True) if message["said"] == "loaded"]
            if failed or not able:
                for child in able:
                    child.line.say(do="drop")
                shutil.rmtree(folder, ignore_errors=True)
                return _not_reloaded(failed[0] if failed else "no process was there to verify the bundle: try again")
            old, self.folder, self.names = self.folder, folder, names
            for child in able:
                child.folder = folder
            await asyncio.gather(*(child.asked(do="use") for child in able))
            shutil.rmtree(old, ignore_errors=True)
            log("reloaded", workers=len(able))
            return Reply(200, encoded({"status": "reloaded", "workers": len(able)}))

    async def _stop(self, keeping: list["asyncio.Task[object]"]) -> None:
        """End every process: let it finish what is under way, then by force."""
        self.is_stopping = True
        if self.keeping is not None:
            self.keeping.stop()
        for child in self.children.values():
            child.line.say(do="stop")
        _, late = await asyncio.wait(keeping, timeout=self.settings.grace_s + 1)
        for child in list(self.children.values()):
            with suppress(ProcessLookupError):
                child.process.kill()
        if late:
            await asyncio.wait(late, timeout=1)


def _not_reloaded(why: str) -> Reply:
    log("not-reloaded", why=why)
    return refusal(409, "NOT-RELOADED", f"the bundle in use stays: {why}")


def _counters(slots: int) -> int:
    """Return a file descriptor of the memory of counters, zeros but for a seed at its end."""
    size = shared_memory_size(slots)
    descriptor = shared_memory(size)
    os.pwrite(descriptor, os.urandom(8), size - 8)
    return descriptor


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@contextmanager
def listening_at(host: str, port: int) -> Iterator[socket.socket]:
    """Listen at an address.

    Raises
    ------
    UsageError
        The address is not to be had.
    """
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise UsageError(f"cannot listen at host={host} port={port}: {error}; give another, or port=0") from error
    with bound:
        yield bound


def _target(settings: ServeSettings) -> str | None:
    """Return the address of gRPC, as its clients want it."""
    if settings.grpc_port is None:
        return None
    return (
        f"[{settings.host}]:{settings.grpc_port}" if ":" in settings.host else f"{settings.host}:{settings.grpc_port}"
    )


@contextmanager
def reserved(settings: ServeSettings) -> Iterator[ServeSettings]:
    """Keep the port of gRPC, which the processes share, while none of them listens; give settings that name it.

    Raises
    ------
    UsageError
        The port is not to be had.
    """
    if settings.grpc_port is None:
        yield settings
        return
    host, port = settings.host, settings.grpc_port
    try:
        with listening_at(host, port):
            pass  # another server may listen here with the same option, which would take our callers
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        kept = socket.socket(family)
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        kept.bind((host, port))
    except OSError as error:
        raise UsageError(f"cannot listen at host={host} grpc_port={port}: {error}; give another, or 0") from error
    with kept:
        yield dataclasses.replace(settings, grpc_port=kept.getsockname()[1])


def serve(settings: ServeSettings, is_ready: Callable[[str, str | None], None]) -> None:
    """Serve a bundle until told to stop; nothing is left behind: no process, no copy.

    Raises
    ------
    MesicError
        The address is not to be had, or no process can answer with the bundle.
    """
    with (
        listening_at(settings.host, settings.port) as listening,
        reserved(settings) as named,
        tempfile.TemporaryDirectory(prefix="mesic-") as copies,
    ):

        async def run() -> None:
            await Supervisor(named, listening, Path(copies)).run(is_ready)

        asyncio.run(run())
