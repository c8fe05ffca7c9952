"""A process that answers follows its deployment: it loads what is new beside what is in use, then changes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

from mesic.errors import CheckFailed, MesicError, message_of
from mesic.live.announcing import announce
from mesic.live.judging import built, unfit
from mesic.live.labels import labels_of
from mesic.live.ledger import Ledger, Seen
from mesic.live.tallies import Tally
from mesic.live.tokens import Tokens
from mesic.live.versions import place_of
from mesic.rollout.state import RolloutState
from mesic.serving.answered import Answered
from mesic.serving.beside import Beside
from mesic.serving.lateness import Marks
from mesic.serving.messages import log
from mesic.serving.outcomes import Outcomes
from mesic.serving.release import Release
from mesic.serving.routing import Assigning, Router
from mesic.serving.settings import ServeSettings

LOOK_S = 0.15
COUNT_S = 0.5

Load = Callable[[str, ServeSettings], Awaitable[Release]]


class Follower:
    """Keeps a process at what its deployment says.

    Parameters
    ----------
    settings
        The keys of ``mesic serve``.
    load
        Loads and verifies a bundle.
    use
        Takes the version in use, and the router of several, None where there is only the one.
    beside
        Takes rows that another version is to answer, too.
    marks
        Where it is said that the version that is tried answers.
    """

    def __init__(
        self,
        settings: ServeSettings,
        load: Load,
        *,
        use: Callable[[Release, Router | None], None],
        beside: Beside,
        marks: Marks,
    ) -> None:
        self.settings, self.load, self.use, self.beside, self.marks = settings, load, use, beside, marks
        self.folder = Path(str(settings.deployment))
        self.ledger = Ledger(self.folder)
        self.releases: dict[str, Release] = {}
        self.router: Router | None = None
        self.seen: Seen | None = None
        self.tokens, self.answered = Tokens(b""), Answered(self.ledger)
        self._counted = Tally()
        self._rollout = "-"
        self._since = 0.0

    async def begin(self) -> None:
        """Take into use what the deployment says now.

        Raises
        ------
        MesicError
            The version in use cannot be loaded, and there is none before it.
        """
        while not await self._caught_up():
            if self.seen is None:
                raise CheckFailed(f"deployment {self.folder}: its version in use cannot answer; the log says why")

    async def follow(self) -> None:
        """Look again and again; nothing that goes wrong ends it."""
        loop = asyncio.get_running_loop()
        self._since = loop.time()
        while True:
            await asyncio.sleep(LOOK_S)
            try:
                if self._has_failures() or loop.time() - self._since >= COUNT_S:
                    await self.count()
                    self._since = loop.time()
                numbers = await asyncio.to_thread(self.ledger.look)
                if self.seen is None or numbers != (self.seen.generation, self.seen.publication):
                    await self._caught_up()
                elif self.seen.deployment.previous not in (None, *self.releases):
                    await self._ready_to_return(self.seen)
            except MesicError as error:
                log("not-followed", deployment=str(self.folder), why=message_of(error))

    def _has_failures(self) -> bool:
        return self.router is not None and self.router.tally.has_failures

    def outcomes(self) -> Outcomes:
        """Return who takes what came of answers."""
        return Outcomes(self.ledger, self.tokens, self.answered.write)

    async def _caught_up(self) -> bool:
        """Load what is used, and change to it; return False where a version had to be taken out of use first."""
        seen = await asyncio.to_thread(self.ledger.seen)
        if self.seen is None:
            self.tokens = Tokens(seen.secret)
        for name in seen.deployment.used:
            if name not in self.releases and not await self._loaded(seen, name):
                return False
        assigning = await asyncio.to_thread(self._assigning, seen)
        await self.count()
        self._change(seen, assigning)
        return True

    async def _loaded(self, seen: Seen, name: str) -> bool:
        try:
            self.releases[name] = await self._release(seen, name)
        except MesicError as error:
            log("unfit", version=name, why=message_of(error))
            change = await asyncio.to_thread(unfit, self.ledger, name, error)
            if change is None and self.seen is None:
                raise
            if change is not None:
                await asyncio.to_thread(announce, self.folder, change)
                log("deployment-changed", **change.as_dict())
                return False
            raise
        return True

    async def _release(self, seen: Seen, name: str) -> Release:
        last = seen.deployment.versions[name].get("expires") or self.settings.expires
        settings = replace(self.settings, version=name, expires=last)
        return await self.load(str(place_of(self.folder, name)), settings)

    def _assigning(self, seen: Seen) -> Assigning | None:
        rolling = seen.deployment.rolling
        told = None if rolling is None else self.ledger.published(rolling.id)
        if rolling is None or told is None:
            return None
        return Assigning(built(rolling), RolloutState.from_json(told[1]))

    def _change(self, seen: Seen, assigning: Assigning | None) -> None:
        deployment, old = seen.deployment, self.router
        self.answered.labels = labels_of(deployment)
        is_plain = deployment.rolling is None and not deployment.holdback and deployment.unit is None
        self.router = None if is_plain else self._routing(seen, assigning)
        if old is not None:
            old.settle()
            self._counted.take_back(old.tally)
        if self.router is not None and deployment.rolling and deployment.rolling.id == self._rollout:
            self.router.tally.take_back(self._counted)
        self._counted, self._rollout = Tally(), deployment.rolling.id if deployment.rolling else "-"
        is_new = self.seen is None or self.seen.generation != seen.generation
        self.seen = seen
        self.use(self.releases[deployment.current], self.router)
        if is_new:
            tried = {"candidate": deployment.candidate} if deployment.candidate else {}
            log("following", generation=seen.generation, current=deployment.current, **tried)
        for name in self.releases.keys() - deployment.kept:
            del self.releases[name]

    def _routing(self, seen: Seen, assigning: Assigning | None) -> Router:
        return Router(
            seen,
            self.releases,
            assigning,
            tokens=self.tokens,
            beside=self.beside,
            answered=self.answered,
            marks=self.marks,
        )

    async def _ready_to_return(self, seen: Seen) -> None:
        """Load the version before, too, so that a rollback need not wait for it."""
        name = str(seen.deployment.previous)
        self.releases[name] = await self._release(seen, name)

    async def count(self) -> None:
        """Write down what was counted and answered since the last time; what cannot be written is kept for the next."""
        await self.answered.write()
        router, lost = self.router, self.beside.lost()
        if router is None or self._rollout == "-":
            return
        counted, router.tally = router.tally, Tally()
        counted.dropped += lost
        if not counted:
            return
        try:
            await asyncio.to_thread(self.ledger.count, self._rollout, counted.as_dict())
        except MesicError as error:
            log("not-counted", why=message_of(error))
            (self.router or router).tally.take_back(counted)
