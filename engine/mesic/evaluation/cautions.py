"""What calls intervals in doubt: few rows of a class, few groups, scores that are not defined, heavy tails."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mesic.evaluation.ends import STEEP, acceleration
from mesic.findings import Finding

FEW = 30
FEWEST_ROWS = 100


def cautions_of(
    scores: Sequence[Mapping[str, Any]],
    y: np.ndarray,
    losses: np.ndarray,
    *,
    classes: Sequence[str],
    groups: np.ndarray | None = None,
) -> list[Finding]:
    """Return what a reader of the intervals of scores should know.

    Parameters
    ----------
    scores
        Of the test rows, as the record holds them.
    y
        Class codes or values of these rows, shape (n,).
    losses
        The model's, shape (n,).
    classes
        Labels by code; none for regression.
    groups
        Of the rows, shape (n,), or None.

    Examples
    --------
    >>> y = np.repeat([0, 1], [90, 10])
    >>> [finding.code for finding in cautions_of([], y, np.ones(100), classes=("no", "yes"))]
    ['FEW-OF-A-CLASS']
    """
    found = [_of_classes(y, classes), _of_groups(groups), _of_undefined(scores), _of_tail(losses)]
    return [finding for finding in found if finding is not None]


def _of_classes(y: np.ndarray, classes: Sequence[str]) -> Finding | None:
    counts = {label: int(np.count_nonzero(y == code)) for code, label in enumerate(classes)}
    few = {label: count for label, count in counts.items() if count < FEW}
    if not few:
        return None
    listed = ", ".join(f"{count} of {label!r}" for label, count in list(few.items())[:5])
    more = f" and {len(few) - 5} more classes" if len(few) > 5 else ""
    message = (
        f"the test part has few rows of a class ({listed}{more}): intervals of scores that look at it are wide, and "
        f"below {FEW} rows they may miss the truth more often than they say"
    )
    fix = "a larger splitter.test_share, or more rows of the class"
    return Finding("FEW-OF-A-CLASS", "warning", message, {"rows": few, "fewest": FEW}, fix)


def _of_groups(groups: np.ndarray | None) -> Finding | None:
    count = 0 if groups is None else int(np.unique(groups).size)
    if groups is None or count >= FEW:
        return None
    message = f"the test part has {count} groups, which are drawn whole: below {FEW} intervals may be too narrow"
    return Finding("FEW-TEST-GROUPS", "warning", message, {"groups": count, "fewest": FEW}, "more groups")


def _of_undefined(scores: Sequence[Mapping[str, Any]]) -> Finding | None:
    nowhere = [score["metric"] for score in scores if score["value"] is None]
    partly = {score["metric"]: score["undefined"] for score in scores if score.get("undefined")}
    if not nowhere and not partly:
        return None
    said = [f"{name} is not defined on the test rows" for name in nowhere]
    said += [f"{name} is not defined on {share:.1%} of the resamples" for name, share in partly.items()]
    message = f"{'; '.join(said)}: nothing stands in its place, and intervals are of the other resamples"
    evidence = {"undefined": nowhere, "on_resamples": partly}
    return Finding("SCORE-UNDEFINED", "warning", message, evidence, "test rows of every class, or other metrics")


def _of_tail(losses: np.ndarray) -> Finding | None:
    """Say so where a few rows make so much of the mean loss that resamples cannot know how much more there is.

    References
    ----------
    B. Efron, Better bootstrap confidence intervals, JASA 82, 1987: accelerations of 0.1 are large.
    """
    if losses.size < FEWEST_ROWS or not np.isfinite(losses).all() or not losses.sum() > 0:
        return None
    found = acceleration(-losses)
    if found < STEEP:
        return None
    largest = np.sort(losses)[::-1][: max(1, losses.size // 100)]
    share = float(largest.sum() / losses.sum())
    message = (
        f"the losses have a heavy tail: {largest.size:,} of {losses.size:,} test rows make {share:.0%} of the loss; "
        "intervals of mean losses know nothing of larger ones that are still to come"
    )
    evidence = {"acceleration": found, "rows": int(largest.size), "share": share}
    fix = "more test rows, or a metric that large errors do not rule, such as mae or median_ae"
    return Finding("HEAVY-TAIL", "info", message, evidence, fix)
