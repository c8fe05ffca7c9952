"""Stages: one thing after the other, each written before the next one starts.

A stage's result is a function of the digests of its inputs, its part of the configuration, the digest of the code
and its seed. That is its key: a result on disk with the same key is taken as it is, which is how a run that was
killed is taken up again.
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mesic.caching.entries import Damaged, read, written
from mesic.host.hookspecs import hookimpl
from mesic.host.registry import Registry
from mesic.runs.files import replacing


@dataclass(frozen=True)
class Stage:
    """A named piece of work, as plugins that wrap ``run_stage`` see it."""

    name: str
    work: Callable[[], Any]


class PlainStage:
    """The innermost ``run_stage``: it does the work."""

    @hookimpl(trylast=True)
    def run_stage(self, stage: Stage) -> Any:
        """Do the work of a stage."""
        return stage.work()


def run_stage(registry: Registry, stage: Stage) -> Any:
    """Do a stage inside whatever plugins have wrapped around it."""
    if not registry.manager.has_plugin("mesic:stage"):
        registry.manager.register(PlainStage(), "mesic:stage")
    return registry.manager.hook.run_stage(stage=stage)


@dataclass(frozen=True)
class Store:
    """Results of stages by key, complete or absent."""

    folder: Path

    def save(self, key: str, facts: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
        """Keep a result: what JSON can hold, and arrays of any shape."""
        content = written(facts, arrays)
        with replacing(self._path(key)) as fresh:
            fresh.write_bytes(content)

    def load(self, key: str) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """Return a result that was kept under a key; None where there is none, or a byte of it has changed."""
        try:
            found: tuple[dict[str, Any], dict[str, np.ndarray]] = read(self._path(key).read_bytes())
        except (FileNotFoundError, Damaged):
            return None
        return found

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.arrow"

    def clear(self) -> None:
        """Forget everything."""
        shutil.rmtree(self.folder, ignore_errors=True)
