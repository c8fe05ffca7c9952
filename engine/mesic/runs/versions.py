"""A version of a table by its path: a file, or the folder of a run, which says where its rows came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from mesic.data.reading import read_table
from mesic.host.building import build
from mesic.host.registry import installed
from mesic.runs.plan import source_of
from mesic.runs.record import FILE, read_record


@dataclass(frozen=True)
class Version:
    """Rows, and what was declared of them.

    Parameters
    ----------
    name
        What the user typed.
    table
        The rows as the source gives them now.
    declared
        Roles that a run declares; empty for a file.
    """

    name: str
    table: pa.Table
    declared: Mapping[str, Any]


def read_version(path: str) -> Version:
    """Return a version of a table.

    Raises
    ------
    UsageError
        There is no such file, or the folder holds no run.
    DataError
        It cannot be read.
    """
    if (Path(path) / FILE).is_file() or Path(path).is_dir():
        record = read_record(path)
        source, declared = source_of(installed(), record["config"])
        return Version(path, read_table(source), declared | {"target": declared["target"] or source.target})
    return Version(path, read_table(build(installed().find("source", "table"), {"path": path})), {})
