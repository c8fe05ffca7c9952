"""Numbers that lie far from all others."""

import numpy as np

from mesic import Evaluation, Finding

FAR, MOST_SHARE, SHOWN = 10, 0.01, 5


class Outliers:
    """Looks for cells more than ten interquartile ranges outside the quartiles.

    A column of positive numbers is looked at as it is and by its logarithms, and a cell must be far in both, so that a
    long tail is no finding. Where more than one row of a hundred is far, the column is so and nothing is said.
    """

    def audit(self, view):
        """Return the far cells of each column."""
        numbers = [name for name in view.X if view.X[name].dtype != "category"]
        found = {str(name): far for name in numbers if (far := _far(view.X[name].to_numpy(), view.origin))}
        findings = [
            Finding(
                "OUTLIERS",
                "info",
                f"{_cells(facts['cells'])} far from all others in {name!r}: "
                f"{', '.join(f'{value:.6g} (row {row})' for value, row in facts['farthest'])}; half of the cells lie "
                f"between {facts['quartiles'][0]:.6g} and {facts['quartiles'][1]:.6g}",
                {"column": name} | facts,
                "mend them where they are slips; a range in schema.yaml refuses them from now on",
            )
            for name, facts in found.items()
        ]
        return Evaluation({"columns": found}, tuple(findings))


def _cells(count):
    return "1 cell lies" if count == 1 else f"{count:,} cells lie"


def _far(values, origin):
    known = values[~np.isnan(values)]
    if known.size < 20 or np.unique(known).size < 10:
        return None
    distance = _distance(values, known)
    if known.min() > 0:
        distance = np.minimum(distance, _distance(np.log(values), np.log(known)))
    far = np.flatnonzero(distance > FAR)
    if not 0 < far.size <= MOST_SHARE * known.size:
        return None
    farthest = far[np.argsort(-distance[far], kind="stable")[:SHOWN]]
    return {
        "cells": int(far.size),
        "farthest": [[float(values[row]), int(origin[row])] for row in farthest],
        "quartiles": np.quantile(known, [0.25, 0.75]).tolist(),
    }


def _distance(values, known):
    """Return how many interquartile ranges each value lies outside the quartiles; missing ones lie nowhere."""
    low, high = np.quantile(known, [0.25, 0.75])
    if high == low:
        others = known[known != low]
        low, high = min(low, np.quantile(others, 0.25)), max(high, np.quantile(others, 0.75))
    outside = np.maximum(low - values, values - high)
    return np.where(np.isnan(outside), 0, outside) / max(high - low, 1e-300)
