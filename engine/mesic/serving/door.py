"""The sealed end-to-end rows, answered through the server's own door before it says that it is ready."""

import asyncio
import json
import socket
from typing import Any

from mesic.serving.connection import Connection
from mesic.serving.release import Release
from mesic.serving.sealed_rows import refuse_difference, sealed_rows
from mesic.serving.service import Service


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
    caller, door = socket.socketpair()
    loop = asyncio.get_running_loop()
    await loop.connect_accepted_socket(lambda: Connection(service), door)
    reader, writer = await asyncio.open_connection(sock=caller)
    count = 0
    try:
        for number, sent, wanted in sealed_rows(release):
            writer.write(_request(service, sent))
            status, answer = await _reply(reader)
            refuse_difference(release, number, status, answer, wanted)
            count += 1
    finally:
        writer.close()
    return count


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
