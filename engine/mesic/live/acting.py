"""What a person does to a deployment: roll back, promote."""

from collections.abc import Callable
from pathlib import Path

from mesic.errors import UsageError
from mesic.live.deployment import Deployment
from mesic.live.ledger import Change, Ledger


def rollback(folder: Path, *, version: str | None = None, why: str | None = None) -> Change:
    """End the roll-out under way, else return to the version before, or to one that is kept.

    Raises
    ------
    UsageError
        There is no deployment, or nothing to return to.
    """
    return _done(folder, lambda now: now.returned(version), "rollback", why or "a person said so")


def promote(folder: Path, *, why: str | None = None) -> Change:
    """Let the version that is tried answer everyone.

    Raises
    ------
    UsageError
        There is no deployment, or no roll-out under way.
    """
    return _done(folder, Deployment.promoted, "promote", why or "a person said so")


def _done(folder: Path, become: Callable[[Deployment], Deployment], action: str, why: str) -> Change:
    ledger = Ledger(folder)
    ledger.look()  # it must be there

    def of_what_is(now: Deployment | None) -> Deployment:
        if now is None:
            raise UsageError(f"deployment={folder} holds no version")
        return become(now)

    change = ledger.change(of_what_is, action=action, why=why)
    assert change is not None  # no generation was expected
    return change
