"""The sealed end-to-end rows, answered through the server's own door before it says that it is ready."""

import asyncio
import datetime
import decimal
import json
import math
import socket
from collections.abc import Iterable
from typing import Any

from mesic.errors import CheckFailed
from mesic.serving.connection import Connection
from mesic.serving.release import Release
from mesic.serving.service import Service

EXPECTED = "expected "


async def check_through_door(service: Service, release: Release) -> int:
    """Send the end-to-end rows to a service as a caller would; return how many there are.

    Parameters
    ----------
    service
        One that answers with the release and counts for itself.
    release
        What must answer as it did on the day of training.

    Raises
    ------
    CheckFailed
        An answer differs, be it in the last bit, or is refused.
    """
    from pyarrow import parquet

    table = parquet.ParquetFile(release.bundle.folder / "end_to_end.parquet").read()
    caller, door = socket.socketpair()
    loop = asyncio.get_running_loop()
    await loop.connect_accepted_socket(lambda: Connection(service), door)
    reader, writer = await asyncio.open_connection(sock=caller)
    try:
        for number, row in enumerate(table.to_pylist()):
            sent = {name: as_json(cell) for name, cell in row.items() if not name.startswith(EXPECTED)}
            wanted = {name.removeprefix(EXPECTED): cell for name, cell in row.items() if name.startswith(EXPECTED)}
            writer.write(_request(service, sent))
            status, answer = await _reply(reader)
            if status != 200:
                raise CheckFailed(f"bundle {release.bundle.folder}: end-to-end row {number} is refused: {answer}")
            _compare(release, number, answer, wanted.items())
    finally:
        writer.close()
    return int(table.num_rows)


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


def _request(service: Service, row: dict[str, Any]) -> bytes:
    body = json.dumps(row).encode()
    token = f"Authorization: Bearer {service.settings.token}\r\n" if service.settings.token else ""
    head = f"POST /predict HTTP/1.1\r\nHost: door\r\nContent-Type: application/json\r\n{token}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


async def _reply(reader: asyncio.StreamReader) -> tuple[int, dict[str, Any]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    size = next(int(line.split(":")[1]) for line in head.splitlines() if line.startswith("Content-Length:"))
    answer: dict[str, Any] = json.loads(await reader.readexactly(size))
    return int(head.split()[1]), answer


def _compare(release: Release, number: int, answer: dict[str, Any], wanted: Iterable[tuple[str, Any]]) -> None:
    for name, cell in wanted:
        if answer[name] != cell:
            raise CheckFailed(
                f"bundle {release.bundle.folder} answers end-to-end row {number} differently through the server: "
                f"{name}={answer[name]!r}, not {cell!r}"
            )
