"""The supervisor's side of the process that adds up and decides: start it, and another when it ends."""

import asyncio
import dataclasses
import json
import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from time import monotonic

from mesic.errors import MesicError, message_of
from mesic.live.announcing import announce
from mesic.live.ledger import Ledger
from mesic.serving.beside_process import CRASHES
from mesic.serving.keeper import crash
from mesic.serving.messages import log
from mesic.serving.overdue import taken_out
from mesic.serving.ring import ring_memory_size
from mesic.serving.settings import ServeSettings
from mesic.serving.sharing import shared_memory

QUICK_S, LONGEST_PAUSE_S = 5.0, 5.0


class Keeping:
    """Keeps one such process alive.

    Parameters
    ----------
    settings
        The keys of ``mesic serve``.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self.settings = settings
        self.ledger = Ledger(Path(str(settings.deployment)))
        self.rows = shared_memory(ring_memory_size(settings.workers))
        self.process: asyncio.subprocess.Process | None = None
        self.is_stopping = False

    async def keep(self) -> None:
        """Start it, and another when it ends, until told to stop."""
        failures = 0
        while not self.is_stopping:
            began = monotonic()
            line, theirs = socket.socketpair()
            passed = (theirs.fileno(), self.rows)
            self.process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-P", "-m", "mesic.serving.keeper", *map(str, passed)),
                pass_fds=passed,
                stdin=asyncio.subprocess.DEVNULL,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )
            theirs.close()
            with line:
                line.sendall(json.dumps(dataclasses.asdict(self.settings)).encode())
                status = await self.process.wait()
            if self.is_stopping:
                return
            log("keeper-ended", pid=self.process.pid, status=status)
            failures = failures + 1 if monotonic() - began < QUICK_S else 0
            await asyncio.sleep(min(LONGEST_PAUSE_S, 0.1 * 2**failures))

    def take_out_candidate(self) -> None:
        """Take the version out of use that is tried: it did not come back."""
        try:
            candidate = self.ledger.seen().deployment.candidate
            change = taken_out(self.ledger, candidate, self.settings.answer_s) if candidate else None
            if change is not None:
                announce(self.ledger.folder, change)
        except MesicError as error:
            log("not-taken-out", why=message_of(error))

    def stop(self) -> None:
        """End it."""
        self.is_stopping = True
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.kill()


def blame(ledger: Ledger, status: int) -> None:
    """Count it as a failure of the version that is tried where a process that answers ended by a crash of its code."""
    if -status not in CRASHES:
        return
    try:
        deployment = ledger.seen().deployment
        if deployment.rolling is not None and deployment.candidate is not None:
            ledger.count(deployment.rolling.id, crash(deployment.candidate, -status, "that answers"))
    except MesicError as error:
        log("not-counted", why=message_of(error))
