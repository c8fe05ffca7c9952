"""How answers are distributed, part by part, so that a file of any size is told in a few numbers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

GRID = np.linspace(0, 1, 101)
TOLD = (0.05, 0.25, 0.5, 0.75, 0.95)


def sketch(codes: np.ndarray | None, scores: np.ndarray) -> dict[str, Any]:
    """Return what a part says of its answers.

    Parameters
    ----------
    codes
        Answered classes, shape (n,); None for numbers.
    scores
        Probabilities (n, k), or values (n,).
    """
    if codes is not None:
        counts = np.bincount(codes, minlength=scores.shape[1])
        return {"classes": counts.tolist(), "p": scores.sum(axis=0).tolist()}
    finite = scores[np.isfinite(scores)]
    grid = np.quantile(finite, GRID) if finite.size else np.empty(0)
    return {"rows": int(finite.size), "sum": float(finite.sum()), "grid": grid.tolist()}


def merged(sketches: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> dict[str, Any]:
    """Return how the answers of all parts are distributed.

    For classes: of each its rows, their share, and the mean of its probability. For numbers: mean, least, largest, and
    quantiles, those between the ends to about a hundredth of the rows.

    Examples
    --------
    >>> parts = [sketch(np.array([0, 1]), np.array([[0.75, 0.25], [0.25, 0.75]]))] * 2
    >>> merged(parts, ("no", "yes"))["yes"]
    {'rows': 2, 'share': 0.5, 'mean_p': 0.5}
    """
    if classes:
        counts = np.sum([part["classes"] for part in sketches], axis=0, initial=0) * np.ones(len(classes), dtype=int)
        sums = np.sum([part["p"] for part in sketches], axis=0, initial=0.0) * np.ones(len(classes))
        rows = max(1, int(counts.sum()))
        return {
            label: {"rows": int(count), "share": float(count / rows), "mean_p": float(total / rows)}
            for label, count, total in zip(classes, counts, sums, strict=True)
        }
    filled = [part for part in sketches if part["rows"]]
    if not filled:
        return {}
    grids = np.concatenate([part["grid"] for part in filled])
    weights = np.repeat([part["rows"] for part in filled], len(GRID))
    rows, order = sum(part["rows"] for part in filled), np.argsort(grids, kind="stable")
    passed = np.cumsum(weights[order]) / weights.sum()
    quantiles = {f"q{share:g}": float(grids[order][np.searchsorted(passed, share)]) for share in TOLD}
    mean = sum(part["sum"] for part in filled) / rows
    return {"mean": mean, "least": float(grids.min()), **quantiles, "largest": float(grids.max())}
