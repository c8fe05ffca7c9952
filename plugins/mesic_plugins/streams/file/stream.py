"""Records of a growing file, answers appended to another: each record has one answer there, whatever happens."""

import json
import sys
import time
from pathlib import Path
from typing import Any

from mesic import AppendedFile, SettingError
from mesic_plugins.streams.file.csv_rows import Columns
from mesic_plugins.streams.file.tail import Tail
from mesic_plugins.streams.lines import KIB, as_record, is_blank

FORMATS = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "jsonl", ".log": "jsonl"}


class File:
    """A growing file of JSON lines or CSV, answers appended to another.

    Answers that were written after the last checkpoint are taken back when it is started again, and written anew.

    Parameters
    ----------
    path, output : str
        The files.
    format : str
        ``jsonl``, ``csv``, or ``auto``.
    follow : bool
        Whether to wait for more at the end.
    poll_s : float
        Time between looks.
    max_record_kib : int
        Size of a record.

    Raises
    ------
    SettingError
        A file cannot be what it should be.
    """

    resumes, writes_stdout = True, False

    def __init__(self, path, output, format="auto", follow=True, poll_s=0.05, max_record_kib=1024):  # noqa: A002 - the option's name
        self.path, self.output = Path(path), Path(output)
        self.follow, self.poll_s, self.longest = follow, poll_s, max_record_kib * KIB
        self.format = FORMATS.get(self.path.suffix.lower()) if format == "auto" else format
        if self.format is None:
            raise SettingError("stream.path", path, f"a file that ends in {', '.join(FORMATS)}, or stream.format=")
        if self.path.is_dir() or not (self.path.exists() or (follow and self.path.parent.is_dir())):
            raise SettingError("stream.path", path, "a file that exists, or will in a folder that does")
        if self.output.resolve() == self.path.resolve():
            raise SettingError("stream.output", output, "another file than the one that is read")
        self._tail = Tail(self.path, self.longest, _tell)
        self._written = AppendedFile(self.output, "stream.output")
        self._columns: Any = None
        self._of = -1

    @property
    def usual_checkpoint(self):
        """Beside the answers."""
        return self.output.with_name(f"{self.output.name}.checkpoint")

    def identity(self):
        """Return what is read and written."""
        return {"input": str(self.path.absolute()), "output": str(self.output.absolute())}

    def open(self, position):
        """Begin, or go on from a position; what was answered after it is cut off."""
        self._written.open(None if position is None else position["output"])
        self._tail.open(None if position is None else position["input"])

    def read(self, most, wait_s):
        """Return the next records."""
        lines = self._tail.take(most)
        if not lines and not self.follow:
            self._tail.finish()
            lines = self._tail.take(most)
            if not lines:
                return None
        if not lines:
            time.sleep(min(self.poll_s, wait_s))
            lines = self._tail.take(most)
        return [self._record(line) for line in lines if not self._is_aside(line)]

    def _is_aside(self, line):
        """Return whether a line is no record: it is blank, or the header."""
        return is_blank(line) or (self.format == "csv" and line.start == 0 and not line.problem)

    def _record(self, line):
        offset = f"{self._tail.generation}:{line.start}"
        if self.format == "jsonl" or line.problem:
            return as_record(line, offset)
        if self._of != self._tail.generation:
            self._columns, self._of = Columns(self._tail.header()), self._tail.generation
        return self._columns.record(line.data, offset)

    def write(self, replies):
        """Append answers."""
        self._written.append(b"".join(reply.line + b"\n" for reply in replies))

    def commit(self):
        """Make safe what was written; return where to go on in both files."""
        return {"output": self._written.commit(), "input": self._tail.position()}

    def lag(self):
        """Return the bytes that wait in the file."""
        return self._tail.waiting(), "bytes"

    def close(self):
        """Let go of both files."""
        self._tail.close()
        self._written.close()


def _tell(event, **facts):
    sys.stderr.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stderr.flush()
