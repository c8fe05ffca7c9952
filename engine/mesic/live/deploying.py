"""Deploy a bundle to a deployment that answers: ask who objects, prove it, then begin its roll-out."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from mesic.bundle.bundle import Bundle, load_bundle
from mesic.deployment.deploying import refuse_objections
from mesic.errors import UsageError
from mesic.host.building import build
from mesic.host.registry import Offer, installed
from mesic.live.deployment import Deployment, Rolling
from mesic.live.judging import begin
from mesic.live.label_options import LabelOptions
from mesic.live.labels import labelled
from mesic.live.ledger import Change, Ledger, changed, seen_in
from mesic.live.names import checked_name
from mesic.live.versions import install, place_of, prune
from mesic.reviewing.reviews import review
from mesic.rollout.units import key_of
from mesic.serving.release import expiry

TARGET = "serve"
VERSIONS_KEPT = 5
AT_ONCE = "single"


@dataclass(frozen=True)
class Wanted:
    """What is to be deployed, and how.

    Parameters
    ----------
    bundle
        ``RUN/bundle``.
    rollout
        Name of the roll-out; None: at once.
    options
        Of the roll-out.
    version
        Its name in answers; None: the beginning of the bundle's digest.
    expires
        Last day on which it answers.
    unit
        Field of a row that names its unit; None: as it was before.
    policy
        A file of waivers and the like for the review.
    labels
        What labels that come later are worth, and how many answers are kept for them.
    seed
        Decides, with the unit and the roll-out's number, who is assigned what.
    """

    bundle: Path
    rollout: str | None = None
    options: Mapping[str, Any] | None = None
    version: str | None = None
    expires: str | None = None
    unit: str | None = None
    policy: str | None = None
    labels: LabelOptions = field(default_factory=LabelOptions)
    seed: int = 0


def deploy_live(folder: Path, wanted: Wanted) -> Change:
    """Deploy a version; return what was done.

    The first version is in use at once; a later one by its roll-out. A bundle that is not proven never has a part.

    Raises
    ------
    CheckFailed
        A gate objects, a file was altered, or it answers otherwise than on the day of training.
    UsageError
        A roll-out is under way, the name is taken, or an option cannot work.
    ComponentError
        No plugin offers the roll-out.
    """
    offer = installed().find("rollout", wanted.rollout or AT_ONCE)
    rollout = build(offer, wanted.options or {}, seed=0)
    expiry(wanted.expires)
    loaded = load_bundle(wanted.bundle)
    name = checked_name(wanted.version or loaded.digest[:12])
    ledger = Ledger(folder)
    before = ledger.seen().deployment if ledger.store.exists() else None
    facts: dict[str, Any] = {"bundle": loaded.digest, "expires": wanted.expires, "classes": loaded.classes}
    terms = None if offer.component.name == AT_ONCE or before is None else rollout.terms

    def become(now: Deployment | None) -> Deployment:
        _refuse_taken(now, name, loaded)
        after = (now or Deployment(name, unit=wanted.unit)).with_version(name, facts)
        after = after if wanted.unit is None else replace(after, unit=wanted.unit or None)
        after = labelled(_pruned(after.held_back(rollout.holdback)), wanted.labels, loaded, terms)
        if now is None:
            return after
        if offer.component.name == AT_ONCE:
            now.refuse_rolling()
            return after.replaced(name)
        return after.rolled_out(name, _rolling(after, offer, wanted))

    become(before)  # what cannot be is said before the proof takes its time
    refuse_objections(review(loaded, TARGET, policy=wanted.policy))
    facts |= {"added": time.time(), "proof": _proof(folder, name, before, wanted.bundle)}
    with ledger.store.changing() as connection:
        why = f"{name} by rollout={offer.component.name}" if before else f"{name} is the first version"
        change = changed(connection, folder, become, ("deploy", why, "person", facts | {"version": name}))
        assert change is not None
        after = seen_in(connection, folder).deployment
        if after.rolling is not None:
            begin(connection, after)
    prune(folder, set(after.versions))
    return change


def _proof(folder: Path, name: str, before: Deployment | None, bundle: Path) -> dict[str, Any] | None:
    """Return what a deployment says of the proof of a version; one that is kept was proven when it came."""
    if before is not None and name in before.versions and place_of(folder, name).is_dir():
        kept: dict[str, Any] | None = before.versions[name].get("proof")
        return kept
    proof = install(bundle, folder, name)
    (door,) = proof["doors"].values()
    told = {key: proof[key] for key in ("rows", "refused", "digest", "is_new")}
    return {**told, "score": door["score"], "largest_difference": door["largest_difference"]}


def _refuse_taken(now: Deployment | None, name: str, bundle: Bundle) -> None:
    if now is None:
        return
    known = now.versions.get(name)
    if known is not None and known["bundle"] != bundle.digest:
        raise UsageError(f"version={name} is another bundle, {known['bundle'][:12]}: give this one another name")
    if name == now.current:
        raise UsageError(f"version {name} is in use already: there is nothing to deploy")


def _rolling(deployment: Deployment, offer: Offer, wanted: Wanted) -> Rolling:
    number = f"r{deployment.rollouts + 1}"
    options = dict(wanted.options or {})
    if "reference" in {one.name for one in fields(offer.component.options)}:
        options["reference"] = deployment.current
    seed = key_of(wanted.seed, number) % 2**32
    return Rolling(number, offer.component.name, offer.provider.distribution, options, seed, time.time())


def _pruned(deployment: Deployment) -> Deployment:
    """Return the deployment without versions that have no part, but for the latest few."""
    idle = [name for name in deployment.versions if name not in deployment.kept]
    for name in idle[: max(0, len(deployment.versions) - VERSIONS_KEPT)]:
        deployment = deployment.without_version(name)
    return deployment
