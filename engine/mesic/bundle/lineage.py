"""Which columns come from which, from step to step, and steps without what nobody uses.

A pipeline that a selector has cut down needs neither the raw columns that it left out nor the steps that made columns
of them: predictions do not ask for the former and do not wait for the latter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mesic.bundle.matrix import Matrix
from mesic.bundle.step import PortableStep

Names = tuple[str, ...]
Places = Sequence[int]
Apply = Callable[[PortableStep, Matrix], Matrix]


@dataclass(frozen=True)
class Link:
    """How a step's columns come from those before it.

    Parameters
    ----------
    parents
        For each column that results, the places of those that it is made of.
    is_same
        Whether it is one of them as it was.
    """

    parents: tuple[tuple[int, ...], ...]
    is_same: tuple[bool, ...]


def link_of(step: PortableStep, before: Names, after: Names) -> Link:
    """Return how the columns `after` a step come from those `before` it."""
    if step.op in _IN_PLACE:
        return _in_place(step, before, after)
    if step.op in _BEHIND:
        return _behind(step, len(before))
    if step.op == "one_hot":
        return _one_hot(step, len(after))
    if step.op in _MADE_OF:
        return _made(step)
    if step.op == "take":
        return _taken(step, before)
    return _foreign(step, before, after)


def pruned(steps: Sequence[PortableStep], apply: Apply) -> list[PortableStep]:
    """Return steps that make the same columns from as few as can be.

    Parameters
    ----------
    steps
        The first is ``codes``; none predicts.
    apply
        Runs a step.
    """
    names, links = links_of(steps, apply)
    wanted = list(range(len(names[-1])))
    kept: list[PortableStep] = []
    for number in range(len(steps) - 1, 0, -1):
        step, link = steps[number], links[number - 1]
        if all(link.is_same[place] for place in wanted):
            wanted_before = [link.parents[place][0] for place in wanted]
            inside = sorted(set(wanted_before))
            if wanted_before != inside:
                kept.append(_take([inside.index(place) for place in wanted_before]))
            wanted = inside
            continue
        inside = sorted({parent for place in wanted for parent in link.parents[place]})
        smaller, made = _narrowed(step, names[number - 1], inside, wanted) or (step, list(range(len(names[number]))))
        if made != wanted:
            kept.append(_take([made.index(place) for place in wanted]))
        kept.append(smaller)
        wanted = inside
    return [_codes_of(steps[0], wanted), *_takes_joined(kept[::-1])]


def _takes_joined(steps: Sequence[PortableStep]) -> list[PortableStep]:
    joined: list[PortableStep] = []
    for step in steps:
        if joined and joined[-1].op == step.op == "take" and "levels" not in joined[-1].params:
            before = joined.pop().params["columns"]
            columns = [before[place] for place in step.params["columns"]]
            joined.append(replace(step, params={**step.params, "columns": columns}))
        else:
            joined.append(step)
    return joined


def links_of(steps: Sequence[PortableStep], apply: Apply) -> tuple[list[Names], list[Link]]:
    """Return the names of the columns after each step, and how each but the first links them."""
    matrix = apply(steps[0], _nothing(steps[0]))
    names, links = [matrix.names], []
    for step in steps[1:]:
        matrix = apply(step, matrix)
        links.append(link_of(step, names[-1], matrix.names))
        names.append(matrix.names)
    return names, links


def origins(links: Sequence[Link], columns: int) -> list[frozenset[int]]:
    """Return for each column at the end the places of the `columns` at the start that it comes from."""
    found = [frozenset([place]) for place in range(columns)]
    for link in links:
        joined = {parents: frozenset().union(*(found[parent] for parent in parents)) for parents in set(link.parents)}
        found = [joined[parents] for parents in link.parents]
    return found


def _nothing(step: PortableStep) -> Matrix:
    """Return no rows of the columns that a ``codes`` step asks for."""
    columns = step.params["columns"]
    levels = {column["name"]: tuple(column.get("levels", ())) for column in columns if column["kind"] != "number"}
    return Matrix(np.empty((0, len(columns))), tuple(column["name"] for column in columns), levels)


def _codes_of(step: PortableStep, places: Places) -> PortableStep:
    return replace(step, params={**step.params, "columns": [step.params["columns"][place] for place in places]})


def _take(places: Places) -> PortableStep:
    return PortableStep("take", {"columns": list(places)}, {})


_IN_PLACE = {"impute", "scale", "interpolate", "bins", "ordinal"}
_BEHIND = {"products", "crosses"}
_MADE_OF = {"dates", "lookup", "hashed", "words"}


def _in_place(step: PortableStep, before: Names, after: Names) -> Link:
    p = len(before)
    indicator = step.arrays["indicator"].tolist() if step.op == "impute" else []
    is_same = _untouched(step, before, p)
    return Link(
        (*((place,) for place in range(p)), *((place,) for place in indicator)), (*is_same, *(False for _ in after[p:]))
    )


def _untouched(step: PortableStep, before: Names, p: int) -> list[bool]:
    if step.op == "scale":
        still = {"center": 0.0, "scale": 1.0, "low": -np.inf, "high": np.inf}
        return list(np.all([step.arrays[name] == value for name, value in still.items()], axis=0))
    if step.op == "interpolate":
        return [size == 0 for size in np.diff(step.arrays["start"])]
    if step.op == "bins":
        return [name not in step.params["levels"] for name in before]
    return [False] * p


def _behind(step: PortableStep, p: int) -> Link:
    pairs = step.arrays["pairs"].tolist()
    parents = (*((place,) for place in range(p)), *(tuple(pair) for pair in pairs))
    return Link(parents, (*(True for _ in range(p)), *(False for _ in pairs)))


def _one_hot(step: PortableStep, width: int) -> Link:
    target, start, table = (step.arrays[name] for name in ("target", "start", "table"))
    parents: list[tuple[int, ...]] = [()] * width
    is_same = [False] * width
    for place, goes_to in enumerate(target.tolist()):
        if goes_to >= 0:
            parents[goes_to], is_same[goes_to] = (place,), True
        for column in np.unique(table[start[place] : start[place + 1]]).tolist():
            if column >= 0:
                parents[column] = (place,)
    return Link(tuple(parents), tuple(is_same))


def _made(step: PortableStep) -> Link:
    keep, made = step.arrays["keep"].tolist(), _made_of(step)
    return Link(
        (*((place,) for place in keep), *((place,) for place in made)), (*(True for _ in keep), *(False for _ in made))
    )


def _made_of(step: PortableStep) -> list[int]:
    """Return of which column each new one of a step is made."""
    if step.op == "dates":
        return [place for place, _ in step.params["parts"]]
    places = step.arrays["places"].tolist()
    if step.op == "lookup":
        return [place for place in places for _ in range(step.arrays["table"].shape[1])]
    if step.op == "hashed":
        return [place for place in places for _ in range(step.params["buckets"])]
    return [place for place, words in zip(places, step.params["words"], strict=True) for _ in words]


def _taken(step: PortableStep, before: Names) -> Link:
    places, merged = step.params["columns"], step.params.get("levels", {})
    return Link(tuple((place,) for place in places), tuple(before[place] not in merged for place in places))


def _foreign(step: PortableStep, before: Names, after: Names) -> Link:
    """Let every column come from all, but for those that stay as they are where the step only adds others."""
    place_of = {name: place for place, name in enumerate(before)} if step.params.get("adds") else {}
    everything = tuple(range(len(before)))
    parents = tuple((place_of[name],) if name in place_of else everything for name in after)
    return Link(parents, tuple(name in place_of for name in after))


def _narrowed(
    step: PortableStep, before: Names, inside: Places, wanted: Places
) -> tuple[PortableStep, list[int]] | None:
    """Return a step for some of its columns, and which of those that it made it makes now; None if it needs all."""
    if step.op in _IN_PLACE:
        return _narrowed_in_place(step, before, inside, wanted)
    if step.op in _BEHIND:
        return _narrowed_behind(step, before, inside, wanted)
    if step.op == "one_hot":
        return _narrowed_one_hot(step, inside)
    if step.op in _MADE_OF:
        return _narrowed_made(step, inside, wanted)
    if step.op == "take":
        names = {before[place] for place in inside}
        merged = {name: own for name, own in step.params.get("levels", {}).items() if name in names}
        columns = [inside.index(step.params["columns"][place]) for place in wanted]
        return replace(step, params={"columns": columns} | ({"levels": merged} if merged else {})), list(wanted)
    return None


def _narrowed_in_place(
    step: PortableStep, before: Names, inside: Places, wanted: Places
) -> tuple[PortableStep, list[int]]:
    names = {before[place] for place in inside}
    params, arrays, made = dict(step.params), dict(step.arrays), list(inside)
    if "levels" in params:
        params["levels"] = {name: levels for name, levels in params["levels"].items() if name in names}
    if step.op == "impute":
        marked = [j for j in range(arrays["indicator"].size) if len(before) + j in wanted]
        made += [len(before) + j for j in marked]
        params["names"] = [params["names"][place] for place in made]
        arrays["indicator"] = np.array([inside.index(arrays["indicator"][j]) for j in marked], dtype=np.int64)
        arrays["value"] = arrays["value"][inside]
    elif step.op == "scale":
        arrays = {name: values[inside] for name, values in arrays.items()}
    elif "start" in arrays:
        arrays = _ragged(arrays, inside, [name for name in arrays if name != "start"])
    return replace(step, params=params, arrays=arrays), made


def _ragged(arrays: dict[str, np.ndarray], places: Places, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Return the parts at some places of arrays whose parts begin at ``start``."""
    start = arrays["start"]
    rows = [np.arange(start[place], start[place + 1]) for place in places]
    chosen = np.concatenate([np.empty(0, np.int64), *rows])
    cut = {name: arrays[name][chosen] for name in names}
    return {**arrays, **cut, "start": np.cumsum([0, *map(len, rows)])}


