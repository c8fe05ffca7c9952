"""Intervals of a procedure: how a score would move had model and test rows been drawn anew, both."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

FEWEST_REFITS = 2


def of_procedure(
    score: Mapping[str, Any], again: Sequence[float], bounds: tuple[float, float] = (-math.inf, math.inf)
) -> dict[str, Any]:
    """Return a score with the interval of its procedure.

    What test rows say of the score lies within its own interval; what training rows do to it is the spread of models
    that were fitted on halves of them, for a half without replacement varies as a whole new sample would. Both add up
    as independent errors do, on each side by itself, with Student's t for the few models.

    Parameters
    ----------
    score
        Of the model on the test rows, as the record holds it.
    again
        Scores of the other models on the same rows, nan where one is not defined.
    bounds
        Smallest and largest score that can be.

    Returns
    -------
    dict
        As `score`, with other ends and method, and `spread`, the standard deviation of the models' scores; no ends with
        fewer than two models or where the score has none.

    References
    ----------
    D. N. Politis, J. P. Romano, Large sample confidence regions based on subsamples under minimal assumptions, Annals
    of Statistics 22, 1994.

    Examples
    --------
    >>> score = {"value": 0.8, "low": 0.76, "high": 0.84, "level": 0.95, "method": "Wilson", "unit": "rows"}
    >>> found = of_procedure(score, [0.78, 0.80, 0.79, 0.81, 0.77])
    >>> round(found["low"], 3), round(found["high"], 3), round(found["spread"], 4)
    (0.741, 0.859, 0.0158)
    """
    from scipy import special

    known = np.array([value for value in again if not math.isnan(value)])
    value, low, high = score["value"], score["low"], score["high"]
    method = f"{score['method']} of test rows and {known.size} fits on halves of training rows"
    facts = {**score, "method": method, "unit": f"test {score['unit']} and training rows"}
    if known.size < FEWEST_REFITS or None in (value, low, high):
        return facts | {"low": None, "high": None, "spread": None}
    spread = float(known.std(ddof=1))
    reach = spread * -float(special.stdtrit(known.size - 1, (1 - score["level"]) / 2))
    ends = value - math.hypot(value - low, reach), value + math.hypot(high - value, reach)
    return facts | {"low": max(ends[0], bounds[0]), "high": min(ends[1], bounds[1]), "spread": spread}
