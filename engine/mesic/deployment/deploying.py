"""Deploy a bundle: ask who objects, build the artefact, prove it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from mesic.bundle.bundle import Bundle, load_bundle
from mesic.deployment.artefact import Artefact, provider_facts, write_artefact
from mesic.deployment.target import release_of
from mesic.errors import CheckFailed
from mesic.host.building import build
from mesic.host.registry import installed
from mesic.reviewing.reviews import Review, review
from mesic.reviewing.telling import review_lines


def deploy(
    bundle: str | Path | Bundle,
    target: str = "static",
    *,
    out: str | Path,
    options: Mapping[str, Any] | None = None,
    version: str | None = None,
    expires: str | None = None,
    policy: str | Path | Mapping[str, Any] | None = None,
    today: date | None = None,
) -> Artefact:
    """Build an artefact of a bundle, and prove that it answers as the bundle does; only then it is there.

    Parameters
    ----------
    bundle
        ``RUN/bundle``, or one that is loaded; where that is strict (:func:`mesic.with_envelope`), so is the artefact.
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
    policy
        A file of waivers and the like for the :func:`mesic.review`, or what it would say.
    today
        Decides whether `expires` lies in the past; None: the day it is, UTC.

    Raises
    ------
    CheckFailed
        The bundle was altered, a gate objects, or the artefact answers otherwise; the first rows are named.
    UsageError
        An option cannot work, or a step has no form in the target.
    ComponentError
        No plugin offers the target.
    """
    offer, chosen = installed().find("target", target), dict(options or {})
    builder = build(offer, chosen)
    loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    release = release_of(loaded, version, expires, today or datetime.now(UTC).date())
    loaded.check_end_to_end()
    found = review(loaded, target, policy=policy, today=today)
    refuse_objections(found)
    facts = {"target": provider_facts(offer, chosen), "review": found.as_dict()}
    return write_artefact(loaded, builder, facts, release, Path(out))


def refuse_objections(found: Review) -> None:
    """Raise CheckFailed where a gate objects and nobody waived it."""
    if not found.is_allowed:
        problems = [f"{objection.code}: {objection.message}" for objection in found.blocking]
        raise CheckFailed("\n".join(review_lines(found)), problems)
