"""``mesic deploy status``: which versions answer whom, and what is known of the one that is tried."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mesic.config.verb import configured
from mesic.console import finding_lines, print_json, print_table, print_text
from mesic.host.components import option


@dataclass
class StatusSettings:
    """The keys of ``mesic deploy status``."""

    deployment: str = option("???", "folder of the deployment")
    history: int = option(5, "latest actions that are told", low=0, high=1000)


def main(arguments: list[str], *, as_json: bool) -> int:
    """Tell what a deployment does; return the exit status."""
    settings = configured("deploy status", arguments, StatusSettings)
    if settings is None:
        return 0
    from mesic.live.status import status_of

    said = status_of(Path(settings.deployment), settings.history)
    if as_json:
        print_json(said)
    else:
        _print(said)
    return 0


def _print(said: Mapping[str, Any]) -> None:
    rows = [
        [
            name,
            ", ".join(facts["parts"]) or "kept",
            _share(facts["share"]),
            _count(facts["requests"]),
            _time(facts["latency_s"]),
            facts["bundle"][:12],
            _proof(facts.get("proof")),
            facts["expires"] or "",
        ]
        for name, facts in said["versions"].items()
    ]
    title = f"{said['deployment']}: generation {said['generation']}"
    print_table(["version", "part", "share", "requests", "takes", "bundle", "proven", "expires"], rows, title)
    labels = said["labels"]
    kept = f"the latest {labels['rows']:,} answers are kept for them, for {labels['days']:g} days"
    print_text(f"labels are worth {labels['measure']}; {kept}")
    for line in _rollout_lines(said["rollout"]):
        print_text(line)
    if said["rollout"]:
        _print_guards(said["rollout"]["guards"])
        _print_pairs(said["rollout"]["versions"])
        for line in finding_lines(said["rollout"]["findings"]):
            print_text(line)
    for change in said["history"]:
        moment = datetime.fromtimestamp(change["time"], UTC).strftime("%Y-%m-%d %H:%M:%S")
        print_text(f"{moment} UTC  {change['action']} by {change['by']}, in use: {change['after']}: {change['why']}")


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _proof(proof: Mapping[str, Any] | None) -> str:
    return "" if proof is None else f"{sum(proof['rows'].values()):,} rows"


def _count(count: int | None) -> str:
    return "" if count is None else f"{count:,}"


def _time(seconds: float | None) -> str:
    return "" if seconds is None else f"{1e6 * seconds:,.0f} us"


def _rollout_lines(rollout: Mapping[str, Any] | None) -> Iterator[str]:
    if rollout is None:
        yield "no roll-out is under way"
        return
    yield f"roll-out {rollout['id']}: {rollout['name']}; {rollout['why']}"
    if stage := rollout["stage"]:
        wait = f", and {stage['seconds_left']:.0f} s" if stage["seconds_left"] else ""
        yield (
            f"  stage {stage['stage']} of {stage['of']}, {stage['share']:.0%} of the units: {stage['requests']:,} of "
            f"{stage['until']:,} requests{wait}, then {stage['next']:.0%}"
        )
    if rollout["largest_difference"]:
        yield f"  on the same rows scores differ by {rollout['largest_difference']:.3g} at most"
    if rollout["dropped"]:
        yield f"  {rollout['dropped']:,} rows were not compared: whoever answers beside did not keep up"
    for name, told in rollout["outcomes"].items():
        yield f"  outcomes of {name}: {told['outcomes']:,}, mean {told['mean']:.4g}"
    for said, count in rollout["errors"].items():
        yield f"  failed {count:,} times: {said}"


def _print_guards(guards: Sequence[Mapping[str, Any]]) -> None:
    if not guards:
        return
    rows = [
        [
            one["name"],
            one["state"],
            f"{_number(one['value'])} [{_number(one['low'])}, {_number(one['high'])}]",
            _number(one["limit"]),
            f"{one['rows']:,}",
            one["method"],
        ]
        for one in guards
    ]
    print_table(["guard", "state", "value", "limit", "rows", "interval"], rows, "Guards")


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}"


def _print_pairs(versions: Mapping[str, Mapping[str, Any]]) -> None:
    for name, told in versions.items():
        if table := told.get("table"):
            rows = [[one["old"], one["new"], f"{one['rows']:,}"] for one in table]
            print_text(f"{name} on the same rows: {told['differ']:,} of {told['rows']:,} decided differently")
            print_table(["in use", name, "rows"], rows)
