"""The folder of a cache: files by key, whole or absent, the least recently used ones removed beyond a bound."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

SUFFIX = ".arrow"
_LEFTOVER_S = 3600.0
_ROOM = 0.9
_NUMBERS = count()


@dataclass(frozen=True)
class CacheFolder:
    """Files by key; any number of processes may read and write at once.

    Parameters
    ----------
    path
        The folder; made, for its owner alone, when something is first kept.
    most_bytes
        Of all files together.
    """

    path: Path
    most_bytes: int

    def load(self, key: str) -> bytes | None:
        """Return what is kept under a key, and note that it was used; None where nothing is."""
        place = self._place(key)
        try:
            content = place.read_bytes()
        except OSError:
            return None
        with suppress(OSError):
            os.utime(place)
        return content

    def save(self, key: str, content: bytes) -> None:
        """Keep some bytes, unless they are more than a quarter of the bound; make room for them.

        Raises
        ------
        OSError
            The folder cannot be written, or the disk is full.
        """
        if len(content) > self.most_bytes / 4:
            return
        self._prepare()
        fresh = self.path / f".{key}.{os.getpid()}.{next(_NUMBERS)}.new"
        try:
            fresh.write_bytes(content)
            fresh.chmod(0o600)
            fresh.replace(self._place(key))
        finally:
            fresh.unlink(missing_ok=True)
        self._make_room()

    def drop(self, key: str) -> None:
        """Forget what is kept under a key."""
        with suppress(OSError):
            self._place(key).unlink(missing_ok=True)

    def _place(self, key: str) -> Path:
        return self.path / f"{key}{SUFFIX}"

    def _prepare(self) -> None:
        if self.path.is_dir():
            return
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.path / ".gitignore").write_text("*\n")
        (self.path / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n")

    def _make_room(self) -> None:
        """Remove what was used least recently until a tenth is free, and what killed processes have left."""
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        if total <= self.most_bytes:
            return
        for _, size, path in files[:-1]:
            if total <= self.most_bytes * _ROOM:
                return
            with suppress(OSError):
                path.unlink(missing_ok=True)
            total -= size

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        late = time.time() - _LEFTOVER_S
        for entry in os.scandir(self.path):
            with suppress(FileNotFoundError):  # another process has removed it meanwhile
                state = entry.stat()
                if entry.name.endswith(".new") and state.st_mtime < late:
                    Path(entry.path).unlink(missing_ok=True)
                elif entry.name.endswith(SUFFIX):
                    yield state.st_mtime, state.st_size, Path(entry.path)
