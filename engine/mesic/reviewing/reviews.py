"""The review of a bundle: every gate is asked, what was waived is told apart, and the answer is written down."""

import traceback
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from mesic.bundle.bundle import Bundle, load_bundle
from mesic.errors import ConfigError
from mesic.host.registry import Registry, installed
from mesic.reviewing import audit_log
from mesic.reviewing.evidence import evidence_of
from mesic.reviewing.objections import Evidence, Objection
from mesic.reviewing.policies import load_policy, policy_problems
from mesic.reviewing.waivers import Waiver, waivers_of
from mesic.runs.timeline import current_user, now

HOOK = "review_deployment"


@dataclass(frozen=True)
class Review:
    """What a review came to.

    Parameters
    ----------
    bundle
        Digest of the bundle.
    target
        Where it would be deployed; empty: nowhere in particular.
    blocking
        Objections that stop the deployment.
    waived
        Objections with the waiver that each has.
    warnings
        Objections that stop nothing.
    gates
        Who was asked.
    notes
        What else a person should know: waivers that have expired, or that nothing needs.
    """

    bundle: str
    target: str
    blocking: tuple[Objection, ...]
    waived: tuple[tuple[Objection, Waiver], ...]
    warnings: tuple[Objection, ...]
    gates: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def is_allowed(self) -> bool:
        """Whether the bundle may be deployed."""
        return not self.blocking

    def as_dict(self) -> dict[str, Any]:
        """Return the review as ``--json`` prints it and the audit log stores it."""
        return {
            "bundle": self.bundle,
            "target": self.target,
            "verdict": "allowed" if self.is_allowed else "blocked",
            "blocking": [objection.as_dict() for objection in self.blocking],
            "waived": [objection.as_dict() | {"waiver": waiver.as_dict()} for objection, waiver in self.waived],
            "warnings": [objection.as_dict() for objection in self.warnings],
            "gates": list(self.gates),
            "notes": list(self.notes),
        }


def review(
    bundle: str | Path | Bundle,
    target: str = "",
    *,
    policy: str | Path | Mapping[str, Any] | None = None,
    today: date | None = None,
    registry: Registry | None = None,
) -> Review:
    """Ask every gate whether a bundle may be deployed, and write the answer to the audit log beside it.

    Parameters
    ----------
    bundle
        ``RUN/bundle``, or one that is loaded.
    target
        Where it would be deployed, in words; handed to the gates.
    policy
        A file, or what it would say: keys of ``policy`` that change those of the run; waivers are added.
    today
        Decides what has expired; None: the day it is, UTC.
    registry
        Whose gates are asked; None: those that are installed.

    Raises
    ------
    CheckFailed
        The bundle was altered.
    ConfigError
        The policy cannot work.
    UsageError
        There is no bundle, or the audit log cannot be written.

    Examples
    --------
    >>> import tempfile, mesic
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     run = mesic.run(overrides=["tuner=single", "learner=linear", "evaluator=[]"], out=folder + "/r")
    ...     found = mesic.review(run.folder / "bundle", policy={"require": ["approver"]})
    >>> found.is_allowed, [objection.code for objection in found.blocking]
    (False, ['APPROVER-MISSING'])
    """
    loaded = bundle if isinstance(bundle, Bundle) else load_bundle(bundle)
    said = load_policy(Path(policy)) if isinstance(policy, str | Path) else dict(policy or {})
    evidence = evidence_of(loaded, said, today or datetime.now(UTC).date())
    _refuse_problems(evidence)
    objections, gates = ask_gates(registry or installed(), loaded, target, evidence)
    found = _judged(loaded.digest, target, objections, gates, evidence)
    event = {"time": now(), "who": current_user(), "what": "review", "today": evidence.today.isoformat()}
    audit_log.write_down(audit_log.log_of(loaded.folder), event | found.as_dict())
    return found


def _refuse_problems(evidence: Evidence) -> None:
    if problems := list(policy_problems(evidence.policy)):
        raise ConfigError(problems)


def ask_gates(registry: Registry, bundle: Bundle, target: str, evidence: Evidence) -> tuple[list[Objection], list[str]]:
    """Return what all gates object, and who was asked; one that breaks objects, for nobody knows what it would say."""
    asked = {"bundle": bundle, "target": target, "evidence": evidence}
    found, gates = [_unloaded(plugin.provider.entry_point, plugin.error) for plugin in registry.broken], []
    for implementation in getattr(registry.manager.hook, HOOK).get_hookimpls():
        name = implementation.plugin_name
        gates.append(name)
        wanted = {key: asked[key] for key in implementation.argnames}
        found += _said(name, lambda call=implementation.function, wanted=wanted: call(**wanted))
    if not gates:
        found.append(
            Objection(
                "NO-GATE", "no plugin has a gate: nobody looked", fix="unset MESIC_PLUGINS, MESIC_DISABLE_PLUGINS"
            )
        )
    return found, gates


def _said(name: str, ask: Any) -> Iterator[Objection]:
    try:
        for objection in ask() or ():
            if not isinstance(objection, Objection):
                raise TypeError(f"{HOOK} returned {objection!r}, which is no mesic.Objection")  # noqa: TRY301
            yield replace(objection, gate=name)
    except Exception as error:  # noqa: BLE001 - a gate that breaks must not open
        details = "".join(traceback.format_exception(error))
        message = f"the gate of plugin {name!r} broke: {type(error).__name__}: {error}"
        fix = "mend the plugin, or disable it: MESIC_DISABLE_PLUGINS=NAME"
        yield Objection("GATE-BROKEN", message, name, evidence={"traceback": details}, fix=fix, gate=name)


def _unloaded(name: str, error: str) -> Objection:
    message = f"plugin {name!r} could not be loaded, and may have a gate: {error}"
    return Objection("GATE-BROKEN", message, name, fix="mend the plugin, or disable it: MESIC_DISABLE_PLUGINS=NAME")


def _judged(
    digest: str, target: str, objections: Sequence[Objection], gates: Iterable[str], evidence: Evidence
) -> Review:
    blocking: list[Objection] = []
    waived: list[tuple[Objection, Waiver]] = []
    waivers = waivers_of(evidence.policy["waivers"])
    serious = [objection for objection in objections if objection.severity != "warning"]
    for objection in serious:
        valid = [one for one in waivers if one.covers(objection) and one.until >= evidence.today]
        if valid:
            waived.append((objection, max(valid, key=lambda one: one.until)))
        else:
            blocking.append(objection)
    warnings = tuple(objection for objection in objections if objection.severity == "warning")
    notes = tuple(_notes(waivers, serious, evidence.today))
    return Review(digest, target, tuple(blocking), tuple(waived), warnings, tuple(gates), notes)


def _notes(waivers: Sequence[Waiver], objections: Sequence[Objection], today: date) -> Iterator[str]:
    for waiver in waivers:
        about = f"the waiver of {waiver.code}{f' ({waiver.subject})' if waiver.subject else ''} by {waiver.who}"
        if waiver.until < today:
            yield f"{about} expired on {waiver.until.isoformat()}: it is refused; renew it or take it out"
        elif not any(waiver.covers(objection) for objection in objections):
            yield f"{about} is not needed: nothing of the kind was objected"
