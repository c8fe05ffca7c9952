"""An artefact that a server answers from: its bundle, and the keys that lie beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mesic.errors import UsageError

SETTINGS, BUNDLE = "serve.yaml", "bundle"


def keys_of(folder: str | Path) -> dict[str, Any]:
    """Return the keys of ``mesic serve`` that an artefact says, ``bundle`` among them; every file is verified.

    Raises
    ------
    UsageError
        It is none, or none that a server answers from.
    CheckFailed
        It was altered.
    """
    import yaml

    from mesic.deployment.artefact import load_artefact

    artefact = load_artefact(folder)
    settings = artefact.folder / SETTINGS
    if not settings.is_file():
        name = artefact.manifest["target"]["name"]
        raise UsageError(f"artefact={folder} is for {name}: give one of target=server")
    keys: dict[str, Any] = yaml.safe_load(settings.read_text(encoding="utf-8"))
    return {**keys, "bundle": str(artefact.folder / BUNDLE)}


def said_by_artefact(arguments: Sequence[str]) -> list[str]:
    """Return what an artefact of ``target=server`` that is named says, as one would type it; of others nothing.

    It belongs in front of what was typed, which wins.

    Raises
    ------
    UsageError
        A bundle is named beside it.
    CheckFailed
        It was altered.
    """
    named = [text.partition("=")[2] for text in arguments if text.startswith("artefact=")]
    if not named or not (Path(named[-1]) / SETTINGS).is_file():
        return []
    if any(text.startswith("bundle=") for text in arguments):
        raise UsageError("artefact= says what answers: leave bundle= out")
    return [f"{name}={typed(value)}" for name, value in keys_of(named[-1]).items()]


def typed(value: Any) -> str:
    r"""Return a value as Hydra reads it again.

    Examples
    --------
    >>> typed("1.0"), typed(None), typed(8080)
    ("'1.0'", 'null', '8080')
    """
    if isinstance(value, str):
        quoted = value.replace("'", "\\'")
        return f"'{quoted}'"
    return "null" if value is None else str(value)


def renamed(settings: Any, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return version, last day and envelope as an artefact says them now, where they were not typed.

    Parameters
    ----------
    settings
        The keys by which the server was started.
    before
        What the artefact said then.
    """
    now = keys_of(settings.artefact)
    named = ("version", "expires", "envelope")
    return {name: now[name] for name in named if getattr(settings, name) == before[name]}
