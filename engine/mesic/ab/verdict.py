"""What a test says: promote, roll back, keep the control, or go on; each with its evidence."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mesic.ab.contrast import Effect
from mesic.ab.guards import Guarded
from mesic.ab.sample_ratios import SampleRatio
from mesic.findings import Finding

Decision = Literal["promote", "rollback", "keep", "continue"]


@dataclass(frozen=True)
class ArmVerdict:
    """What is said of one treatment.

    Parameters
    ----------
    arm
        Its name.
    decision
        ``"promote"``, ``"rollback"``, ``"keep"`` the control, ``"continue"``.
    why
        In words.
    looks
        How many are planned; None without a horizon.
    effects
        The outcome at each look so far.
    fractions
        Shares of the planned units at these looks, 0 to 1.
    times
        Of these looks, as the log says them.
    guards
        At the last look.
    """

    arm: str
    decision: Decision
    why: str
    looks: int | None
    effects: tuple[Effect, ...]
    fractions: tuple[float, ...]
    times: tuple[str | None, ...]
    guards: tuple[Guarded, ...]

    @property
    def look(self) -> int:
        """How many looks there were."""
        return len(self.effects)

    @property
    def effect(self) -> Effect | None:
        """The outcome at the last look; None before the first."""
        return self.effects[-1] if self.effects else None

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        named = {name: getattr(self, name) for name in ("arm", "decision", "why", "look", "looks")}
        seen = zip(self.effects, self.fractions, self.times, strict=True)
        return {
            **named,
            "effect": self.effect and self.effect.as_dict(),
            "guards": [guard.as_dict() for guard in self.guards],
            "effects": [{**effect.as_dict(), "fraction": share, "time": time} for effect, share, time in seen],
        }


@dataclass(frozen=True)
class Verdict:
    """What is said of a whole test.

    Parameters
    ----------
    decision
        ``"promote"`` where a treatment shall take over; ``"rollback"`` where every treatment does harm; ``"continue"``
        where one is still open; else ``"keep"`` the control. A test that may not be read keeps the control.
    arm
        The treatment to promote, else None.
    why
        In words.
    arms
        Every treatment; empty where the test may not be read.
    ratios
        How the units divide, by treatment; empty where nobody asked.
    findings
        What a person should know.
    """

    decision: Decision
    arm: str | None
    why: str
    arms: tuple[ArmVerdict, ...]
    ratios: Mapping[str, SampleRatio]
    findings: tuple[Finding, ...]

    @property
    def is_blocked(self) -> bool:
        """Whether the test may not be read."""
        return any(finding.severity == "block" for finding in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            "decision": self.decision,
            "arm": self.arm,
            "why": self.why,
            "is_blocked": self.is_blocked,
            "arms": [arm.as_dict() for arm in self.arms],
            "sample_ratio": {arm: ratio.as_dict() for arm, ratio in self.ratios.items()},
            "findings": [finding.as_dict() for finding in self.findings],
        }
