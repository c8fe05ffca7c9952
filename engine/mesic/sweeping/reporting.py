"""What a job says while it runs: intermediate values, by which a sweep ends it early."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from mesic.errors import MesicError


class Pruned(MesicError):
    """A job is not worth going on with: leave it through to the sweep."""


@dataclass(frozen=True)
class StudyAddress:
    """Where a study is kept and how it prunes, as another process needs it."""

    storage: str
    name: str
    pruner: str


@dataclass(frozen=True)
class Underway:
    """The trial that this process is at."""

    study: StudyAddress
    number: int


_UNDERWAY: ContextVar[Underway | None] = ContextVar("underway", default=None)


@contextmanager
def underway(trial: Underway) -> Iterator[None]:
    """Make reports in the block those of a trial."""
    token = _UNDERWAY.set(trial)
    try:
        yield
    finally:
        _UNDERWAY.reset(token)


def is_swept() -> bool:
    """Return whether this is a job of a sweep by ``hydra/sweeper=mesic``."""
    return _UNDERWAY.get() is not None


def report_intermediate(value: float, *, step: int) -> None:
    """Tell the sweep how a job is doing after a step; outside of a sweep, do nothing.

    Call it in the thread that Hydra called your task in. With several objectives nothing is reported, as Optuna does
    not prune such trials.

    Parameters
    ----------
    value
        The objective as far as it is known.
    step
        How far the job is: an epoch, a fold, a number of trees. A step counts once.

    Raises
    ------
    Pruned
        The job is not worth going on with. Let it pass: the sweep records the trial as pruned.

    Examples
    --------
    >>> report_intermediate(0.4, step=1)
    """
    trial = _UNDERWAY.get()
    if trial is None:
        return
    from mesic.sweeping.pruning import is_hopeless

    if is_hopeless(trial, float(value), step):
        raise Pruned(f"trial {trial.number} is pruned after step {step}")
