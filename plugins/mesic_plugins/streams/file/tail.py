"""The lines of a file that grows, is rotated away, or is cut off."""

import os

from mesic import CheckFailed
from mesic_plugins.streams.file.rotation import MARK, follower, is_read_until, mark_of, number_of, rotated
from mesic_plugins.streams.lines import KIB, Lines

CHUNK = 256 * KIB
LOOKS = 2  # at the end of a file that was rotated away, before the next one is read


class Tail:
    """Lines of a file, one generation after the other.

    A generation begins with the file, and again where it was rotated away or cut off; an offset is the number of the
    generation and of the byte in it.

    Parameters
    ----------
    path : Path
        The file.
    longest : int
        Bytes that a line may have.
    tell : callable
        Hears of what happens to the file, a word and facts.
    """

    def __init__(self, path, longest, tell):
        self.path, self.longest, self.tell = path, longest, tell
        self.generation = self.offset = 0
        self._file = -1

    def open(self, position):
        """Begin, or go on from a position.

        Raises
        ------
        CheckFailed
            The file that was read is gone, or holds something else.
        """
        if position is None:
            self._begin(self.path, 0)
            return
        if position["number"] is None:  # there was no file yet
            self._begin(self.path, position["generation"])
            return
        path = self._found(position)
        if path is None:
            self._begin(self.path, position["generation"] + 1)
        else:
            self._begin(path, position["generation"], position["offset"])

    def _found(self, position):
        """Return where the file lies that was read; None where it was cut off since."""
        number, offset, mark = position["number"], position["offset"], position["mark"]
        files = [self.path, *rotated(self.path)]
        own = [one for one in files if number_of(one) == number]
        for one in (*own, self.path):
            if is_read_until(one, offset, mark):
                return one
        if own == [self.path]:
            self.tell("truncated", path=str(self.path), read=offset)
            return None
        raise CheckFailed(
            f"path={self.path} is not the file that was read until byte {offset:,}, and no file beside it is: "
            f"bring it back, or begin anew with another checkpoint and output"
        )

    def _begin(self, path, generation, offset=0):
        """Read a file from `offset` on; it may be that it is not there yet."""
        self.close()
        self.generation, self.offset, self._looks = generation, offset, 0
        self._lines, self._read_to, self._head = Lines(self.longest, offset), offset, b""
        try:
            self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        self._number = os.fstat(self._file).st_ino
        self._head = os.pread(self._file, min(MARK, offset), 0)

    @property
    def is_there(self):
        """Whether there is a file."""
        return self._file >= 0

    def take(self, most):
        """Return the next lines; none where there is no whole line yet."""
        if not self._lines.whole:
            self._fill()
        lines = self._lines.take(most)
        if lines:
            self.offset = lines[-1].end
        return lines

    def finish(self):
        """Take the last line as it is, though it has no end."""
        self._lines.finish()

    def _fill(self):
        if not self.is_there:
            self._begin(self.path, self.generation)
            if not self.is_there:
                return
        if os.pread(self._file, len(self._head), 0) != self._head:
            self._restart()
        data = os.pread(self._file, CHUNK, self._read_to)
        if not data:
            self._look_around()
            return
        self._looks = 0
        if len(self._head) < MARK:
            self._head = os.pread(self._file, min(MARK, self._read_to + len(data)), 0)
        self._read_to += len(data)
        self._lines.feed(data)

    def _restart(self):
        """Read the file from its beginning: what was read is no longer in it."""
        self.tell("truncated", path=str(self.path), read=self._read_to)
        self.generation += 1
        self.offset = self._read_to = 0
        self._lines, self._head = Lines(self.longest), b""

    def _look_around(self):
        """See what became of a file that does not grow: it was cut off, or rotated away."""
        status = os.fstat(self._file)
        if status.st_size < self._read_to:
            self._restart()
            return
        if number_of(self.path) in (None, self._number):
            self._looks = 0
            return
        self._looks += 1
        if self._looks <= LOOKS:  # who wrote it may still have it open
            return
        self._lines.finish()
        if not self._lines.whole:
            following = follower(self.path, self._number, status.st_mtime_ns)
            self.tell("rotated", path=str(self.path), read=self._read_to)
            self._begin(following, self.generation + 1)

    def header(self):
        """Return the first line of the generation; None where it is not whole yet."""
        head = os.pread(self._file, self.longest, 0) if self.is_there else b""
        line, newline, _ = head.partition(b"\n")
        return line if newline else None

    def position(self):
        """Return where to go on."""
        mark = mark_of(self._file, self.offset) if self.is_there else []
        number = self._number if self.is_there else None
        return {"generation": self.generation, "offset": self.offset, "number": number, "mark": mark}

    def waiting(self):
        """Return how many bytes of the file are still to be read."""
        return max(0, os.fstat(self._file).st_size - self.offset) if self.is_there else 0

    def close(self):
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
