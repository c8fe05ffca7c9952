"""Records on stdin, answers on stdout: a link in a chain of processes."""

import hashlib
import os
import select

from mesic import CheckFailed
from mesic_plugins.streams.lines import KIB, Lines, as_record, is_blank

CHUNK, HEAD = 64 * KIB, 4 * KIB


class Stdin:
    """Lines of JSON on stdin, a line of JSON a record on stdout.

    With a checkpoint, whoever starts it again sends the same records from the beginning: those that were answered are
    passed over.

    Parameters
    ----------
    max_record_kib : int
        Size of a record.
    read_from, write_to : int
        File descriptors.
    """

    resumes, writes_stdout, usual_checkpoint = True, True, None

    def __init__(self, max_record_kib=1024, read_from=0, write_to=1):
        self.longest = max_record_kib * KIB
        self._in, self._out = read_from, write_to

    def identity(self):
        """Return what is read and written."""
        return {"input": "stdin", "output": "stdout"}

    def open(self, position):
        """Begin, or pass over what was answered."""
        self._offset, self._has_ended, self._head = 0, False, b""
        self._lines = Lines(self.longest)
        if position is not None:
            self._pass_over(position)

    def _pass_over(self, position):
        left = position["offset"]
        while left:
            data = os.read(self._in, min(CHUNK, left))
            if not data:
                raise CheckFailed(
                    f"stdin ends {left:,} bytes before the checkpoint: send the same records from the beginning"
                )
            self._see(data)
            left -= len(data)
        self._offset = position["offset"]
        if self._digest() != position["digest"]:
            raise CheckFailed(
                "stdin holds other records than those of the checkpoint: send the same ones from the beginning, "
                "or remove the checkpoint to begin anew"
            )
        self._lines = Lines(self.longest, self._offset)

    def read(self, most, wait_s):
        """Return the next records."""
        if not self._lines.whole and not self._has_ended and select.select([self._in], [], [], wait_s)[0]:
            self._fill()
        lines = self._lines.take(most)
        if lines:
            self._offset = lines[-1].end
        elif self._has_ended:
            return None
        return [as_record(line, str(line.start)) for line in lines if not is_blank(line)]

    def _fill(self):
        data = os.read(self._in, CHUNK)
        self._see(data)
        self._lines.feed(data)
        if not data:
            self._has_ended = True
            self._lines.finish()

    def _see(self, data):
        if len(self._head) < HEAD:
            self._head += data[: HEAD - len(self._head)]

    def _digest(self):
        """Return a digest of the beginning of what was read, by which other records are told apart."""
        return hashlib.sha256(self._head[: self._offset]).hexdigest()

    def write(self, replies):
        """Write answers; whoever reads them slowly slows the reading of records."""
        view = memoryview(b"".join(reply.line + b"\n" for reply in replies))
        try:
            while view:
                view = view[os.write(self._out, view) :]
        except BrokenPipeError as error:
            raise CheckFailed("nobody reads the answers any more: stdout was closed") from error

    def commit(self):
        """Return how much was read, and a digest of its beginning."""
        return {"offset": self._offset, "digest": self._digest()}

    def lag(self):
        """Return None: nobody knows what is still to come."""
        return

    def close(self):
        """Leave stdin and stdout as they are."""
