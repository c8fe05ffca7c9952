"""What each step of a fit takes, told to whoever measures; nobody does, unless asked."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol


class Meter(Protocol):
    """Stands around each step of a fit."""

    def step(self, name: str, rows: int) -> AbstractContextManager[None]:
        """Return what is entered before a step, and left after it; `name` as ``"selector/boruta"``."""
        ...


_METER: ContextVar[Meter | None] = ContextVar("meter", default=None)


@contextmanager
def measuring(meter: Meter) -> Iterator[None]:
    """Let a meter stand around the steps that this thread fits inside of the block."""
    token = _METER.set(meter)
    try:
        yield
    finally:
        _METER.reset(token)


def metered(name: str, rows: int) -> AbstractContextManager[None]:
    """Return what stands around a step."""
    meter = _METER.get()
    return nullcontext() if meter is None else meter.step(name, rows)


@dataclass(frozen=True)
class Took:
    """What a step of one fit took: wall and CPU seconds, on so many rows."""

    step: str
    rows: int
    wall_s: float
    cpu_s: float


@dataclass
class Stopwatch:
    """Takes the time of each step; CPU seconds are those of the process, all its threads together.

    Examples
    --------
    >>> watch = Stopwatch()
    >>> with measuring(watch), metered("selector/l1", 100):
    ...     pass
    >>> watch.took[0].step, watch.took[0].rows
    ('selector/l1', 100)
    """

    cpu: Callable[[], float] = time.process_time
    took: list[Took] = field(default_factory=list)

    @contextmanager
    def step(self, name: str, rows: int) -> Iterator[None]:
        """Take the time of a step."""
        wall, cpu = time.perf_counter(), self.cpu()
        yield
        self.took.append(Took(name, rows, time.perf_counter() - wall, self.cpu() - cpu))


def fit_facts(took: list[Took]) -> list[dict[str, Any]]:
    """Return what each step of some fits took, as the record holds it, in the order in which they came first.

    Examples
    --------
    >>> fit_facts([Took("learner/tree", 10, 0.1, 0.1), Took("learner/tree", 10, 0.2, 0.1)])
    [{'step': 'learner/tree', 'fits': 2, 'rows': 10, 'wall_s': 0.3, 'cpu_s': 0.2, 'cpu_us_a_row': 10000.0}]
    """
    found = []
    for name in dict.fromkeys(one.step for one in took):
        own = [one for one in took if one.step == name]
        rows = max(one.rows for one in own)
        wall_s, cpu_s = sum(one.wall_s for one in own), sum(one.cpu_s for one in own)
        whole = {"wall_s": round(wall_s, 4), "cpu_s": round(cpu_s, 4)}
        a_row = {"cpu_us_a_row": round(cpu_s / sum(one.rows for one in own) * 1e6, 2)}
        found.append({"step": name, "fits": len(own), "rows": rows, **whole, **a_row})
    return found
