"""The published rule: how often a column beats the best shadow, by the test of Kursa and Rudnicki."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

LEAST_SHADOWS = 5


@dataclass(frozen=True)
class Decisions:
    """What the rounds say of each column; arrays of shape (p,), and of shape (rounds, p) and (rounds,)."""

    decision: np.ndarray
    hits: np.ndarray
    rounds: np.ndarray
    threshold: float
    history: np.ndarray
    bars: np.ndarray


def verdicts(hits, rounds, alpha):
    """Return which columns are confirmed and which rejected after some rounds.

    Two-sided binomial tests at probability one half, corrected for the number of columns (Bonferroni).

    Examples
    --------
    >>> confirmed, rejected = verdicts(np.array([12, 0, 6]), 12, 0.01)
    >>> confirmed.tolist(), rejected.tolist()
    ([True, False, False], [False, True, False])
    """
    as_many = stats.binom.sf(hits - 1, rounds, 0.5) * hits.size
    as_few = stats.binom.cdf(hits, rounds, 0.5) * hits.size
    return as_many < alpha, as_few < alpha


def decide(draws, alpha, max_rounds):
    """Grow forests of what is not yet rejected until all columns are decided on.

    Parameters
    ----------
    draws
        Draws of all columns.
    alpha
        Level of the test.
    max_rounds
        Forests at most; columns that are undecided then are ``tentative``.
    """
    columns = draws.levels.shape[1]
    hits, rounds = np.zeros(columns, dtype=np.int64), np.zeros(columns, dtype=np.int64)
    decision = np.full(columns, "tentative", dtype=object)
    history, bars = [], []
    for number in range(max_rounds):
        inside = decision != "rejected"
        if not inside.any() or not (decision == "tentative").any():
            break
        ((worth, shadows),) = draws.of(inside, number, 1, 1, LEAST_SHADOWS)
        hits[inside & (worth > shadows.max())] += 1
        rounds[inside] += 1
        history.append(np.where(inside, worth, np.nan))
        bars.append(shadows.max())
        confirmed, rejected = verdicts(hits, number + 1, alpha)
        decision[(decision == "tentative") & confirmed] = "confirmed"
        decision[(decision == "tentative") & rejected] = "rejected"
    needed = stats.binom.isf(alpha / columns, len(bars), 0.5) + 1
    return Decisions(decision, hits, rounds, float(needed / len(bars)), np.array(history), np.array(bars))
