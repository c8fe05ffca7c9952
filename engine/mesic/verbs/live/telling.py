"""What was done to a deployment, as people and machines read it."""

from pathlib import Path
from typing import TYPE_CHECKING

from mesic.console import print_json, print_text, tell

if TYPE_CHECKING:
    from mesic.live.ledger import Change


def tell_change(folder: Path, change: "Change", *, as_json: bool) -> None:
    """Print what was done, after every plugin has heard of it."""
    from mesic.live.announcing import announce

    deaf = announce(folder, change)
    for one in deaf:
        tell(f"a plugin failed to hear of it: {one}")
    if as_json:
        print_json({"deployment": str(folder), **change.as_dict(), "not_told": deaf})
        return
    print_text(said(folder, change))


def said(folder: Path, change: "Change") -> str:
    """Return a change in one sentence."""
    is_new = change.before not in (None, change.after)
    now = f"{change.before} -> {change.after}" if is_new else change.after
    return f"{folder}: {change.action}, in use: {now} ({change.why})"