def _narrowed_behind(
    step: PortableStep, before: Names, inside: Places, wanted: Places
) -> tuple[PortableStep, list[int]]:
    chosen = [place - len(before) for place in wanted if place >= len(before)]
    names = [step.params["names"][j] for j in chosen]
    params, arrays = {**step.params, "names": names}, dict(step.arrays)
    if step.op == "crosses":
        params["levels"] = {name: step.params["levels"][name] for name in names}
        arrays = _ragged(arrays, chosen, ["numbers"]) | {"width": arrays["width"][chosen]}
    pairs = [[inside.index(place) for place in step.arrays["pairs"][j]] for j in chosen]
    arrays["pairs"] = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return replace(step, params=params, arrays=arrays), [*inside, *(len(before) + j for j in chosen)]


def _narrowed_one_hot(step: PortableStep, inside: Places) -> tuple[PortableStep, list[int]]:
    """Leave out whole columns; of one that stays, every level does."""
    arrays = _ragged(dict(step.arrays), inside, ["table"])
    target, table = step.arrays["target"][inside], arrays["table"]
    made = sorted({*target[target >= 0].tolist(), *table[table >= 0].tolist()})
    place_of = np.full(len(step.params["names"]) + 1, -1)
    place_of[made] = np.arange(len(made))
    names = [step.params["names"][place] for place in made]
    levels = {name: own for name, own in step.params["levels"].items() if name in names}
    arrays |= {"target": place_of[target], "table": place_of[table]}
    return replace(step, params={"names": names, "levels": levels}, arrays=arrays), made


