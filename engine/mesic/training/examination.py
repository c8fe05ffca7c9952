"""What a choice of columns is worth: against all columns, against plain univariate control, and once more on halves."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from mesic.data.view import Dataset
from mesic.evaluation.comparison import paired_difference
from mesic.findings import Finding
from mesic.training.folds import OutOfFold, cross_fit, losses_by_row
from mesic.training.recipe import Recipe
from mesic.training.selection import Choice, stability

MOST_EVIDENCE = 200
ALL_COLUMNS = "all columns"


def beside(
    recipe: Recipe,
    own: OutOfFold,
    others: dict[str, Recipe],
    dataset: Dataset,
    folds: Sequence[tuple[np.ndarray, np.ndarray]],
    *,
    level: float,
    rng: np.random.Generator,
    between: Callable[[str], None],
) -> list[dict[str, Any]]:
    """Return the out-of-fold loss of a recipe and of others, and how much higher the recipe's is than each other's.

    Parameters
    ----------
    recipe, own
        Whose selectors are examined, and what was predicted with them.
    others
        Recipes that differ in their selectors, by what they are called.
    dataset, folds
        Rows, and the folds that `own` was predicted in.
    level
        Of the intervals.
    rng
        Deals rows into blocks.
    between
        Called before each fit.
    """
    rows = np.unique(own.rows)
    about: dict[str, Any] = {
        "weight": None if dataset.weight is None else dataset.weight[rows],
        "groups": None if dataset.groups is None else dataset.groups[rows],
        "level": level,
    }
    losses = losses_by_row(own.rows, own.losses)
    nothing = np.zeros_like(losses)
    name = ", ".join(part.name for part in recipe.selectors)
    found: list[dict[str, Any]] = [
        {"name": name, "score": dict(paired_difference(losses, nothing, rng=rng, **about)), "difference": None}
    ]
    for other, changed in others.items():
        answer = cross_fit(changed, dataset, folds, partial(_said, between, other))
        theirs = losses_by_row(answer.rows, answer.losses)
        score = paired_difference(theirs, nothing, rng=rng, **about)
        difference = paired_difference(losses, theirs, rng=rng, **about)
        found.append({"name": other, "score": dict(score), "difference": dict(difference)})
    return found


def _said(between: Callable[[str], None], what: str, doing: str) -> None:
    between(f"{what}, {doing}")


def cost_findings(found: Sequence[dict[str, Any]], loss: str) -> list[Finding]:
    """Say so when the model is worse with its selectors than with all columns, beyond the interval."""
    own = found[0]
    against = next((other["difference"] for other in found if other["name"] == ALL_COLUMNS), None)
    if against is None or against["low"] is None or against["low"] <= 0:
        return []
    message = (
        f"selector=[{own['name']}] costs {against['value']:.3g} of {loss} against all columns "
        f"({against['low']:.3g} to {against['high']:.3g}, out of fold)"
    )
    return [Finding("SELECTION-COSTS", "warning", message, dict(against), "cut less boldly, or leave selectors out")]


def again_on_halves(
    recipe: Recipe,
    dataset: Dataset,
    train: np.ndarray,
    number: int,
    *,
    level: float,
    rng: np.random.Generator,
    between: Callable[[str], None],
) -> dict[str, Any] | None:
    """Return how stable the choice is over halves of the training rows, drawn without replacement.

    Halves keep groups whole. A bootstrap would not do: it repeats rows, and to a selector that compares columns with
    shuffled copies repeated rows of noise look like knowledge.

    Parameters
    ----------
    recipe
        Its sampler, transformers and selectors are fitted; no learner is.
    dataset, train
        Rows.
    number
        Of halves; with fewer than 2 there is nothing to compare.
    level
        Of the interval.
    rng
        Draws the halves.
    between
        Called before each fit.
    """
    if number < 2:
        return None
    units = (
        np.arange(train.size) if dataset.groups is None else np.unique(dataset.groups[train], return_inverse=True)[1]
    )
    choices, columns = [], list[str]()
    for place in range(number):
        between(f"half {place + 1} of {number}")
        drawn = rng.permutation(units.max() + 1) < (units.max() + 1) / 2
        made = recipe.choices(dataset.view(train[drawn[units]]))
        choices.append(kept_columns(made))
        columns += made[0].columns
    return stability(choices, columns, level)


def kept_columns(choices: Sequence[Choice]) -> list[str]:
    """Return the names of the columns that a chain of choices leaves."""
    last = choices[-1]
    return [name for name, is_kept in zip(last.columns, last.kept, strict=True) if is_kept]


def choice_facts(choice: Choice) -> dict[str, Any]:
    """Return a choice for the record: how many columns, and the evidence of the best ones.

    All of the evidence is in ``selection.parquet``.
    """
    facts: dict[str, Any] = {
        "selector": choice.selector,
        "of": len(choice.columns),
        "kept": int(choice.kept.sum()),
        "protected": int(choice.protected.sum()),
        "statistic": choice.statistic,
    }
    rows = evidence_rows(choice)
    measured = [row for row in rows if row["statistic"] is not None]
    facts["threshold"] = measured[0]["threshold"] if measured else None
    ranked = sorted(
        rows, key=lambda row: (-(row["statistic"] if row["statistic"] is not None else -np.inf), row["column"])
    )
    return facts | {
        "evidence": ranked[:MOST_EVIDENCE],
        "ranked": [row["statistic"] for row in ranked if measured][:5_000],
    }


def evidence_rows(choice: Choice) -> list[dict[str, Any]]:
    """Return a row a column: ``column``, ``statistic``, ``threshold``, ``kept``, ``reason``."""
    columns = {}
    for name in ("statistic", "threshold"):
        given = choice.evidence[name] if choice.evidence is not None and name in choice.evidence else None
        columns[name] = [None] * len(choice.columns) if given is None else [_number(value) for value in given]
    return [
        {"column": column, "statistic": statistic, "threshold": threshold, "kept": bool(is_kept), "reason": reason}
        for column, statistic, threshold, is_kept, reason in zip(
            choice.columns, columns["statistic"], columns["threshold"], choice.kept, choice.reasons(), strict=True
        )
    ]


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
