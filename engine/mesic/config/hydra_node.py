"""Hydra's own part of a configuration: what there would run code of the file's choice is refused.

Hydra makes launcher, sweeper and callbacks from import paths, and logging from classes that a dictionary names. A file
with these could run anything; only those that come with Hydra, mesic or an installed Hydra plugin are taken.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from omegaconf import DictConfig, OmegaConf

TARGETS = ("hydra_plugins.", "hydra._internal.core_plugins.", "hydra.experimental.callbacks.", "hydra._internal.sweep")
HANDLERS = {
    "logging.StreamHandler",
    "logging.FileHandler",
    "logging.NullHandler",
    "logging.handlers.RotatingFileHandler",
    "logging.handlers.TimedRotatingFileHandler",
}
MAKERS = {"colorlog.ColoredFormatter", "logging.Formatter"}
STREAMS = {"ext://sys.stdout", "ext://sys.stderr"}
LOGGING = ("job_logging", "hydra_logging")
FILES = ("file://", "mesic://")
COMMANDS = ("setup", "python", "srun_args", "additional_parameters", "initializer")
LEADS_CODE = ("PYTHON", "LD_", "DYLD_", "MESIC_", "PATH")


def hydra_problems(config: DictConfig, overrides: Sequence[str] = ()) -> Iterator[str]:
    """Yield what in the node ``hydra`` of a composed configuration would run code, or lead to some.

    What starts a job on a cluster (``hydra.launcher.setup`` of submitit and the like) must be said in `overrides`, by
    who calls: it is a list of commands.
    """
    node = OmegaConf.select(config, "hydra", throw_on_missing=False)
    if not isinstance(node, DictConfig):
        return
    said = OmegaConf.to_container(node, resolve=False)
    assert isinstance(said, dict)
    for path, key, value in _leaves(said, "hydra"):
        yield from _target_problems(path, key, value)
    for name in LOGGING:
        yield from _logging_problems(f"hydra.{name}", said.get(name))
    yield from place_problems(said.get("searchpath") or [])
    for key in COMMANDS:
        is_typed = any(text.lstrip("+").startswith(f"hydra.launcher.{key}=") for text in overrides)
        if (said.get("launcher") or {}).get(key) and not is_typed:
            yield f"hydra.launcher.{key} cannot stand in a file, as it says what is run: give it on the command line"
    for name in (said.get("job") or {}).get("env_set") or {}:
        if str(name).startswith(LEADS_CODE):
            yield f"hydra.job.env_set.{name} cannot work: it would lead to code; set it where you call mesic"


def _leaves(value: Any, path: str) -> Iterator[tuple[str, str, Any]]:
    """Yield path, key and value of all that is no mapping and no list."""
    pairs = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        if isinstance(inner, (Mapping, list)):
            yield from _leaves(inner, f"{path}.{key}")
        else:
            yield f"{path}.{key}", str(key), inner


def _target_problems(path: str, key: str, value: Any) -> Iterator[str]:
    if key == "_target_" and not str(value).startswith(TARGETS):
        yield f"{path}={value} cannot work: name an installed Hydra plugin, such as hydra/launcher=joblib"
    if key in ("_partial_", "_args_") and value:
        yield f"{path} cannot work: leave it out; it is for code that is named by its import path"


def _logging_problems(path: str, said: Any) -> Iterator[str]:
    for where, key, value in _leaves(said or {}, path):
        if key == "class" and str(value) not in HANDLERS:
            yield f"{where}={value} cannot work: give one of {', '.join(sorted(HANDLERS))}"
        if key == "()" and str(value) not in MAKERS:
            yield f"{where}={value} cannot work: give one of {', '.join(sorted(MAKERS))}"
        if str(value).startswith(("ext://", "cfg://")) and str(value) not in STREAMS:
            yield f"{where}={value} cannot work: give {' or '.join(sorted(STREAMS))}"


def place_problems(places: Any) -> Iterator[str]:
    """Yield the places of configurations that are no folders: others are packages, which Hydra imports."""
    for place in places:
        if "://" in str(place) and not str(place).startswith(FILES):
            yield f"hydra.searchpath={place} cannot work: give a folder, as file://FOLDER"
