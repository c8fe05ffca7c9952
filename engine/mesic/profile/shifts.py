"""What has changed between two profiles: two-sample tests, false discoveries controlled, each change with its size."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import special

from mesic.profile.profile import Levels, Numbers, Profile

FEWEST_EXPECTED = 10
SMALLEST_EFFECT = 0.01
LEAST_RANKED_ROWS = 30


@dataclass(frozen=True)
class Shift:
    """One difference between the rows of a reference and other rows.

    Parameters
    ----------
    columns
        The column, or the two whose correlation differs.
    test
        ``values``, ``levels``, ``missing`` or ``correlation``.
    effect
        From 0 to 1 (2 for a correlation): the largest difference between the shares of rows up to a value
        (Kolmogorov-Smirnov), the share of rows in other levels (total variation), the difference between the shares
        of missing cells, or between the correlations of rank scores.
    p
        Chance of such an effect where nothing differs; for correlations the smallest of all pairs, times their number.
    q
        Share of false discoveries among the tests that are at least as clear (Benjamini-Hochberg).
    was, now
        A share of the rows or a correlation, in the reference and in the other rows.
    at
        The value up to which the shares differ most, or the level of which they do.
    """

    columns: tuple[str, ...]
    test: str
    effect: float
    p: float
    was: float
    now: float
    q: float = 1.0
    at: float | str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the difference as the record stores it."""
        return asdict(self)

    def __str__(self) -> str:
        named = " and ".join(map(repr, self.columns))
        if self.test == "values":
            return f"{named}: values up to {self.at:.6g} {self.was:.1%} -> {self.now:.1%}"
        if self.test == "levels":
            return f"{named}: {self.at!r} {self.was:.1%} -> {self.now:.1%}"
        if self.test == "missing":
            return f"{named}: missing {self.was:.1%} -> {self.now:.1%}"
        return f"{named}: correlation of ranks {self.was:.2f} -> {self.now:.2f}"


def shifts(
    reference: Profile, other: Profile, *, level: float = 0.95, smallest: float = SMALLEST_EFFECT
) -> list[Shift]:
    """Return what differs between the rows of a reference and other rows, the largest effect first.

    Both are samples: a test that takes the reference for the truth raises false alarms for every wide category. Where
    nothing differs, all tests together raise an alarm in a share ``1 - level`` of the cases at most.

    Parameters
    ----------
    reference, other
        The second counted on the edges of the first.
    level
        One less the share of false discoveries.
    smallest
        Effects below it are left alone, however sure they are: in many rows the tiniest is.

    References
    ----------
    Y. Benjamini, Y. Hochberg: Controlling the false discovery rate, Journal of the Royal Statistical Society B 1995.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> before = Profile.of(pd.DataFrame({"age": rng.normal(40, 10, 5000), "size": rng.normal(0, 1, 5000)}))
    >>> after = before.counted(pd.DataFrame({"age": rng.normal(43, 10, 5000), "size": rng.normal(0, 1, 5000)}))
    >>> [shift.columns for shift in shifts(before, after)]
    [('age',)]
    """
    tested = [shift for name in reference.columns for shift in _of_column(name, reference, other)]
    tested += _of_correlations(reference, other, 1 - level)
    q = false_discovery([shift.p for shift in tested])
    found = [
        Shift(**asdict(shift) | {"q": float(chance)})
        for shift, chance in zip(tested, q, strict=True)
        if chance <= 1 - level and shift.effect >= smallest
    ]
    return sorted(found, key=lambda shift: -shift.effect)


