"""Everything that is wrong with a configuration, found together and before any work."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException, MissingConfigException
from omegaconf import DictConfig, Node, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from mesic.config.composition import (
    compose,
    config_loader,
    examples_of,
    jobs_of,
    opened,
    parse,
    searched_places,
)
from mesic.config.contradictions import contradictions
from mesic.config.hydra_node import hydra_problems, place_problems
from mesic.config.schema_check import missing_keys, schema_problems
from mesic.config.settings import SETTINGS
from mesic.config.sources import SEVERAL
from mesic.errors import ComponentError
from mesic.host.building import refuse_missing_module
from mesic.host.kinds import KINDS
from mesic.host.names import did_you_mean
from mesic.host.registry import installed, prefer

MOST_JOBS_SHOWN = 5
RECIPES = "experiment"
OPEN = ("tuner.space.", "tuner.constraints.")  # mappings that take new keys
MAY_BE_NONE = ("metric", "calibrator")  # the task has a usual one; probabilities can stay


def problems_of(verb: str, overrides: Sequence[str], *, sweep: bool = False) -> list[str]:
    """Return every problem of a verb's configuration, one line each; empty when it can start.

    Parameters
    ----------
    verb
        The primary configuration's name, such as ``"run"``.
    overrides
        What the user typed after the verb.
    sweep
        Whether the overrides span several jobs; then each job is looked at.
    """
    return (checked_sweep if sweep else checked)(config_loader(), verb, overrides)[0]


def checked(loader: ConfigLoaderImpl, verb: str, overrides: Sequence[str]) -> tuple[list[str], DictConfig]:
    """Return every problem of one job, and its configuration; that is empty where Hydra cannot compose one."""
    groups, values, problems = _sorted(loader, overrides)
    if verb in SETTINGS and (strangers := [text for text in groups if _is_of_no_run(text)]):
        problems += [
            f"{text} cannot work here: a run has no {_group_of(text)}; mesic plan bandit tries one"
            for text in strangers
        ]
        groups = [text for text in groups if text not in strangers]
    if unsafe := list(place_problems(searched_places(loader, verb, groups))):
        return [*problems, *unsafe], DictConfig({})
    try:
        config = compose(loader, verb, groups)
    except (HydraException, OmegaConfBaseException, ComponentError) as error:
        return [*problems, _hydra_words(error)], DictConfig({})
    if unsafe := list(hydra_problems(config, groups)):
        return [*problems, *unsafe], DictConfig({})
    problems += _value_problems(config, values)
    said = OmegaConf.select(config, "plugins.prefer") or {}
    wanted = {str(address): str(distribution) for address, distribution in said.items()}
    if wanted and wanted != installed().prefer:
        prefer(wanted)
        return checked(loader, verb, overrides)  # the options are those of another component now
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"])
    plain, without_value = _worked_out(own)
    problems += without_value
    if verb in SETTINGS:
        problems += [*_content_problems(own, SETTINGS[verb]), *contradictions(plain)]
    return list(dict.fromkeys(problems)), config


def _group_of(override: str) -> str:
    return override.lstrip("+~").partition("=")[0]


def _is_of_no_run(override: str) -> bool:
    kind = KINDS.get(_group_of(override))
    return kind is not None and not kind.of_run


def checked_sweep(loader: ConfigLoaderImpl, verb: str, overrides: Sequence[str]) -> tuple[list[str], list[DictConfig]]:
    """Return every problem of the jobs of a sweep, each with the jobs that have it, and their configurations."""
    jobs_with: dict[str, list[int]] = {}
    sweeper = sweeper_of(loader, verb, overrides)
    said = [*_sweep_parameters(sweeper, overrides), *overrides]
    if is_search(sweeper):
        jobs = examples_of(loader, said)
    elif intervals := [text for text in said if _is_interval(loader, text)]:
        return [f"{text} cannot work: add hydra/sweeper=mesic, which searches intervals" for text in intervals], []
    else:
        jobs = jobs_of(loader, said)
    looked_at = [checked(loader, verb, job) for job in jobs]
    for number, (problems, _) in enumerate(looked_at):
        for problem in problems:
            jobs_with.setdefault(problem, []).append(number)
    found = [_with_jobs(problem, numbers, len(jobs)) for problem, numbers in jobs_with.items()]
    return found, [config for _, config in looked_at]


def sweeper_of(loader: ConfigLoaderImpl, verb: str, overrides: Sequence[str]) -> DictConfig:
    """Return the settings of the sweeper that a command line chooses; none where they cannot be composed."""
    hydra_only = [text for text in overrides if text.startswith(("hydra", f"{RECIPES}="))]
    if list(place_problems(searched_places(loader, verb, hydra_only))):
        return DictConfig({})  # which is said of every job
    try:
        return DictConfig(compose(loader, verb, hydra_only).hydra.sweeper)
    except (HydraException, OmegaConfBaseException):
        return DictConfig({})


def is_search(sweeper: DictConfig) -> bool:
    """Return whether a sweeper searches (``hydra/sweeper=mesic``), rather than run all that was said."""
    return str(sweeper.get("_target_", "")).endswith(".MesicSweeper")


def _sweep_parameters(sweeper: DictConfig, overrides: Sequence[str]) -> list[str]:
    """Return what ``hydra.sweeper.params`` of the configuration adds to the command line's sweep."""
    typed = {text.partition("=")[0] for text in overrides}
    return [f"{key}={value}" for key, value in (sweeper.get("params") or {}).items() if key not in typed]


