"""The sealed end-to-end rows as a caller sends them, with what must come back."""

import datetime
import decimal
import math
from collections.abc import Iterator, Mapping
from typing import Any

from mesic.bundle.beside import answers_beside
from mesic.errors import CheckFailed
from mesic.serving.release import Release

Cells = dict[str, Any]


def sealed_rows(release: Release) -> Iterator[tuple[int, Cells, Cells]]:
    """Yield number, row and answer of each end-to-end row of a bundle."""
    from pyarrow import parquet

    table = parquet.ParquetFile(release.bundle.folder / "end_to_end.parquet").read()
    beside = answers_beside(release.bundle.classes)
    for number, row in enumerate(table.to_pylist()):
        sent = {name: as_json(cell) for name, cell in row.items() if name not in beside}
        wanted = {own: row.get(name) for name, own in beside.items()}
        yield number, sent, wanted


def as_json(cell: Any) -> Any:
    """Return a cell of a table as a caller would send it."""
    if isinstance(cell, float) and not math.isfinite(cell):
        return None if math.isnan(cell) else str(cell)
    if isinstance(cell, decimal.Decimal):
        return float(cell)
    if isinstance(cell, datetime.timedelta):
        return cell.total_seconds()
    if isinstance(cell, (datetime.date, datetime.time)):
        return cell.isoformat()
    return cell


def refuse_difference(release: Release, number: int, status: int, answer: Mapping[str, Any], wanted: Cells) -> None:
    """Raise CheckFailed where a row was refused, or answered otherwise, be it in the last bit."""
    if status != 200:
        raise CheckFailed(f"bundle {release.bundle.folder}: end-to-end row {number} is refused: {answer}")
    for name, cell in wanted.items():
        if answer[name] != cell:
            raise CheckFailed(
                f"bundle {release.bundle.folder} answers end-to-end row {number} differently through the server: "
                f"{name}={answer[name]!r}, not {cell!r}"
            )
