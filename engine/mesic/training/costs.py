"""What an answer costs: microseconds a row, by step and by column."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd

from mesic.bundle.lineage import Link, links_of, origins
from mesic.bundle.portable import Matrix, PortableStep, applied, compiled_parts, place_of_estimator
from mesic.training.fitted import Fitted

BATCH_ROWS, SINGLE_ROWS, REPEATS = 1_000, 20, 3


@dataclass(frozen=True)
class Costs:
    """Microseconds a row, measured on this machine when it had nothing else to do.

    Parameters
    ----------
    steps
        By step: its name, and what it takes in a batch and for a row alone.
    columns
        By raw column, its part of what a row of a batch takes: all parts make the whole.
    """

    steps: tuple[tuple[str, float, float], ...]
    columns: dict[str, float]

    def facts(self) -> dict[str, Any]:
        """Return everything for the record."""
        rows = [{"step": name, "batch_us": batch, "alone_us": alone} for name, batch, alone in self.steps]
        whole = {"batch_us": sum(batch for _, batch, _ in self.steps), "alone_us": sum(a for *_, a in self.steps)}
        return {"rows": BATCH_ROWS, "steps": rows, **whole, "columns": self.columns}


def costs_of(fitted: Fitted, X: pd.DataFrame) -> Costs:
    """Measure what each step takes, the least of some repeats, and share it out among columns.

    A step's time falls on the columns that it makes or changes, and from there on the raw columns that these come from;
    that of a learner on all that it reads.

    Parameters
    ----------
    fitted
        A pipeline.
    X
        Some rows, from 1.
    """
    parts = compiled_parts(fitted.steps, threads=1, trusted=fitted.types)
    batch = Matrix.from_frame(X.head(BATCH_ROWS))
    alone = [Matrix.from_frame(X.iloc[[row]]) for row in range(min(SINGLE_ROWS, len(X)))]
    in_batch = _least_us(parts, [batch], len(batch))
    by_itself = _least_us(parts, alone, len(alone))
    names = [f"{number:02d}-{step.op}" for number, step in enumerate(fitted.steps)]
    steps = tuple(zip(names, in_batch, by_itself, strict=True))
    return Costs(steps, _by_column(fitted, in_batch))


Charges = list[tuple[float, list[str]]]


def charges_of(steps: Sequence[PortableStep], X: pd.DataFrame, declared: Mapping[str, float]) -> Charges:
    """Return what the columns at the end of some steps cost: microseconds a row, and the names on which they fall.

    A charge falls due when any of its columns is used. Times are told as 3, 10, 30, 100, ... so that they seldom differ
    from run to run; what takes less than 3 is not charged for.

    Parameters
    ----------
    steps
        The first is ``codes``; none predicts.
    X
        Some rows, from 1.
    declared
        By raw column, what it takes to get a cell.
    """
    names, links = links_of(steps, applied)
    end = names[-1]
    of_raw = origins(links, len(names[0]))
    found = [
        (float(us), [name for name, own in zip(end, of_raw, strict=True) if names[0].index(raw) in own])
        for raw, us in declared.items()
        if us > 0 and raw in names[0]
    ]
    own_types = frozenset(name for step in steps for name in step.params.get("types", ()))
    parts = compiled_parts(steps, threads=1, trusted=own_types, predicts=False)
    batch = Matrix.from_frame(X.head(BATCH_ROWS))
    for number, us in enumerate(_least_us(parts, [batch], len(batch))[1:]):
        changed = {place for place, is_same in enumerate(links[number].is_same) if not is_same}
        later = origins(links[number + 1 :], len(names[number + 1]))
        found.append((_rough(us), [name for name, own in zip(end, later, strict=True) if own & changed]))
    return [(us, columns) for us, columns in found if columns and us > 0]


def _rough(us: float) -> float:
    """Return the nearest of 3, 10, 30, 100, ...; 0 below 2."""
    if us < 2:
        return 0.0
    half_decades = round(2 * float(np.log10(us)))
    return 10.0 ** (half_decades // 2) * (3 if half_decades % 2 else 1)


def _least_us(parts: Sequence[Callable[[Any], Any]], pieces: Sequence[Matrix], rows: int) -> list[float]:
    """Return the microseconds a row that each part takes for all pieces, the least of some repeats."""
    least = np.full(len(parts), np.inf)
    for _ in range(REPEATS):
        taken = np.zeros(len(parts))
        for piece in pieces:
            result: Any = piece
            for place, part in enumerate(parts):
                start = perf_counter()
                result = part(result)
                taken[place] += perf_counter() - start
        least = np.minimum(least, taken)
    return [float(value) for value in least / rows * 1e6]


def _by_column(fitted: Fitted, taken: Sequence[float]) -> dict[str, float]:
    last = place_of_estimator(fitted.steps)
    names, links = links_of(fitted.steps[:last], applied)
    columns = np.zeros(len(names[0]))
    columns += taken[0] / max(columns.size, 1)
    for number, link in enumerate(links):
        columns += taken[number + 1] * _shares(link, origins(links[: number + 1], columns.size), columns.size)
    everything = origins(links, columns.size)
    read = Link(tuple((place,) for place in range(len(everything))), (False,) * len(everything))
    columns += sum(taken[last:]) * _shares(read, everything, columns.size)
    return dict(zip(names[0], columns.tolist(), strict=True))


def _shares(link: Link, origin: Sequence[frozenset[int]], columns: int) -> np.ndarray:
    """Return which share of a step falls on each raw column, shape (p,)."""
    share = np.zeros(columns)
    changed = [own for own, is_same in zip(origin, link.is_same, strict=True) if not is_same and own]
    for own in changed:
        share[list(own)] += 1 / (len(own) * len(changed))
    return share if changed else np.full(columns, 1 / max(columns, 1))
