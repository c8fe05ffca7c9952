"""Silent: the new version answers the same rows, and nobody hears it."""

from mesic import Decision, Rollout, RolloutState, SettingError, Sums
from mesic_plugins.rollouts.guards.failures import failures
from mesic_plugins.rollouts.guards.outcomes import findings_where_outcomes_came


class Silent(Rollout):
    """Let the version in use answer everyone, and the new one beside it, to be compared.

    Parameters
    ----------
    beside
        Share of the rows that the new version answers, too, above 0 to 1.
    reference
        The version in use; None: the first by name.
    holdback
        Share of the units that the baseline answers; None: as it was before.
    seed
        Decides which rows and units these are.

    Examples
    --------
    >>> silent = Silent(reference="old")
    >>> silent.shares(silent.begin(["new", "old"]))
    {'new': 0.0, 'old': 1.0}
    """

    def __init__(self, *, beside=1.0, reference=None, holdback=None, seed=0):
        if not 0 < beside <= 1:
            raise SettingError("beside", beside, "a share of the rows above 0 to 1")
        super().__init__(seed=seed, sticky=True, reference=reference, beside=beside, holdback=holdback)

    def shares(self, state: RolloutState) -> dict[str, float]:
        """Return 1 for the version in use."""
        reference = self.reference_of(state)
        return {arm: float(arm == reference) for arm in state.active}

    def decide(self, state: RolloutState) -> Decision:
        """Go on: whether to promote is for a person, who reads what the versions disagree on."""
        reference = self.reference_of(state)
        new = [arm for arm in state.active if arm != reference]
        evidence = {
            "reference": reference,
            "versions": {arm: _compared(state, arm) for arm in new},
            "why": "a person decides: mesic deploy promote, or mesic deploy rollback",
        }
        return Decision("continue", reference, evidence, findings_where_outcomes_came(state))


def _compared(state: RolloutState, arm: str) -> dict[str, object]:
    measures = next(one.measures for one in state.arms if one.name == arm)
    pairs = [(name[1:], sums.rewarded) for name, sums in measures if name[0] == "pair"]
    found = failures(state, arm, 0.95)
    rows = state.measured(arm, "beside").rewarded
    differ = sum(count for (old, new), count in pairs if old != new) if pairs else None
    table = [{"old": old, "new": new, "rows": count} for (old, new), count in pairs]
    return {
        "rows": rows,
        "differ": differ,
        "table": table,
        "apart": _mean(state.measured(arm, "apart")),
        "failures": found.as_dict(),
    }


def _mean(sums: Sums) -> float | None:
    return sums.share / sums.rewarded if sums.rewarded else None
