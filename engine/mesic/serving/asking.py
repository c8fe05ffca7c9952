"""Who asks, and under which id: what joins an answer with the label that comes later."""

import itertools
import os
import re

import msgspec

from mesic.errors import UsageError
from mesic.serving.messages import Request

ID_HEADER = b"x-request-id"
ADDRESS = "address"
ALLOWED = re.compile(r"[!#-\[\]-~]{1,128}", re.ASCII)  # visible, neither quote nor backslash: written as it is


class Asked(msgspec.Struct, gc=False):
    """A request as the log tells it.

    Parameters
    ----------
    request_id
        The caller's own, or one that no other request has.
    caller
        What the settings say that a caller is, not hashed yet; None where it is not known.
    began
        When answering began, on ``time.perf_counter``.
    is_kept
        Whether the answer was in the cache.
    arm, propensity
        Which version of a roll-out answers, and how probable it was that this one would.
    """

    request_id: str
    caller: str | None
    began: float
    is_kept: bool = False
    arm: str | None = None
    propensity: float = 1.0


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
    Asked(request_id='order-17', caller='shop', began=0.0, is_kept=False, arm=None, propensity=1.0)
    """

    def __init__(self, caller: str | None) -> None:
        self.takes_address = caller == ADDRESS
        self.header = None if caller is None or self.takes_address else caller.lower().encode("latin-1", "replace")
        self.headers = frozenset(filter(None, (ID_HEADER, self.header)))
        self._own = os.urandom(8).hex()
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
        request_id = f"{self._own}-{next(self._numbers):x}" if given is None else _checked(given)
        if self.takes_address:
            return Asked(request_id, request.client or None, began)
        caller = headers.get(self.header) if self.header else None
        return Asked(request_id, None if caller is None else caller.decode("latin-1"), began)


def _checked(given: bytes) -> str:
    text = given.decode("latin-1")
    if not ALLOWED.fullmatch(text):
        raise UsageError(
            f"the header X-Request-Id is {text[:50]!r}: give 1 to 128 visible letters of ASCII, no quote, no backslash"
        )
    return text
