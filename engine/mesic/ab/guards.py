"""Guards: what a treatment may not harm, whatever it gains; each with a margin that is shown to be kept."""

import math
import re
from dataclasses import dataclass
from typing import Any

from mesic.ab.contrast import Effect
from mesic.ab.means import Means
from mesic.ab.moments import Counts, Kept, Moments
from mesic.ab.proportions import Proportions
from mesic.errors import SettingError

HOW = "COLUMN:LIMIT, such as latency_ms:+5% (may rise by 5 % of the control at most) or orders/visits:-0.01 (may fall)"


@dataclass(frozen=True)
class Guard:
    """A column that may change by a limit at most.

    Parameters
    ----------
    name
        Of the column; ``"refunds/orders"`` for a ratio of the totals of two.
    limit
        Above 0 where a rise is harm, below 0 where a fall is.
    is_relative
        Whether the limit is a share of the control's level.

    Examples
    --------
    >>> Guard.parsed("latency_ms:+5%")
    Guard(name='latency_ms', limit=0.05, is_relative=True)
    """

    name: str
    limit: float
    is_relative: bool

    @classmethod
    def parsed(cls, text: str) -> "Guard":
        """Return what ``COLUMN:LIMIT`` says."""
        name, _, limit = text.rpartition(":")
        found = re.fullmatch(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(%?)\s*", limit)
        size = float(found[1]) if found else 0.0
        is_whole = all(name.partition("/")[::2] if "/" in name else [name])
        if not is_whole or found is None or not size or (found[2] and size <= -100):
            raise SettingError("guards", text, HOW)
        return cls(name.strip(), size / 100 if found[2] else size, bool(found[2]))

    @property
    def columns(self) -> tuple[str, str | None]:
        """The column, and what it is divided by.

        Examples
        --------
        >>> Guard.parsed("refunds/orders:+0.01").columns
        ('refunds', 'orders')
        """
        above, _, below = self.name.partition("/")
        return above, below or None

    def said(self) -> str:
        """Return the limit in words."""
        size = f"{100 * abs(self.limit):.4g} %" if self.is_relative else f"{abs(self.limit):.4g}"
        return f"may {'rise' if self.limit > 0 else 'fall'} by {size} at most"

    def room(self, control: Kept, treatment: Kept, unit: str) -> "Room":
        """Return how far a treatment is beyond the limit; below 0 it is kept, for a rise as for a fall."""
        sign = math.copysign(1.0, self.limit)
        if isinstance(control, Counts) and isinstance(treatment, Counts):
            return self._room_of_shares(control, treatment, sign)
        assert isinstance(control, Moments)
        assert isinstance(treatment, Moments)
        times, less = (1 + self.limit, 0.0) if self.is_relative else (1.0, self.limit)
        found = Means(control, treatment, times=times, less=less, unit=unit)
        tau = abs(self.limit * (found.control if self.is_relative else 1.0))
        return Room(sign * found.z, found.variance, tau)

    def _room_of_shares(self, control: Counts, treatment: Counts, sign: float) -> "Room":
        """Return it by the score test (C. Farrington, G. Manning, Statistics in Medicine 9, 1990), or by logarithms."""
        if not control.units or not treatment.units:
            return Room(math.nan, math.nan, math.nan)
        if self.is_relative:
            return self._room_of_rates(control, treatment, sign)
        found = Proportions(control, treatment, "z")
        z, apart = found.distance(self.limit), found.value - self.limit
        return Room(sign * z, (apart / z) ** 2 if z else math.nan, abs(self.limit))

    def _room_of_rates(self, control: Counts, treatment: Counts, sign: float) -> "Room":
        if not control.events or not treatment.events:
            return Room(math.nan, math.nan, math.nan)
        variance = sum(1 / counts.events - 1 / counts.units for counts in (control, treatment))
        allowed = math.log1p(self.limit)
        apart = math.log(treatment.share / control.share) - allowed
        return Room(sign * apart / math.sqrt(variance) if variance else math.nan, variance, abs(allowed))


@dataclass(frozen=True)
class Room:
    """How far a treatment is beyond a limit, in standard errors; the variance, and the way from no change to there."""

    z: float
    variance: float
    tau: float


@dataclass(frozen=True)
class Guarded:
    """What is known of a guard.

    Parameters
    ----------
    guard
        Its limit.
    effect
        Treatment less control, with the interval of this look.
    beyond
        z of the distance beyond the limit; below minus the bound the limit is kept, above the harm's bound it is not.
    bound, harm_bound
        Of the absolute z; that of harm allows for all guards. nan where there is no test.
    """

    guard: Guard
    effect: Effect
    beyond: float
    bound: float
    harm_bound: float

    @property
    def state(self) -> str:
        """``"kept"``, ``"broken"`` or ``"open"``: nothing is shown yet."""
        if self.beyond > self.harm_bound:
            return "broken"
        return "kept" if self.beyond < -self.bound else "open"

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        named = {"name": self.guard.name, "limit": self.guard.limit, "is_relative": self.guard.is_relative}
        beyond = None if math.isnan(self.beyond) else self.beyond
        return {**named, "said": self.guard.said(), "state": self.state, "beyond": beyond, **self.effect.as_dict()}
