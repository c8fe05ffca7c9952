"""What this user's programs remember on this machine: it tells their own files from a stranger's."""

import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

KEY, KEY_BYTES = "key", 32


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where this user's programs keep what they must remember.

    Examples
    --------
    >>> str(state_folder({"XDG_STATE_HOME": "/home/ada/state"}))
    '/home/ada/state/mesic'
    """
    told = environment.get("XDG_STATE_HOME", "")
    return (Path(told) if Path(told).is_absolute() else Path("~/.local/state").expanduser()) / "mesic"


def own_key() -> bytes | None:
    """Return what seals this user's files, made when it is first asked for; None where it cannot be kept."""
    try:
        path = state_folder() / KEY
        if not path.exists():
            _make(path)
        key = path.read_bytes()
    except (OSError, RuntimeError):
        return None
    return key if len(key) == KEY_BYTES else None


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        fresh.touch(mode=0o600)
        fresh.write_bytes(secrets.token_bytes(KEY_BYTES))
        with suppress(FileExistsError):  # of processes that begin at once the first one makes it
            os.link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)
