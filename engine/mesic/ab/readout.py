"""Read a test's log by its plan: what is wrong with it, how units divide, what each look says, what follows."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from mesic.ab.contrast import Effect
from mesic.ab.deciding import decide
from mesic.ab.exposures import Exposures, read_exposures
from mesic.ab.judging import ArmState
from mesic.ab.looking import Pair
from mesic.ab.means import variance_saved
from mesic.ab.moments import COVARIATE, Moments
from mesic.ab.plan import ALWAYS_VALID, Plan
from mesic.ab.reading import Reading
from mesic.ab.sizing import power_at
from mesic.ab.spans import Span, span_findings, spans
from mesic.ab.spending import MOST_DRIFT
from mesic.ab.verdict import Verdict
from mesic.findings import Finding

MOST_POWER_LOST = 0.1  # before it is told


@dataclass(frozen=True)
class ReadOut:
    """What a log says.

    Parameters
    ----------
    plan
        By which it was read.
    verdict
        What follows.
    so_far
        The effect of everything that is known, by treatment, with an interval that is honest at every moment; it
        decides nothing. Empty where the test may not be read.
    units
        By treatment: units read together with the control's, and those of the next look; None after the last.
    rows
        Of the log.
    saved
        Share of the variance that the covariate takes out, by treatment; empty without one.
    """

    plan: Plan
    verdict: Verdict
    so_far: Mapping[str, Effect]
    units: Mapping[str, tuple[int, int | None]]
    rows: int
    saved: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {
            **self.verdict.as_dict(),
            "so_far": {arm: effect.as_dict() for arm, effect in self.so_far.items()},
            "units": {arm: {"read": read, "next_look": following} for arm, (read, following) in self.units.items()},
            "rows": self.rows,
            "variance_saved": dict(self.saved),
            "plan": self.plan.as_dict(),
        }


def read_out(table: pa.Table, plan: Plan) -> ReadOut:
    """Return what a log says, at the looks that were planned.

    Looks are taken where the log reaches the planned numbers of units, in the order of time; so the verdict is the same
    whenever, and however often, it is asked for. What arrived after the last look that was reached decides nothing.

    Parameters
    ----------
    table
        A row an exposure, or an outcome.
    plan
        Settled before the test began.

    Raises
    ------
    DataError, SettingError
        The log cannot be read.

    Examples
    --------
    >>> from mesic.ab.plan import Columns, Design
    >>> rng = np.random.default_rng(0)
    >>> arm, n = np.where(rng.random(4_000) < 0.5, "control", "treatment"), np.arange(4_000)
    >>> outcome = rng.random(4_000) < 0.1 + 0.1 * (arm == "treatment")
    >>> log = pa.table({"unit": n, "arm": arm, "time": n, "outcome": outcome})
    >>> plan = Plan(Design(base=0.1, mde=0.05, looks=2), units=4_000)
    >>> found = read_out(log, plan)
    >>> found.verdict.decision, found.verdict.why, found.verdict.arms[0].look
    ('promote', 'better than the control', 1)
    """
    exposures = read_exposures(table, plan.design)
    live, findings = spans(exposures, plan.design), list(exposures.findings)
    findings += span_findings(exposures, live, plan.design.arms[0])
    control = live.get(plan.design.arms[0], Span())
    pairs = {arm: Pair(plan, exposures, arm, live[arm] & control) for arm in plan.design.treatments if arm in live}
    findings += _unknown_past(exposures)
    ratios = dict(named for pair in pairs.values() for named in pair.ratios())
    is_open = not any(finding.severity == "block" for finding in findings)
    readings = {arm: pair.readings() for arm, pair in pairs.items()} if is_open else {}
    verdict = decide(plan, readings, ratios, findings)
    if verdict.is_blocked:
        return ReadOut(plan, verdict, {}, {}, table.num_rows, {})
    latest = {arm: pair.latest() for arm, pair in pairs.items()}
    verdict = replace(verdict, findings=(*verdict.findings, *_off_plan(plan, latest)))
    so_far = {arm: so_far_effect(plan, arm, reading) for arm, reading in latest.items()}
    units = {arm: (reading.units, _next_look(plan, arm, reading.units)) for arm, reading in latest.items()}
    return ReadOut(plan, verdict, so_far, units, table.num_rows, _saved(latest))


def so_far_effect(plan: Plan, arm: str, reading: Reading) -> Effect:
    """Return a reading's effect with an interval that is honest at every moment, whatever looks are planned."""
    state = ArmState(Plan(replace(plan.design, spending=ALWAYS_VALID, guards=()), plan.units), arm, [reading])
    state.level = plan.design.alpha / len(plan.design.treatments)
    state.see(0)
    state.conclude()
    return state.effects[0]


