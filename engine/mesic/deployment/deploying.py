"""Deploy a bundle: ask who objects, build the artefact, prove it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from mesic.bundle.bundle import Bundle, load_bundle
from mesic.deployment.artefact import Artefact, provider_facts, write_artefact
from mesic.deployment.target import release_of
from mesic.host.building import build
from mesic.host.registry import Registry, installed


def deploy(
    bundle: str | Path | Bundle,
    target: str = "static",
    *,
    out: str | Path,
    options: Mapping[str, Any] | None = None,
    version: str | None = None,
    expires: str | None = None,
    today: date | None = None,
    registry: Registry | None = None,
) -> Artefact:
    """Build an artefact of a bundle, and prove that it answers as the bundle does; only then it is there.

    Parameters
    ----------
    bundle
        ``RUN/bundle``, or one that is loaded.
    target
        Name of the target.
    out
        The artefact's folder; an artefact that lies there is replaced, at once.
    options
        Of the target.
    version
        Any text; None: the beginning of the bundle's digest.
    expires
        The last day on which it answers, such as ``"2027-01-31"``; None: it never expires.
    today
        Decides whether `expires` lies in the past; None: the day it is, UTC.
    registry
        Whose targets can be named; None: those that are installed.

    Raises
    ------
    CheckFailed
        The bundle was altered, or the artefact answers otherwise; the first rows are named.
    UsageError
        An option cannot work, or a step has no form in the target.
    ComponentError
        No plugin offers the target.
    """
    offer, chosen = (registry or installed()).find("target", target), dict(options or {})
    builder = build(offer, chosen)
    loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    release = release_of(loaded, version, expires, today or datetime.now(UTC).date())
    loaded.check_end_to_end()
    return write_artefact(loaded, builder, provider_facts(offer, chosen), release, Path(out))
