"""Operators that read letters: of open texts by kernels of their own, of levels that are known by a table."""

import numpy as np

from mesic import Matrix, PortableStep, compile_pipeline
from mesic_plugins.targets.program.columns import Columns
from mesic_plugins.targets.program.preparing import Lowered, looked_up
from mesic_plugins.targets.program.program import Call


def hashed(step: PortableStep, columns: Columns) -> Lowered:
    """Lower a ``hashed`` step."""
    open_texts = _open_texts(step, columns)
    if open_texts is None:
        return _tabled(step, columns)
    keep, names = step.arrays["keep"].astype(np.int64), step.params["names"]
    values = {"keep": keep, "which": open_texts, "buckets": step.params["buckets"], "seed": step.params["seed"] << 32}
    return [Call("hashed", keep.size + len(names), values)], columns.take(keep.tolist()).followed_by(names)


def words(step: PortableStep, columns: Columns) -> Lowered:
    """Lower a ``words`` step."""
    open_texts = _open_texts(step, columns)
    if open_texts is None:
        return _tabled(step, columns)
    keep, names, known = step.arrays["keep"].astype(np.int64), step.params["names"], step.params["words"]
    values = {
        "keep": keep,
        "which": open_texts,
        "start": step.arrays["start"],
        "known": tuple(word for words_of_column in known for word in words_of_column),
        "weight": step.arrays["weight"],
        "is_presence": int(step.params["presence"]),
        "is_unit": int(step.params["unit"]),
    }
    return [Call("words", keep.size + len(names), values)], columns.take(keep.tolist()).followed_by(names)


def _open_texts(step: PortableStep, columns: Columns) -> np.ndarray | None:
    """Return the places of the texts that a step reads; None where all are levels that are known."""
    names = [columns.names[place] for place in step.arrays["places"]]
    if all(name in columns.levels for name in names):
        return None
    return np.array([columns.texts[name] for name in names], dtype=np.int64)


def _tabled(step: PortableStep, columns: Columns) -> Lowered:
    """Return what a step makes of every level, and of a missing cell, as a table."""
    places, names = step.arrays["places"], step.params["names"]
    each = len(names) // max(len(places), 1)
    run, parts = compile_pipeline([step]), []
    kept = len(step.arrays["keep"])
    for number, place in enumerate(places):
        levels = columns.levels[columns.names[place]]
        values = np.full((len(levels) + 1, len(columns)), np.nan)
        values[:-1, place] = np.arange(len(levels))
        made = run(Matrix(values, columns.names, columns.levels))[:, kept:]
        parts.append(made[:, number * each : (number + 1) * each])
    start = np.cumsum([0, *(len(part) for part in parts)])
    table = np.concatenate([np.empty((0, each)), *parts])
    return looked_up(columns, step.arrays["keep"], places, start, table, names)
