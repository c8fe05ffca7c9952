"""Answers of a process until they are written down, so that labels find them; nobody waits for the disk."""

import asyncio
from typing import Any

from mesic.errors import MesicError, message_of
from mesic.live.answers import KeptAnswer, keep
from mesic.live.labels import Labels
from mesic.live.ledger import Ledger
from mesic.serving.messages import log

MOST_WAITING = 100_000


class Answered:
    """Takes answers and writes them down together.

    Parameters
    ----------
    ledger
        Of the deployment.
    """

    def __init__(self, ledger: Ledger) -> None:
        self.ledger, self.labels = ledger, Labels()
        self.waiting: list[KeptAnswer] = []
        self.lost = 0

    def take(self, request_id: str, row: int, name: str, answer: dict[str, Any]) -> None:
        """Take an answer with its id; where too many wait it is lost, and counted."""
        if len(self.waiting) < MOST_WAITING:
            self.waiting.append(KeptAnswer(request_id, row, name, answer))
        else:
            self.lost += 1

    async def write(self) -> None:
        """Write down what waits; what cannot be written waits on."""
        waiting, self.waiting = self.waiting, []
        if self.lost:
            log("answers-lost", rows=self.lost, why="they came faster than they could be kept for labels")
            self.lost = 0
        if not waiting:
            return
        try:
            await asyncio.to_thread(self._written, waiting)
        except MesicError as error:
            log("answers-not-kept", rows=len(waiting), why=message_of(error))
            self.waiting = waiting + self.waiting

    def _written(self, waiting: list[KeptAnswer]) -> None:
        with self.ledger.store.changing() as connection:
            keep(connection, waiting, self.labels)
