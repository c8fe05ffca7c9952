"""Operators that rewrite columns, as calls of kernels."""

import numpy as np

from mesic import PortableStep
from mesic_plugins.targets.program.columns import Columns
from mesic_plugins.targets.program.program import Call

Lowered = tuple[list[Call], Columns]
PARTS = ("year", "month", "day", "weekday", "yearday", "hour", "minute", "second")
PERIODS = {"month": 12, "day": 31, "weekday": 7, "yearday": 366, "hour": 24, "minute": 60, "second": 60}


def codes(step: PortableStep, columns: Columns) -> Lowered:
    """Lower a ``codes`` step that meets columns which are known already: the first one of a mean's member."""
    wanted = Columns.of_codes(step.params["columns"])
    places = [columns.names.index(name) for name in wanted.names]
    taken = columns.take(places)
    tables = {
        place: _recoding(taken.levels[name], wanted.levels[name])
        for place, name in enumerate(wanted.names)
        if name in wanted.levels and taken.levels[name] != wanted.levels[name]
    }
    result = Columns(wanted.names, wanted.levels, taken.texts)
    return _taken(places, len(columns)) + _recoded(tables, len(wanted)), result


def take(step: PortableStep, columns: Columns) -> Lowered:
    """Lower a ``take`` step, with the levels that it merges."""
    places = [int(place) for place in step.params["columns"]]
    taken, merged = columns.take(places), step.params.get("levels", {})
    tables = {
        place: np.array([*merged[name]["codes"], np.nan], dtype=np.float64)
        for place, name in enumerate(taken.names)
        if name in merged
    }
    levels = {**taken.levels} | {name: tuple(one["names"]) for name, one in merged.items() if name in taken.names}
    return _taken(places, len(columns)) + _recoded(tables, len(places)), taken.with_levels(levels)


def impute(step: PortableStep, columns: Columns) -> Lowered:
    """Lower an ``impute`` step."""
    names = step.params["names"]
    values = {"value": step.arrays["value"], "indicator": step.arrays["indicator"]}
    return [Call("fill", len(names), values)], columns.renamed(names, _levels(step))


def scale(step: PortableStep, columns: Columns) -> Lowered:
    """Lower a ``scale`` step; columns that stay are left out."""
    center, width, low, high = (step.arrays[name] for name in ("center", "scale", "low", "high"))
    places = np.flatnonzero((center != 0) | (width != 1) | np.isfinite(low) | np.isfinite(high))
    arrays = {"center": center[places], "divisor": width[places], "low": low[places], "high": high[places]}
    return [Call("scale", len(columns), {"places": places, **arrays})], columns


def interpolate(step: PortableStep, columns: Columns) -> Lowered:
    """Lower an ``interpolate`` step."""
    start, x, y = (step.arrays[name] for name in ("start", "x", "y"))
    places = np.flatnonzero(np.diff(start))
    ends = np.append(start[places], start[-1]) if places.size else np.zeros(1, dtype=np.int64)
    values = {"places": places, "start": ends, "x": x / 4, "y": y}
    return [Call("interpolate", len(columns), values)], columns


def bins(step: PortableStep, columns: Columns) -> Lowered:
    """Lower a ``bins`` step."""
    levels, start, edges = _levels(step), step.arrays["start"], step.arrays["edges"]
    places = np.array([place for place, name in enumerate(columns.names) if name in levels], dtype=np.int64)
    values = {"places": places, **_pieces([edges[start[place] : start[place + 1]] for place in places], "edges")}
    return [Call("bins", len(columns), values)], columns.with_levels({**columns.levels, **levels})


def dates(step: PortableStep, columns: Columns) -> Lowered:
    """Lower a ``dates`` step; a place on a circle is looked up, so that it is the same in every language."""
    keep, names = step.arrays["keep"].astype(np.int64), step.params["names"]
    places = np.array([place for place, _ in step.params["parts"]], dtype=np.int64)
    words = [part.partition(" ") for _, part in step.params["parts"]]
    values = {
        "keep": keep,
        "places": places,
        "parts": np.array([PARTS.index(part) for part, _, _ in words], dtype=np.int64),
        **_pieces([_circle(part, wave) for part, _, wave in words], "table"),
    }
    return [Call("dates", keep.size + len(names), values)], columns.take(keep.tolist()).followed_by(names)


