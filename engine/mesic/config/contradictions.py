"""Options that contradict each other or the data's columns, found before any work."""

from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from mesic.config.decisions import decision_problems
from mesic.config.settings import MEASURES, SourceOptions
from mesic.errors import ComponentError, MesicError
from mesic.host.building import build
from mesic.host.components import Component, flat
from mesic.host.names import did_you_mean
from mesic.host.ranges import range_problems
from mesic.host.registry import Offer, installed

CONSTRAINTS = ("predict_us", "complexity")
ROLES = ("target", "time", "group", "part", "weight", "key")


def contradictions(plain: Mapping[str, Any]) -> Iterator[str]:
    """Yield what cannot work together in a configuration.

    Unknown names and keys without a value are said elsewhere; here a key that has none is absent, and what would need
    it is not looked at.
    """
    looks = (
        _unknown_names,
        _reason_problems,
        _policy_problems,
        _task_problems,
        _space_problems,
        _role_problems,
        _column_problems,
        _order_problems,
        _bound_problems,
        decision_problems,
    )
    for look in looks:
        try:
            yield from look(plain)
        except (ComponentError, LookupError, TypeError):
            continue  # a part of the configuration is wrong in itself, and is said to be so


def _role_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    by_schema = _roles_of_schema(plain["source"].get("schema"))
    for kind in ("splitter", "sampler"):
        component = _chosen(plain, kind).component
        for role in sorted(component.roles - by_schema):
            if not plain["source"].get(role):
                yield f"{kind}={component.name} needs source.{role}=COLUMN"
    for learner in _learners(plain):
        if plain["source"].get("weight") and "weights" not in learner.traits:
            yield f"source.weight={plain['source']['weight']} cannot work: learner={learner.name} takes no weights"


def _order_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    """Yield transformers that read letters and would get them from another transformer."""
    before: list[str] = []
    for node in (plain.get("transformer") or {}).values():
        name = node["name"]
        traits = installed().find("transformer", name, plain["plugins"]["prefer"]).component.traits
        if "open_levels" in traits and before:
            yield f"transformer={name} reads text as the source gives it: put it before {', '.join(before)}"
        elif "open_levels" not in traits:
            before.append(name)


def _roles_of_schema(path: str | None) -> set[str]:
    """Return the parts that a schema file gives to columns; none where it cannot be read, which the run says."""
    if not path:
        return set()
    from mesic.data.schema import load_schema

    try:
        return {column.role for column in load_schema(Path(path)).columns}
    except MesicError:
        return set()


def _chosen(plain: Mapping[str, Any], kind: str) -> Offer:
    return installed().find(kind, plain[kind]["name"], plain["plugins"]["prefer"])


def _learners(plain: Mapping[str, Any]) -> list[Component]:
    """Return the learner that was chosen, or the several."""
    node = plain["learner"]
    names = [node["name"]] if "name" in node else [one["name"] for one in node.values()]
    return [installed().find("learner", name, plain["plugins"]["prefer"]).component for name in names]


def _unknown_names(plain: Mapping[str, Any]) -> Iterator[str]:
    if plain["metrics"] == [] and not plain.get("metric"):
        yield "metrics=[] leaves nothing to measure by: name one, or give metrics=null for the usual ones"
    metrics = plain["metrics"] if isinstance(plain["metrics"], list) else []
    wanted = [("metric", "metrics", name) for name in metrics]
    wanted += [("transformer", f"needs.{need}", name) for need, name in plain["needs"].items() if name is not None]
    for kind, path, name in wanted:
        names = installed().names(kind)
        if name not in names:
            yield f"{path} names no {kind} {name!r}; installed: {', '.join(names)}{did_you_mean(name, names)}"


def _reason_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    for code, reason in plain["policy"]["accept"].items():
        if not reason or not str(reason).strip():
            yield f"policy.accept.{code} gives no reason: say in words why it may stand"


def _policy_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    from mesic.reviewing.policies import policy_problems

    yield from policy_problems(plain["policy"])


def _bound_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted({*plain["selection"]["protect"]} & {*plain["selection"]["forbid"]}):
        yield f"selection.protect and selection.forbid both name {name!r}: it can stay or go"


def _task_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    task = plain["source"]["task"]
    metric = _chosen(plain, "metric").component if plain.get("metric") else None
    learners = _learners(plain)
    if task != "auto":
        for kind, component in (*(("learner", learner) for learner in learners), ("metric", metric)):
            if component is not None and task not in component.tasks:
                yield f"{kind}={component.name} does not serve source.task={task}, but {', '.join(component.tasks)}"
    for learner in learners if task == "auto" and metric is not None else ():
        assert metric is not None
        if not set(metric.tasks) & set(learner.tasks):
            yield f"metric={metric.name} ({', '.join(metric.tasks)}) and learner={learner.name} share no task"
    if task in ("regression", "multiclass") and plain["source"].get("positive") is not None:
        yield f"source.positive={plain['source']['positive']} needs a binary task, not source.task={task}"


