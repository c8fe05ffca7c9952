"""How far a stream is answered, in a file that is replaced as a whole."""

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mesic.errors import CheckFailed, UsageError
from mesic.runs.files import json_digest, write_text

FORMAT = 1


@dataclass(frozen=True)
class Progress:
    """How far a stream is answered.

    Parameters
    ----------
    stream
        Which one: its name, what it reads and writes, how records are named.
    position
        Where to go on, in the stream's own words.
    bundle, version
        What answered last.
    records, refused
        Records that were answered since the beginning, and those among them that were refused.
    dead_letters
        Length of the file of dead letters in bytes.
    """

    stream: Mapping[str, Any]
    position: Mapping[str, Any]
    bundle: str
    version: str
    records: int = 0
    refused: int = 0
    dead_letters: int = 0
    format: int = field(default=FORMAT)


class Checkpoint:
    """The file that holds the progress of a stream; one process at a time.

    Parameters
    ----------
    path
        Where it lies.
    stream
        The stream as it is now.
    """

    def __init__(self, path: Path, stream: Mapping[str, Any]) -> None:
        self.path, self.stream = path, dict(stream)
        self._lock = -1

    def claim(self) -> None:
        """Keep other processes away until :meth:`release`.

        Raises
        ------
        UsageError
            Another one is at it, or the folder cannot be written.
        """
        beside = self.path.with_name(f".{self.path.name}.lock")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"checkpoint={self.path} is in use: another process answers this stream") from None
        except OSError as error:
            raise UsageError(f"checkpoint={self.path} cannot work: {error.strerror}; give another place") from error
        for left in self.path.parent.glob(f".{self.path.name}.*.new"):
            left.unlink(missing_ok=True)

    def release(self) -> None:
        """Let other processes at it."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def load(self) -> Progress | None:
        """Return what was saved last; None where nothing was.

        Raises
        ------
        CheckFailed
            It was altered or cut, or is of another stream.
        """
        try:
            told = json.loads(self.path.read_bytes())
            said = told.pop("digest")
            progress = Progress(**told)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, RecursionError, KeyError, AttributeError) as error:
            raise CheckFailed(self._refused(f"it cannot be read ({error})")) from error
        if said != json_digest(asdict(progress)) or progress.format != FORMAT:
            raise CheckFailed(self._refused("it was altered, or another version of mesic wrote it"))
        self._compare(progress)
        return progress

    def _compare(self, progress: Progress) -> None:
        names = sorted({*progress.stream, *self.stream})
        for name in names:
            was, now = progress.stream.get(name), self.stream.get(name)
            if was != now:
                raise CheckFailed(self._refused(f"it is of another stream: {name} was {was!r}, and is {now!r}"))

    def _refused(self, why: str) -> str:
        return f"checkpoint={self.path} is refused: {why}; give another, or remove it to begin anew"

    def save(self, progress: Progress) -> None:
        """Replace what was saved; after a crash there is the old or the new one."""
        body = asdict(progress)
        write_text(self.path, json.dumps({**body, "digest": json_digest(body)}, indent=1) + "\n")
