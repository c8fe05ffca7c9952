"""Single: the new version takes the place of the old one at once."""

from typing import Literal

from mesic import Decision, Rollout, RolloutState
from mesic_plugins.rollouts.guards.outcomes import findings_where_outcomes_came

Action = Literal["continue", "promote"]


class Single(Rollout):
    """Promote the new version before it has answered anyone.

    Parameters
    ----------
    reference
        The version in use before; None: the first by name.
    holdback
        Share of the units that the baseline answers; None: as it was before.
    seed
        Decides which units these are.

    Examples
    --------
    >>> single = Single(reference="old")
    >>> decision = single.decide(single.begin(["new", "old"]))
    >>> decision.action, decision.arm
    ('promote', 'new')
    """

    def __init__(self, *, reference=None, holdback=None, seed=0):
        super().__init__(seed=seed, sticky=True, reference=reference, holdback=holdback)

    def shares(self, state: RolloutState) -> dict[str, float]:
        """Return 1 for the version in use, until it is replaced."""
        reference = self.reference_of(state)
        return {arm: float(arm == reference) for arm in state.active}

    def decide(self, state: RolloutState) -> Decision:
        """Promote the first version that is not in use."""
        reference = self.reference_of(state)
        new = next((arm for arm in state.active if arm != reference), None)
        evidence = {"reference": reference, "why": "the new version replaces the old one at once"}
        action: Action = "continue" if new is None else "promote"
        return Decision(action, new or reference, evidence, findings_where_outcomes_came(state))
