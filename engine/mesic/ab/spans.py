"""When each arm was live: an arm that joins or leaves is compared with the control of the same time only."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from mesic.ab.exposures import Exposures
from mesic.ab.plan import Design
from mesic.findings import Finding

BY_CHANCE = 1e-6  # that an arm which is live gets nobody for so long


@dataclass(frozen=True)
class Span:
    """From when to when an arm, or a pair of arms, was live; infinite where it was from the start or to the end."""

    start: float = -math.inf
    end: float = math.inf

    def __and__(self, other: "Span") -> "Span":
        return Span(max(self.start, other.start), min(self.end, other.end))

    def holds(self, time: np.ndarray) -> np.ndarray:
        """Return which times lie within, shape (n,)."""
        return (time >= self.start) & (time <= self.end)


def assigned(exposures: Exposures) -> tuple[np.ndarray, np.ndarray]:
    """Return what was assigned, units or clusters: arm and first time of each, shape (n,)."""
    if exposures.clusters is None:
        return exposures.arms, exposures.first
    count = int(exposures.clusters.max()) + 1
    first, arms = np.full(count, np.inf), np.empty(count, dtype=object)
    np.minimum.at(first, exposures.clusters, exposures.first)
    arms[exposures.clusters] = exposures.arms
    return arms, first


def spans(exposures: Exposures, design: Design) -> dict[str, Span]:
    """Return when each arm was live.

    An arm joined late where more were assigned before its first than chance leaves out, and left early likewise.
    """
    arms, first = assigned(exposures)
    found = {}
    for arm, share in design.share.items():
        own = first[arms == arm]
        if not own.size:
            continue
        before, after = int((first < own.min()).sum()), int((first > own.max()).sum())
        is_late, is_early = (count * math.log1p(-share) < math.log(BY_CHANCE) for count in (before, after))
        found[arm] = Span(own.min() if is_late else -math.inf, own.max() if is_early else math.inf)
    return found


def span_findings(exposures: Exposures, live: Mapping[str, Span], control: str) -> Iterator[Finding]:
    """Say which arms joined or left in mid-flight, and which were never live beside the control."""
    same_time = "it is compared with the control of the same time only"
    for arm, span in live.items():
        who = f"arm {arm!r}" + (", the control," if arm == control else "")
        if math.isfinite(span.start):
            message = f"{who} joined in mid-flight, at {exposures.moment(span.start)}; {same_time}"
            fix = "begin a test when all of its arms do"
            yield Finding("AB-ARM-ADDED", "warning", message, {"arm": arm, "start": span.start}, fix)
        if math.isfinite(span.end):
            message = f"{who} left in mid-flight, at {exposures.moment(span.end)}; {same_time}"
            fix = "end a test for all of its arms at once"
            yield Finding("AB-ARM-REMOVED", "warning", message, {"arm": arm, "end": span.end}, fix)
        both = span & live.get(control, Span())
        if both.start > both.end:
            message = f"arm {arm!r} and the control {control!r} were never live at the same time"
            fix = "name the column of times with time=; without one the rows must stand in the order of time"
            yield Finding("AB-NO-OVERLAP", "block", message, {"arm": arm}, fix)
