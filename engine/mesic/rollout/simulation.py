"""What a policy costs before it serves anyone: regret, by simulation of many roll-outs at once."""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mesic.errors import SettingError

Shares = Callable[[np.ndarray, np.ndarray], np.ndarray]  # rewards that came and their sums (r, k) -> shares (r, k)


@dataclass(frozen=True)
class Course:
    """What is simulated: yes-or-no rewards of arms that are as good as is said here.

    Parameters
    ----------
    means
        Probability of a reward of each arm.
    steps
        Assignments of one roll-out.
    repeats
        Roll-outs, each by chance of its own.
    batch
        Assignments between two looks at what has come.
    delay
        Assignments that pass until a reward comes.
    lost
        Share of the rewards that never come.
    change_at
        Assignment from which the arms are as good as they stand in reverse order; None: they stay as they are.
    seed
        Decides everything that is drawn.
    """

    means: tuple[float, ...]
    steps: int = 100_000
    repeats: int = 100
    batch: int = 100
    delay: int = 0
    lost: float = 0.0
    change_at: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if len(self.means) < 2 or not all(0 <= mean <= 1 for mean in self.means):
            raise SettingError("arms", list(self.means), "two probabilities or more, each from 0 to 1")
        if self.change_at is not None and not 0 < self.change_at < self.steps:
            raise SettingError("change_at", self.change_at, f"an assignment between 0 and {self.steps}, or null")

    def looks(self) -> list[int]:
        """Return the assignments before which someone looks, and the last one; ascending."""
        marks = {*range(0, self.steps, self.batch), self.fifth, self.steps}
        return sorted(marks | ({self.change_at} if self.change_at else set()))

    @property
    def fifth(self) -> int:
        """The assignment with which the last fifth begins."""
        return self.steps - self.steps // 5

    def means_at(self, step: int) -> np.ndarray:
        """Return how good the arms are at one assignment, shape (k,)."""
        is_changed = self.change_at is not None and step >= self.change_at
        return np.array(self.means[::-1] if is_changed else self.means)


@dataclass(frozen=True)
class Played:
    """What came of it: an entry a roll-out in each array.

    Parameters
    ----------
    regret
        Rewards that were expected of the best arm and missed, by all assignments.
    best_share
        Share of the last fifth of assignments that the best arm had.
    """

    regret: np.ndarray
    best_share: np.ndarray


def simulate(shares: Shares, course: Course, *, half_life: float | None = None) -> Played:
    """Play a course with a policy.

    Within a batch units are assigned independently, so that how often each arm is drawn is multinomial: nothing is
    approximated, and a batch costs as much as one assignment.

    Parameters
    ----------
    shares
        The policy; it sees what has come so far.
    course
        The arms, how many steps, how often.
    half_life
        Assignments after which what has come weighs half; None: always as much.

    Examples
    --------
    >>> even = lambda rewarded, total: np.full(rewarded.shape, 0.5)
    >>> round(float(simulate(even, Course((0.1, 0.3), steps=1000, repeats=50)).regret.mean()))
    99
    """
    rng = np.random.default_rng(np.random.SeedSequence([course.seed, course.steps, course.repeats]))
    shape = (course.repeats, len(course.means))
    known, under_way = np.zeros((2, *shape)), deque[tuple[int, np.ndarray]]()
    regret, in_last_fifth = np.zeros(course.repeats), np.zeros(course.repeats)
    looks = course.looks()
    for start, end in pairwise(looks):
        while under_way and under_way[0][0] <= start:
            known = known + under_way.popleft()[1]
        means = course.means_at(start)
        drawn = rng.multinomial(end - start, shares(known[0], known[1]))
        came = rng.binomial(drawn, 1 - course.lost) if course.lost else drawn
        under_way.append((end + course.delay, np.stack([came, rng.binomial(came, means)])))
        regret += drawn @ (means.max() - means)
        if start >= course.fifth:
            in_last_fifth += drawn[:, means == means.max()].sum(axis=1)
        if half_life is not None:
            known = known * 0.5 ** ((end - start) / half_life)
    return Played(regret, in_last_fifth / max(course.steps - course.fifth, 1))


def even_shares(rewarded: np.ndarray, _: np.ndarray) -> np.ndarray:
    """Return the shares of an A/B test: all arms as much, whatever comes."""
    return np.full(rewarded.shape, 1 / rewarded.shape[1])


class EvenThenWinner:
    """The shares of an A/B test whose winner, the arm of the best mean, has everything once it is over.

    Parameters
    ----------
    rewards
        Rewards that must have come before the winner is chosen, once and for all.
    """

    def __init__(self, rewards: int) -> None:
        self.rewards = rewards
        self._winner: np.ndarray | None = None

    def __call__(self, rewarded: np.ndarray, total: np.ndarray) -> np.ndarray:
        """Return the shares, shape (r, k)."""
        if self._winner is None:
            self._winner = np.full(len(rewarded), -1)
        means = np.divide(total, rewarded, out=np.zeros_like(total), where=rewarded > 0)
        is_due = (self._winner < 0) & (rewarded.sum(axis=1) >= self.rewards)
        self._winner = np.where(is_due, means.argmax(axis=1), self._winner)
        chosen = np.eye(rewarded.shape[1])[np.maximum(self._winner, 0)]
        return np.where(self._winner[:, np.newaxis] >= 0, chosen, even_shares(rewarded, total))


def mean_with_interval(values: np.ndarray, level: float) -> tuple[float, float, float]:
    """Return the mean of independent repeats and the ends of its t interval; NaN ends of a single one."""
    from scipy.special import stdtrit

    mean = float(values.mean())
    if values.size < 2:
        return mean, math.nan, math.nan
    half = float(stdtrit(values.size - 1, (1 + level) / 2) * values.std(ddof=1) / math.sqrt(values.size))
    return mean, mean - half, mean + half
