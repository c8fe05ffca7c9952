"""Cut bytes into lines, holding no more than one line that is not whole yet."""

from collections import deque
from typing import NamedTuple

from mesic import Record

KIB = 1024


class Line(NamedTuple):
    """A line without its end, where it starts and where the next one does; `problem` says why there are no bytes."""

    data: bytes
    start: int
    end: int
    problem: str = ""


class Lines:
    r"""Cuts what is fed into lines; bytes are counted from `offset` on.

    Parameters
    ----------
    longest : int
        Bytes that a line may have; of a longer one nothing is kept.
    offset : int
        Where the first byte stands.

    Examples
    --------
    >>> lines = Lines(5)
    >>> lines.feed(b"one\ntw")
    >>> lines.feed(b"o\nlonger than five\n")
    >>> [(line.data, line.start, line.end) for line in lines.take(9)]
    [(b'one', 0, 4), (b'two', 4, 8), (b'', 8, 25)]
    """

    def __init__(self, longest, offset=0):
        self.longest = longest
        self.whole: deque[Line] = deque()
        self._start, self._partial, self._size = offset, bytearray(), 0

    def feed(self, data):
        """Take note of the next bytes."""
        *ended, rest = data.split(b"\n")
        for piece in ended:
            self._keep(piece)
            self._end(1)
        self._keep(rest)

    def _keep(self, piece):
        self._size += len(piece)
        if self._size <= self.longest:
            self._partial += piece
        else:
            self._partial.clear()

    def _end(self, newline):
        end = self._start + self._size + newline
        too_long = self._size > self.longest
        problem = f"the record is longer than {self.longest // KIB:,} KiB, and was not read" if too_long else ""
        self.whole.append(Line(bytes(self._partial), self._start, end, problem))
        self._start, self._size = end, 0
        self._partial.clear()

    def finish(self):
        """Take what is left as a line, though it has no end."""
        if self._size:
            self._end(0)

    def take(self, most):
        """Return the next lines, `most` at most; blank ones too."""
        return [self.whole.popleft() for _ in range(min(most, len(self.whole)))]


def is_blank(line):
    """Return whether nothing stands on a line, so that it is no record."""
    return not line.problem and not line.data.strip()


def as_record(line, offset, origin=None):
    """Return a line as a record."""
    data = line.data[3:] if line.data.startswith(b"\xef\xbb\xbf") else line.data
    return Record(data, offset, origin, line.problem)
