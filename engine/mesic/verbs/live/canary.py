"""``mesic plan canary``: how many requests show a bug that some rows meet, when few units see the new version."""

from dataclasses import dataclass
from typing import Any

from mesic.config.verb import configured
from mesic.console import print_json, print_table, print_text
from mesic.errors import SettingError
from mesic.host.components import option


@dataclass
class PlanCanarySettings:
    """The keys of ``mesic plan canary``."""

    share: float = option(0.05, "share of the units in the first stage", low=0, open_low=True, high=1)
    then: list[float] = option([0.2, 0.5], "shares of the later stages, rising")
    bug_share: float = option(0.02, "share of the rows that meet the bug", low=0, open_low=True, high=1)
    confidence: float = option(0.95, "probability that the bug is seen", low=0.5, high=0.9999)
    beside: float = option(0.2, "share of the other rows that the new version answers, too, unheard", low=0, high=1)
    per_day: float | None = option(None, "requests a day; null: not known", low=0, open_low=True)


def main(arguments: list[str], *, as_json: bool) -> int:
    """Size a canary; return the exit status."""
    settings = configured("plan canary", arguments, PlanCanarySettings)
    if settings is None:
        return 0
    said = _sized(settings)
    if as_json:
        print_json(said)
    else:
        _print(said)
    return 0


def _sized(settings: PlanCanarySettings) -> dict[str, Any]:
    from mesic.rollout.sizing import requests_needed

    if settings.then != sorted(set(settings.then)):
        raise SettingError("then", settings.then, "shares that rise")
    shares = [settings.share, *(share for share in settings.then if share > settings.share)]
    stages: list[dict[str, Any]] = []
    for share in shares:
        requests = requests_needed(share, settings.bug_share, settings.confidence)
        seen = share + (1 - share) * settings.beside
        stages.append(
            {
                "share": share,
                "requests": requests,
                "until": requests + (stages[-1]["until"] if stages else 0),
                "answered_by_new": round(share * requests),
                "users_who_meet_it": share * requests * settings.bug_share,
                "with_beside": requests_needed(seen, settings.bug_share, settings.confidence),
                "chance_with_beside": 1 - (1 - seen * settings.bug_share) ** requests,
            }
        )
    total = stages[-1]["until"]
    named = ("bug_share", "confidence", "beside", "per_day")
    facts = {name: getattr(settings, name) for name in named}
    return {
        **facts,
        "requests": stages[0]["requests"],
        "total": total,
        "days": total / settings.per_day if settings.per_day else None,
        "method": "requests are independent: 1 - (1 - share x bug_share)^n",
        "stages": stages,
    }


def _print(said: dict[str, Any]) -> None:
    first = said["stages"][0]
    print_text(
        f"{said['requests']:,} requests: of so many, a bug in {said['bug_share']:.4g} of the rows is met once at least "
        f"with probability {said['confidence']:.4g}, if {first['share']:.4g} of the units see the new version"
    )
    rows = [
        [
            f"{one['share']:.0%}",
            f"{one['requests']:,}",
            f"{one['until']:,}",
            f"{one['answered_by_new']:,}",
            f"{one['with_beside']:,}",
            f"{one['chance_with_beside']:.4%}",
        ]
        for one in said["stages"]
    ]
    columns = [
        "share",
        "requests",
        "until",
        "answered by new",
        "enough with beside",
        "seen within the stage with beside",
    ]
    print_table(columns, rows, f"Stages; beside={said['beside']:g} of the other rows are answered by both")
    if said["days"] is not None:
        print_text(
            f"all stages take {said['total']:,} requests: {said['days']:.3g} days at {said['per_day']:,.0f} a day"
        )
    print_text(said["method"])
