"""Compose a verb's configuration outside of Hydra's main, to look at it before anything starts."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import IntervalSweep, Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, flag_override

from mesic.config.sources import SEVERAL, register

LIST = re.compile(r"\[[^\]]*\]")


def config_loader() -> ConfigLoaderImpl:
    """Return Hydra's loader over the user's conf, ours, and the installed components."""
    register()
    return ConfigLoaderImpl(config_search_path=create_config_search_path(None))


def compose(loader: ConfigLoaderImpl, verb: str, overrides: Sequence[str]) -> DictConfig:
    """Return what Hydra composes for a verb, with Hydra's own node; interpolations stay as they are."""
    said = [with_several(text) for text in overrides]
    return loader.load_configuration(config_name=verb, overrides=said, run_mode=RunMode.RUN, from_shell=True)


def searched_places(loader: ConfigLoaderImpl, verb: str, overrides: Sequence[str]) -> list[str]:
    """Return the places that Hydra is to search beside ours: while it composes it imports those that are packages."""
    primary = loader.repository.load_config(config_path=verb)
    said = OmegaConf.select(primary.config, "hydra.searchpath") if primary else None
    typed = [text.partition("=")[2] for text in overrides if text.lstrip("+").startswith("hydra.searchpath=")]
    return [*map(str, said or []), *(place.strip(" '\"") for text in typed for place in text.strip("[]").split(","))]


def with_several(text: str) -> str:
    """Return an override with each list of learners as Hydra finds them.

    Examples
    --------
    >>> with_several("learner=[lightgbm,linear]"), with_several("learner=linear"), with_several("seed=[1]")
    ('learner=[several/lightgbm,several/linear]', 'learner=linear', 'seed=[1]')
    """
    key, is_said, value = text.partition("=")
    if key != "learner" or not is_said:
        return text
    return f"{key}={re.sub(LIST, lambda found: _several(found.group()), value)}"


def _several(names: str) -> str:
    listed = [name.strip() for name in names.strip("[]").split(",") if name.strip()]
    return "[" + ",".join(f"{SEVERAL}{name.removeprefix(SEVERAL)}" for name in listed) + "]"


@contextmanager
def opened(config: DictConfig) -> Iterator[DictConfig]:
    """Let keys be added and changed for a moment."""
    with flag_override(config, ["struct", "readonly"], [False, False]):
        yield config


def parse(loader: ConfigLoaderImpl, text: str) -> Override:
    """Parse one override.

    Raises
    ------
    HydraException
        The text is no override.
    """
    override = OverridesParser.create().parse_override(text)
    override.config_loader = loader  # `glob` asks it
    return override


def jobs_of(loader: ConfigLoaderImpl, overrides: Sequence[str]) -> list[list[str]]:
    """Return the overrides of every job that a basic sweep over `overrides` starts.

    An override that cannot be parsed is passed on as it is, to be found wrong where single runs are looked at.
    """
    return [list(job) for job in product(*(alternatives(loader, text) for text in overrides))]


def examples_of(loader: ConfigLoaderImpl, overrides: Sequence[str]) -> list[list[str]]:
    """Return overrides of jobs in which each value that is searched stands once, the others being at their first.

    Of an interval or a range these are the ends.
    """
    found = [alternatives(loader, text) for text in overrides]
    first = [texts[0] if texts else text for texts, text in zip(found, overrides, strict=True)]
    others = [(place, text) for place, texts in enumerate(found) for text in _told_apart(texts, overrides[place])]
    return [first, *([*first[:place], text, *first[place + 1 :]] for place, text in others)]


def _told_apart(texts: list[str], said: str) -> list[str]:
    return texts[-1:] if "range(" in said and len(texts) > 1 else texts[1:]


def alternatives(loader: ConfigLoaderImpl, text: str) -> list[str]:
    """Return what one override stands for in the jobs of a sweep; both ends of an interval.

    What cannot be parsed is returned as it is.
    """
    try:
        override = parse(loader, text)
    except HydraException:
        return [text]
    key, said = override.get_key_element(), override.value()
    if isinstance(said, IntervalSweep):
        return [f"{key}={said.start}", f"{key}={said.end}"]
    return [f"{key}={value}" for value in override.sweep_string_iterator()] if override.is_sweep_override() else [text]
