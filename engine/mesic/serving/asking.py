"""Who asks, and under which id: what joins an answer with the label that comes later."""

import itertools
import os
import re

import msgspec

from mesic.errors import UsageError
from mesic.serving.messages import Request

ID_HEADER = b"x-request-id"
ADDRESS = "address"
HEAD = b'"request_id":"%b",'
HEAD_START, HEAD_END = HEAD.index(b"%"), -2
ALLOWED = re.compile(rb"[!#-\[\]-~]{1,128}")  # visible, neither quote nor backslash: written as it is


class Asked(msgspec.Struct, gc=False):
    """A request as the log tells it.

    Parameters
    ----------
    head
        How an answer names the request, by the caller's own id, or one that no other has: ``"request_id":"ID",``.
    caller
        What the settings say that a caller is, not hashed yet; empty or None where it is not known.
    began
        When answering began, on ``time.perf_counter``.
    is_kept
        Whether the answer was in the cache.
    arm, propensity
        Which version of a roll-out answers, and how probable it was that this one would.
    """

    head: bytes
    caller: str | bytes | None
    began: float
    is_kept: bool = False
    arm: str | None = None
    propensity: float = 1.0

    @property
    def request_id(self) -> str:
        """The id."""
        return self.head[HEAD_START:HEAD_END].decode()


class Identifier:
    """Gives requests their ids, and says who asked.

    Parameters
    ----------
    caller
        ``"address"``, the name of a header, or None.

    Examples
    --------
    >>> identifier = Identifier("X-Client")
    >>> request = Request("POST", "/predict", "", {b"x-request-id": b"order-17", b"x-client": b"shop"}, b"{}")
    >>> identifier.asked(request, 0.0)
    Asked(head=b'"request_id":"order-17",', caller=b'shop', began=0.0, is_kept=False, arm=None, propensity=1.0)
    """

    def __init__(self, caller: str | None) -> None:
        self.takes_address = caller == ADDRESS
        self.header = b"" if caller is None or self.takes_address else caller.lower().encode("latin-1", "replace")
        self.headers = frozenset(filter(None, (ID_HEADER, self.header)))
        self._own = HEAD % f"{os.urandom(8).hex()}-%d".encode()
        self._numbers = itertools.count()

    def asked(self, request: Request, began: float) -> Asked:
        """Return a request's id and caller.

        Raises
        ------
        UsageError
            The id that the caller gave is none.
        """
        headers = request.headers
        given = headers.get(ID_HEADER)
        head = self._own % next(self._numbers) if given is None else _checked(given)
        return Asked(head, request.client if self.takes_address else headers.get(self.header), began)


def named(request_id: str | int, began: float) -> Asked:
    """Return a request that has a name already, of any letters, and no caller.

    Examples
    --------
    >>> named(17, 0.0).request_id
    '17'
    """
    return Asked(HEAD % str(request_id).encode(errors="replace"), None, began)


def _checked(given: bytes) -> bytes:
    if not ALLOWED.fullmatch(given):
        text = given[:50].decode("latin-1")
        raise UsageError(
            f"the header X-Request-Id is {text!r}: give 1 to 128 visible letters of ASCII, no quote, no backslash"
        )
    return HEAD % given
