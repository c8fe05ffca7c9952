"""Plugins hear that a deployment has changed."""

from pathlib import Path

from mesic.host.registry import installed, notify
from mesic.live.ledger import Change


def announce(folder: Path, change: Change) -> list[str]:
    """Tell every plugin of a change; return what went wrong with those that failed to listen."""
    facts = {"deployment": str(folder), **change.as_dict()}
    return [f"{one.provider}: {one.error}" for one in notify(installed(), "deployment_changed", change=facts)]
