"""Error, power and price of the rules of an A/B test, beside a z test at every look.

    python benchmarks/ab.py [SIMULATIONS [REPLAYS]]

Rules: a share of .05 against .055 at 5, 10, 20 and 100 looks, 20,000 simulations, at the number of units that one
look needs and at the number that `mesic plan ab` gives for the looks. Replays: 40,000 rows in their order, arms by
chance, through everything that `mesic compare ab` does with a log, 1,000 times without an effect and 300 with one of
two points. Several treatments: the chance that anything is said of three that do nothing. G: against scipy's. About
ten minutes on one core.
"""

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
from measure import show
from scipy import special, stats

from mesic.ab import Counts, Design, Plan, Proportions, Reading, always_valid_bound, bounds, decide, read_out, size

BASE, EFFECT, ALPHA, POWER = 0.05, 0.005, 0.05, 0.8
LOOKS = (5, 10, 20, 100)
RULES = ("obrien_fleming", "pocock", "always_valid")
MOST_ERROR, LEAST_POWER = 0.055, 0.75
ROWS, REPLAY_LOOKS, TWO_POINTS, REPLAY_BASE = 40_000, 14, 0.02, 0.2
Rule = Callable[[np.ndarray, np.ndarray], np.ndarray]  # z and variance at each look -> the bound there


