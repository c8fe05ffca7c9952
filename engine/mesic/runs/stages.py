"""Stages: one thing after the other, each written before the next one starts.

A stage's result is a function of the digests of its inputs, its part of the configuration, the digest of the code
and its seed. That is its key: a result on disk with the same key is taken as it is, which is how a run that was
killed is taken up again.
"""

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import ipc

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
        columns = {
            name: pa.array([np.ascontiguousarray(array).tobytes()], pa.large_binary()) for name, array in arrays.items()
        }
        shapes = {name: [array.dtype.str, *array.shape] for name, array in arrays.items()}
        meta = json.dumps({"facts": facts, "shapes": shapes})
        columns["_facts"] = pa.array([meta.encode()], pa.large_binary())
        table = pa.table(columns)
        with replacing(self._path(key)) as fresh, ipc.new_file(fresh, table.schema) as writer:
            writer.write_table(table)

    def load(self, key: str) -> tuple[dict[str, Any], dict[str, np.ndarray]] | None:
        """Return a result that was kept under a key, or None."""
        if not self._path(key).exists():
            return None
        with pa.memory_map(str(self._path(key))) as file:
            table = ipc.open_file(file).read_all()
            cells = {name: table.column(name)[0].as_py() for name in table.column_names}
        meta = json.loads(cells.pop("_facts"))
        arrays = {
            name: np.frombuffer(cells[name], dtype=kind).reshape(shape).copy()
            for name, (kind, *shape) in meta["shapes"].items()
        }
        return meta["facts"], arrays

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.arrow"

    def clear(self) -> None:
        """Forget everything."""
        shutil.rmtree(self.folder, ignore_errors=True)