def _is_interval(loader: ConfigLoaderImpl, text: str) -> bool:
    try:
        return bool(parse(loader, text).is_interval_sweep())
    except HydraException:
        return False


def _with_jobs(problem: str, numbers: list[int], count: int) -> str:
    if len(numbers) == count:
        return problem
    shown = ", ".join(map(str, numbers[:MOST_JOBS_SHOWN]))
    more = ", ..." if len(numbers) > MOST_JOBS_SHOWN else ""
    return f"job{'s' * (len(numbers) > 1)} {shown}{more} of {count}: {problem}"


def _sorted(loader: ConfigLoaderImpl, overrides: Sequence[str]) -> tuple[list[str], list[Override], list[str]]:
    """Return what chooses files and what is Hydra's own, what sets values, and what is wrong with the first."""
    groups: list[str] = []
    values: list[Override] = []
    problems: list[str] = []
    for text in overrides:
        try:
            override = parse(loader, text)
        except HydraException as error:
            problems.append(f"{text!r} cannot be read: {_first_line(error)}; give key=value")
            continue
        if override.is_sweep_override():
            problems.append(f"{text!r} gives several values: add -m for a sweep, or give one")
        elif (override.key_or_group or "").split(".")[0].split("/")[0] == "hydra":
            groups.append(text)
        elif loader.repository.group_exists(override.key_or_group):
            wrong = list(_group_problems(loader, override))
            problems += wrong
            groups += [] if wrong else [text]
        elif override.key_or_group == RECIPES:
            name = override.get_value_element_as_str()
            problems.append(f"no recipe {name!r}: there is no folder conf/{RECIPES}; make conf/{RECIPES}/{name}.yaml")
        else:
            values.append(override)
    return groups, values, problems


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0]


def _hydra_words(error: BaseException) -> str:
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        kind, _, name = str(error.missing_cfg_file).partition("/")
        if kind in KINDS and name not in installed().names(kind):
            return _unknown_name(kind, name)
    cause = error.__cause__
    text = " ".join(str(error).split())
    return f"{text} ({_first_line(cause)})" if cause is not None and str(cause) not in text else text


def _unknown_name(kind: str, name: str) -> str:
    try:
        installed().find(kind, name)
    except ComponentError as error:
        return str(error)
    return ""


def _group_problems(loader: ConfigLoaderImpl, override: Override) -> Iterator[str]:
    group = override.key_or_group
    known = set(loader.repository.get_group_options(group, ObjectType.CONFIG))
    if group in KINDS:
        known |= set(installed().names(group))
    value = override.value()
    if value is None and not override.is_delete():
        is_list = group in KINDS and KINDS[group].is_list
        instead = f"write {group}=[]" if is_list else f"write ~{group}" if group in MAY_BE_NONE else "give one name"
        yield f"{group}=null cannot work: {instead}"
    names = value if isinstance(value, list) else [] if value is None or override.is_delete() else [value]
    may_be_list = group == "learner" or group not in KINDS or KINDS[group].is_list
    if isinstance(value, list) and not may_be_list:
        yield f"{group}={override.get_value_element_as_str()} cannot work: give one name, as {group} is no list"
    if group == "learner" and isinstance(value, list):
        listed = [str(name).removeprefix(SEVERAL) for name in names]
        known -= {"auto"}
        if twice := sorted({name for name in listed if listed.count(name) > 1}):
            yield f"learner={override.get_value_element_as_str()} names {twice[0]!r} twice: give each learner once"
        if not listed:
            yield "learner=[] leaves nothing that learns: give one name or several"
    for name in (str(name).removeprefix(SEVERAL) if group == "learner" else str(name) for name in names):
        if name in known:
            continue
        if group in KINDS:
            yield _unknown_name(group, name)
        else:
            yield f"no file {name!r} for {group}=; there: {', '.join(sorted(known))}{did_you_mean(name, known)}"


