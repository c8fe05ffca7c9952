"""One treatment of a running test: what its looks have shown so far."""

import math
from collections.abc import Sequence

from mesic.ab.always_valid import always_valid_bound, always_valid_p
from mesic.ab.contrast import Contrast, Effect
from mesic.ab.guards import Guard, Guarded
from mesic.ab.plan import Plan
from mesic.ab.proportions import Proportions
from mesic.ab.reading import Reading
from mesic.ab.spending import bounds
from mesic.ab.verdict import ArmVerdict, Decision
from mesic.findings import Finding

FEWEST_UNITS = 30  # a group, before a confidence sequence may be read
LOOKS = {
    "obrien_fleming": "O'Brien-Fleming spending",
    "pocock": "Pocock spending",
    "always_valid": "always valid",
}


class ArmState:
    """What is known of a treatment, a look after the other.

    Parameters
    ----------
    plan
        Of the whole test.
    arm
        The treatment.
    readings
        With more units each.
    """

    def __init__(self, plan: Plan, arm: str, readings: Sequence[Reading]) -> None:
        self.plan, self.design, self.arm = plan, plan.design, arm
        fractions = [reading.units / plan.pair_units(arm) for reading in readings]
        ends = [place for place, fraction in enumerate(fractions) if fraction >= 1]
        last = ends[0] + 1 if ends and not self.design.is_open_ended else len(readings)
        self.readings = list(readings[:last])
        self.fractions = fractions if self.design.is_open_ended else [min(1.0, share) for share in fractions[:last]]
        self.effects: list[Effect] = []
        self.guards: tuple[Guarded, ...] = ()
        self.level = self.design.alpha
        self.is_found, self.is_settled = False, False
        self.decision: Decision = "continue"
        self.why = "no look yet"
        self.look = -1

    def see(self, look: int) -> None:
        """Read the next look."""
        self.look, self.contrast = look, self.readings[look].contrast(self.design.test)

    @property
    def z(self) -> float:
        """Of the outcome; nan where the groups are too small for a test."""
        return self.contrast.z if self.is_readable(self.contrast) else math.nan

    @property
    def passes(self) -> bool:
        """Whether the outcome passes the bound of the level that is left."""
        return abs(self.z) > self.bound(self.contrast.variance, self.level, self.design.mde)

    def is_readable(self, contrast: Contrast) -> bool:
        """Whether there is a test, and, without a horizon, enough units for the normal approximation."""
        if math.isnan(contrast.z):
            return False
        is_small = min(contrast.n) < FEWEST_UNITS or (isinstance(contrast, Proportions) and contrast.is_exact)
        return not (self.design.is_open_ended and is_small)

    def bound(self, variance: float, level: float, tau: float) -> float:
        """Return what the absolute z must pass at this look; nan where it cannot be told."""
        if self.design.is_open_ended:
            return always_valid_bound(variance, tau, level) if variance > 0 and tau > 0 else math.nan
        return bounds(self.fractions, level, self.design.spending)[self.look]

    def conclude(self) -> None:
        """Say what follows from this look."""
        self.effects.append(self._effect(self.contrast, self.design.mde))
        self.guards = tuple(self._guarded(guard) for guard in self.design.guards)
        self.decision, self.why = self._decided(self.effects[-1])
        self.is_settled = self.decision != "continue"

    def _effect(self, contrast: Contrast, tau: float) -> Effect:
        is_readable = self.is_readable(contrast)
        bound, p = self.bound(contrast.variance, self.level, tau) if is_readable else math.nan, None
        if self.design.is_open_ended:
            p = math.nan if math.isnan(bound) else always_valid_p(contrast.z, contrast.variance, tau)
        looks = "" if self.design.looks == 1 and not self.design.is_open_ended else LOOKS[self.design.spending]
        return contrast.effect(bound, level=1 - self.level, looks=looks, p=p)

    def _guarded(self, guard: Guard) -> Guarded:
        reading = self.readings[self.look]
        room = guard.room(*reading.guards[guard.name], reading.unit)
        effect = self._effect(reading.contrast_of(guard.name), room.tau)
        is_small = self.design.is_open_ended and min(effect.n) < FEWEST_UNITS
        if math.isnan(room.z) or is_small:
            return Guarded(guard, effect, math.nan, math.nan, math.nan)
        kept, harm = (self.bound(room.variance, level, room.tau) for level in self._levels_of_guards())
        return Guarded(guard, effect, room.z, kept, harm)

    def _levels_of_guards(self) -> tuple[float, float]:
        """Return the level at which a limit is shown to be kept, all of them together, and that of harm by any."""
        return self.level, self.level / len(self.design.guards)

    def _decided(self, effect: Effect) -> tuple[Decision, str]:
        broken = [guard.guard.name for guard in self.guards if guard.state == "broken"]
        if broken:
            return "rollback", f"{', '.join(broken)} is harmed beyond its limit"
        if not self.is_found:
            return self._not_found(effect)
        if (effect.value > 0) != (self.design.better == "higher"):
            return "rollback", "worse than the control"
        if waiting := [guard.guard.name for guard in self.guards if guard.state == "open"]:
            said = f"better than the control, but {', '.join(waiting)} is not shown to keep its limit"
            return ("keep", said) if self._is_last else ("continue", f"{said} yet")
        return "promote", "better than the control"

    def _not_found(self, effect: Effect) -> tuple[Decision, str]:
        if self._is_last:
            return "keep", "no difference was found until the horizon"
        if self.design.is_open_ended and -self.design.mde < effect.low and effect.high < self.design.mde:
            return "keep", "a difference as large as mde is ruled out"
        return "continue", "nothing is decided yet"

    @property
    def _is_last(self) -> bool:
        return not self.design.is_open_ended and self.fractions[self.look] >= 1

    def findings(self) -> list[Finding]:
        """Return why a look could not be read, of the last one."""
        if self.look < 0 or not math.isnan(self.contrast.z):
            return []
        control, treatment = self.contrast.n
        evidence = {"arm": self.arm, "control": control, "treatment": treatment}
        said = f"{treatment} {self.contrast.unit} of {self.arm} and {control} of {self.design.arms[0]}"
        if min(control, treatment) < 2:
            message = f"{said}: a group of one does not show how much units differ, so there is no interval"
            fix = "wait for more, or assign by smaller clusters"
            return [Finding("AB-TOO-FEW-UNITS", "warning", message, evidence, fix)]
        if math.isnan(self.contrast.value):
            fix = "give a denominator that is above 0 where anything happened"
            return [Finding("AB-NO-LEVEL", "warning", f"{said} have denominators that add up to 0", evidence, fix)]
        message = f"{said} all have the same outcome: there is no interval"
        fix = "look at the column of the outcome: was it filled?"
        return [Finding("AB-NO-VARIANCE", "warning", message, evidence, fix)]

    def verdict(self) -> ArmVerdict:
        """Return what is said of the treatment."""
        looks = None if self.design.is_open_ended else self.design.looks
        times = tuple(reading.time for reading in self.readings[: len(self.effects)])
        fractions = tuple(self.fractions[: len(self.effects)])
        seen = (tuple(self.effects), fractions, times, self.guards)
        return ArmVerdict(self.arm, self.decision, self.why, looks, *seen)
