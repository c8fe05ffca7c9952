"""What cannot work of calibrator, threshold and costs, found before any work."""

from collections.abc import Iterator, Mapping
from typing import Any

from mesic.config.settings import PROMISES

OF_TWO = ("false_positive", "false_negative", "true_positive", "true_negative")


def decision_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    """Yield what is wrong with how answers are decided; what needs the task of the data is said when they are read."""
    yield from _task_problems(plain)
    yield from _threshold_problems(plain)
    yield from _cost_problems(plain["costs"])


def _task_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    task, rule = plain["source"]["task"], plain["threshold"]["rule"]
    if task == "regression":
        if plain.get("calibrator"):
            yield f"calibrator={plain['calibrator']['name']} is for probabilities, and source.task=regression has none"
        if rule is not None:
            yield f"threshold.rule={rule} decides between classes, and source.task=regression has none"
        if _said_of_two(plain["costs"]) or plain["costs"]["matrix"]:
            yield "costs of answers are for classes, and source.task=regression has none"
    if task == "multiclass" and rule not in (None, "cost"):
        yield f"threshold.rule={rule} is for two classes: give threshold.rule=cost with costs.matrix, or none"


def _threshold_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    said = plain["threshold"]
    rule = said["rule"]
    if rule == "fixed" and said["value"] is None:
        yield "threshold.rule=fixed needs threshold.value, a probability from 0 to 1"
    if rule != "fixed" and said["value"] is not None:
        yield f"threshold.value={said['value']} plays no part with threshold.rule={_word(rule)}: give rule=fixed"
    if rule not in PROMISES and said["rows"] is not None:
        yield f"threshold.rows={said['rows']} plays no part with threshold.rule={_word(rule)}: it is of a promise"
    if rule == "cost" and not _said_of_two(plain["costs"]) and not plain["costs"]["matrix"]:
        needed = "costs.false_positive and costs.false_negative, or costs.matrix"
        yield f"threshold.rule=cost needs what answers cost: {needed}"


def _word(rule: str | None) -> str:
    return "null" if rule is None else rule


def _said_of_two(costs: Mapping[str, Any]) -> list[str]:
    return [name for name in OF_TWO if costs[name] is not None]


def _cost_problems(costs: Mapping[str, Any]) -> Iterator[str]:
    if costs["matrix"] and (named := _said_of_two(costs)):
        yield f"costs.matrix and costs.{named[0]} both say what answers cost: give one of them"
    for label, row in (costs["matrix"] or {}).items():
        if not isinstance(row, Mapping) or not row:
            yield f"costs.matrix.{label}={row!r} cannot work: give the costs of answers, such as {{dog: 5}}"
            continue
        for answer, cost in row.items():
            if isinstance(cost, bool) or not isinstance(cost, (int, float)):
                yield f"costs.matrix.{label}.{answer}={cost!r} cannot work: give a number"
    worth = {name: costs[name] or 0.0 for name in OF_TWO}
    if (
        _said_of_two(costs)
        and worth["false_positive"] + worth["false_negative"] <= worth["true_positive"] + worth["true_negative"]
    ):
        yield "costs of wrong answers must exceed those of right ones: else no model is worth having"
