"""How often each caller may ask: one number a caller, in memory that all processes share; it never grows."""

import hashlib
from time import monotonic

SLOTS = 16_384
AT_ONCE_S = 5.0  # what a caller may ask at once is what it may ask in so many seconds


class Rates:
    """Who may ask now, by the time until which each caller has used up its share (generic cell rate algorithm).

    Parameters
    ----------
    until
        float64, zeros at first, shared by processes. Callers whose digests meet in one place share a rate.
    rate
        Requests a second that a caller may send, over time.
    seed
        Of the digests, so that nobody can choose to meet another.

    References
    ----------
    ITU-T I.371, Traffic control and congestion control in B-ISDN, annex A.

    Examples
    --------
    >>> rates = Rates(memoryview(bytearray(8 * 64)).cast("d"), 1.0)
    >>> [rates.wait_s("ada", 100.0) for _ in range(7)], rates.wait_s("ada", 103.0), rates.wait_s("bob", 100.0)
    ([0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0], 0.0, 0.0)
    """

    def __init__(self, until: "memoryview[float]", rate: float, seed: bytes = b"") -> None:
        self.until, self.each_s, self.seed = until, 1 / rate, seed
        self.ahead_s = max(AT_ONCE_S, self.each_s)

    def wait_s(self, caller: str, now: float | None = None) -> float:
        """Return 0 and count the request where the caller may ask, else the seconds until it may."""
        now = monotonic() if now is None else now
        digest = hashlib.blake2b(caller.encode(), digest_size=8, key=self.seed).digest()
        place = int.from_bytes(digest, "big") % len(self.until)
        until = max(self.until[place], now) + self.each_s
        if until - now > self.ahead_s:
            return until - now - self.ahead_s
        self.until[place] = until
        return 0.0
