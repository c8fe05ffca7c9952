"""The bandit: traffic moves to the version that earns most, and every share is known."""

import math
from functools import partial
from typing import Any, Literal

import numpy as np
from scipy.special import betaincinv

from mesic import (
    Decision,
    Rollout,
    RolloutState,
    RolloutTerms,
    SettingError,
    always_valid,
    floored,
    outcome_findings,
)
from mesic_plugins.rollouts.policies.epsilon_greedy import epsilon_greedy
from mesic_plugins.rollouts.policies.kl_ucb import kl_ucb
from mesic_plugins.rollouts.policies.thompson import thompson
from mesic_plugins.rollouts.policies.ucb1 import ucb1

Action = Literal["continue", "keep", "promote"]
POLICIES = {"thompson": thompson, "ucb1": ucb1, "kl_ucb": kl_ucb}
ALWAYS_VALID = "always-valid, Beta(1/2, 1/2) mixture, Bonferroni over arms"
WHY = {
    "continue": "no version is the best one beyond doubt",
    "keep": "the version in use is the best one beyond doubt",
    "promote": "it is the best one beyond doubt",
}
DISCOUNTED = "Beta(1, 1) posterior of discounted outcomes, at one look, Bonferroni over arms"


class Bandit(Rollout):
    """Share traffic by what has come of each version.

    Parameters
    ----------
    policy
        ``thompson``, ``ucb1``, ``kl_ucb`` or ``epsilon_greedy``.
    floor
        Smallest share of every version, from 0 to 1 over their number.
    batch
        Outcomes between two looks at the sums.
    epsilon
        Share of ``epsilon_greedy`` that goes to all alike.
    low, high
        Range of the rewards.
    half_life_s
        Seconds after which an outcome weighs half; None: versions do not change.
    sticky
        Whether a unit keeps its version as long as the shares allow.
    reference
        Version that was in use before, which is kept rather than promoted; None: there is none.
    level
        Probability that no version is ever promoted wrongly.
    window
        Latest outcomes of which a repeat is known.
    holdback
        Share of the units that the baseline answers; None: as it was before.
    seed
        Decides, with the unit's name, who is assigned what.

    Examples
    --------
    >>> from mesic import Outcome
    >>> bandit = Bandit(floor=0.05)
    >>> state = bandit.begin(["new", "old"])
    >>> bandit.assign("anna", state) == bandit.assign("anna", state), bandit.assign("anna", state).propensity
    (True, 0.5)
    >>> came = [Outcome("", arm, float(arm == "new"), 0.0, 0.5, f"{arm} {n}") for arm in state.active for n in range(9)]
    >>> state = bandit.update_all(state, came)
    >>> round(bandit.shares(state)["new"], 6)
    0.95
    >>> bandit.decide(state).action
    'promote'
    """

    def __init__(  # noqa: PLR0913 - the options that users set
        self,
        policy="thompson",
        *,
        floor=0.01,
        batch=100,
        epsilon=0.1,
        low=0.0,
        high=1.0,
        half_life_s=None,
        sticky=False,
        reference=None,
        level=0.95,
        window=2048,
        holdback=None,
        seed=0,
    ):
        if not low < high:
            raise SettingError("high", high, f"a number above low={low}")
        terms = RolloutTerms(low, high, half_life_s, window)
        super().__init__(
            terms, seed=seed, floor=floor, sticky=sticky, batch=batch, reference=reference, holdback=holdback
        )
        self.policy, self.level = policy, level
        self._rule = partial(epsilon_greedy, epsilon=epsilon) if policy == "epsilon_greedy" else POLICIES[policy]

    def shares_of(self, rewarded: np.ndarray, total: np.ndarray) -> np.ndarray:
        """Return the share of each arm, shape (r, k), of how many rewards came and their sums, from 0 to 1 each."""
        return floored(self._rule(rewarded, total), self.floor)

    def shares(self, state: RolloutState) -> dict[str, float]:
        """Return the exact probability of every active version."""
        weights = np.array(state.weights)[np.newaxis]
        shares = self.shares_of(weights[..., 0], weights[..., 1])[0]
        return dict(zip(state.active, shares.tolist(), strict=True))

    def decide(self, state: RolloutState) -> Decision:
        """Promote a version that is beyond doubt the best one, keep the one in use if it is, continue otherwise.

        Beyond doubt: at no moment, however often one looks, is a worse version taken with a probability above one less
        `level`. With a half-life nothing is ever beyond doubt, as versions may change.
        """
        arms = self._evidence(state)
        failed = [arm for arm in state.active if arm != self.reference and state.measured(arm, "failed").rewarded]
        if failed and self.reference is not None:
            why = f"{failed[0]} has no answer to rows that {self.reference} answers"
            told = {"arms": arms, "reference": self.reference, "why": why}
            return Decision("rollback", self.reference_of(state), told, outcome_findings(state))
        leader = max(state.active, key=lambda name: (arms[name]["rewarded"] > 0, arms[name]["value"]))
        others = [arms[name]["high"] for name in state.active if name != leader]
        is_proven = self.terms.half_life_s is None and all(high < arms[leader]["low"] for high in others)
        action: Action = "continue" if not (others and is_proven) else "keep" if leader == self.reference else "promote"
        method = ALWAYS_VALID if self.terms.half_life_s is None else DISCOUNTED
        evidence = {
            "arms": arms,
            "level": self.level,
            "method": method,
            "reference": self.reference,
            "policy": self.policy,
            "why": WHY[action],
        }
        return Decision(action, leader, evidence, outcome_findings(state))

    def _evidence(self, state: RolloutState) -> dict[str, dict[str, Any]]:
        shares = self.shares(state)
        level = 1 - (1 - self.level) / len(state.arms)
        arms = [arm for arm in state.arms if arm.is_active]
        found = {}
        for arm, (rewarded, total) in zip(arms, state.weights, strict=True):
            low, high = (always_valid if self.terms.half_life_s is None else _posterior)(rewarded, total, level)
            found[arm.name] = {
                "share": shares[arm.name],
                "assigned": state.assigned(arm.name),
                "rewarded": arm.sums.rewarded,
                "value": self.terms.reward(total / rewarded if rewarded else math.nan),
                "low": self.terms.reward(low),
                "high": self.terms.reward(high),
            }
        return found


def _posterior(rewarded: float, total: float, level: float) -> tuple[float, float]:
    """Return the middle of the Beta(1, 1) posterior; it holds for one look, where versions stay as they are."""
    low, high = betaincinv(1 + total, 1 + rewarded - total, [(1 - level) / 2, (1 + level) / 2]).tolist()
    return low, high
