"""What a log says at each planned look: readings, and how the units divide."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mesic.ab import log_columns as part
from mesic.ab.clusters import cluster_moments
from mesic.ab.exposures import Exposures
from mesic.ab.guards import Guard
from mesic.ab.moments import COVARIATE, DENOMINATOR, OUTCOME, Counts, Kept, Moments
from mesic.ab.plan import Plan
from mesic.ab.reading import Reading
from mesic.ab.sample_ratios import SampleRatio, sample_ratio
from mesic.ab.spans import Span, assigned

WITH_OUTCOME = ", with an outcome"


@dataclass(frozen=True)
class Pair:
    """A treatment and the control, while both were live.

    Parameters
    ----------
    plan
        Of the test.
    exposures
        The whole log.
    arm
        The treatment.
    span
        When both were live.
    """

    plan: Plan
    exposures: Exposures
    arm: str
    span: Span

    @cached_property
    def names(self) -> tuple[str, str]:
        """Control and treatment."""
        return self.plan.design.arms[0], self.arm

    @cached_property
    def groups(self) -> tuple[np.ndarray, np.ndarray]:
        """Which units saw the control and which the treatment while both were live, each of shape (units,)."""
        is_live = self.span.holds(self.exposures.first)
        return (self.exposures.arms == self.names[0]) & is_live, (self.exposures.arms == self.names[1]) & is_live

    @cached_property
    def is_here(self) -> np.ndarray:
        """Which units are compared, shape (units,)."""
        return np.asarray(self.groups[0] | self.groups[1])

    @cached_property
    def ripe(self) -> np.ndarray:
        """When the outcome of each unit counts, shape (units,)."""
        return self.exposures.first + (self.plan.design.window_days or 0.0)

    def readings(self) -> list[Reading]:
        """Return a reading a look; without a horizon also one of everything."""
        ripe = np.sort(self.ripe[self.is_here & (self.ripe <= self.exposures.time.max())])
        found = [self.reading(ripe[units - 1]) for units in self._looks(ripe.size) if units <= ripe.size]
        if self.plan.design.is_open_ended and ripe.size:
            found.append(self.latest())
        return found

    def _looks(self, known: int) -> list[int]:
        if not self.plan.design.is_open_ended:
            return self.plan.look_units(self.arm)
        step = max(2, -(-self.plan.pair_units(self.arm) // self.plan.design.looks))
        return list(range(step, known + 1, step))

    def latest(self) -> Reading:
        """Return what is known at the end of the log."""
        return self.reading(float(self.exposures.time.max()))

    def reading(self, moment: float) -> Reading:
        """Return what was known at a moment, of the units that were ripe by then."""
        units = self.is_here & (self.ripe <= moment)
        unit_of_row, time = self.exposures.unit_of_row, self.exposures.time
        until = self.ripe[unit_of_row] if self.plan.design.window_days is not None else moment
        rows = units[unit_of_row] & (time <= until)
        guards = {guard.name: self._guard(guard, rows) for guard in self.plan.design.guards}
        unit = "units" if self.exposures.clusters is None else "clusters"
        return Reading(int(units.sum()), self._outcome(rows), guards, unit, self.exposures.moment(moment))

    def _outcome(self, rows: np.ndarray) -> tuple[Kept, Kept]:
        below = part.DENOMINATOR if part.DENOMINATOR in self.exposures.rows else None
        numbers = self._totals(rows, part.OUTCOME, below, is_share=self._is_share)
        if self.exposures.covariate is None:
            return self._kept(numbers, is_share=self._is_share)
        known, covariate = ~np.isnan(numbers[OUTCOME]), self.exposures.covariate
        told = covariate[known & ~np.isnan(covariate)]
        centre = float(told.mean()) if told.size else 0.0  # who has no past is as the others are
        return self._kept(numbers | {COVARIATE: np.where(np.isnan(covariate), 0.0, covariate - centre)}, is_share=False)

    def _guard(self, guard: Guard, rows: np.ndarray) -> tuple[Kept, Kept]:
        above, below = (name and part.GUARD + name for name in guard.columns)
        column = self.exposures.rows[above]
        is_share = below is None and bool(column.dropna().isin((0.0, 1.0)).all())
        return self._kept(self._totals(rows, str(above), below, is_share=is_share), is_share=is_share)

    @property
    def _is_share(self) -> bool:
        return self.plan.design.is_proportion and part.DENOMINATOR not in self.exposures.rows

    def _totals(self, rows: np.ndarray, above: str, below: str | None, *, is_share: bool) -> dict[str, np.ndarray]:
        """Return outcome and denominator of each unit, shape (units,); nan where there is none."""
        if below is None:
            return {OUTCOME: self._total(above, rows, is_share=is_share)}
        whole = rows & np.asarray(self.exposures.rows[[above, below]].notna().all(axis=1))
        both = ((OUTCOME, above), (DENOMINATOR, below))
        return {kept: self._total(name, whole, is_share=False) for kept, name in both}

    def _total(self, name: str, rows: np.ndarray, *, is_share: bool) -> np.ndarray:
        """Return each unit's total of a column; of yes or no, whether there was a yes."""
        column, count = np.asarray(self.exposures.rows[name], dtype=float), len(self.exposures.arms)
        known = rows & ~np.isnan(column)
        unit = self.exposures.unit_of_row[known]
        total = np.bincount(unit, column[known], minlength=count)
        return np.where(
            np.bincount(unit, minlength=count) > 0, (total > 0).astype(float) if is_share else total, np.nan
        )

    def _kept(self, numbers: dict[str, np.ndarray], *, is_share: bool) -> tuple[Kept, Kept]:
        """Return what is kept of control and treatment of numbers a unit."""
        known = ~np.isnan(numbers[OUTCOME])
        control, treatment = (self._kept_of(numbers, known & group, is_share=is_share) for group in self.groups)
        return control, treatment

    def _kept_of(self, numbers: dict[str, np.ndarray], units: np.ndarray, *, is_share: bool) -> Kept:
        own = {name: column[units] for name, column in numbers.items()}
        if self.exposures.clusters is not None:
            return cluster_moments(own, self.exposures.clusters[units])
        return Counts(int(units.sum()), int(own[OUTCOME].sum())) if is_share else Moments.of(own)

    def ratios(self) -> Iterator[tuple[str, SampleRatio]]:
        """Yield how what was assigned divides, and how those divide of whom an outcome is known."""
        arms, first = assigned(self.exposures)
        counted = "units" if self.exposures.clusters is None else "clusters"
        here = self.span.holds(first)
        counts = {arm: int((here & (arms == arm)).sum()) for arm in self.names}
        yield self.arm, sample_ratio(counts, self.plan.design.share, counted=counted)
        known = np.zeros(len(self.exposures.arms), dtype=bool)
        known[self.exposures.unit_of_row[np.asarray(self.exposures.rows[part.OUTCOME].notna())]] = True
        if self.exposures.clusters is None and not known.all():
            counts = {arm: int((self.is_here & known & (arms == arm)).sum()) for arm in self.names}
            told = sample_ratio(counts, self.plan.design.share, counted="units with an outcome")
            yield self.arm + WITH_OUTCOME, told
