"""The id of an answer: it says which version answered and how probable that was, signed, so that no table is needed."""

import hashlib
import hmac
import itertools
import os
from dataclasses import dataclass

from mesic.errors import UsageError

LONGEST = 300


@dataclass(frozen=True)
class Token:
    """What an id says.

    Parameters
    ----------
    rollout
        Id of the roll-out; ``"-"`` for none.
    arm
        The version that answered; ``"holdback"`` for a unit that is held back.
    propensity
        Probability with which it was to be that one.
    id
        The whole id.
    """

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
    >>> said = tokens.made("r1", "v2", 0.05)
    >>> tokens.read(said).arm, tokens.read(said).propensity
    ('v2', 0.05)
    """

    def __init__(self, secret: bytes) -> None:
        self._keyed = hashlib.blake2b(digest_size=8, key=secret)
        self._own = os.urandom(6).hex()
        self._numbers = itertools.count()

    def made(self, rollout: str, arm: str, propensity: float) -> str:
        """Return a new id."""
        text = f"{self._own}-{next(self._numbers):x}:{rollout}:{arm}:{propensity!r}"
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
        if isinstance(said, str) and len(said) <= LONGEST and said.count(":") == 4:
            text, _, signature = said.rpartition(":")
            if hmac.compare_digest(self._signed(text).encode(), signature.encode()):
                _, rollout, arm, propensity = text.split(":")
                return Token(rollout, arm, float(propensity), said)
        raise UsageError(f"id={str(said)[:60]!r} is none that this deployment gave: send the `id` of an answer")

    def _signed(self, text: str) -> str:
        signing = self._keyed.copy()
        signing.update(text.encode())
        return signing.hexdigest()
