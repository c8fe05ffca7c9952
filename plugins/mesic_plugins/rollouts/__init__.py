"""Roll-outs: they say which version answers, and when one has proven itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from mesic import Component, hookimpl, option


@dataclass
class BanditOptions:
    """Options of the bandit."""

    policy: str = option(
        "thompson",
        "how traffic moves to what is better",
        choices=("thompson", "ucb1", "kl_ucb", "epsilon_greedy"),
    )
    floor: float = option(0.01, "smallest share of every version, so that each can be told for ever", low=0, high=0.5)
    batch: int = option(100, "outcomes between two looks at the sums", low=1)
    epsilon: float = option(0.1, "share of epsilon_greedy that goes to all alike", low=0, high=1)
    low: float = option(0.0, "smallest reward")
    high: float = option(1.0, "largest reward")
    half_life_s: float | None = option(
        None, "after which an outcome weighs half; null: versions do not change", low=0, open_low=True, unit="s"
    )
    sticky: bool = option(False, "a unit keeps its version as long as the shares allow")
    reference: str | None = option(None, "version that was in use before, to be kept where it is the best; null: none")
    level: float = option(0.95, "probability that no version is ever promoted wrongly", low=0.5, high=0.999)
    window: int = option(2048, "latest outcomes of which a repeat is known", low=10)


@hookimpl
def register_rollouts() -> Iterable[Component]:
    """Offer the built-in roll-outs."""
    return (
        Component(
            "bandit",
            "mesic_plugins.rollouts.bandit:Bandit",
            "traffic moves to the version that earns most",
            BanditOptions,
            traits=frozenset({"deterministic"}),
            reference="W. R. Thompson, On the Likelihood that One Unknown Probability Exceeds Another, 1933",
        ),
    )
