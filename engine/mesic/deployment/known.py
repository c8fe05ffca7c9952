"""Which artefacts were built here: asking any other one runs a stranger's program."""

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

FILE = "artefacts"


def state_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where this user's programs keep what they must remember.

    Examples
    --------
    >>> str(state_folder({"XDG_STATE_HOME": "/home/ada/state"}))
    '/home/ada/state/mesic'
    """
    told = environment.get("XDG_STATE_HOME", "")
    return (Path(told) if Path(told).is_absolute() else Path("~/.local/state").expanduser()) / "mesic"


def remember(digest: str) -> None:
    """Write down that an artefact was built here; where there is no room for it, it counts as a stranger's."""
    path = state_folder() / FILE
    with suppress(OSError, RuntimeError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("a", encoding="ascii") as file:
            file.write(f"{digest}\n")


def is_known(digest: str) -> bool:
    """Return whether an artefact of this digest was built here."""
    try:
        return digest in (state_folder() / FILE).read_text(encoding="ascii", errors="replace").split()
    except (OSError, RuntimeError):
        return False
