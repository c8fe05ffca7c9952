"""A version of a table by its path: a file, or the folder of a run, which says where its rows came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from mesic.config.settings import SourceOptions
from mesic.data.reading import read_table
from mesic.data.snapshot import Snapshot
from mesic.errors import DataError, SettingError
from mesic.host.building import build
from mesic.host.registry import installed
from mesic.runs.plan import source_of
from mesic.runs.record import read_record


@dataclass(frozen=True)
class Version:
    """Rows, and what was declared of them.

    Parameters
    ----------
    name
        What the user typed.
    table
        The rows that the run kept, or as its source gives them now.
    declared
        Roles that a run declares; empty for a file.
    """

    name: str
    table: pa.Table
    declared: Mapping[str, Any]


def read_version(path: str, *, key: str) -> Version:
    """Return a version of a table.

    Parameters
    ----------
    path
        A table file, or the folder of a run.
    key
        As what the user gave it, such as ``"a"``.

    Raises
    ------
    UsageError
        There is no such file, or the folder holds no run.
    DataError
        It cannot be read.
    """
    if not Path(path).exists():
        raise SettingError(key, path, "a table file or the folder of a run that exists")
    try:
        return _read(path)
    except DataError as error:
        error.add_note(f"in {key}={path}")
        raise


def _read(path: str) -> Version:
    if Path(path).is_dir():
        record = read_record(path)
        if kept := record.get("data", {}).get("snapshot"):
            snapshot = Snapshot(Path(kept))
            declared = {name: record["config"]["source"][name] for name in SourceOptions.__dataclass_fields__}
            declared |= {"target": record["data"]["target"], "schema": str(snapshot.schema)}
            return Version(path, snapshot.read(record["data"]["digest"]), declared)
        source, declared = source_of(installed(), record["config"])
        return Version(path, read_table(source), declared | {"target": declared["target"] or source.target})
    return Version(path, read_table(build(installed().find("source", "table"), {"path": path})), {})
