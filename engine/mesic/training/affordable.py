"""Which of several learners there is time for, by fits on few rows before a search by seconds."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mesic.findings import Finding
from mesic.training.budget import DEAR, Budget
from mesic.training.space import LEARNER, SearchSpace

FEW, MORE = 40, 10  # one row in so many of the first fold


def seconds_of_all(fit: Callable[[np.ndarray], float], rows: np.ndarray) -> float:
    """Return about how many seconds a fit of all rows takes.

    Parameters
    ----------
    fit
        Fits some rows; returns the seconds that it took.
    rows
        All of them, shape (n,). The first fit also imports what is needed and is not counted; the time of others is
        taken to grow as a straight line.

    Examples
    --------
    >>> round(seconds_of_all(lambda rows: 0.5 + 0.01 * rows.size, np.arange(1_000)), 3)
    10.5
    """
    few, more = rows[::FEW], rows[::MORE]
    fit(few)
    least, most = fit(few), fit(more)
    if more.size == few.size:
        return most
    return most + max(most - least, 0.0) * (rows.size - more.size) / (more.size - few.size)


def too_dear(
    space: SearchSpace,
    starts: Sequence[Mapping[str, Any]],
    budget: Budget,
    first_fold_s: Callable[[Mapping[str, Any], float | None], float],
) -> tuple[str, ...]:
    """Return the learners, other than the first, of which one trial would take more than a third of the seconds.

    Parameters
    ----------
    space, starts
        What is searched, and what would be tried first.
    budget
        Without seconds every learner is affordable; a search that follows another leaves out what that did.
    first_fold_s
        Returns about how many seconds a fit of the first fold takes; ended at a moment of the monotonic clock.
    """
    if budget.replay is not None:
        return tuple(budget.replay.left_out)
    limit = budget.dear_s(DEAR)
    if limit is None or len(space.learners) == 1:
        return ()
    configured = {part.name: next(start for start in starts if start[LEARNER] == part.name) for part in space.learners}
    others = [part.name for part in space.learners[1:]]
    return tuple(name for name in others if first_fold_s(configured[name], time.monotonic() + limit) > limit)


def left_out_finding(names: Sequence[str], budget_s: float) -> list[Finding]:
    """Say which learners were left out."""
    if not names:
        return []
    which = ", ".join(names)
    message = f"learner={which} is not searched: one trial would take more than a third of tuner.budget_s={budget_s:g}"
    fix = f"a larger tuner.budget_s, more resources.threads, or learner={names[0]} alone"
    return [Finding("TOO-DEAR", "info", message, {"learners": list(names)}, fix)]
