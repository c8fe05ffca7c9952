"""Which steps work row by row in Python, where whole columns at once would take a fraction of the time.

Lines of Python are counted, not timed: a step that executes a line or more for each further row loops over rows. What
these loops take of its time is read from a profile.
"""

import cProfile
import pstats
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mesic.data.view import Dataset
from mesic.findings import Finding
from mesic.report.words import percent
from mesic.runs.resources import Clock
from mesic.training.metering import measuring
from mesic.training.recipe import Recipe

SIZES = (200, 400)
LEAST_LINES = 1.0  # a row
LARGE_SHARE = 0.5
MOST_NAMED = 5
Place = tuple[str, str]


@dataclass(frozen=True)
class Loop:
    """The loops of one step.

    Parameters
    ----------
    step
        Such as ``"transformer/text_counts"``.
    lines
        Of Python that it executes for each further row.
    share
        Of its time that functions take which loop over rows.
    functions
        Those with most lines a row: name, lines a row.
    """

    step: str
    lines: float
    share: float
    functions: tuple[tuple[str, float], ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        functions = [{"function": name, "lines_a_row": lines} for name, lines in self.functions]
        return {"step": self.step, "lines_a_row": self.lines, "share": self.share, "functions": functions}


@dataclass
class _Lines:
    """Counts the lines and calls of Python that each step executes in this thread, by function."""

    counts: dict[str, Counter[Place]] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, _: int) -> Iterator[None]:
        """Count a step's; what it calls that is a step, too, counts for both."""
        counted = self.counts.setdefault(name, Counter())

        def trace(frame: Any, event: str, _: Any) -> Any:
            if event in ("line", "call"):
                counted[frame.f_code.co_filename, frame.f_code.co_qualname] += 1
            return trace

        before = sys.gettrace()
        sys.settrace(trace)
        try:
            yield
        finally:
            sys.settrace(before)


@dataclass
class _Profiles:
    """Profiles each step in this thread."""

    profiles: dict[str, dict[Place, float]] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str, _: int) -> Iterator[None]:
        """Profile a step; one inside of another is not profiled again."""
        profile = cProfile.Profile()
        try:
            profile.enable()
        except ValueError:  # another profiler is at work
            yield
            return
        try:
            yield
        finally:
            profile.disable()
            own = self.profiles.setdefault(name, {})
            stats: Any = pstats.Stats(profile)
            for (file, _line, function), (_cc, _nc, self_s, _ct, _callers) in stats.stats.items():
                own[file, function] = own.get((file, function), 0.0) + self_s


def loops_of(
    recipe: Recipe, dataset: Dataset, rows: np.ndarray, *, budget_s: float, rng: np.random.Generator
) -> list[Loop]:
    """Return the steps that execute a line of Python or more for each further row.

    Parameters
    ----------
    recipe, dataset, rows
        What is fitted, on 200 and 400 of these training rows.
    budget_s
        Wall seconds; where the first fit takes more than a sixth of them nothing is told.
    rng
        Draws the rows.
    """
    if rows.size < SIZES[-1]:
        return []
    order, clock, counted = rng.permutation(rows), Clock.started(), list[_Lines]()
    for size in SIZES:
        counted.append(_Lines())
        with measuring(counted[-1]):
            recipe.fit(dataset.view(np.sort(order[:size])))
        if clock.wall_s() > budget_s / 6:
            return []
    profiles = _Profiles()
    with measuring(profiles):
        recipe.fit(dataset.view(np.sort(order[: SIZES[-1]])))
    found = [
        _loop(step, counted[0].counts.get(step, Counter()), more, profiles) for step, more in counted[1].counts.items()
    ]
    return [loop for loop in found if loop.lines >= LEAST_LINES]


def _loop(step: str, few: Counter[Place], many: Counter[Place], profiles: _Profiles) -> Loop:
    further = SIZES[1] - SIZES[0]
    by_function = {place: (many[place] - few[place]) / further for place in many}
    looping = {place: lines for place, lines in by_function.items() if lines >= LEAST_LINES}
    names = {(file, name.rpartition(".")[2]) for file, name in looping}
    profile = profiles.profiles.get(step, {})
    whole = sum(profile.values())
    share = sum(self_s for place, self_s in profile.items() if place in names) / whole if whole else 0.0
    ranked = sorted(looping.items(), key=lambda pair: -pair[1])[:MOST_NAMED]
    told = tuple((f"{Path(file).stem}.{name}", round(lines, 2)) for (file, name), lines in ranked)
    return Loop(step, round(sum(looping.values()), 2), share, told)


def loop_findings(found: list[Loop]) -> list[Finding]:
    """Name the steps most of whose time goes to loops over rows in Python."""
    findings = []
    for loop in found:
        if loop.share < LARGE_SHARE:
            continue
        where = ", ".join(name for name, _ in loop.functions[:2])
        message = (
            f"{loop.step} works row by row in Python: {loop.lines:,.1f} lines a row, {percent(loop.share)} of "
            f"its time, most of them in {where}"
        )
        fix = "whole columns at once, by NumPy or pandas, take a fraction of that"
        findings.append(Finding("PYTHON-LOOP", "info", message, loop.as_dict(), fix))
    return findings