def _narrowed_made(step: PortableStep, inside: Places, wanted: Places) -> tuple[PortableStep, list[int]]:
    keep = step.arrays["keep"].tolist()
    kept = [place for place in wanted if place < len(keep)]
    arrays = {**step.arrays, "keep": np.array([inside.index(keep[place]) for place in kept], dtype=np.int64)}
    if step.op == "dates":
        chosen = [place - len(keep) for place in wanted if place >= len(keep)]
        parts = [[inside.index(step.params["parts"][j][0]), step.params["parts"][j][1]] for j in chosen]
        params = {**step.params, "parts": parts, "names": [step.params["names"][j] for j in chosen]}
        return replace(step, params=params, arrays=arrays), list(wanted)
    return _narrowed_sources(step, inside, arrays, kept, len(keep), wanted)


def _narrowed_sources(
    step: PortableStep, inside: Places, arrays: dict[str, np.ndarray], kept: list[int], behind: int, wanted: Places
) -> tuple[PortableStep, list[int]]:
    """Leave out columns of which nothing is wanted; of one that stays, everything that is made of it does."""
    made_of, places = _made_of(step), step.arrays["places"].tolist()
    used = {made_of[place - behind] for place in wanted if place >= behind}
    chosen = [j for j, place in enumerate(places) if place in used]
    made = [j for j, place in enumerate(made_of) if place in used]
    params = {**step.params, "names": [step.params["names"][j] for j in made]}
    if step.op == "words":
        params["words"] = [step.params["words"][j] for j in chosen]
    if "start" in arrays:
        arrays = _ragged(arrays, chosen, ["table" if step.op == "lookup" else "weight"])
    arrays["places"] = np.array([inside.index(places[j]) for j in chosen], dtype=np.int64)
    return replace(step, params=params, arrays=arrays), [*kept, *(behind + j for j in made)]
