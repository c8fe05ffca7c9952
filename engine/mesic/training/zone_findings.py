"""What the user should know of a zone: the edges of the search, and where it says less than it seems to."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from mesic.findings import Finding
from mesic.host.components import Choice, Range
from mesic.training.zone import paired_excess
from mesic.training.zone_width import place_in

EDGE_SHARE = 0.02
FEWEST_TRIALS = 5
FEWEST_BETWEEN = 3


def edge_findings(
    zone: Mapping[str, Any], space: Mapping[str, Range | Choice], limits: Mapping[str, tuple[float, float]]
) -> list[Finding]:
    """Say which searched options the best trial holds at the edge of their range, and which way to widen.

    Parameters
    ----------
    zone
        As :func:`estimate_zone` returns it.
    space
        What was searched.
    limits
        Lowest and highest value that an option can have at all; an edge there cannot be widened.
    """
    best = next(trial for trial in zone["trials"] if trial["number"] == zone["best"])
    findings = []
    for name, span in space.items():
        if isinstance(span, Range) and name in best["params"] and len(zone["trials"]) > 1:
            place = place_in(span, best["params"][name])
            wider = _wider(span, limits.get(name, (-np.inf, np.inf)), is_low=place <= EDGE_SHARE)
            if (place <= EDGE_SHARE or place >= 1 - EDGE_SHARE) and wider != (span.low, span.high):
                findings.append(_edge_finding(name, best["params"][name], span, wider))
    return findings


def _wider(span: Range, limits: tuple[float, float], *, is_low: bool) -> tuple[float, float]:
    if is_low:
        return max(limits[0], span.low / 4 if span.low > 0 else span.low - (span.high - span.low)), span.high
    return span.low, min(limits[1], span.high * 4 if span.high > 0 else span.high + (span.high - span.low))


def _edge_finding(name: str, value: float, span: Range, wider: tuple[float, float]) -> Finding:
    side = "lower" if wider[0] < span.low else "upper"
    log = ", log" if span.log else ""
    return Finding(
        "EDGE-OF-SEARCH",
        "info",
        f"the best trial has {name}={value:g}, at the {side} edge of the search",
        {"option": name, "value": value, "low": span.low, "high": span.high},
        f"'tuner.space.{name}=[{wider[0]:g}, {wider[1]:g}{log}]' widens it",
    )


def zone_findings(
    zone: Mapping[str, Any], best: np.ndarray, baselines: Mapping[str, np.ndarray], weight: np.ndarray | None
) -> list[Finding]:
    """Say where a zone is everything or in pieces, and which baselines lie in it.

    Parameters
    ----------
    zone
        As :func:`~mesic.training.zone.estimate_zone` returns it.
    best
        Losses a row of the best trial, out of fold, shape (m,).
    baselines
        By name, the losses of the same rows.
    weight
        Of rows, shape (m,), or None.
    """
    findings = [*_everything(zone), *_in_pieces(zone)]
    for name, losses in baselines.items():
        worse, error = paired_excess(losses, best, weight)
        if worse <= zone["standard_errors"] * error:
            message = f"the baseline {name!r} lies in the zone: out of fold it cannot be told from the best trial"
            fix = "look for better columns or more rows before another learner"
            findings.append(Finding("BASELINE-IN-ZONE", "warning", message, {"worse": worse, "error": error}, fix))
    return findings


def _everything(zone: Mapping[str, Any]) -> list[Finding]:
    tried, outside = len(zone["trials"]), len(zone["sides"])
    if outside or tried < FEWEST_TRIALS:
        return []
    message = f"all {tried} trials lie in the zone: the data cannot tell them apart"
    fix = "take the simplest (zone.prefer=simplest), widen tuner.space, or get more rows"
    return [Finding("ZONE-IS-EVERYTHING", "info", message, {"trials": tried}, fix)]


def _in_pieces(zone: Mapping[str, Any]) -> list[Finding]:
    """Say so when several complete trials of sizes between two members lie outside."""
    sized = sorted((t["complexity"], t["in_zone"]) for t in zone["trials"] if t["complexity"])
    members = [place for place, (_, is_inside) in enumerate(sized) if is_inside]
    gaps = [b - a - 1 for a, b in pairwise(members)]
    if not gaps or max(gaps) < FEWEST_BETWEEN:
        return []
    place = members[int(np.argmax(gaps))]
    low, high = sized[place][0], sized[place + max(gaps) + 1][0]
    unit = zone["complexity"] or "size"
    message = (
        f"the zone is in pieces: between members of {low:,.4g} and {high:,.4g} {unit} lie {max(gaps)} trials outside"
    )
    fix = "complexity alone does not decide here: look which other options the members share (edges in zone.json)"
    return [Finding("ZONE-IN-PIECES", "info", message, {"low": low, "high": high, "between": max(gaps)}, fix)]
