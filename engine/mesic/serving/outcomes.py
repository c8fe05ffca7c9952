"""What came of answers, as callers tell it: kept at once, counted once."""

import asyncio
import math
import time
from typing import Any

import msgspec

from mesic.errors import MesicError, UsageError, message_of
from mesic.live.ledger import Ledger
from mesic.live.tokens import Tokens
from mesic.serving.messages import Reply, Request, encoded, log, refusal

HOW = 'send {"id": ID, "reward": NUMBER}, or {"outcomes": [...]} of such'
Kept = tuple[str, str, str, float, float, float]


class Outcomes:
    """Takes outcomes of the answers of a deployment.

    Parameters
    ----------
    ledger
        Where they are kept.
    tokens
        Reads the ids of answers.
    """

    def __init__(self, ledger: Ledger, tokens: Tokens) -> None:
        self.ledger, self.tokens = ledger, tokens

    async def reply(self, request: Request) -> Reply:
        """Return the reply to what a caller tells; it is on the disk before."""
        try:
            body = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return refusal(400, "MALFORMED-JSON", f"the body is no JSON: {error}")
        told = body.get("outcomes", [body]) if isinstance(body, dict) else None
        if not isinstance(told, list):
            return refusal(422, "NO-OUTCOME", HOW)
        try:
            kept = [self._kept(one) for one in told]
        except UsageError as error:
            return refusal(422, "NO-OUTCOME", str(error))
        try:
            fresh = await asyncio.to_thread(self.ledger.take_outcomes, kept)
        except MesicError as error:
            log("outcome-lost", why=message_of(error))
            return refusal(503, "NOT-KEPT", "the outcome could not be written: send it again", Retry_After="5")
        return Reply(200, encoded({"taken": sum(fresh), "repeated": len(fresh) - sum(fresh)}))

    def _kept(self, said: Any) -> Kept:
        if not isinstance(said, dict) or not said.keys() <= {"id", "reward"}:
            raise UsageError(f"an outcome is {str(said)[:60]!r}: {HOW}")
        token, reward = self.tokens.read(said.get("id")), said.get("reward")
        if not isinstance(reward, (int, float)) or not math.isfinite(reward):
            raise UsageError(f"reward={str(reward)[:60]!r} is no number: {HOW}")
        return (token.id, token.rollout, token.arm, float(reward), time.time(), token.propensity)
