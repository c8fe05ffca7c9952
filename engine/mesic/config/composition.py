"""Compose a verb's configuration outside of Hydra's main, to look at it before anything starts."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import product

from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.utils import create_config_search_path
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, flag_override

from mesic.config.sources import register


def config_loader() -> ConfigLoaderImpl:
    """Return Hydra's loader over the user's conf, ours, and the installed components."""
    register()
    return ConfigLoaderImpl(config_search_path=create_config_search_path(None))


def compose(loader: ConfigLoaderImpl, verb: str, overrides: Sequence[str]) -> DictConfig:
    """Return what Hydra composes for a verb, with Hydra's own node; interpolations stay as they are."""
    return loader.load_configuration(config_name=verb, overrides=list(overrides), run_mode=RunMode.RUN, from_shell=True)


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
    alternatives = []
    for text in overrides:
        try:
            override = parse(loader, text)
        except HydraException:
            alternatives.append([text])
            continue
        if override.is_sweep_override():
            key = override.get_key_element()
            alternatives.append([f"{key}={value}" for value in override.sweep_string_iterator()])
        else:
            alternatives.append([text])
    return [list(job) for job in product(*alternatives)]
