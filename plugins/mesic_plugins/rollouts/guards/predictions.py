"""How often a new version gives each answer, beside the old one: on the same rows where both answered."""

import math
from collections.abc import Iterator

from mesic import RolloutState, Sums, always_valid
from mesic.ab import Counts, Guard, Proportions, always_valid_bound
from mesic_plugins.rollouts.guards.checked import FEWEST, METHOD, Checked, State, within

FEWEST_EVENTS = 5
SAME_ROWS, OTHER_ROWS = "on the same rows", "on rows of their own"


def predictions(state: RolloutState, arms: tuple[str, str], limit: float, alpha: float) -> Iterator[Checked]:
    """Yield a guard an answer, or one of the mean answer of a regression.

    Parameters
    ----------
    state
        Rows that both versions answered are measures ``("pair", old, new)``, or ``("difference",)`` and ``("old",)``;
        answers that were given ``("said", label)``, or ``("value",)``.
    arms
        The old version and the new one.
    limit
        By how much the share of an answer may differ; for regression in standard deviations of the old answers.
    alpha
        Chance of a false alarm of any of them, however often one looks.

    Examples
    --------
    >>> state = RolloutState.begun(["new", "old"])
    >>> pairs = {("pair", "no", "no"): Sums(rewarded=60), ("pair", "no", "yes"): Sums(rewarded=60)}
    >>> state = state.observed("new", measures=pairs)
    >>> [(one.name, one.state) for one in predictions(state, ("old", "new"), 0.1, 0.01)]
    [('predictions no', 'broken'), ('predictions yes', 'broken')]
    """
    new = arms[1]
    pairs = {name[1:]: sums.rewarded for name, sums in _named(state, new, "pair")}
    if pairs:
        labels = sorted({label for pair in pairs for label in pair})
        for label in labels:
            yield _of_pairs(pairs, label, new, limit, alpha / len(labels))
    elif state.measured(new, "difference").rewarded:
        yield _of_values(state, new, limit, alpha)
    else:
        said = [{name[1]: sums.rewarded for name, sums in _named(state, arm, "said")} for arm in arms]
        labels = sorted({*said[0], *said[1]})
        for label in labels:
            counts = [Counts(sum(one.values()), one.get(label, 0)) for one in said]
            yield _of_groups(counts[0], counts[1], label, new, limit, alpha / len(labels))


def disagreements(state: RolloutState, arm: str, limit: float, alpha: float) -> Checked:
    """Return the guard of rows that the two versions decide differently; `limit` is their share at most."""
    pairs = {name[1:]: sums.rewarded for name, sums in _named(state, arm, "pair")}
    rows = sum(pairs.values())
    differ = sum(count for (old, new), count in pairs.items() if old != new)
    low, high = always_valid(rows, float(differ), 1 - alpha)
    known: State = "broken" if low > limit else "kept" if high < limit else "open"
    method = "Beta(1/2, 1/2) mixture, always valid"
    said = "rows that the two versions decide differently"
    return Checked(
        "disagreements", arm, known, differ / rows if rows else math.nan, low, high, limit, rows, method, said
    )


def _named(state: RolloutState, arm: str, first: str) -> Iterator[tuple[tuple[str, ...], Sums]]:
    for one in state.arms:
        if one.name == arm:
            yield from ((name, sums) for name, sums in one.measures if name[0] == first)


def _of_pairs(pairs: dict[tuple[str, ...], int], label: str, arm: str, limit: float, alpha: float) -> Checked:
    rows = sum(pairs.values())
    more = sum(count for (old, new), count in pairs.items() if new == label != old)
    less = sum(count for (old, new), count in pairs.items() if old == label != new)
    value = (more - less) / rows
    variance = ((more + less) / rows - value**2) / rows
    known, low, high = within((value, variance), rows if more + less >= FEWEST_EVENTS else 0, limit, alpha)
    said = f"more often {label}, as a share of all rows"
    return Checked(f"predictions {label}", arm, known, value, low, high, limit, rows, f"{METHOD}, {SAME_ROWS}", said)


def _of_values(state: RolloutState, arm: str, limit: float, alpha: float) -> Checked:
    difference, old = state.measured(arm, "difference"), state.measured(arm, "old")
    rows, spread = difference.rewarded, math.sqrt(old.variance) if old.rewarded > 1 else math.nan
    value = low = high = math.nan
    known: State = "open"
    if spread > 0:
        value, variance = difference.share / rows / spread, difference.variance / rows / spread**2
        known, low, high = within((value, variance), rows, limit, alpha)
    said = "higher on average, in standard deviations of the old version's answers"
    return Checked("predictions", arm, known, value, low, high, limit, rows, f"{METHOD}, {SAME_ROWS}", said)


def _of_groups(old: Counts, new: Counts, label: str, arm: str, limit: float, alpha: float) -> Checked:
    """Compare the shares of an answer among rows that the one and the other version answered."""
    said = f"more often {label}, as a share of all rows"
    events = min(old.events + new.events, old.units + new.units - old.events - new.events)
    value, low, high = new.share - old.share, math.nan, math.nan
    known: State = "open"
    if min(old.units, new.units) >= FEWEST and events >= FEWEST_EVENTS:
        room = Guard(label, math.copysign(limit, value), False).room(old, new, "requests")
        bound = always_valid_bound(room.variance, room.tau, alpha)
        low, high = Proportions(old, new, "z").interval(bound)
        known = "broken" if room.z > bound else "kept" if max(-low, high) < limit else "open"
    method = f"{METHOD}, {OTHER_ROWS}"
    return Checked(f"predictions {label}", arm, known, value, low, high, limit, new.units, method, said)
