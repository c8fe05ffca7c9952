"""Fewer trials to draw: a page of thousands of marks would be slow, and say no more."""

from collections.abc import Mapping, Sequence
from typing import Any

MOST_DRAWN = 400

Trial = Mapping[str, Any]


def fewer_trials(zone: Mapping[str, Any], most: int = MOST_DRAWN) -> Mapping[str, Any]:
    """Return a zone with at most so many trials: those taken, the best, and of the others each n-th by their size.

    Parameters
    ----------
    zone
        As ``zone.json`` holds it.
    most
        Trials that are kept about; ``of`` then says how many there are.

    Examples
    --------
    >>> trials = [{"number": n, "complexity": n % 7, "loss": n} for n in range(50)]
    >>> found = fewer_trials({"trials": trials, "best": 3, "chosen": 49}, most=10)
    >>> len(found["trials"]), found["of"], {3, 49} <= {trial["number"] for trial in found["trials"]}
    (12, 50, True)
    """
    trials, pruned = zone.get("trials") or [], zone.get("pruned") or []
    total = len(trials) + len(pruned)
    if total <= most:
        return zone
    named = {zone.get("best"), zone.get("chosen"), *map(str, zone.get("taken") or ())}
    kept = [trial for trial in trials if _is_named(trial, named)]
    rest = [trial for trial in trials if not _is_named(trial, named)]
    shares = most * len(trials) // total, most * len(pruned) // total
    return {**zone, "trials": [*kept, *_each(rest, shares[0])], "pruned": _each(pruned, shares[1]), "of": total}


def _is_named(trial: Trial, named: set[Any]) -> bool:
    return trial.get("number") in named or str(trial.get("number")) in named


def _each(trials: Sequence[Trial], most: int) -> list[Trial]:
    ordered = sorted(trials, key=lambda trial: (trial.get("complexity") or 0, trial.get("loss") or 0))
    return [ordered[place * len(ordered) // most] for place in range(min(most, len(ordered)))]
