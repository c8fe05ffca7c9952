"""How the time of each step grows with the rows: time = a * rows^k, with k and its interval from fits of several sizes.

A step that takes four times as long on twice the rows has k = 2: it fits ten thousand rows in a minute and a million
never. Sizes go up by doubling, the whole round again and again; what a fit of hardly any rows takes is taken off.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mesic.data.view import Dataset
from mesic.findings import Finding, Severity
from mesic.report.words import duration
from mesic.runs.resources import Clock
from mesic.training.metering import Stopwatch, Took, measuring
from mesic.training.recipe import Recipe

FEWEST_ROWS = 60  # of which a fit says what it takes whatever the rows
DOUBLINGS = 4
COUNTED = 3  # the largest sizes: what is of lower order weighs least there
ROUNDS = 3
LEAST_S = 0.004  # below which a clock says little
SLOW = 1.4  # exponent above which a step is named
LONG_S = 60.0
REFINEMENTS = 12  # what hardly any rows take is taken off, but for the part that is of these rows
OPENING_SHARE = 0.4  # of the budget that the first round may take


@dataclass(frozen=True)
class Growth:
    """How the time of one step grows.

    Parameters
    ----------
    step
        Such as ``"selector/boruta"``.
    rows, cpu_s
        Sizes, and the median CPU seconds of a fit on each, less those of a fit of hardly any rows.
    exponent, low, high
        Of the rows, and the interval; NaN where the step is too quick to tell.
    level
        Of the interval.
    why
        Why there is no exponent; empty where there is one.
    """

    step: str
    rows: tuple[int, ...]
    cpu_s: tuple[float, ...]
    exponent: float
    low: float
    high: float
    level: float
    why: str = ""

    @property
    def is_known(self) -> bool:
        """Whether the step took long enough to tell."""
        return math.isfinite(self.exponent)

    def seconds(self, rows: int) -> float:
        """Return the CPU seconds of a fit on so many rows; what is known, or the line, from the largest size on."""
        exponent = self.exponent if self.is_known else 1.0
        return float(self.cpu_s[-1] * (rows / self.rows[-1]) ** exponent)

    def as_dict(self) -> dict[str, Any]:
        """Return it as ``--json`` prints it."""
        known = {name: getattr(self, name) if self.is_known else None for name in ("exponent", "low", "high")}
        a_row = self.cpu_s[-1] / self.rows[-1] * 1e6
        facts = {"step": self.step, "rows": list(self.rows), "cpu_s": list(self.cpu_s), "cpu_us_a_row": a_row}
        return {**facts, **known, "level": self.level, "method": METHOD, "why": self.why}


CUT, QUICK = "growth.budget_s is too small to tell", "too quick to tell"
METHOD = "least squares of log CPU time on log rows, t interval"


def growth_of(
    recipe: Recipe,
    dataset: Dataset,
    rows: np.ndarray,
    *,
    budget_s: float,
    level: float,
    rng: np.random.Generator,
    cpu: Callable[[], float] = time.process_time,
) -> list[Growth]:
    """Fit a recipe on parts of some rows, and say of each step how its time grows.

    Parameters
    ----------
    recipe
        What is fitted; nothing is taken from a cache.
    dataset, rows
        Training rows.
    budget_s
        Wall seconds for all fits together; the sizes end where it would not hold the next.
    level
        Of the intervals.
    rng
        Draws the rows.
    cpu
        The clock, in seconds.
    """
    order = rng.permutation(rows)
    clock, took = Clock.started(), list[list[Took]]()
    sizes = list(_sizes(rows.size))

    def fit(size: int) -> None:
        watch = Stopwatch(cpu)
        with measuring(watch):
            recipe.fit(dataset.view(np.sort(order[:size])))
        took.append(watch.took)

    done: list[int] = []
    for size in sizes:
        before = clock.wall_s()
        fit(size)
        done.append(size)
        if clock.wall_s() + 3 * (clock.wall_s() - before) > OPENING_SHARE * budget_s:
            break
    first_s = clock.wall_s()
    is_cut = len(done) < len(sizes)
    for _ in range(ROUNDS - 1):
        if clock.wall_s() + first_s > budget_s:
            break
        for size in done:
            fit(size)
    return _of_steps(took, level, is_cut=is_cut)


def _sizes(rows: int) -> Iterator[int]:
    """Yield hardly any rows, then sizes that double, up to all."""
    if rows < FEWEST_ROWS * 4:
        return
    yield FEWEST_ROWS
    for doublings in range(DOUBLINGS, -1, -1):
        if (size := rows >> doublings) >= FEWEST_ROWS * 2:
            yield size


def _of_steps(took: Sequence[Sequence[Took]], level: float, *, is_cut: bool) -> list[Growth]:
    by_step: dict[str, dict[int, list[float]]] = {}
    for fit in took:
        fitted = max((one.rows for one in fit), default=0)
        for one in fit:
            by_step.setdefault(one.step, {}).setdefault(fitted, []).append(one.cpu_s)
    why = CUT if is_cut else QUICK
    return [_growth(step, times, level, why) for step, times in by_step.items()]


def _growth(step: str, times: dict[int, list[float]], level: float, why: str) -> Growth:
    fewest, *sizes = sorted(times)
    whole = {size: np.array(times[size]) for size in sizes}
    base = offset = float(np.median(times[fewest]))
    if not sizes:
        return Growth(step, (fewest,), (base,), math.nan, math.nan, math.nan, level, why)
    told = [size for size in sizes if float(np.median(whole[size])) - base > max(LEAST_S, base / 2)][-COUNTED:]
    known = None
    for _ in range(REFINEMENTS if len(told) == COUNTED else 0):
        points = [(size, value - offset) for size in told for value in whole[size] if value > offset]
        known = slope(points, level)
        if known is None:
            break
        rows, taken = np.log(np.array(points)).T
        of_rows = math.exp(taken.mean() + known[0] * (math.log(fewest) - rows.mean()))
        offset = max(0.0, base - of_rows)
    medians = tuple(max(0.0, float(np.median(whole[size])) - offset) for size in sizes)
    exponent, low, high = known or (math.nan,) * 3
    return Growth(step, tuple(sizes), medians, exponent, low, high, level, "" if known else why)


def slope(points: Sequence[tuple[float, float]], level: float) -> tuple[float, float, float] | None:
    """Return the exponent of a power law through some points, with its interval; None of fewer than three.

    Examples
    --------
    >>> [round(value, 6) for value in slope([(n, 3e-9 * n**2) for n in (100, 200, 400)], 0.95)]
    [2.0, 2.0, 2.0]
    """
    from scipy.stats import t as student

    if len(points) < 3 or len({size for size, _ in points}) < 2:
        return None
    x, y = np.log(np.array(points, dtype=np.float64)).T
    x = x - x.mean()
    exponent = float(x @ y / (x @ x))
    rest = y - y.mean() - exponent * x
    error = float(np.sqrt(rest @ rest / (len(points) - 2) / (x @ x)))
    half = float(student.ppf(0.5 + level / 2, len(points) - 2)) * error
    return exponent, exponent - half, exponent + half


def growth_findings(found: Sequence[Growth]) -> list[Finding]:
    """Name the steps that grow clearly faster than the rows, and what ten times the rows would take."""
    slow = [one for one in found if one.is_known and one.low > SLOW]
    findings = []
    for one in slow:
        more = 10 ** math.ceil(math.log10(one.rows[-1] * 10))
        seconds = one.seconds(more)
        message = (
            f"{one.step} grows like n^{one.exponent:.1f} ({one.low:.1f} to {one.high:.1f}): a fit of {one.rows[-1]:,} "
            f"rows takes {duration(one.cpu_s[-1])} of CPU time, one of {more:,} would take {duration(seconds)}"
        )
        fix = "sampler=random fits it on fewer rows; or mend its code: what is compared with everything grows like n^2"
        severity: Severity = "warning" if seconds > LONG_S else "info"
        findings.append(Finding("SLOW-GROWTH", severity, message, one.as_dict(), fix))
    return findings
