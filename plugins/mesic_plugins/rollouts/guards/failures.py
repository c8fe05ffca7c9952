"""No failure is allowed: where a new version has no answer to a row that the old one answers, it is broken."""

from mesic import RolloutState, always_valid
from mesic_plugins.rollouts.guards.checked import Checked

METHOD = "Beta(1/2, 1/2) mixture, always valid"


def failures(state: RolloutState, arm: str, level: float) -> Checked:
    """Return the guard of failures.

    Examples
    --------
    >>> from mesic import Sums
    >>> state = RolloutState.begun(["new", "old"]).observed("new", 40)
    >>> failures(state, "new", 0.99).state
    'open'
    >>> failures(state.observed("new", 1, {("failed",): Sums.of([1.0])}), "new", 0.99).state
    'broken'
    """
    failed = state.measured(arm, "failed").rewarded
    rows = max(failed, state.assigned(arm) + state.measured(arm, "beside").rewarded)
    low, high = always_valid(rows, float(failed), level)
    said = "rows that the old version answers and this one does not"
    return Checked(
        "failures", arm, "broken" if failed else "open", failed / max(rows, 1), low, high, 0.0, rows, METHOD, said
    )