def naive(z: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return 1.96 at every look: what people do who look at p."""
    return np.full_like(z, -special.ndtri(ALPHA / 2))


def ours(rule: str, looks: int) -> Rule:
    """Return a rule of the engine."""
    if rule == "always_valid":
        return np.vectorize(lambda z, variance: always_valid_bound(variance, EFFECT, ALPHA))
    own = np.array(bounds([look / looks for look in range(1, looks + 1)], ALPHA, rule))
    return lambda z, variance: np.broadcast_to(own, z.shape)


def paths(effect: float, units: int, looks: int, count: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Return the signed root of G and the variance at each look, shape (count, looks) each."""
    ends = np.ceil(np.arange(1, looks + 1) * units / looks / 2).astype(int)
    steps = np.diff(ends, prepend=0)
    yes = [np.cumsum(rng.binomial(steps, share, (count, looks)), axis=1) for share in (BASE, BASE + effect)]
    share = [events / ends for events in yes]
    both = (share[0] + share[1]) / 2
    deviance = sum(
        special.xlogy(events, own / both) + special.xlogy(ends - events, (1 - own) / (1 - both))
        for events, own in zip(yes, share, strict=True)
    )
    return np.sqrt(np.maximum(2 * deviance, 0)), sum(own * (1 - own) / ends for own in share)


def stopped(rule: Rule, z: np.ndarray, variance: np.ndarray) -> tuple[float, float]:
    """Return how many paths pass the bound at some look, and the mean share of looks used."""
    passes = z > rule(z, variance)
    used = np.where(passes.any(axis=1), passes.argmax(axis=1) + 1, z.shape[1])
    return float(passes.any(axis=1).mean()), float(used.mean() / z.shape[1])


def rules(count: int) -> None:
    """Print error and power of each rule."""
    fixed = size(Design(base=BASE, mde=EFFECT, looks=1)).plan.units
    show({"figure": "units of one look", "a_group": fixed // 2, "expected": 31_231})
    for looks in LOOKS:
        for rule in ("naive z", *RULES):
            made = naive if rule == "naive z" else ours(rule, looks)
            planned = fixed
            if rule != "naive z":
                planned = size(Design(base=BASE, mde=EFFECT, looks=looks, spending=rule)).plan.units
            rng = np.random.default_rng([looks, count])
            error, _ = stopped(made, *paths(0.0, planned, looks, count, rng))
            power, used = stopped(made, *paths(EFFECT, planned, looks, count, rng))
            at_fixed, _ = stopped(made, *paths(EFFECT, fixed, looks, count, rng))
            show(
                {
                    "figure": "rule",
                    "looks": looks,
                    "rule": rule,
                    "error": round(error, 4),
                    "power": round(power, 4),
                    "standard_error": round((POWER * (1 - POWER) / count) ** 0.5, 4),
                    "power_at_units_of_one_look": round(at_fixed, 4),
                    "planned_units": planned,
                    "times_one_look": round(planned / fixed, 3),
                    "used": round(used, 3),
                    "reached": error <= MOST_ERROR and power >= LEAST_POWER,
                }
            )


def replays(count: int) -> None:
    """Print how often a replayed log is decided where there is nothing to find, and where there is."""
    rng = np.random.default_rng(0)
    outcome = rng.random(ROWS) < REPLAY_BASE
    for rule in RULES:
        plan = Plan(Design(base=REPLAY_BASE, mde=TWO_POINTS, looks=REPLAY_LOOKS, spending=rule), ROWS)
        begun = time.monotonic()
        told = [_replayed(outcome, plan, 0.0, number) for number in range(count)]
        took = (time.monotonic() - begun) / count
        error = float(np.mean([decided for decided, _ in told]))
        peeked = float(np.mean([peek for _, peek in told]))
        most = round(ALPHA + 1.96 * (ALPHA * (1 - ALPHA) / count) ** 0.5, 4)
        facts = {"figure": "A/A replays", "rule": rule, "looks": REPLAY_LOOKS, "replays": count, "error": error}
        facts |= {"naive_peeking": peeked, "at_most": most, "reached": error <= most, "s_a_replay": round(took, 3)}
        show(facts)
    one = Plan(Design(base=REPLAY_BASE, mde=TWO_POINTS, looks=1), ROWS)
    error = float(np.mean([_replayed(outcome, one, 0.0, number)[0] for number in range(count)]))
    show({"figure": "A/A replays", "rule": "one look", "replays": count, "error": error, "within": [0.036, 0.064]})
    for rule in RULES[:2]:
        sized = size(Design(base=REPLAY_BASE, mde=TWO_POINTS, looks=REPLAY_LOOKS, spending=rule)).plan
        long = np.random.default_rng(1).random(sized.units) < REPLAY_BASE
        power = float(np.mean([_replayed(long, sized, TWO_POINTS, number)[0] for number in range(count * 3 // 10)]))
        facts = {
            "figure": "A/B replays, two points",
            "rule": rule,
            "replays": count * 3 // 10,
            "power": round(power, 3),
        }
        show(facts | {"planned": POWER, "reached": abs(power - POWER) <= 0.05})


def _replayed(outcome: np.ndarray, plan: Plan, effect: float, number: int) -> tuple[bool, bool]:
    """Return whether the log is decided, and whether a z test would have been at any of the looks."""
    rng = np.random.default_rng([number, 7])
    is_treated = rng.random(len(outcome)) < 0.5
    turned = outcome | (is_treated & (rng.random(len(outcome)) < effect / (1 - REPLAY_BASE)))
    n = np.arange(len(outcome))
    log = pa.table({"unit": n, "arm": np.where(is_treated, "treatment", "control"), "time": n, "outcome": turned})
    found = read_out(log, plan).verdict
    if found.is_blocked:
        return False, False
    seen = np.ceil(np.arange(1, REPLAY_LOOKS + 1) * len(n) / REPLAY_LOOKS).astype(int) - 1
    units = np.stack([np.cumsum(group)[seen] for group in (~is_treated, is_treated)])
    yes = np.stack([np.cumsum(group & turned)[seen] for group in (~is_treated, is_treated)])
    share = yes.sum(axis=0) / units.sum(axis=0)
    z = np.diff(yes / units, axis=0)[0] / np.sqrt(share * (1 - share) * (1 / units).sum(axis=0))
    is_decided = any(effect.is_significant for arm in found.arms for effect in arm.effects)
    return is_decided, bool((np.abs(z) > 1.959964).any())


def several(count: int) -> None:
    """Print how often anything is said of three treatments that do nothing, through `decide`."""
    arms = ("control", "a", "b", "c")
    for rule in RULES:
        plan = Plan(Design(base=REPLAY_BASE, mde=TWO_POINTS, looks=5, arms=arms, spending=rule), 40_000)
        errors = [_is_decided(plan, np.random.default_rng([number, 11])) for number in range(count)]
        error, most = float(np.mean(errors)), round(ALPHA + 1.96 * (ALPHA * (1 - ALPHA) / count) ** 0.5, 4)
        facts = {"figure": "three treatments, five looks", "rule": rule, "simulations": count, "error": error}
        show(facts | {"at_most": most, "reached": error <= most})


def _is_decided(plan: Plan, rng: np.random.Generator) -> bool:
    step = plan.units // 20
    yes = np.cumsum(rng.binomial(step, REPLAY_BASE, (4, 5)), axis=1)
    counts = [[Counts(step * (look + 1), int(own[look])) for look in range(5)] for own in yes]
    readings = {
        arm: [Reading(2 * one.units, (one, other)) for one, other in zip(counts[0], own, strict=True)]
        for arm, own in zip(plan.design.treatments, counts[1:], strict=True)
    }
    found = decide(plan, readings)
    return any(effect.is_significant for arm in found.arms for effect in arm.effects)


def likelihood_ratio(count: int = 2_000) -> None:
    """Print the largest distance of our G from scipy's."""
    rng, most, most_p = np.random.default_rng(2), 0.0, 0.0
    for _ in range(count):
        n = rng.integers(200, 20_000, 2)
        yes = rng.binomial(n, (0.05, 0.055))
        if stats.contingency.expected_freq([yes, n - yes]).min() < 5:
            continue
        own = Proportions(Counts(int(n[0]), int(yes[0])), Counts(int(n[1]), int(yes[1])))
        peer = stats.chi2_contingency([yes, n - yes], correction=False, lambda_="log-likelihood")
        most = max(most, float(abs(own.z**2 - peer.statistic)))
        most_p = max(most_p, float(abs(own.p - peer.pvalue)))
    facts = {"figure": "G against scipy", "tables": count, "largest_difference": most, "of_p": most_p, "at_most": 1e-10}
    show(facts | {"reached": most <= 1e-10 and most_p <= 1e-9})


def cost() -> None:
    """Print what a decision and a log cost."""
    plan = Plan(Design(base=BASE, mde=EFFECT, looks=5), 62_500)
    seen = [Reading(12_500 * k, (Counts(6_250 * k, 312 * k), Counts(6_250 * k, 315 * k))) for k in range(1, 6)]
    begun = time.monotonic()
    for _ in range(100):
        decide(plan, {"treatment": seen})
    show({"figure": "decide, 5 looks", "ms": round((time.monotonic() - begun) * 10, 2)})
    rows, rng = 1_000_000, np.random.default_rng(3)
    n, arm = np.arange(rows), np.where(rng.random(rows) < 0.5, "treatment", "control")
    log = pa.table({"unit": n, "arm": arm, "time": n, "outcome": rng.random(rows) < BASE})
    begun = time.monotonic()
    read_out(log, Plan(Design(base=BASE, mde=EFFECT, looks=10), rows))
    show({"figure": "read_out, a million rows, 10 looks", "s": round(time.monotonic() - begun, 2)})


if __name__ == "__main__":
    likelihood_ratio()
    rules(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
    replays(int(sys.argv[2]) if len(sys.argv) > 2 else 1_000)
    several(int(sys.argv[2]) if len(sys.argv) > 2 else 1_000)
    cost()
