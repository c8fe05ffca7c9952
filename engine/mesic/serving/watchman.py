"""A thread of a process that answers: where an answer does not come back, it replies for it, and ends the process.

The supervisor does so from outside, a little later, where native code lets no thread of the process go on.
"""

import os
import threading
from collections.abc import Callable
from time import sleep

from mesic.live.announcing import announce
from mesic.live.ledger import Ledger
from mesic.serving.lateness import CANDIDATE, Lateness, Marks
from mesic.serving.messages import log, refusal
from mesic.serving.overdue import taken_out
from mesic.serving.service import Service

STUCK = 75  # the status that a process ends with
LOOK_S = 0.25


class Watchman:
    """Watches the one thread that answers.

    Parameters
    ----------
    service
        Whose callers are told.
    marks
        What the thread says of itself.
    verifying
        Returns the version that is verified now, None for none.
    ledger
        Of the deployment that is followed, None for none.
    """

    def __init__(
        self, service: Service, marks: Marks, *, verifying: Callable[[], str | None], ledger: Ledger | None
    ) -> None:
        self.service, self.ledger, self.verifying = service, ledger, verifying
        self.limit_s = service.settings.answer_s
        self.lateness = Lateness(marks, limit_s=self.limit_s, look_s=LOOK_S)

    def start(self) -> None:
        """Watch from now on, as long as the process lives."""
        threading.Thread(target=self._watch, name="watchman", daemon=True).start()

    def _watch(self) -> None:
        while True:
            sleep(LOOK_S)
            if what := self.lateness.look():
                self._end(what)

    def _end(self, what: str) -> None:
        """Take the version out of use that does not come back, tell who waits, and end; unless it comes back now."""
        version = self._version(what)
        log("stuck", version=version, waited_s=self.limit_s)
        change = None if version is None or self.ledger is None else taken_out(self.ledger, version, self.limit_s)
        if self.lateness.is_back():
            return
        whose = f"version {version}" if version else "the model"
        told = f"{whose} did not answer within {self.limit_s:g} s: its process is replaced; send the request again"
        self.service.abandon(refusal(503, "NOT-ANSWERED", told, Retry_After="1"))
        if change is not None and self.ledger is not None:
            announce(self.ledger.folder, change)
        os._exit(STUCK)

    def _version(self, what: str) -> str | None:
        router = self.service.router
        if what == CANDIDATE and router is not None and router.candidate is not None:
            return router.candidate.version
        return self.verifying()
