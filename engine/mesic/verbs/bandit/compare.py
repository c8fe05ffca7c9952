"""``mesic compare bandit``: what each arm is worth, read from the log of a bandit."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.config.verb import configured
from mesic.console import finding_lines, print_json, print_table, print_text
from mesic.errors import SettingError
from mesic.host.components import option

METHOD = "adaptively weighted AIPW, logit interval"


@dataclass
class CompareBanditSettings:
    """The keys of ``mesic compare bandit``."""

    log: str = option("???", "a table file with a row an assignment")
    arm: str = option("arm", "column: what was assigned")
    reward: str = option("reward", "column: what came of it; empty where nothing is known")
    propensity: str = option("propensity", "column: probability with which the arm was drawn")
    unit: str | None = option("unit", "column: who was answered; null: there is none, each row by itself")
    time: str | None = option("time", "column: when; null: there is none")
    id: str | None = option("id", "column that names an assignment; null: there is none, each row is one")
    low: float = option(0.0, "smallest reward")
    high: float = option(1.0, "largest reward")
    silence: str = option(
        "unknown", "what an empty reward means: not known, or the smallest one", choices=("unknown", "low")
    )
    reference: str | None = option(None, "arm that the others are compared with; null: the first by name")
    interval: float = option(0.95, "level of every interval", low=0.5, high=0.999)


def main(arguments: list[str], *, as_json: bool) -> int:
    """Read a log off-policy; return the exit status."""
    settings = configured("compare bandit", arguments, CompareBanditSettings)
    if settings is None:
        return 0
    said = _read(settings)
    if as_json:
        print_json(said)
    else:
        _print(said, settings)
    return 0


def _read(settings: CompareBanditSettings) -> dict[str, Any]:
    from mesic.rollout.reading import Columns, read_log
    from mesic.rollout.values import arm_values, difference

    names = {role: getattr(settings, role) for role in ("arm", "reward", "propensity", "unit", "time", "id")}
    low, high, level = settings.low, settings.high, settings.interval
    log, findings = read_log(Path(settings.log), Columns(**names), low=low, high=high, silence=settings.silence)
    reference = settings.reference or log.names[0]
    if reference not in log.names:
        raise SettingError("reference", reference, f"one of {', '.join(log.names)}")
    values = {one.name: one for one in arm_values(log, level=level)}
    arms = [
        {
            "arm": one.name,
            "rows": one.rows,
            "rewarded": one.rewarded,
            "value": one.weighted.as_dict(low, high),
            "self_normalised": one.normalised.as_dict(low, high),
            "inverse_propensity": one.inverse.as_dict(low, high),
            "difference": None
            if one.name == reference
            else difference(one.weighted, values[reference].weighted, span=high - low, level=level),
        }
        for one in values.values()
    ]
    by = "row" if log.unit.max() + 1 == log.unit.size else "unit"
    facts = {"log": settings.log, "rows": len(log.arm), "reference": reference, "interval": level}
    return {**facts, "method": METHOD, "by": by, "arms": arms, "findings": [one.as_dict() for one in findings]}


def _print(said: Mapping[str, Any], settings: CompareBanditSettings) -> None:
    reference = said["reference"]
    rows = [
        [
            one["arm"],
            f"{one['rows']:,}",
            f"{one['rewarded']:,}",
            _value(one["value"]),
            "" if one["arm"] == reference else _value(one["difference"], "+"),
            _value(one["self_normalised"]),
        ]
        for one in said["arms"]
    ]
    title = f"{settings.log}: {said['rows']:,} assignments; {said['method']} at {said['interval']:.4g}, by {said['by']}"
    columns = ["arm", "assigned", "rewards", "value", f"less {reference}", "self-normalised"]
    print_table(columns, rows, title)
    for line in finding_lines(said["findings"]):
        print_text(line)


def _value(found: Mapping[str, float], sign: str = "") -> str:
    if math.isnan(found["value"]):
        return "unknown: fewer than 2 rewards"
    return f"{found['value']:{sign}.3g} ({found['low']:{sign}.3g} to {found['high']:{sign}.3g})"
