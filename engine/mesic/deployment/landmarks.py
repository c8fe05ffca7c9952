"""Where a pipeline changes its mind: thresholds, edges and knots, told in the numbers of the raw columns."""

import re
from collections.abc import Iterator, Sequence

import numpy as np

from mesic.bundle.bundle import Bundle
from mesic.bundle.lineage import Link, links_of
from mesic.bundle.portable import OPERATORS, PortableStep, applied

Landmarks = dict[str, set[float]]


def landmarks(bundle: Bundle) -> dict[str, np.ndarray]:
    r"""Return for each raw column of numbers the values at which something changes, ascending.

    Examples
    --------
    >>> split_values("Tree=0\nsplit_feature=1 0\nthreshold=0.5 7\n")
    {1: [0.5], 0: [7.0]}
    """
    found: Landmarks = {one.name: set() for one in bundle.inputs if one.reading not in ("level", "text")}
    for one in bundle.inputs:
        if one.name in found:
            found[one.name] |= {end for end in (one.low, one.high) if np.isfinite(end)}
    _gather(bundle.fitted.steps, found)
    return {name: np.array(sorted(value for value in values if np.isfinite(value))) for name, values in found.items()}


def _gather(steps: Sequence[PortableStep], found: Landmarks) -> None:
    """Add what a pipeline that begins with a ``codes`` step asks of its raw columns."""
    preparing = [step for step in steps if step.op in OPERATORS]
    names, links = links_of(preparing, applied)
    way = list(zip(preparing[1:], links, strict=True))
    asked = [(way[:number], one) for number, step in enumerate(preparing[1:]) for one in _edges(step)]
    for step in steps[len(preparing) :]:
        asked += [(way, one) for one in _thresholds(step)]
        for member in step.members:
            _gather(member, found)
    for passed, (place, values) in asked:
        raw, limits = _raw(passed, place, values)
        if raw >= 0 and names[0][raw] in found:
            found[names[0][raw]].update(limits.tolist())


def _raw(way: Sequence[tuple[PortableStep, Link]], place: int, values: np.ndarray) -> tuple[int, np.ndarray]:
    """Return the raw column that a column comes from, with its values for those given; -1 if it is made."""
    for step, link in reversed(way):
        parents = link.parents[place]
        is_shown = (
            link.is_same[place] or step.op == "scale" or (step.op == "impute" and place < step.arrays["value"].size)
        )
        if len(parents) != 1 or not is_shown:
            return -1, values
        place = parents[0]
        if step.op == "scale":
            values = values * step.arrays["scale"][place] + step.arrays["center"][place]
    return place, values


def _edges(step: PortableStep) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the places of columns that a step compares with numbers, and these."""
    if step.op == "scale":
        for place in np.flatnonzero(np.isfinite(step.arrays["low"]) | np.isfinite(step.arrays["high"])):
            ends = np.array([step.arrays["low"][place], step.arrays["high"][place]])
            yield int(place), ends * step.arrays["scale"][place] + step.arrays["center"][place]
    name = {"bins": "edges", "interpolate": "x"}.get(step.op)
    if name:
        start = step.arrays["start"]
        for place in np.flatnonzero(np.diff(start)):
            yield int(place), step.arrays[name][start[place] : start[place + 1]]


def _thresholds(step: PortableStep) -> Iterator[tuple[int, np.ndarray]]:
    if step.op == "lightgbm":
        for place, values in split_values(step.text).items():
            yield place, np.array(values)
    if step.op == "trees":
        feature, threshold = step.arrays["feature"], step.arrays["threshold"]
        for place in np.unique(feature[feature >= 0]):
            own = threshold[feature == place]
            middle = (
                own.astype(np.float32).astype(float) + np.nextafter(own.astype(np.float32), np.float32(np.inf))
            ) / 2
            yield int(place), np.unique(np.concatenate([own, middle]))  # float32 turns in the middle


def split_values(text: str) -> dict[int, list[float]]:
    """Return by column the thresholds of a model in LightGBM's words."""
    found: dict[int, list[float]] = {}
    columns = re.findall(r"^split_feature=(.*)$", text, re.MULTILINE)
    values = re.findall(r"^threshold=(.*)$", text, re.MULTILINE)
    for own, limits in zip(columns, values, strict=True):
        for place, limit in zip(own.split(), limits.split(), strict=True):
            found.setdefault(int(place), []).append(float(limit))
    return found


def beside(values: np.ndarray) -> np.ndarray:
    """Return each value with its neighbours, one unit in the last place away."""
    with np.errstate(over="ignore"):
        return np.unique(np.concatenate([values, np.nextafter(values, -np.inf), np.nextafter(values, np.inf)]))
