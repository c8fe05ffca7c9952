"""The process beside those that answer: ``python -m mesic.serving.keeper LINE ROWS``, file descriptors both.

It adds up what they counted, and lets the roll-out decide; a process of its own answers rows with the other version. It
ends when its supervisor has gone; what it has not added up waits in the store.
"""

import select
import signal
import socket
import sys
import time
from dataclasses import replace
from pathlib import Path
from time import monotonic

import msgspec

from mesic.errors import MesicError, message_of
from mesic.live.announcing import announce
from mesic.live.judging import Judge
from mesic.live.ledger import Change, Ledger, Seen
from mesic.live.tallies import Tally
from mesic.live.versions import place_of
from mesic.serving.beside_process import OVERDUE, BesideProcess
from mesic.serving.messages import log
from mesic.serving.overdue import taken_out
from mesic.serving.settings import ServeSettings

LOOK_S, JUDGE_S, IDLE_S = 0.1, 0.25, 2.0
UNHEARD = ", where nobody was waiting for it"


class Keeper:
    """Adds up, decides, lets compare.

    Parameters
    ----------
    settings
        The keys of ``mesic serve``.
    rows
        File descriptor of the memory through which rows come that are to be compared.
    """

    def __init__(self, settings: ServeSettings, rows: int) -> None:
        self.settings, self.rows = settings, rows
        self.folder = Path(str(settings.deployment))
        self.ledger = Ledger(self.folder)
        self.judge = Judge(self.ledger)
        self.seen: Seen | None = None
        self.beside: BesideProcess | None = None

    def keep(self, line: socket.socket) -> None:
        """Go on until the other end of `line` has gone."""
        last = monotonic()
        while not select.select([line], [], [], LOOK_S)[0]:
            try:
                self._look()
                if monotonic() - last >= (JUDGE_S if self._has_news() else IDLE_S):
                    self._judge()
                    last = monotonic()
            except MesicError as error:
                log("not-judged", why=message_of(error))
                time.sleep(1)
        self._compare_no_more()

    def _look(self) -> None:
        generation, _ = self.ledger.look()
        if self.seen is None or self.seen.generation != generation:
            self.seen = self.ledger.seen()
            self._compare_no_more()
            self.beside = self._beside(self.seen)

    def _beside(self, seen: Seen) -> BesideProcess | None:
        deployment = seen.deployment
        if deployment.candidate is None or deployment.rolling is None:
            return None
        if not self.judge.rollout(deployment.rolling).beside:
            return None
        versions = [
            replace(
                self.settings,
                bundle=str(place_of(self.folder, name)),
                version=name,
                expires=deployment.versions[name].get("expires"),
                cache_rows=0,
            )
            for name in (deployment.current, deployment.candidate)
        ]
        return BesideProcess(self.rows, deployment.rolling.id, versions)

    def _compare_no_more(self) -> None:
        if self.beside is not None:
            self.beside.stop()
            self.beside = None

    def _has_news(self) -> bool:
        if self.seen is None or self.seen.deployment.rolling is None:
            return False
        rollout = self.seen.deployment.rolling.id
        self._count(self.seen)
        return self.ledger.has_news(rollout)

    def _count(self, seen: Seen) -> None:
        """Write down what was compared, and blame the version that is tried for a crash."""
        deployment = seen.deployment
        if self.beside is None or deployment.rolling is None or deployment.candidate is None:
            return
        for counts in self.beside.counts():
            self.ledger.count(deployment.rolling.id, counts)
        number = self.beside.ended()
        if number in OVERDUE:
            self._told(taken_out(self.ledger, deployment.candidate, self.settings.answer_s, where=UNHEARD))
        elif number:
            self.ledger.count(deployment.rolling.id, crash(deployment.candidate, number, "that answers beside"))

    def _judge(self) -> None:
        if self.seen is None:
            return
        change = self.judge.judge(self.seen)
        if change is not None:
            log("deployment-changed", **change.as_dict())
            self._told(change)

    def _told(self, change: Change | None) -> None:
        """Tell plugins of a change, and look at what is now."""
        if change is not None:
            for deaf in announce(self.folder, change):
                log("not-told", who=deaf)
            self._look()


def crash(version: str, number: int, who: str) -> dict[str, object]:
    """Return the counts of a process that ended by a crash of its own code while a version was tried."""
    tally = Tally()
    tally.fail(version, RuntimeError(f"a process {who} ended by signal {number} while {version} was tried"))
    return tally.as_dict()


def main() -> None:
    """Keep a deployment until the supervisor has gone."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # they reach the whole group; the supervisor says what they mean
    line, rows = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    settings = msgspec.convert(msgspec.json.decode(line.recv(2**16)), ServeSettings)
    Keeper(settings, rows).keep(line)


if __name__ == "__main__":
    main()
