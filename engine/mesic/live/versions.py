"""The versions of a deployment: copies of bundles that were verified and asked through the server's door."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from mesic.bundle.bundle import load_bundle
from mesic.errors import CheckFailed, UsageError

FOLDER = "versions"
COPY_S = 3600.0  # after which a copy that was begun is one that nobody ends


def place_of(folder: Path, name: str) -> Path:
    """Return where the bundle of a version lies."""
    return folder / FOLDER / name


def install(bundle: Path, folder: Path, name: str) -> Path:
    """Copy a bundle into a deployment, verify every file of the copy, and ask it through the server's door.

    Raises
    ------
    UsageError
        It cannot be copied.
    CheckFailed
        A file was altered, or an end-to-end row is answered otherwise than on the day of training; nothing is left.
    """
    place = place_of(folder, name)
    fresh = place.with_name(f".{name}.{os.getpid()}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        shutil.copytree(bundle, fresh)
        load_bundle(fresh).check_end_to_end()
        prove(fresh)
        shutil.rmtree(place, ignore_errors=True)  # nobody uses it: else it would be known
        fresh.replace(place)
    except (OSError, shutil.Error) as error:
        raise UsageError(f"bundle={bundle} cannot be copied to {place}: {error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return place


def prove(bundle: Path) -> None:
    """Let a process of its own answer the end-to-end rows through the door of `mesic serve`.

    Raises
    ------
    CheckFailed
        An answer differs, be it in the last bit.
    """
    command = [sys.executable, "-P", "-m", "mesic.live.proving", str(bundle)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603 - our own
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if not line.startswith("{")][-1:]
        raise CheckFailed(f"bundle {bundle.name.split('.')[1]} does not answer as a server: {' '.join(said)}")


def prune(folder: Path, known: set[str]) -> None:
    """Remove the bundles of versions that the deployment no longer knows, and what killed processes left."""
    if (folder / FOLDER).is_symlink():
        return  # what lies there may be somebody else's
    for path in (folder / FOLDER).iterdir():
        is_under_way = path.name.endswith(".new") and time.time() - path.stat().st_mtime < COPY_S
        if path.name not in known and not is_under_way:
            shutil.rmtree(path, ignore_errors=True)
