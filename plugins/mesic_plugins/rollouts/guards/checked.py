"""What is known of one guard."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal

from mesic import Sums
from mesic.ab import Guard, Moments, always_valid_bound

FEWEST = 30  # of each version, before a normal approximation is believed
METHOD = "always valid, normal mixture"
State = Literal["broken", "open", "kept"]


@dataclass(frozen=True)
class Checked:
    """One guard of one version.

    Parameters
    ----------
    name
        ``"failures"``, ``"latency"``, ``"predictions yes"``, ``"disagreements"``, ``"goal"``.
    arm
        The version that is checked.
    state
        ``"broken"`` beyond doubt, ``"open"`` as long as it is not, ``"kept"`` where the interval lies within the limit.
    value, low, high
        What is limited, with an interval that may be looked at as often as one likes; NaN where nothing is known.
    limit
        What it may be.
    rows
        On which it is known.
    method
        Of the interval.
    said
        What it is, in words.
    """

    name: str
    arm: str
    state: State
    value: float
    low: float
    high: float
    limit: float
    rows: int
    method: str
    said: str

    def as_dict(self) -> dict[str, Any]:
        """Return what evidence holds."""
        return asdict(self)


def moments_of(sums: Sums) -> Moments:
    """Return the moments of what was measured."""
    count = sums.rewarded
    mean = sums.share / count if count else math.nan
    scatter = sums.variance * (count - 1) if count > 1 else math.nan
    one = Moments.of({"outcome": [mean]})
    return Moments(count, one.names, one.mean, one.scatter + scatter)


def within(
    found: tuple[float, float], rows: int, limit: float, alpha: float, *, symmetric: bool = True
) -> tuple[State, float, float]:
    """Return what an estimate says of its limit, and its interval.

    Parameters
    ----------
    found
        The estimate, and its variance.
    rows
        Behind it; with fewer than 30 nothing is said.
    limit
        Above 0; the size of effect that is looked for.
    alpha
        Chance that a version that keeps the limit is ever called broken.
    symmetric
        Whether the estimate may not be below minus the limit either.
    """
    value, variance = found
    if rows < FEWEST or not variance > 0:
        return "open", math.nan, math.nan
    half = always_valid_bound(variance, limit, alpha) * math.sqrt(variance)
    low, high = value - half, value + half
    is_beyond = low > limit or (symmetric and high < -limit)
    is_kept = high < limit and (not symmetric or low > -limit)
    return "broken" if is_beyond else "kept" if is_kept else "open", low, high


def room_within(guard: Guard, control: Moments, treatment: Moments, alpha: float) -> tuple[State, float, float, float]:
    """Return what two groups say of an absolute limit, the difference, and its interval."""
    value = float(treatment.mean[0] - control.mean[0])
    if min(control.units, treatment.units) < FEWEST:
        return "open", value, math.nan, math.nan
    room = guard.room(control, treatment, "requests")
    if not room.variance > 0:
        return "open", value, math.nan, math.nan
    bound = always_valid_bound(room.variance, room.tau, alpha)
    half = bound * math.sqrt(room.variance)
    state: State = "broken" if room.z > bound else "kept" if room.z < -bound else "open"
    return state, value, value - half, value + half
