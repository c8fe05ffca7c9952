"""The versions of a deployment: copies of bundles that were verified and proven to answer as a server."""

import os
import shutil
import time
from pathlib import Path
from typing import Any

from mesic.errors import UsageError

FOLDER = "versions"
COPY_S = 3600.0  # after which a copy that was begun is one that nobody ends


def place_of(folder: Path, name: str) -> Path:
    """Return where the bundle of a version lies."""
    return folder / FOLDER / name


def install(bundle: Path, folder: Path, name: str) -> dict[str, Any]:
    """Copy a bundle into a deployment, verify every file of the copy, and prove it; return the proof.

    Raises
    ------
    UsageError
        It cannot be copied.
    CheckFailed
        A file was altered, or the server answers otherwise than the bundle; nothing is left.
    """
    from mesic.bundle.bundle import load_bundle
    from mesic.deployment.server_proof import proven_as_server

    place = place_of(folder, name)
    fresh = place.with_name(f".{name}.{os.getpid()}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        shutil.copytree(bundle, fresh)
        copy = load_bundle(fresh)
        copy.check_end_to_end()
        proof = proven_as_server(copy)
        shutil.rmtree(place, ignore_errors=True)  # nobody uses it: else it would be known
        fresh.replace(place)
    except (OSError, shutil.Error) as error:
        raise UsageError(f"bundle={bundle} cannot be copied to {place}: {error}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return proof


def prune(folder: Path, known: set[str]) -> None:
    """Remove the bundles of versions that the deployment no longer knows, and what killed processes left."""
    if (folder / FOLDER).is_symlink():
        return  # what lies there may be somebody else's
    for path in (folder / FOLDER).iterdir():
        is_under_way = path.name.endswith(".new") and time.time() - path.stat().st_mtime < COPY_S
        if path.name not in known and not is_under_way:
            shutil.rmtree(path, ignore_errors=True)
