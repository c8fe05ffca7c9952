"""What is said of outcomes where they may be told, but need not."""

from mesic import Finding, RolloutState, outcome_findings


def findings_where_outcomes_came(state: RolloutState) -> tuple[Finding, ...]:
    """Return what is wrong with outcomes; that there are none at all is nothing wrong.

    Examples
    --------
    >>> state = RolloutState.begun(["new", "old"]).observed("old", 500)
    >>> findings_where_outcomes_came(state), [one.code for one in outcome_findings(state)]
    ((), ['REWARD-MISSING'])
    """
    came = any(arm.sums.rewarded for arm in state.arms)
    return tuple(one for one in outcome_findings(state) if came or one.code != "REWARD-MISSING")
