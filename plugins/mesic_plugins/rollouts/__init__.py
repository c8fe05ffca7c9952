"""Roll-outs: they say which version answers, and when one has proven itself."""

from collections.abc import Iterable
from dataclasses import dataclass

from mesic import Component, hookimpl, option

REFERENCE = "version in use before; null: what the deployment says, else the first by name"
HOLDBACK = "share of the units that the baseline answers, whatever is rolled out; null: as it was before"


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
    holdback: float | None = option(None, HOLDBACK, low=0, high=0.5)


@dataclass
class SingleOptions:
    """Options of the single deployment."""

    reference: str | None = option(None, REFERENCE)
    holdback: float | None = option(None, HOLDBACK, low=0, high=0.5)


@dataclass
class SilentOptions:
    """Options of the silent deployment."""

    beside: float = option(1.0, "share of the rows that the new version answers, too", low=0, open_low=True, high=1)
    reference: str | None = option(None, REFERENCE)
    holdback: float | None = option(None, HOLDBACK, low=0, high=0.5)


@dataclass
class CanaryOptions:
    """Options of the canary."""

    share: float = option(0.05, "share of the units in the first stage", low=0, open_low=True, high=0.99)
    then: list[float] = option([0.2, 0.5], "shares of the later stages, rising; after the last one it is promoted")
    bug_share: float = option(
        0.02, "a stage has as many requests as show a bug in this share of the rows", low=0, open_low=True, high=1
    )
    confidence: float = option(0.95, "with this probability", low=0.5, high=0.9999)
    stage_s: float = option(0.0, "that a stage lasts at least", low=0, unit="s")
    beside: float = option(0.2, "share of the rows that the other version answers, too, unheard", low=0, high=1)
    slower: float | None = option(0.5, "by which share the new version may be slower; null: any", low=0, open_low=True)
    shift: float | None = option(
        0.1,
        "by how much the share of an answer, or the mean in deviations, may differ; null: any",
        low=0,
        open_low=True,
    )
    disagree: float | None = option(
        None, "share of the rows that may be decided differently; null: any", low=0, open_low=True, high=1
    )
    loss: float | None = option(0.1, "by how much the mean reward may fall; null: any", low=0, open_low=True)
    low: float = option(0.0, "smallest reward")
    high: float = option(1.0, "largest reward")
    false_alarm: float = option(
        0.01, "chance that a version within its limits is ever rolled back", low=0, open_low=True, high=0.5
    )
    reference: str | None = option(None, REFERENCE)
    holdback: float | None = option(None, HOLDBACK, low=0, high=0.5)


@dataclass
class AbOptions:
    """Options of the A/B test."""

    base: float = option(0.05, "mean reward of the version in use")
    mde: float = option(0.01, "smallest difference worth finding", low=0, open_low=True)
    sd: float | None = option(None, "standard deviation of a reward; null: rewards are yes or no", low=0, open_low=True)
    share: float = option(0.5, "share of the units that the new version answers", low=0, open_low=True, high=0.99)
    better: str = option("higher", "what is wished of the rewards", choices=("higher", "lower"))
    alpha: float = option(0.05, "chance of a false alarm, however often one looks", low=0, open_low=True, high=0.5)
    power: float = option(0.8, "chance to find mde within the planned units", low=0.5, high=0.999)
    low: float = option(0.0, "smallest reward")
    high: float = option(1.0, "largest reward")
    reference: str | None = option(None, REFERENCE)
    holdback: float | None = option(None, HOLDBACK, low=0, high=0.5)


@hookimpl
def register_rollouts() -> Iterable[Component]:
    """Offer the built-in roll-outs."""
    return (
        Component(
            "single",
            "mesic_plugins.rollouts.single:Single",
            "the new version replaces the old one at once",
            SingleOptions,
            traits=frozenset({"deterministic"}),
            reference="A. Burkov, Machine Learning Engineering, 2020, chapter 8",
        ),
        Component(
            "silent",
            "mesic_plugins.rollouts.silent:Silent",
            "the new version answers beside the old one, and nobody hears it",
            SilentOptions,
            traits=frozenset({"deterministic"}),
            reference="A. Burkov, Machine Learning Engineering, 2020, chapter 8",
        ),
        Component(
            "canary",
            "mesic_plugins.rollouts.canary:Canary",
            "the new version answers a few units first, then more; guards take it back",
            CanaryOptions,
            traits=frozenset({"deterministic"}),
            reference="A. Burkov, Machine Learning Engineering, 2020, chapter 8",
        ),
        Component(
            "ab",
            "mesic_plugins.rollouts.ab:Ab",
            "both versions answer fixed shares until outcomes say which is better",
            AbOptions,
            traits=frozenset({"deterministic"}),
            reference="R. Johari et al., Always valid inference, Operations Research 70, 2022",
        ),
        Component(
            "bandit",
            "mesic_plugins.rollouts.bandit:Bandit",
            "traffic moves to the version that earns most",
            BanditOptions,
            traits=frozenset({"deterministic"}),
            reference="W. R. Thompson, On the Likelihood that One Unknown Probability Exceeds Another, 1933",
        ),
    )
