"""The rows of a finished run, read again from its source or from what it kept of it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesic.data.preparing import prepare
from mesic.data.reading import type_table
from mesic.data.view import Dataset
from mesic.errors import DataError
from mesic.host.registry import installed
from mesic.runs.plan import source_of
from mesic.runs.versions import read_version


def dataset_again(folder: Path, record: Mapping[str, Any], *, key: str) -> Dataset:
    """Return the dataset of a finished run, row for row as the run saw it.

    Parameters
    ----------
    folder, record
        Of the run.
    key
        As what the user gave it, such as ``"run"``.

    Raises
    ------
    DataError
        The source gives other rows now, and the run kept none.
    """
    version = read_version(str(folder), key=key)
    declared = {**source_of(installed(), record["config"])[1], **version.declared}
    typed = type_table(version.table, declared, record["data"]["target"])
    if typed.digest != record["data"]["digest"]:
        raise DataError(
            f"{key}={folder}: its source {record['data']['path']!r} gives other rows now; bring back those of the "
            "run, or run again with snapshot=FOLDER, which keeps them"
        )
    return prepare(typed, declared)[0]
