"""The folder of the log stays within its bounds: the oldest sealed files go first."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from mesic.predictions.files import FRESH, OPEN, SEALED

MIB = 2**20
DAY_S = 86_400


def make_room(folder: Path, *, most_bytes: float, coming_bytes: int = 0, days: float | None = None) -> list[Path]:
    """Delete the oldest sealed files until all files together, and what is to come, are small enough; return them.

    Parameters
    ----------
    folder
        Of the log.
    most_bytes
        That all files may take together.
    coming_bytes
        About to be written.
    days
        Age from which a file is deleted in any case, counted from its last row; None: any age may stay.
    """
    sizes = dict(_sizes(folder))
    sealed = sorted(path for path in sizes if path.suffix == SEALED)
    excess = sum(size for size, _ in sizes.values()) + coming_bytes - most_bytes
    oldest = -1.0 if days is None else time.time() - days * DAY_S
    gone = []
    for path in sealed:
        size, changed = sizes[path]
        if excess > 0 or changed < oldest:
            with suppress(FileNotFoundError):  # another process makes room, too
                path.unlink()
                gone.append(path)
            excess -= size
    return gone


def _sizes(folder: Path) -> Iterator[tuple[Path, tuple[int, float]]]:
    for path in folder.iterdir():
        if path.suffix in (OPEN, SEALED, FRESH):
            with suppress(FileNotFoundError):
                status = path.stat()
                yield path, (status.st_size, status.st_mtime)
