"""Canary: the new version answers a few units first, then more; guards take it back by themselves."""

import math
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import accumulate

from mesic import Decision, Rollout, RolloutState, RolloutTerms, SettingError, requests_needed
from mesic_plugins.rollouts.guards.checked import Checked
from mesic_plugins.rollouts.guards.failures import failures
from mesic_plugins.rollouts.guards.goal import goal
from mesic_plugins.rollouts.guards.latency import latency
from mesic_plugins.rollouts.guards.outcomes import findings_where_outcomes_came
from mesic_plugins.rollouts.guards.predictions import disagreements, predictions


class Canary(Rollout):
    """Ramp the new version up in stages, each as long as a bug needs to show itself; roll back where a guard breaks.

    Parameters
    ----------
    share
        Of the units in the first stage, above 0 and below 1.
    then
        Shares of the later stages, rising, of which those above `share` come; then the new version is promoted.
    bug_share, confidence
        A stage has as many requests as show a bug in this share of the rows with this probability.
    stage_s
        Seconds that a stage lasts at least.
    beside
        Share of the rows that the other version answers, too, off the way of the response: bugs show sooner.
    slower
        By which share the new version may be slower; None: by any.
    shift
        By how much the share of an answer may differ, of regression the mean, in standard deviations; None: by any.
    disagree
        Share of the rows that may be decided differently; None: any.
    loss
        By how much the mean reward may fall; None: by any.
    low, high
        Range of the rewards.
    false_alarm
        Chance that a version that keeps every limit is ever rolled back.
    reference
        The version in use before; None: the first by name.
    holdback
        Share of the units that the baseline answers; None: as it was before.
    seed
        Decides, with the unit's name, who is assigned what.

    Examples
    --------
    >>> canary = Canary(reference="old")
    >>> state = canary.begin(["new", "old"])
    >>> canary.shares(state)["new"], canary.needed
    (0.05, (2995, 748, 299))
    >>> state = state.observed("old", 2850).observed("new", 150)
    >>> canary.shares(state)["new"], canary.decide(state).action
    (0.2, 'continue')
    """

    def __init__(  # noqa: PLR0913 - a parameter an option
        self,
        share=0.05,
        *,
        then=(0.2, 0.5),
        bug_share=0.02,
        confidence=0.95,
        stage_s=0.0,
        beside=0.2,
        slower=0.5,
        shift=0.1,
        disagree=None,
        loss=0.1,
        low=0.0,
        high=1.0,
        false_alarm=0.01,
        reference=None,
        holdback=None,
        seed=0,
    ):
        super().__init__(
            RolloutTerms(low, high), seed=seed, sticky=True, reference=reference, beside=beside, holdback=holdback
        )
        self.stages = (share, *(later for later in then if later > share))
        if not 0 < share < 1 or list(then) != sorted(set(then)) or not all(0 < later < 1 for later in then):
            raise SettingError("then", list(then), "shares that rise, each above 0 and below 1, as share is")
        self.bug_share, self.confidence, self.stage_s, self.false_alarm = bug_share, confidence, stage_s, false_alarm
        self.limits = {"slower": slower, "shift": shift, "disagree": disagree, "loss": loss}

    @cached_property
    def needed(self) -> tuple[int, ...]:
        """Requests of each stage, of all versions together."""
        return tuple(requests_needed(share, self.bug_share, self.confidence) for share in self.stages)

    def stage(self, state: RolloutState) -> int:
        """Return the stage, from 0; as many as there are: all are through."""
        requests = sum(state.assigned(arm) for arm in state.active)
        seconds = state.measured(self.reference_of(state), "seconds").share
        ends = accumulate(self.needed)
        return sum(requests >= end and seconds >= number * self.stage_s for number, end in enumerate(ends, 1))

    def shares(self, state: RolloutState) -> dict[str, float]:
        """Return the share of the stage for new versions together, and the rest for the one in use."""
        reference = self.reference_of(state)
        new = [arm for arm in state.active if arm != reference]
        share = self.stages[min(self.stage(state), len(self.stages) - 1)] if new else 0.0
        return {arm: 1 - share if arm == reference else share / len(new) for arm in state.active}

    def decide(self, state: RolloutState) -> Decision:
        """Roll back where a guard is broken, promote after the last stage, go on otherwise."""
        reference = self.reference_of(state)
        new = [arm for arm in state.active if arm != reference]
        checked = [one for arm in new for one in self._checked(state, (reference, arm))]
        evidence = {
            "reference": reference,
            "stage": self._progress(state),
            "guards": [one.as_dict() for one in checked],
        }
        findings = findings_where_outcomes_came(state)
        if broken := [one for one in checked if one.state == "broken"]:
            return Decision("rollback", reference, evidence | {"why": _why(broken)}, findings)
        if new and self.stage(state) == len(self.stages):
            return Decision(
                "promote", new[0], evidence | {"why": "every stage is through, no guard is broken"}, findings
            )
        return Decision("continue", reference, evidence | {"why": "a stage is under way"}, findings)

    def _checked(self, state: RolloutState, arms: tuple[str, str]) -> Iterator[Checked]:
        """Yield every guard of a new version; the chance of a false alarm is shared out evenly."""
        limits = {name: limit for name, limit in self.limits.items() if limit is not None}
        alpha = self.false_alarm / max(len(limits), 1)
        yield failures(state, arms[1], 1 - self.false_alarm)
        if "slower" in limits:
            yield latency(state, arms, limits["slower"], alpha)
        if "shift" in limits:
            yield from predictions(state, arms, limits["shift"], alpha)
        if "disagree" in limits:
            yield disagreements(state, arms[1], limits["disagree"], alpha)
        if "loss" in limits:
            yield goal(state, arms, limits["loss"], alpha)

    def _progress(self, state: RolloutState) -> dict[str, object]:
        stage = self.stage(state)
        requests = sum(state.assigned(arm) for arm in state.active)
        ends = list(accumulate(self.needed))
        place = min(stage, len(ends) - 1)
        seconds = state.measured(self.reference_of(state), "seconds").share
        return {
            "stage": min(stage + 1, len(ends)),
            "of": len(ends),
            "share": self.stages[place],
            "requests": requests,
            "until": ends[place],
            "seconds_left": max(0.0, (place + 1) * self.stage_s - seconds),
            "next": [*self.stages[1:], 1.0][place],
        }


def _why(broken: Sequence[Checked]) -> str:
    return "; ".join(
        f"{one.name}: {_number(one.value)} [{_number(one.low)}, {_number(one.high)}] {one.said}, at most {one.limit:g}"
        if one.name != "goal"
        else f"goal: {_number(one.value)} [{_number(one.low)}, {_number(one.high)}] {one.said}, at least {one.limit:g}"
        for one in broken
    )


def _number(value: float) -> str:
    return "?" if math.isnan(value) else f"{value:.3g}"
