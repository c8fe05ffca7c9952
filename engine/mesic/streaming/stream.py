"""What a stream is asked for: records in order, a place for their answers, and how far both are safe."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Protocol

Position = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it came.

    Parameters
    ----------
    value
        One JSON object as bytes, without an end of line; or its fields, where the stream itself has read them.
    offset
        Where it stands; the same text whenever it is read again.
    origin
        The stream's own, such as the connection that is to be answered.
    problem
        Why it cannot be read, in words; it is answered with them.
    """

    value: bytes | Mapping[str, Any]
    offset: str
    origin: Any = None
    problem: str = ""


class Reply(NamedTuple):
    """The answer to a record, or its refusal: one JSON object as bytes, without an end of line; the record's key."""

    record: Record
    line: bytes
    key: Any = None
    is_refusal: bool = False


class Stream(Protocol):
    """Where records come from, and where their answers go.

    One thread asks it, and answers all that it has read before it reads on: what it does not read waits where it is.

    ``resumes`` says whether :meth:`open` goes on from what :meth:`commit` returned, so that a checkpoint is of use;
    ``usual_checkpoint`` is where it is kept unless somebody says otherwise; ``writes_stdout`` says that answers go to
    stdout.
    """

    resumes: bool
    writes_stdout: bool
    usual_checkpoint: Path | None

    def identity(self) -> Mapping[str, str]:
        """Return what is read and written: a checkpoint of something else is refused."""
        ...

    def open(self, position: Position | None) -> None:
        """Begin, or go on from `position`; answers that were written after it are taken back where that can be."""
        ...

    def read(self, most: int, wait_s: float) -> Sequence[Record] | None:
        """Return the next records, `most` at most; none after a wait of about `wait_s`; None when it has ended."""
        ...

    def write(self, replies: Sequence[Reply]) -> None:
        """Hand on the replies to all records that were read last, in order; return when there is room for more."""
        ...

    def commit(self) -> Position:
        """Make safe all that was written, and return where to go on; all that was read has been answered."""
        ...

    def lag(self) -> tuple[float, str] | None:
        """Return how much waits, and of what, such as ``(2048, "bytes")``; None where that is not known."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...
