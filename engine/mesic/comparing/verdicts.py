"""What a difference says, in a word, and how many rows would decide where it says nothing."""

import math
from typing import Literal

from mesic.evaluation.comparison import Comparison

Verdict = Literal["better", "worse", "equivalent", "cannot tell"]

POWER = 0.8
MOST_ROWS = 10**9


def verdict_of(
    difference: Comparison, *, p: float | None, greater_is_better: bool, margin: float | None = None
) -> Verdict:
    """Return what is said of a model by how much larger its score or loss is than that of another one.

    Parameters
    ----------
    difference
        With its interval.
    p
        That accounts for the number of tests; None: unknown.
    greater_is_better
        Whether a larger value is better.
    margin
        Differences up to it do not matter: where the whole interval lies within it, both are equivalent. None: any
        difference matters.

    References
    ----------
    D. J. Schuirmann, A comparison of the two one-sided tests procedure and the power approach for assessing the
    equivalence of average bioavailability, Journal of Pharmacokinetics and Biopharmaceutics 15, 1987.

    Examples
    --------
    >>> found = Comparison(value=-0.02, low=-0.03, high=-0.01, p=0.001, level=0.95, method="", unit="rows", n=500)
    >>> verdict_of(found, p=0.002, greater_is_better=False), verdict_of(found, p=0.2, greater_is_better=False)
    ('better', 'cannot tell')
    >>> verdict_of(found, p=0.002, greater_is_better=False, margin=0.05)
    'equivalent'
    """
    value, low, high = difference["value"], difference["low"], difference["high"]
    if value is None or low is None or high is None:
        return "cannot tell"
    bound = 0.0 if margin is None else margin
    if -bound <= low and high <= bound:
        return "equivalent"
    if p is None or p >= 1 - difference["level"]:
        return "cannot tell"
    return "better" if (value > 0) == greater_is_better else "worse"


def rows_to_decide(difference: Comparison, *, tests: int = 1, size: float | None = None) -> int | None:
    """Return how many rows would show a difference with a chance of 80 %, were it what it seems to be.

    Parameters
    ----------
    difference
        With its interval; its unit and its kind of rows are those of the answer.
    tests
        How many differences are tested at once.
    size
        The difference that is to be shown; None: the one that was found.

    Returns
    -------
    int or None
        None where nothing is known of the noise, where there is no difference, or where a billion rows would not do.

    References
    ----------
    J. Cohen, Statistical Power Analysis for the Behavioral Sciences, 1988, chapter 2.

    Examples
    --------
    >>> found = Comparison(value=0.02, low=-0.01, high=0.05, p=0.19, level=0.95, method="", unit="rows", n=500)
    >>> rows_to_decide(found), rows_to_decide(found, size=0.1)
    (2299, 92)
    """
    from scipy import special

    value, low, high = difference["value"], difference["low"], difference["high"]
    aimed = abs(value) if size is None and value is not None else size
    if low is None or high is None or not aimed:
        return None
    alpha = 1 - difference["level"]
    error = (high - low) / 2 / -float(special.ndtri(alpha / 2))
    needed = float(special.ndtri(1 - alpha / 2 / tests) + special.ndtri(POWER))
    rows = difference["n"] * (needed * error / aimed) ** 2
    return math.ceil(rows) if rows < MOST_ROWS else None
