"""Everything that is known of a deployment, as JSON can hold it."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesic.live.deployment import Deployment
from mesic.live.labels import labels_of, measure_of
from mesic.live.ledger import Ledger
from mesic.rollout.state import RolloutState

LATENCIES = ("latency",)


def status_of(folder: Path, history: int = 5) -> dict[str, Any]:
    """Return versions with their parts, the roll-out with what would decide it, and the latest actions.

    Raises
    ------
    UsageError
        There is no deployment.
    """
    ledger = Ledger(folder)
    seen = ledger.seen()
    deployment, labels = seen.deployment, labels_of(seen.deployment)
    told = ledger.told(deployment.rolling.id) if deployment.rolling else {}
    decision = told.get("decision") or {}
    state = RolloutState.from_json(told["state"]) if told.get("state") else None
    return {
        "deployment": str(folder),
        "generation": seen.generation,
        "current": deployment.current,
        "previous": deployment.previous,
        "candidate": deployment.candidate,
        "baseline": deployment.baseline,
        "holdback": deployment.holdback,
        "unit": deployment.unit,
        "labels": {"measure": measure_of(deployment).name, "rows": labels.rows, "days": labels.days},
        "versions": {
            name: {**facts, "parts": _parts(deployment, name), **_traffic(deployment, name, decision, state)}
            for name, facts in deployment.versions.items()
        },
        "rollout": _rollout(deployment, told, decision, state),
        "history": ledger.history(history),
    }


def _parts(deployment: Deployment, name: str) -> list[str]:
    parts = {
        "current": deployment.current,
        "candidate": deployment.candidate,
        "previous": deployment.previous,
        "baseline": deployment.baseline if deployment.holdback else None,
    }
    return [part for part, who in parts.items() if who == name]


def _traffic(
    deployment: Deployment, name: str, decision: Mapping[str, Any], state: RolloutState | None
) -> dict[str, Any]:
    shares = decision.get("shares") or {deployment.current: 1.0}
    share = shares.get(name, 0.0) * (1 - deployment.holdback)
    share += deployment.holdback if deployment.holdback and name == deployment.baseline else 0.0
    known = state is not None and name in {arm.name for arm in state.arms}
    return {
        "share": share,
        "requests": state.assigned(name) if known and state else None,
        "latency_s": _latency(state, name) if known and state else None,
    }


def _latency(state: RolloutState, name: str) -> float | None:
    """Return the geometric mean of the seconds that an answer took."""
    sums = state.measured(name, *LATENCIES)
    return math.exp(sums.share / sums.rewarded) if sums.rewarded else None


def _rollout(
    deployment: Deployment, told: Mapping[str, Any], decision: Mapping[str, Any], state: RolloutState | None
) -> dict[str, Any] | None:
    rolling = deployment.rolling
    if rolling is None:
        return None
    evidence = decision.get("evidence") or {}
    report = told["report"]
    return {
        "id": rolling.id,
        "name": rolling.name,
        "options": dict(rolling.options),
        "since": rolling.since,
        "action": decision.get("action", "continue"),
        "why": evidence.get("why", "nothing has been counted yet"),
        "stage": evidence.get("stage"),
        "guards": evidence.get("guards", []),
        "versions": evidence.get("versions", {}),
        "evidence": evidence,
        "findings": decision.get("findings", []),
        "outcomes": told["outcomes"],
        "waiting": told["waiting"],
        "dropped": report.get("dropped", 0),
        "largest_difference": report.get("largest"),
        "errors": report.get("errors", {}),
        "requests": sum(state.assigned(name) for name in state.active) if state else 0,
    }
