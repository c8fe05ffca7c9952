"""The id of an answer: it says which version answered and how probable that was, signed, so that no table is needed."""

import hashlib
import hmac
import itertools
import os
from dataclasses import dataclass

from mesic.errors import UsageError

LONGEST, PARTS = 400, 5


@dataclass(frozen=True)
class Token:
    """What an id says.

    Parameters
    ----------
    request_id, row
        Of the request, and the number of the row in it.
    rollout
        Id of the roll-out; ``"-"`` for none.
    arm
        The version that answered; ``"holdback"`` for a unit that is held back.
    propensity
        Probability with which it was to be that one.
    id
        The whole id.
    """

    request_id: str
    row: int
    rollout: str
    arm: str
    propensity: float
    id: str


class Tokens:
    """Makes ids and reads them.

    Parameters
    ----------
    secret
        Of the deployment, the same in all its processes.

    Examples
    --------
    >>> tokens = Tokens(b"0123456789abcdef")
    >>> said = tokens.made("r1", "v2", 0.05, request_id="order:17", row=2)
    >>> tokens.read(said).arm, tokens.read(said).propensity, tokens.read(said).request_id
    ('v2', 0.05, 'order:17')
    """

    def __init__(self, secret: bytes) -> None:
        self._keyed = hashlib.blake2b(digest_size=8, key=secret)
        self._own = os.urandom(6).hex()
        self._numbers = itertools.count()

    def made(self, rollout: str, arm: str, propensity: float, *, request_id: str = "", row: int = 0) -> str:
        """Return the id of an answer; without the id of its request it is one that no other answer has."""
        text = f"{request_id or self.unique()}:{row}:{rollout}:{arm}:{propensity!r}"
        return f"{text}:{self._signed(text)}"

    def unique(self) -> str:
        """Return a text that no other request has."""
        return f"{self._own}-{next(self._numbers):x}"

    def read(self, said: object) -> Token:
        """Return what an id says.

        Raises
        ------
        UsageError
            No server of this deployment gave it.
        """
        if isinstance(said, str) and len(said) <= LONGEST and said.count(":") >= PARTS:
            text, _, signature = said.rpartition(":")
            if hmac.compare_digest(self._signed(text).encode(), signature.encode()):
                request_id, row, rollout, arm, propensity = text.rsplit(":", PARTS - 1)
                return Token(request_id, int(row), rollout, arm, float(propensity), said)
        raise UsageError(f"id={str(said)[:60]!r} is none that this deployment gave: send the `id` of an answer")

    def _signed(self, text: str) -> str:
        signing = self._keyed.copy()
        signing.update(text.encode())
        return signing.hexdigest()
