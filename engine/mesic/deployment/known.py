"""Which artefacts were built here: asking any other one runs a stranger's program."""

from contextlib import suppress

from mesic.own import state_folder

FILE = "artefacts"


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