def false_discovery(chances: Sequence[float]) -> np.ndarray:
    """Return Benjamini and Hochberg's adjusted p-values, in the order of `chances`.

    Examples
    --------
    >>> false_discovery([0.01, 0.04, 0.03]).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    p = np.asarray(chances, dtype=np.float64)
    order = np.argsort(p)[::-1]
    scaled = p[order] * p.size / np.arange(p.size, 0, -1)
    adjusted = np.empty(p.size)
    adjusted[order] = np.minimum(np.minimum.accumulate(scaled), 1)
    return adjusted


def _of_column(name: str, reference: Profile, other: Profile) -> Iterator[Shift]:
    before, after = reference.columns[name], other.columns[name]
    if isinstance(before, Numbers) and isinstance(after, Numbers):
        yield from _of_numbers(name, before, after)
    elif isinstance(before, Levels) and isinstance(after, Levels):
        yield from _of_levels(name, before, after)
    if before.missing or after.missing:
        p, was, now = _two_shares(before.missing, reference.rows, after.missing, other.rows)
        yield Shift((name,), "missing", abs(now - was), p, was, now)


def _of_numbers(name: str, before: Numbers, after: Numbers) -> Iterator[Shift]:
    n, m = int(before.counts.sum()), int(after.counts.sum())
    if not n or not m or not before.edges.size:
        return
    was, now = before.counts.cumsum()[:-1] / n, after.counts.cumsum()[:-1] / m
    most = int(np.abs(now - was).argmax())
    effect = float(abs(now - was)[most])
    p = float(special.kolmogorov(np.sqrt(n * m / (n + m)) * effect))
    yield Shift((name,), "values", effect, p, float(was[most]), float(now[most]), at=float(before.edges[most]))


def _of_levels(name: str, before: Levels, after: Levels) -> Iterator[Shift]:
    names = [*dict.fromkeys([*before.counts, *after.counts])]
    old = np.array([*(before.counts.get(level, 0) for level in names), before.rest], dtype=np.float64)
    new = np.array([*(after.counts.get(level, 0) for level in names), after.rest], dtype=np.float64)
    if not old.sum() or not new.sum():
        return
    was, now = old / old.sum(), new / new.sum()
    most = int(np.abs(now - was).argmax())
    effect, p = float(np.abs(now - was).sum() / 2), _chi_square(old, new)
    yield Shift((name,), "levels", effect, p, float(was[most]), float(now[most]), at=[*names, "all others"][most])


def _chi_square(old: np.ndarray, new: np.ndarray) -> float:
    """Return the p-value of a two-sample chi-square test; levels of fewer than 10 rows are one."""
    is_rare = old + new < FEWEST_EXPECTED
    old = np.append(old[~is_rare], old[is_rare].sum())
    new = np.append(new[~is_rare], new[is_rare].sum())
    both = old + new
    old, new, both = old[both > 0], new[both > 0], both[both > 0]
    expected = both * old.sum() / both.sum(), both * new.sum() / both.sum()
    statistic = ((old - expected[0]) ** 2 / expected[0] + (new - expected[1]) ** 2 / expected[1]).sum()
    return float(special.chdtrc(both.size - 1, statistic)) if both.size > 1 else 1.0


def _two_shares(k: int, n: int, j: int, m: int) -> tuple[float, float, float]:
    """Return the p-value of two shares being one, corrected for continuity, and both."""
    was, now, share = k / max(n, 1), j / max(m, 1), (k + j) / max(n + m, 1)
    if not n or not m or share in (0.0, 1.0):
        return 1.0, was, now
    error = np.sqrt(share * (1 - share) * (1 / n + 1 / m))
    apart = max(abs(was - now) - (1 / n + 1 / m) / 2, 0.0)
    return float(2 * special.ndtr(-apart / error)), was, now


def _of_correlations(reference: Profile, other: Profile, chance: float) -> list[Shift]:
    """Return the pairs whose correlation differs; all pairs count as one test, the clearest of them as its result."""
    before, after = reference.ranks, other.ranks
    if len(before.names) < 2 or min(before.rows, after.rows) < LEAST_RANKED_ROWS:
        return []
    (was, spread), (now, other_spread) = before.correlations(), after.correlations()
    left, right = np.triu_indices(len(before.names), 1)
    error = np.sqrt(spread + other_spread)[left, right]
    p = np.minimum(1.0, 2 * special.ndtr(-np.abs(was - now)[left, right] / error) * left.size)
    clear = np.flatnonzero(p <= chance) if (p <= chance).any() else [int(p.argmin())]
    return [
        Shift(
            (before.names[left[place]], before.names[right[place]]),
            "correlation",
            float(abs(was - now)[left[place], right[place]]),
            float(p[place]),
            float(was[left[place], right[place]]),
            float(now[left[place], right[place]]),
        )
        for place in clear
    ]
