"""From readings to a verdict: sample ratio, looks, several treatments, guards."""

import math
from collections.abc import Mapping, Sequence

from mesic.ab.judging import ArmState
from mesic.ab.plan import Plan
from mesic.ab.reading import Reading
from mesic.ab.sample_ratios import SampleRatio
from mesic.ab.verdict import Verdict
from mesic.findings import Finding

NOT_READ = "the test may not be read"


def decide(
    plan: Plan,
    readings: Mapping[str, Sequence[Reading]],
    ratios: Mapping[str, SampleRatio] | None = None,
    findings: Sequence[Finding] = (),
) -> Verdict:
    """Return what a test says after some looks; a pure function of what was planned and what was read.

    The division of the units comes first: where chance alone does not divide like this, nothing is read. Treatments are
    held against the control by Holm's rule, look by look; the first look that decides is the last one that counts.

    Parameters
    ----------
    plan
        Settled before the test began.
    readings
        By treatment, a look after the other, each of everything until then. Readings without new units are passed over,
        and so is what comes after the horizon.
    ratios
        How units divide, by treatment.
    findings
        What is known already; one that blocks forbids reading.

    References
    ----------
    S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 1979; with
    looks: W. Maurer, F. Bretz, Multiple testing in group sequential trials, Statistics in Biopharmaceutical Research 5,
    2013. Intervals: C. Jennison, B. W. Turnbull, Interim analyses: the repeated confidence interval approach, Journal
    of the Royal Statistical Society B 51, 1989.

    Examples
    --------
    >>> from mesic.ab.moments import Counts
    >>> from mesic.ab.plan import Design
    >>> plan = Plan(Design(base=0.05, mde=0.01, looks=2), units=16_000)
    >>> half = Reading(8_000, (Counts(4_000, 200), Counts(4_000, 280)))
    >>> found = decide(plan, {"treatment": [half]})
    >>> found.decision, found.arm, [round(end, 4) for end in (found.arms[0].effect.low, found.arms[0].effect.high)]
    ('promote', 'treatment', [0.0043, 0.0359])
    """
    known, ratios = list(findings), ratios or {}
    known += [_broken(arm, ratio) for arm, ratio in ratios.items() if ratio.is_broken]
    if blocking := [finding for finding in known if finding.severity == "block"]:
        return Verdict("keep", None, f"{NOT_READ} ({blocking[0].code})", (), ratios, tuple(known))
    states = [ArmState(plan, arm, _rising(readings.get(arm, ()))) for arm in plan.design.treatments]
    for look in range(max((len(state.readings) for state in states), default=0)):
        _look(states, look, plan.design.alpha)
        if any(state.decision == "promote" for state in states):
            break
    known += [finding for state in states for finding in state.findings()]
    return _verdict(states, ratios, known, plan.design.better)


def _broken(arm: str, ratio: SampleRatio) -> Finding:
    said = ", ".join(f"{count:,} in {name} for {ratio.expected[name]:,.0f}" for name, count in ratio.counts.items())
    return Finding(
        "AB-SAMPLE-RATIO",
        "block",
        f"{ratio.counted} do not divide as planned: {said} (p {ratio.p:.1g}); no effect can be read from them",
        {"arm": arm, **ratio.as_dict()},
        "find out which are lost, counted twice or assigned otherwise, and begin again: shares that were changed, "
        "redirects, bots, crashes of one arm",
    )


def _rising(readings: Sequence[Reading]) -> list[Reading]:
    kept: list[Reading] = []
    for reading in readings:
        if reading.units > (kept[-1].units if kept else 0):
            kept.append(reading)
    return kept


def _look(states: Sequence[ArmState], look: int, alpha: float) -> None:
    """Take one look at the treatments that are still open: the strongest first, at the level that Holm leaves it."""
    here = [state for state in states if not state.is_settled and look < len(state.readings)]
    for state in here:
        state.see(look)
    while unsure := [state for state in states if not state.is_found]:
        level = alpha / len(unsure)
        for state in (state for state in here if not state.is_found):
            state.level = level
        passing = [state for state in here if not state.is_found and state.passes]
        if not passing:
            break
        max(passing, key=lambda state: abs(state.z)).is_found = True
    for state in here:
        state.conclude()


def _verdict(
    states: Sequence[ArmState], ratios: Mapping[str, SampleRatio], findings: Sequence[Finding], better: str
) -> Verdict:
    sign = 1.0 if better == "higher" else -1.0
    arms = tuple(state.verdict() for state in states)
    winners = [arm for arm in arms if arm.decision == "promote"]
    told = (ratios, tuple(findings))
    if winners:
        best = max(winners, key=lambda arm: sign * arm.effect.value if arm.effect else -math.inf)
        return Verdict("promote", best.arm, best.why, arms, *told)
    decisions = {arm.decision for arm in arms}
    decision = "continue" if "continue" in decisions else "rollback" if decisions == {"rollback"} else "keep"
    said = "; ".join(f"{arm.arm}: {arm.why}" for arm in arms) if len(arms) > 1 else arms[0].why
    return Verdict(decision, None, said, arms, *told)  # type: ignore[arg-type]  # one of the four words
