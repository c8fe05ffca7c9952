"""The line between the supervisor and a process that answers: JSON objects, one a line, over a pair of sockets."""

import asyncio
import json
import socket
from typing import Any

Message = dict[str, Any]
LONGEST = 2**20


class Line:
    """One end of the line."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def over(cls, end: socket.socket) -> "Line":
        """Return a line over a connected socket."""
        return cls(*await asyncio.open_connection(sock=end, limit=LONGEST))

    def say(self, **message: Any) -> None:
        """Send a message; to one who has gone it is lost."""
        if not self._writer.is_closing():
            self._writer.write(json.dumps(message).encode() + b"\n")

    async def hear(self) -> Message | None:
        """Return the next message; None when the other end has gone."""
        try:
            text = await self._reader.readline()
        except (ConnectionError, ValueError):
            return None
        heard: Message | None = json.loads(text) if text.endswith(b"\n") else None
        return heard

    async def flushed(self) -> None:
        """Wait until what was said is on its way."""
        try:
            await self._writer.drain()
        except ConnectionError:
            return

    def close(self) -> None:
        """End the line."""
        self._writer.close()
