"""Rows on their way to the process that answers them beside: bounded, never waited for; what is lost is counted.

They are gathered by time, not by number: of answers that follow each other closely few wait until rows are sent on.
"""

import asyncio
import socket
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

Taken = tuple[str, Mapping[str, Any] | bytes, Mapping[str, Any]]
GATHER_S = 0.02
MOST_TOGETHER, MOST_WAITING = 16, 2048


class Beside:
    """Sends rows on; who does not keep up loses them.

    Parameters
    ----------
    line
        A connected socket that keeps packets apart.
    """

    def __init__(self, line: socket.socket) -> None:
        line.setblocking(False)
        self.line, self.dropped = line, 0
        self._waiting: list[Taken] = []

    def take(self, version: str, row: Mapping[str, Any] | bytes, answer: Mapping[str, Any]) -> None:
        """Take a row that a version has answered, as it was read, or as the JSON that it came in."""
        if len(self._waiting) == MOST_WAITING:
            self.dropped += 1
            return
        self._waiting.append((version, row, answer))
        if len(self._waiting) == 1:
            asyncio.get_running_loop().call_later(GATHER_S, self._send)

    def _send(self) -> None:
        rows, self._waiting = self._waiting, []
        for start in range(0, len(rows), MOST_TOGETHER):
            self._packet(rows[start : start + MOST_TOGETHER])

    def _packet(self, rows: Sequence[Taken]) -> None:
        try:
            self.line.send(msgspec.msgpack.encode(rows))
        except (OSError, TypeError, ValueError):  # it is full, or what it carries too large for a packet
            self.dropped += len(rows)

    def lost(self) -> int:
        """Return how many rows were lost since the last time."""
        lost, self.dropped = self.dropped, 0
        return lost
