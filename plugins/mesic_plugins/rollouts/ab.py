"""A/B: both versions answer a fixed share of the units until outcomes say which is better."""

from functools import cached_property

from mesic import Decision, Rollout, RolloutState, RolloutTerms, SettingError, outcome_findings
from mesic.ab import Counts, Design, Moments, Plan, Reading, decide, size
from mesic_plugins.rollouts.guards.checked import moments_of
from mesic_plugins.rollouts.guards.failures import failures


class Ab(Rollout):
    """Divide units evenly, or as `share` says, and decide by an always-valid test of the rewards.

    Parameters
    ----------
    base, mde
        Mean reward of the version in use, and the smallest difference worth finding.
    sd
        Standard deviation of a reward; None: rewards are yes or no.
    share
        Of the new versions together, above 0 and below 1.
    better
        ``"higher"`` or ``"lower"``: what is wished of the rewards.
    alpha, power
        Chance of a false alarm, two-sided, however often one looks; chance to find `mde` within the planned units.
    low, high
        Range of the rewards.
    reference
        The version in use before; None: the first by name.
    holdback
        Share of the units that the baseline answers; None: as it was before.
    seed
        Decides, with the unit's name, who is assigned what.

    Examples
    --------
    >>> from mesic import Outcome
    >>> test = Ab(base=0.1, mde=0.05, reference="old")
    >>> state = test.begin(["new", "old"])
    >>> came = [Outcome("", "old", float(n % 10 == 0), 0.0, 0.5, f"old {n}") for n in range(400)]
    >>> came += [Outcome("", "new", float(n % 2 == 0), 0.0, 0.5, f"new {n}") for n in range(400)]
    >>> decision = test.decide(test.update_all(state, came))
    >>> decision.action, decision.arm
    ('promote', 'new')
    """

    def __init__(  # noqa: PLR0913 - a parameter an option
        self,
        base=0.05,
        mde=0.01,
        *,
        sd=None,
        share=0.5,
        better="higher",
        alpha=0.05,
        power=0.8,
        low=0.0,
        high=1.0,
        reference=None,
        holdback=None,
        seed=0,
    ):
        super().__init__(RolloutTerms(low, high), seed=seed, sticky=True, reference=reference, holdback=holdback)
        if not 0 < share < 1:
            raise SettingError("share", share, "a share of the units above 0 and below 1")
        self.share = share
        self.asked = {"base": base, "mde": mde, "sd": sd, "better": better, "alpha": alpha, "power": power}
        self.plan_of(("old", "new"))

    def plan_of(self, arms: tuple[str, ...]) -> Plan:
        """Return the plan of a test of these versions, the one in use first."""
        if arms not in self._plans:
            shares = (1 - self.share, *(self.share / (len(arms) - 1) for _ in arms[1:]))
            self._plans[arms] = size(Design(**self.asked, arms=arms, shares=shares, spending="always_valid")).plan
        return self._plans[arms]

    @cached_property
    def _plans(self) -> dict[tuple[str, ...], Plan]:
        return {}

    def shares(self, state: RolloutState) -> dict[str, float]:
        """Return the share of each version; it stays as it is."""
        reference, *new = self._arms(state)
        if not new:
            return {reference: 1.0}
        return {arm: 1 - self.share if arm == reference else self.share / len(new) for arm in state.active}

    def decide(self, state: RolloutState) -> Decision:
        """Promote what is better beyond doubt, roll back what is worse or fails, keep where both are alike."""
        arms = self._arms(state)
        findings = outcome_findings(state)
        failed = [failures(state, arm, 1 - self.asked["alpha"]) for arm in arms[1:]]
        evidence = {"reference": arms[0], "guards": [one.as_dict() for one in failed]}
        if any(one.state == "broken" for one in failed):
            why = "the new version fails on rows that the old one answers"
            return Decision("rollback", arms[0], evidence | {"why": why}, findings)
        if len(arms) == 1:
            return Decision("continue", arms[0], evidence | {"why": "there is nothing to compare with"}, findings)
        plan = self.plan_of(arms)
        verdict = decide(plan, {arm: [self._reading(state, (arms[0], arm))] for arm in arms[1:]})
        told = {"why": verdict.why, "units_planned": plan.units, "test": verdict.as_dict()}
        winner = verdict.arm if verdict.decision == "promote" and verdict.arm else arms[0]
        return Decision(verdict.decision, winner, evidence | told, (*findings, *verdict.findings))

    def _arms(self, state: RolloutState) -> tuple[str, ...]:
        reference = self.reference_of(state)
        return (reference, *(arm for arm in state.active if arm != reference))

    def _reading(self, state: RolloutState, arms: tuple[str, str]) -> Reading:
        sums = {one.name: one.sums for one in state.arms}
        old, new = (self._group(sums[arm]) for arm in arms)
        if isinstance(old, Counts) != isinstance(new, Counts):
            old, new = (self._amounts(sums[arm]) for arm in arms)
        return Reading(old.units + new.units, (old, new))

    def _group(self, sums):
        is_yes_or_no = (
            self.asked["sd"] is None
            and sums.squares == sums.total * 2**32
            and (self.terms.low, self.terms.high) == (0, 1)
        )
        return Counts(sums.rewarded, round(sums.share)) if is_yes_or_no else self._amounts(sums)

    def _amounts(self, sums) -> Moments:
        found, span = moments_of(sums), self.terms.high - self.terms.low
        return Moments(found.units, found.names, self.terms.low + found.mean * span, found.scatter * span**2)
