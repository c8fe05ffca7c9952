"""Rows on their way to the process that answers them beside: bounded, never waited for; what is lost is counted."""

from collections.abc import Mapping
from typing import Any

import msgspec

from mesic.serving.ring import Ring

Cells = Mapping[str, Any] | bytes


class Beside:
    """Hands rows on; where the other process does not keep up they are lost.

    Parameters
    ----------
    ring
        Where that process takes them from.
    """

    def __init__(self, ring: Ring) -> None:
        self.ring, self.dropped = ring, 0

    def take(self, rollout: str, version: str, row: Cells, answer: Cells) -> None:
        """Take a row that a version has answered, and the answer: as they were read, or as JSON."""
        try:
            is_taken = not self.ring.is_full() and self.ring.put(
                msgspec.msgpack.encode((rollout, version, row, answer))
            )
        except (TypeError, ValueError):  # a cell that cannot travel
            is_taken = False
        self.dropped += not is_taken

    def lost(self) -> int:
        """Return how many rows were lost since the last time."""
        lost, self.dropped = self.dropped, 0
        return lost