def _next_look(plan: Plan, arm: str, units: int) -> int | None:
    return next((look for look in plan.look_units(arm) if look > units), None)


def _off_plan(plan: Plan, latest: Mapping[str, Reading]) -> Iterator[Finding]:
    beyond = {arm: reading.units - plan.pair_units(arm) for arm, reading in latest.items()}
    late = {arm: units for arm, units in beyond.items() if units > 0}
    if late and not plan.design.is_open_ended:
        said = ", ".join(f"{units:,} of {arm} and {plan.design.arms[0]}" for arm, units in late.items())
        message = f"units that came after the horizon decide nothing: {said}"
        fix = "end the test at its horizon; a longer one needs a plan of its own"
        yield Finding("AB-PAST-HORIZON", "info", message, {"units": late}, fix)
    for arm, reading in latest.items():
        power = planned_power(plan, arm, reading)
        if power < plan.design.power - MOST_POWER_LOST:
            message = (
                f"outcomes of {arm} and {plan.design.arms[0]} differ more among units than was planned: the chance "
            )
            message += f"to find {plan.design.mde:.4g} until the horizon is {power:.0%}, not {plan.design.power:.0%}"
            fix = "plan the next test with the level and the spread seen here; this one's horizon may not be moved"
            yield Finding("AB-LOW-POWER", "warning", message, {"arm": arm, "power": power}, fix)


def planned_power(plan: Plan, arm: str, reading: Reading) -> float:
    """Return the chance to find the planned effect until the horizon, with the spread that was seen; 1 before a look.

    Only the spread of the outcome is looked at, not its effect.

    Examples
    --------
    >>> from mesic.ab.moments import Counts
    >>> from mesic.ab.plan import Design
    >>> plan = Plan(Design(base=0.05, mde=0.005, looks=1), units=62_462)
    >>> round(planned_power(plan, "treatment", Reading(62_462, (Counts(31_231, 6_246), Counts(31_231, 6_246)))), 2)
    0.35
    """
    variance = reading.contrast(plan.design.test).variance
    if reading.units < plan.look_units(arm)[0] or not variance > 0:
        return 1.0
    at_horizon = variance * reading.units / plan.pair_units(arm)
    return power_at(plan.design, min(MOST_DRIFT, plan.design.mde / math.sqrt(at_horizon)))


def _unknown_past(exposures: Exposures) -> Iterator[Finding]:
    if exposures.covariate is None or not np.isnan(exposures.covariate).any():
        return
    count, of = int(np.isnan(exposures.covariate).sum()), exposures.covariate.size
    message = f"the covariate is not known of {count:,} of {of:,} units; theirs is taken to be the mean"
    yield Finding("AB-MISSING-COVARIATE", "info", message, {"units": count, "of": of}, "nothing, where they are new")


def _saved(latest: Mapping[str, Reading]) -> dict[str, float]:
    pairs = {arm: reading.outcome for arm, reading in latest.items()}
    return {
        arm: variance_saved(control, treatment)
        for arm, (control, treatment) in pairs.items()
        if isinstance(control, Moments) and isinstance(treatment, Moments) and COVARIATE in control.names
    }