def _value_problems(config: DictConfig, overrides: Iterable[Override]) -> Iterator[str]:
    """Apply each override in turn; what cannot be applied is a problem."""
    for override in overrides:
        key = override.key_or_group
        parent, _, leaf = key.rpartition(".")
        home = OmegaConf.select(config, parent, throw_on_missing=False) if parent else config
        if key.startswith(("plugins.prefer", "policy.accept")) and not override.is_add():
            yield f"{key} takes new keys: write '+{key}={override.get_value_element_as_str()}'"
            continue
        is_there = isinstance(home, DictConfig) and (override.is_add() or leaf in set(home))  # `in` misses empty keys
        if is_there or key.startswith(OPEN):
            yield from _applied(config, override, key)
        else:
            yield f"no key {key!r}{_near_key(config, key)}"


def _applied(config: DictConfig, override: Override, key: str) -> Iterator[str]:
    try:
        with opened(config):
            if override.is_delete():
                parent, _, leaf = key.rpartition(".")
                (OmegaConf.select(config, parent) if parent else config).pop(leaf)
            else:
                OmegaConf.update(config, key, override.value(), merge=True, force_add=True)
    except OmegaConfBaseException as error:
        said = f"~{key}" if override.is_delete() else f"{key}={override.get_value_element_as_str()}"
        yield f"{said} cannot work: {_first_line(error)}"


def _near_key(config: DictConfig, key: str) -> str:
    parent, _, leaf = key.rpartition(".")
    home = OmegaConf.select(config, parent, throw_on_missing=False) if parent else config
    siblings = [str(name) for name in home if name != "hydra"] if isinstance(home, DictConfig) else []
    prefix = f"{parent}." if parent else ""
    if near := did_you_mean(leaf, siblings):
        return near.replace("'", f"'{prefix}", 1)
    elsewhere = [path for path, _ in _leaves(config) if not path.startswith("hydra.")]
    return did_you_mean(key, elsewhere) or (
        f"; {parent} has: {', '.join(sorted(siblings))}" if parent and siblings else ""
    )


def _leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if not isinstance(node, DictConfig) or node._is_none() or node._is_missing():
        yield path, node
        return
    for key in node:
        yield from _leaves(node._get_node(key), f"{path}.{key!s}" if path else str(key))


def _content_problems(config: DictConfig, schema: type) -> Iterator[str]:
    """Look at what was composed, wherever it came from."""
    settings = {key: value for key, value in config.items_ex(resolve=False) if key not in KINDS}
    yield from schema_problems(DictConfig(settings), schema, "")
    yield from missing_keys(DictConfig(settings), schema, "")
    for kind in (kind for kind in KINDS.values() if kind.of_run):
        node = config._get_node(kind.name)
        if not isinstance(node, DictConfig) or node._is_none():
            if not kind.is_list and kind.name not in MAY_BE_NONE:
                yield f"no {kind.name} is chosen: give {kind.name}=NAME, one of {_installed(kind.name)}"
            continue
        are_several = kind.is_list or (kind.name == "learner" and "name" not in node)
        chosen = {f"{kind.name}.{key!s}": node[key] for key in node} if are_several else {kind.name: node}
        for path, options in chosen.items():
            yield from component_problems(kind.name, path, options)


def _installed(kind: str) -> str:
    return ", ".join(installed().names(kind))


def _worked_out(config: DictConfig, prefix: str = "") -> tuple[dict[str, Any], list[str]]:
    """Return the plain values of a configuration, and what has none; such a key is absent from the values."""
    plain: dict[str, Any] = {}
    problems: list[str] = []
    for key in map(str, config):
        path, node = f"{prefix}{key}", config._get_node(key)
        if key in ("_target_", "_recursive_", "_partial_", "_convert_"):
            problems.append(f"{path} cannot work: a configuration names components and never runs code; give name: ...")
        elif isinstance(node, DictConfig) and not (node._is_none() or node._is_missing() or node._is_interpolation()):
            plain[key], inner = _worked_out(node, f"{path}.")
            problems += inner
        elif isinstance(node, Node) and node._is_missing():
            problems.append(f"{path} has no value: give {path}=...")
        else:
            try:
                value = config[key]
                is_container = OmegaConf.is_config(value)
                plain[key] = OmegaConf.to_container(value, resolve=True) if is_container else value
            except OmegaConfBaseException as error:
                problems.append(f"{path} cannot be worked out: {_first_line(error)}")
    return plain, problems


def component_problems(kind: str, path: str, options: Any) -> Iterator[str]:
    """Yield what is wrong with the node of one component: no name, one that is not installed, wrong options."""
    if not isinstance(options, DictConfig) or "name" not in options:
        yield f"{path} names no component: give {kind}=NAME, one of {_installed(kind)}"
        return
    try:
        offer = installed().find(kind, str(options.name))
        refuse_missing_module(offer)
    except ComponentError as error:
        yield str(error)
        return
    own = DictConfig({key: value for key, value in options.items_ex(resolve=False) if key != "name"})
    yield from schema_problems(own, offer.component.options, f"{path}.")
