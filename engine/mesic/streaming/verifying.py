"""A bundle that is about to answer a stream: every digest, and the sealed rows answered as records."""

import json
from pathlib import Path

from mesic.bundle.beside import answers_beside
from mesic.errors import CheckFailed, DataError
from mesic.serving.release import Release, load_release
from mesic.serving.sealed_rows import as_json
from mesic.serving.settings import ServeSettings
from mesic.streaming.answering import Answering
from mesic.streaming.settings import StreamOptions
from mesic.streaming.stream import Record


def verified(folder: str | Path, settings: ServeSettings) -> Release:
    """Load a bundle and answer its end-to-end rows as records.

    Raises
    ------
    CheckFailed
        A file was altered, or an answer differs, be it in the last bit.
    """
    from pyarrow import parquet

    release = load_release(str(folder), settings)
    table = parquet.ParquetFile(release.bundle.folder / "end_to_end.parquet").read()
    rows = table.to_pylist()
    beside = answers_beside(release.bundle.classes)
    asked = [{name: as_json(cell) for name, cell in row.items() if name not in beside} for row in rows]
    records = [Record(json.dumps(row).encode(), str(number)) for number, row in enumerate(asked)]
    for row, reply in zip(rows, Answering(release, StreamOptions()).replies(records), strict=True):
        answer = json.loads(reply.line)
        if "error" in answer:
            raise DataError(f"bundle {folder}: end-to-end row {answer['id']} is refused: {answer['error']['message']}")
        for name, own in beside.items():
            if answer[own] != row.get(name):
                raise CheckFailed(
                    f"bundle {folder} answers end-to-end row {answer['id']} differently as a stream: "
                    f"{own}={answer[own]!r}, not {row.get(name)!r}"
                )
    return release