def products(step: PortableStep, columns: Columns) -> Lowered:
    """Lower a ``products`` step."""
    pairs, names = step.arrays["pairs"].astype(np.int64), step.params["names"]
    values = {"first": pairs[:, 0], "second": pairs[:, 1]}
    return [Call("products", len(columns) + len(names), values)], columns.followed_by(names)


def one_hot(step: PortableStep, columns: Columns) -> Lowered:
    """Lower a ``one_hot`` step."""
    target, start, table = (step.arrays[name] for name in ("target", "start", "table"))
    names, stay, categories = step.params["names"], np.flatnonzero(target >= 0), np.flatnonzero(target < 0)
    values = {
        "columns": len(names),
        "from_places": stay,
        "to_places": target[stay],
        "places": categories,
        **_pieces([table[start[place] : start[place + 1]] for place in categories], "table", dtype=np.int64),
    }
    return [Call("one_hot", len(names), values)], columns.renamed(names, _levels(step))


def ordinal(step: PortableStep, columns: Columns) -> Lowered:
    """Lower an ``ordinal`` step: codes are numbers already."""
    return [], columns.with_levels(_levels(step))


def lookup(step: PortableStep, columns: Columns) -> Lowered:
    """Lower a ``lookup`` step."""
    keep, places, start, table = (step.arrays[name] for name in ("keep", "places", "start", "table"))
    return looked_up(columns, keep, places, start, table, step.params["names"])


def looked_up(
    columns: Columns, keep: np.ndarray, places: np.ndarray, start: np.ndarray, table: np.ndarray, names: list[str]
) -> Lowered:
    """Return a lookup of rows of a table by code, the last row of each part for missing cells."""
    keep = np.asarray(keep, dtype=np.int64)
    values = {"each": table.shape[1], "keep": keep, "places": places, "start": start, "table": table.reshape(-1)}
    return [Call("lookup", keep.size + len(names), values)], columns.take(keep.tolist()).followed_by(names)


def crosses(step: PortableStep, columns: Columns) -> Lowered:
    """Lower a ``crosses`` step."""
    pairs, names = step.arrays["pairs"].astype(np.int64), step.params["names"]
    values = {
        "first": pairs[:, 0],
        "second": pairs[:, 1],
        "factor": step.arrays["width"],
        "start": step.arrays["start"],
        "numbers": step.arrays["numbers"],
    }
    return [Call("crosses", len(columns) + len(names), values)], columns.followed_by(names, _levels(step))


def _taken(places: list[int], width: int) -> list[Call]:
    if places == list(range(width)):
        return []
    return [Call("take", len(places), {"places": np.asarray(places, dtype=np.int64)})]


def _recoded(tables: dict[int, np.ndarray], width: int) -> list[Call]:
    if not tables:
        return []
    places = np.array(list(tables), dtype=np.int64)
    return [Call("recode", width, {"places": places, **_pieces(list(tables.values()), "table")})]


def _recoding(own: tuple[str, ...], wanted: tuple[str, ...]) -> np.ndarray:
    code_of = {level: float(code) for code, level in enumerate(wanted)}
    return np.array([*(code_of.get(level, np.nan) for level in own), np.nan])


def _pieces(pieces: list[np.ndarray], name: str, dtype: type = np.float64) -> dict[str, np.ndarray]:
    """Return pieces laid end to end, and where each begins."""
    start = np.cumsum([0, *(piece.size for piece in pieces)])
    return {"start": start, name: np.concatenate([np.empty(0, dtype=dtype), *pieces]).astype(dtype)}


def _circle(part: str, wave: str) -> np.ndarray:
    if not wave:
        return np.empty(0)
    angle = 2 * np.pi * np.arange(PERIODS[part] + 1.0) / PERIODS[part]
    return np.sin(angle) if wave == "sine" else np.cos(angle)


def _levels(step: PortableStep) -> dict[str, tuple[str, ...]]:
    return {name: tuple(levels) for name, levels in step.params["levels"].items()}