def _space_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    yield from _constraint_problems(plain)
    known = _searchable(plain)
    learners = ", ".join(learner.name for learner in _learners(plain))
    for name, said in flat(plain["tuner"].get("space") or {}):
        if name not in known:
            yield f"tuner.space.{name} is no option of learner={learners}{did_you_mean(name, known)}"
        elif said is not None and (not isinstance(said, list) or not said):
            yield f"tuner.space.{name}={said!r} cannot work: give [low, high], [low, high, log] or a list of choices"
        elif said is not None and _is_upside_down(said):
            yield f"tuner.space.{name}={said!r} cannot work: the first number must be the lower"
        elif said is not None:
            for value in said[: -1 if said[-1] == "log" else None]:
                yield from range_problems(value, known[name], f"tuner.space.{name}")


def _constraint_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    for name in plain["tuner"].get("beside") or []:
        if name not in MEASURES:
            yield f"tuner.beside names {name!r}, which is no measure of a trial: give {', '.join(MEASURES)}"
    for name, limit in flat(plain["tuner"].get("constraints") or {}):
        if name not in CONSTRAINTS and not name.startswith("disparity."):
            yield f"tuner.constraints.{name} is unknown: give {', '.join(CONSTRAINTS)} or disparity.COLUMN"
        elif not isinstance(limit, (int, float)) or isinstance(limit, bool) or limit < 0:
            yield f"tuner.constraints.{name}={limit!r} cannot work: give the most that may be, a number from 0"


def _searchable(plain: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return what is known of each option that can be searched, by the name that it has in ``tuner.space``."""
    learners = _learners(plain)
    prefixed = [(f"{learner.name}." if len(learners) > 1 else "", learner) for learner in learners]
    sampler = _chosen(plain, "sampler").component
    names = {kind: installed().names(kind) for kind in ("sampler", "selector")}
    found: dict[str, Mapping[str, Any]] = {
        "sampler": {"choices": tuple(names["sampler"])},
        "selector": {"choices": (*names["selector"], "none")},
    }
    prefixed.append(("sampler.", sampler))
    for kind in ("selector", "transformer"):
        for node in (plain.get(kind) or {}).values():
            component = installed().find(kind, node["name"], plain["plugins"]["prefer"]).component
            prefixed.append((f"{kind}.{component.name}.", component))
    for prefix, component in prefixed:
        found |= {prefix + field.name: field.metadata for field in fields(component.options)}
    return found


def _is_upside_down(said: list[Any]) -> bool:
    numbers = said[:-1] if said[-1:] == ["log"] else said
    are_two = len(numbers) == 2 and all(isinstance(n, (int, float)) for n in numbers)
    return are_two and (numbers[0] >= numbers[1] or (said[-1:] == ["log"] and numbers[0] <= 0))


def _column_problems(plain: Mapping[str, Any]) -> Iterator[str]:
    options = plain["source"]
    offer = _chosen(plain, "source")
    shared = {field.name for field in fields(SourceOptions)}
    own = {field.name: options[field.name] for field in fields(offer.component.options) if field.name not in shared}
    try:
        source = build(offer, own)
        names = source.columns()
    except MesicError as error:
        yield str(error)
        return
    target = options["target"] or source.target
    if target is None and not options["schema"]:
        yield f"no target: give source.target=COLUMN, one of {_listed(names)}"
    roles = {role: options[role] for role in ROLES if options[role]} | ({"target": target} if target else {})
    for role, name in [*roles.items(), *(("ignore", name) for name in options["ignore"])]:
        if name not in names:
            yield f"source.{role}={name} is no column{did_you_mean(name, names) or '; columns: ' + _listed(names)}"
    yield from _shared_roles(roles, options["ignore"])


def _listed(names: list[str], most: int = 30) -> str:
    return ", ".join(names[:most]) + (f", ... ({len(names)} in all)" if len(names) > most else "")


def _shared_roles(roles: Mapping[str, str], ignore: list[str]) -> Iterator[str]:
    by_column: dict[str, list[str]] = {}
    for role, name in [*roles.items(), *(("ignore", name) for name in ignore)]:
        by_column.setdefault(name, []).append(role)
    for name, parts in by_column.items():
        if len(parts) > 1:
            yield f"column {name!r} cannot be {' and '.join(parts)} at once"
