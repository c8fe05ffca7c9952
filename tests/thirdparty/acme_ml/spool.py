"""A stream of acme's own: each file of a folder is a record, answers go to one file."""

from contextlib import contextmanager
from pathlib import Path

from mesic import AppendedFile, Record


class Spool:
    """Files of a folder in the order of their names; a name is given once, and later ones come behind."""

    resumes, writes_stdout = True, False

    def __init__(self, folder, output):
        self.folder, self.last = Path(folder), ""
        self.written = AppendedFile(Path(output), "stream.output")

    @property
    def usual_checkpoint(self):
        """Beside the answers."""
        return self.written.path.with_suffix(".checkpoint")

    def identity(self):
        """Return what is read and written."""
        return {"input": str(self.folder), "output": str(self.written.path)}

    def open(self, position):
        """Begin, or go on."""
        self.last = position["last"] if position else ""
        self.written.open(position["output"] if position else None)

    def read(self, most, wait_s):
        """Return the next files; it ends where there are no more."""
        names = sorted(path.name for path in self.folder.iterdir() if path.name > self.last)[:most]
        self.last = names[-1] if names else self.last
        return [Record((self.folder / name).read_bytes(), name) for name in names] or None

    def write(self, replies):
        """Append answers."""
        self.written.append(b"".join(reply.line + b"\n" for reply in replies))

    def commit(self):
        """Make answers safe."""
        return {"output": self.written.commit(), "last": self.last}

    def lag(self):
        """Return None: nobody counts files."""

    def close(self):
        """Let go of the answers."""
        self.written.close()

    @classmethod
    @contextmanager
    def bench(cls, folder):
        """Let the contract suite try it."""
        yield SpoolBench(cls, folder)


class SpoolBench:
    """A folder of files."""

    goes_on = True

    def __init__(self, kind, folder):
        self.kind, self.spool, self.output = kind, folder / "spool", folder / "answers.jsonl"
        self.spool.mkdir()
        self.answered = 0

    def stream(self):
        """Return a stream; who begins anew takes a new file of answers."""
        return Begins(self.kind(self.spool, self.output))

    def send(self, values):
        """Lay down files."""
        for number, value in enumerate(values):
            (self.spool / f"{number:06d}").write_bytes(value)

    def answers(self):
        """Return what was written."""
        return self.output.read_bytes().splitlines()


class Begins:
    """A stream that removes answers nobody knows of when it begins, as a person would."""

    def __init__(self, stream):
        self.stream = stream

    def __getattr__(self, name):
        return getattr(self.stream, name)

    def open(self, position):
        """Begin, or go on."""
        if position is None:
            self.stream.written.path.unlink(missing_ok=True)
        self.stream.open(position)
