"""The pooled rule: every shadow of every draw in one null, and control of the false discovery rate.

This is not Boruta's published test, which counts how often a column beats the best of its shadows; see ``classic``.
"""

from dataclasses import dataclass

import numpy as np

from mesic_plugins.selectors.boruta.forest import MANY_ROWS
from mesic_plugins.selectors.false_discovery import q_values

TAIL = 0.9  # share of the null below which its own values say enough
HOPEFUL = 0.2


def tail_p_values(values, null):
    """Return how probable it is that a shadow is worth as much as each value.

    Up to the null's 90 % point that is its share at or above the value. Beyond, an exponential tail is fitted, and
    the probability is predictive: it allows for a scale that is known only from so many exceedances.

    Parameters
    ----------
    values
        Shape (p,).
    null
        Shape (m,).

    Examples
    --------
    >>> null = -np.log(np.arange(1, 1001) / 1001)
    >>> tail_p_values(np.array([0.0, np.log(2), np.log(100_000)]), null).round(6).tolist()
    [1.0, 0.5, 1.1e-05]
    """
    null = np.sort(null)
    share = 1 - np.searchsorted(null, values, side="left") / null.size
    start = null[min(int(TAIL * null.size), null.size - 1)]
    excess = null[null >= start] - start
    beyond = values > start
    scale = max(excess.mean(), np.finfo(np.float64).tiny)
    share[beyond] = (1 - TAIL) * (1 + (values[beyond] - start) / (scale * excess.size)) ** -float(excess.size)
    return np.maximum(share, np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Decisions:
    """What the draws say of each column.

    Parameters
    ----------
    worth, p_values, q_values, stage
        Shape (p,); the worth is that of the stage.
    null
        The worth of the last stage's shadows.
    history, bars
        Worth of the columns a draw, shape (draws, p), NaN where one was out; the best shadow's, shape (draws,).
    """

    worth: np.ndarray
    p_values: np.ndarray
    q_values: np.ndarray
    stage: np.ndarray
    null: np.ndarray
    history: np.ndarray
    bars: np.ndarray

    def bar(self, alpha):
        """Return the worth from which columns are kept: between the last that is and the first that is not."""
        kept, rest = self.worth[self.q_values <= alpha], self.worth[(self.q_values > alpha) & (self.stage == 2)]
        if kept.size:
            return float((kept.min() + max(rest[rest < kept.min()], default=0.0)) / 2)
        return float(max(self.null.max(), self.worth.max()))


def decide(draws, rows):
    """Judge every column in two stages.

    Stage 1 looks at all columns; stage 2 again at those with p below 0.2, with more forests and no fewer than 100
    shadows. Columns that stage 2 does not see have p = 1, and the correction is for all columns.

    Parameters
    ----------
    draws
        Draws of all columns.
    rows
        Rows of the table; forests of many rows need fewer repetitions.
    """
    columns = draws.levels.shape[1]
    first, second = ((2, 3), (2, 4)) if rows > MANY_ROWS else ((4, 2), (6, 6))
    found = _Stage(draws, np.ones(columns, dtype=bool), 0, *first)
    hopeful = found.p_values < HOPEFUL
    history, bars = found.history, found.bars
    worth, p_values = found.worth, np.where(hopeful, found.p_values, 1.0)
    if hopeful.any():
        found = _Stage(draws, hopeful, first[0], *second)
        history, bars = np.concatenate([history, found.history]), np.concatenate([bars, found.bars])
        worth, p_values = np.where(hopeful, found.worth, worth), np.where(hopeful, found.p_values, 1.0)
    stage = np.where(hopeful, 2, 1)
    return Decisions(worth, p_values, q_values(p_values), stage, found.null, history, bars)


class _Stage:
    def __init__(self, draws, wanted, first, number, forests):
        found = list(draws.of(wanted, first, number, forests))
        self.history = np.where(wanted, [worth for worth, _ in found], np.nan)
        self.bars = np.array([shadows.max() for _, shadows in found])
        self.null = np.concatenate([shadows for _, shadows in found])
        self.worth = np.where(wanted, np.mean([worth for worth, _ in found], axis=0), 0.0)
        self.p_values = np.where(wanted, tail_p_values(self.worth, self.null), 1.0)
