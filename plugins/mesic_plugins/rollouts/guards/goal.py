"""What a new version earns beside the old one, as outcomes come."""

from mesic import RolloutState
from mesic.ab import Guard
from mesic_plugins.rollouts.guards.checked import METHOD, Checked, moments_of, room_within


def goal(state: RolloutState, arms: tuple[str, str], limit: float, alpha: float) -> Checked:
    """Return the guard of rewards.

    Parameters
    ----------
    state
        With outcomes.
    arms
        The old version and the new one.
    limit
        By how much the mean reward may fall, in rewards.
    alpha
        Chance of a false alarm, however often one looks.

    Examples
    --------
    >>> from mesic import Outcome
    >>> came = [Outcome("", "old", float(n % 9 > 0), 0.0, 0.5, f"old {n}") for n in range(200)]
    >>> came += [Outcome("", "new", float(n % 2), 0.0, 0.5, f"new {n}") for n in range(200)]
    >>> state = RolloutState.begun(["new", "old"]).counted(came)
    >>> goal(state, ("old", "new"), 0.1, 0.01).state
    'broken'
    """
    terms = state.terms
    span = terms.high - terms.low
    old, new = (moments_of(one.sums) for name in arms for one in state.arms if one.name == name)
    known, value, low, high = room_within(Guard("goal", -limit / span, False), old, new, alpha)
    value, low, high = (end * span for end in (value, low, high))
    said = "the mean reward less the old version's"
    return Checked("goal", arms[1], known, value, low, high, -limit, new.units, METHOD, said)
