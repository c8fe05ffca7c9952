"""``mesic plan bandit``: what a bandit would cost before it serves anyone."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mesic.config.verb import configured
from mesic.console import print_json, print_table, print_text, progress
from mesic.errors import UsageError
from mesic.host.components import option

METHOD = "mean over repeats, t interval"


@dataclass
class PlanBanditSettings:
    """The keys of ``mesic plan bandit``."""

    rollout: dict[str, Any] = field(
        default_factory=dict, metadata={"help": "what is planned: rollout.floor, rollout.batch, ..."}
    )
    arms: list[float] = option([0.05, 0.055, 0.06], "probability of a reward of each arm, 0 to 1")
    steps: int = option(100_000, "assignments", low=10, high=100_000_000)
    repeats: int = option(100, "simulated roll-outs", low=2, high=100_000)
    policies: list[str] = option(["thompson", "ucb1", "kl_ucb", "epsilon_greedy"], "in place of rollout.policy")
    delay: int = option(0, "assignments that pass until a reward comes", low=0)
    lost: float = option(0.0, "share of the rewards that never come", low=0, high=0.99)
    change_at: int | None = option(None, "assignment from which the arms are as good as in reverse order; null: never")
    tested: float = option(0.3, "share of the steps that an A/B test takes before its winner is chosen", low=0, high=1)
    interval: float = option(0.95, "level of every interval", low=0.5, high=0.999)
    seed: int = option(0, "decides everything that is drawn", low=0, high=2**32 - 1)


def main(arguments: list[str], *, as_json: bool) -> int:
    """Simulate every policy; return the exit status."""
    settings = configured("plan bandit", arguments, PlanBanditSettings)
    if settings is None:
        return 0
    said = _simulated(settings)
    if as_json:
        print_json(said)
    else:
        _print(said)
    return 0


def _simulated(settings: PlanBanditSettings) -> dict[str, Any]:
    from mesic.rollout.simulation import Course, EvenThenWinner, even_shares

    rollouts = dict(_rollouts(settings))
    any_of_them = next(iter(rollouts.values()))
    course = Course(
        tuple(settings.arms),
        settings.steps,
        settings.repeats,
        any_of_them.batch,
        settings.delay,
        settings.lost,
        settings.change_at,
        settings.seed,
    )
    rewards = round(settings.tested * settings.steps * (1 - settings.lost))
    policies: dict[str, Callable[..., Any]] = {
        "A/B, equal shares": even_shares,
        f"A/B for {settings.tested:.4g} of it, then the winner": EvenThenWinner(rewards),
    }
    with progress("mesic plan bandit") as say:
        rows = [_row(name, shares, course, settings, say=say) for name, shares in policies.items()]
        rows += [_row(name, one, course, settings, say=say) for name, one in rollouts.items()]
    even = rows[0]["regret"]["value"]
    for row in rows:
        row["saved"] = 1 - row["regret"]["value"] / even if even else None
    keys = ("arms", "steps", "repeats", "delay", "lost", "change_at", "interval", "seed")
    facts = {key: getattr(settings, key) for key in keys}
    options = {name: value for name, value in settings.rollout.items() if name not in ("name", "policy")}
    return {**facts, "rollout": settings.rollout["name"], "options": options, "method": METHOD, "policies": rows}


def _rollouts(settings: PlanBanditSettings) -> Iterator[tuple[str, Any]]:
    from mesic.host.building import build
    from mesic.host.registry import installed

    node = dict(settings.rollout)
    offer = installed().find("rollout", node.pop("name"))
    if "policy" not in node or not settings.policies:
        raise UsageError(f"policies={settings.policies} cannot work: give names that rollout.policy takes, one or more")
    for policy in dict.fromkeys(settings.policies):
        rollout = build(offer, {**node, "policy": policy}, seed=settings.seed)
        rollout.begin(f"arm {place}" for place in range(len(settings.arms)))
        yield policy, rollout


def _row(
    name: str, policy: Any, course: Any, settings: PlanBanditSettings, *, say: Callable[[str], None]
) -> dict[str, Any]:
    from mesic.rollout.simulation import mean_with_interval, simulate

    say(name)
    start = time.monotonic()
    half_life = settings.rollout.get("half_life_s") if hasattr(policy, "shares_of") else None
    played = simulate(getattr(policy, "shares_of", policy), course, half_life=half_life)
    seconds = time.monotonic() - start
    found = {}
    for what, values in (("regret", played.regret), ("best_share", played.best_share)):
        value, low, high = mean_with_interval(values, settings.interval)
        found[what] = {"value": value, "low": low, "high": high}
    return {"policy": name, **found, "seconds": round(seconds, 2)}


def _print(said: Mapping[str, Any]) -> None:
    arms = ", ".join(f"{mean:g}" for mean in said["arms"])
    extra = [f"rewards {said['delay']:,} assignments late"] if said["delay"] else []
    extra += [f"{said['lost']:.1%} of the rewards lost"] if said["lost"] else []
    extra += [f"in reverse order from assignment {said['change_at']:,}"] if said["change_at"] else []
    print_text(f"{said['steps']:,} assignments to arms of {arms}{''.join(f', {one}' for one in extra)}\n")
    rows = [
        [
            row["policy"],
            f"{row['regret']['value']:,.1f} ({row['regret']['low']:,.1f} to {row['regret']['high']:,.1f})",
            "" if row["saved"] is None else f"{row['saved']:.0%}",
            f"{row['best_share']['value']:.1%} ({row['best_share']['low']:.1%} to {row['best_share']['high']:.1%})",
        ]
        for row in said["policies"]
    ]
    columns = ["policy", "regret: rewards missed", "less than equal shares", "best arm, last fifth"]
    title = f"{said['repeats']} simulated roll-outs, {said['method']} at {said['interval']:.4g}"
    print_table(columns, rows, title)
    options = ", ".join(f"{name}={value}" for name, value in said["options"].items() if value is not None)
    print_text(f"rollout={said['rollout']}: {options}")
