"""A file that answers are appended to, and that is cut back to what a checkpoint knows."""

import fcntl
import os
from pathlib import Path

from mesic.errors import CheckFailed, UsageError


class AppendedFile:
    r"""A file that one process appends to.

    Parameters
    ----------
    path
        The file.
    name
        The option that names it, for messages.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> file = AppendedFile(Path(folder.name, "answers.jsonl"), "output")
    >>> file.open(None)
    >>> file.append(b"one\n")
    >>> length = file.commit()
    >>> file.append(b"lost\n")
    >>> file.close()
    >>> file.open(length)
    >>> file.path.read_text()
    'one\n'
    >>> file.close()
    >>> folder.cleanup()
    """

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name, self.length = path, name, 0
        self._file = -1

    def open(self, length: int | None) -> None:
        """Go on after the first `length` bytes, cutting off what follows; None: nothing is there yet.

        Raises
        ------
        CheckFailed
            It is shorter than that, or holds something that nobody knows of.
        UsageError
            It cannot be opened, or another process appends to it.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            self._claim()
            self._cut(os.fstat(self._file).st_size, length)
        except OSError as error:
            self.close()
            raise self._unwritten(error) from error
        except (CheckFailed, UsageError):
            self.close()
            raise

    def _claim(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"{self.name}={self.path} cannot work: another process writes to it; stop it") from None

    def _cut(self, size: int, length: int | None) -> None:
        if length is None and size:
            raise CheckFailed(
                f"{self.name}={self.path} holds {size:,} bytes that no checkpoint knows of: give another, or remove it"
            )
        self.length = length or 0
        if size < self.length:
            raise CheckFailed(
                f"{self.name}={self.path} has {size:,} bytes, and had {self.length:,} at the checkpoint: bring it "
                f"back, or remove both to begin anew"
            )
        os.ftruncate(self._file, self.length)
        os.lseek(self._file, self.length, os.SEEK_SET)

    def append(self, data: bytes) -> None:
        """Write bytes at the end.

        Raises
        ------
        UsageError
            There is no room; what was safe stays so.
        """
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            raise self._unwritten(error) from error
        self.length += len(data)

    def commit(self) -> int:
        """Make safe what was appended; return how long the file is."""
        try:
            os.fsync(self._file)
        except OSError as error:
            raise self._unwritten(error) from error
        return self.length

    def close(self) -> None:
        """Let go of the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _unwritten(self, error: OSError) -> UsageError:
        return UsageError(
            f"cannot write {self.name}={self.path}: {error.strerror or error}; make room and start again: "
            f"it goes on where it was safe"
        )
