"""What is wrong with the outcomes that a roll-out has counted, as findings."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from mesic.findings import Finding
from mesic.report.words import counted
from mesic.rollout.state import EARLY, REFUSED, REPEATED, TWICE, RolloutState

LEAST_ASSIGNED = 100
CHANCE = 1e-3  # a difference between arms that chance alone makes more rarely is said


def outcome_findings(state: RolloutState) -> tuple[Finding, ...]:
    """Return what a person should know of the outcomes that a state was told.

    Examples
    --------
    >>> from mesic import Outcome, RolloutState
    >>> state = RolloutState.begun(["new"]).counted([Outcome("u", "nwe", 1.0, 0.0, 1.0, "r")])
    >>> print(outcome_findings(state)[0].message)
    outcomes were refused: 1 with an arm that there never was
    """
    return tuple(_findings(state))


def _findings(state: RolloutState) -> Iterator[Finding]:
    noted = dict(state.noted)
    if refused := {reason: noted[reason] for reason in REFUSED if reason in noted}:
        said = ", ".join(f"{count:,} with {REFUSED[reason]}" for reason, count in refused.items())
        arms = ", ".join(arm.name for arm in state.arms)
        fix = f"send arms of {arms} and rewards from {state.terms.low:g} to {state.terms.high:g}, or widen the range"
        yield Finding("OUTCOME-REFUSED", "warning", f"outcomes were refused: {said}", refused, fix)
    if count := noted.get(REPEATED):
        message = f"{counted(count, 'outcome')} came again and did not count again"
        yield Finding("OUTCOME-REPEATED", "info", message, {"outcomes": count})
    if count := noted.get(TWICE):
        message = f"{counted(count, 'outcome')} in two states that were added: what both counted counts twice"
        yield Finding("OUTCOME-TWICE", "warning", message, {"outcomes": count}, "send each outcome to one process only")
    if count := noted.get(EARLY):
        message = (
            f"{counted(count, 'outcome')} older than all of the latest {state.terms.window:,}: a clock went back, or "
            "rewards came late; they count, but a repeat of them would not be known"
        )
        yield Finding("CLOCK-WENT-BACK", "warning", message, {"outcomes": count}, "mend the clock, or widen window")
    told = {arm.name: (state.assigned(arm.name), arm.sums.rewarded) for arm in state.arms if arm.is_active}
    yield from missing_rewards({name: (assigned, rewarded) for name, (assigned, rewarded) in told.items() if assigned})


def missing_rewards(counts: Mapping[str, tuple[int, int]]) -> Iterator[Finding]:
    """Yield what is to be said of rewards that have not come: none at all of an arm, or more of one than of another.

    Parameters
    ----------
    counts
        Assignments and rewards that came, by arm.
    """
    evidence = {name: {"assigned": assigned, "rewarded": rewarded} for name, (assigned, rewarded) in counts.items()}
    silent = [name for name, (assigned, rewarded) in counts.items() if assigned >= LEAST_ASSIGNED and not rewarded]
    if silent:
        said = ", ".join(f"{name} ({counts[name][0]:,} assignments)" for name in silent)
        yield Finding(
            "REWARD-MISSING",
            "warning",
            f"no reward has ever come of {said}",
            evidence,
            "see whether its rewards are sent, or retire it; where silence means no, send 0 once that is certain",
        )
    elif len(counts) > 1 and (p := _differ_by_chance(list(counts.values()))) < CHANCE:
        said = ", ".join(f"{name} {1 - rewarded / assigned:.1%}" for name, (assigned, rewarded) in counts.items())
        yield Finding(
            "REWARD-MISSING",
            "warning",
            f"rewards are missing more often of one arm than of another: {said} (p {p:.1g})",
            evidence,
            "what is missing may not be like what came: wait as long for each arm, or send 0 where silence means no",
        )


def _differ_by_chance(counts: Sequence[tuple[int, int]]) -> float:
    """Return Pearson's chi-square p value of the share that came, over arms with assignments."""
    from scipy.special import chdtrc

    assigned, rewarded = np.array(counts, dtype=float).T
    share = rewarded.sum() / assigned.sum()
    if not 0 < share < 1:
        return 1.0
    statistic = float(((rewarded - assigned * share) ** 2 / (assigned * share * (1 - share))).sum())
    return float(chdtrc(assigned.size - 1, statistic))
