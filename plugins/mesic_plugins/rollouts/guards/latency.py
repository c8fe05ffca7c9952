"""How long a new version takes: the ratio of geometric means, which a few slow answers move little."""

import math

from mesic import RolloutState
from mesic.ab import Guard
from mesic_plugins.rollouts.guards.checked import METHOD, Checked, moments_of, room_within


def latency(state: RolloutState, arms: tuple[str, str], limit: float, alpha: float) -> Checked:
    """Return the guard of latency.

    Parameters
    ----------
    state
        Measures of ``("latency",)`` are logarithms of seconds.
    arms
        The old version and the new one.
    limit
        By which share the new one may be slower.
    alpha
        Chance of a false alarm, however often one looks.

    Examples
    --------
    >>> import numpy as np
    >>> from mesic import Sums
    >>> seconds = np.random.default_rng(0).normal(-7, 0.3, 400)
    >>> state = RolloutState.begun(["new", "old"]).observed("old", measures={("latency",): Sums.of(seconds)})
    >>> state = state.observed("new", measures={("latency",): Sums.of(seconds[:200] + 1)})
    >>> latency(state, ("old", "new"), 0.5, 0.01).state
    'broken'
    """
    old, new = (moments_of(state.measured(arm, "latency")) for arm in arms)
    known, value, low, high = room_within(Guard("latency", math.log1p(limit), False), old, new, alpha)
    value, low, high = (math.expm1(end) for end in (value, low, high))
    said = "slower, as a share of the old version's time"
    return Checked("latency", arms[1], known, value, low, high, limit, new.units, METHOD, said)
