"""What came of answers, as callers tell it: kept at once, counted once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec

from mesic.errors import MesicError, message_of
from mesic.live.ledger import Ledger
from mesic.live.outcomes import HOW, OutcomesRefused, Taken, take
from mesic.live.tokens import Tokens
from mesic.serving.messages import Reply, Request, encoded, log, refusal

WRITTEN_S = 0.75  # after which an answer of any process is written down


class Outcomes:
    """Takes outcomes of the answers of a deployment.

    Parameters
    ----------
    ledger
        Where they are kept.
    tokens
        Reads the ids of answers.
    write
        Writes down the answers of this process that are not yet.
    """

    def __init__(self, ledger: Ledger, tokens: Tokens, write: Callable[[], Awaitable[None]]) -> None:
        self.ledger, self.tokens, self.write = ledger, tokens, write

    async def reply(self, request: Request) -> Reply:
        """Return the reply to what a caller tells; it is on the disk before."""
        try:
            body = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return refusal(400, "MALFORMED-JSON", f"the body is no JSON: {error}")
        told = body.get("outcomes", [body]) if isinstance(body, dict) else None
        if not isinstance(told, list):
            return refusal(422, "NO-OUTCOME", f'an outcome, or {{"outcomes": [...]}} of such: {HOW}')
        try:
            taken = await self._taken(told)
        except OutcomesRefused as error:
            return refusal(422, "NO-OUTCOME", str(error), error.problems)
        except MesicError as error:
            log("outcome-lost", why=message_of(error))
            return refusal(503, "NOT-KEPT", "the outcome could not be written: send it again", Retry_After="5")
        return Reply(200, encoded(taken.counts()))

    async def _taken(self, told: Sequence[Any]) -> Taken:
        """Take outcomes; where an answer is so new that no process may have written it down yet, wait for it once."""
        try:
            return await asyncio.to_thread(take, self.ledger, self.tokens, told)
        except OutcomesRefused as error:
            if not error.may_come:
                raise
        await self.write()
        await asyncio.sleep(WRITTEN_S)
        return await asyncio.to_thread(take, self.ledger, self.tokens, told)
