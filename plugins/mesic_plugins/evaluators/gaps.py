"""The largest difference and the smallest ratio between groups, with intervals that hold for all pairs at once."""

import math
from itertools import combinations

FOUR_FIFTHS = 0.8


def pairwise_level(level, groups):
    """Return the level of each pair's interval at which all pairs of groups are held at once (Bonferroni).

    Examples
    --------
    >>> round(pairwise_level(0.95, 3), 4)
    0.9833
    """
    return 1 - (1 - level) / max(1, groups * (groups - 1) // 2)


def largest_difference(found):
    """Return the largest difference between two groups, with its interval.

    Parameters
    ----------
    found : dict
        By group, an estimate with ``value``, ``low`` and ``high`` at :func:`pairwise_level`; groups are independent.

    Returns
    -------
    dict with ``value``, ``low``, ``high`` and ``between``, the group of more first; None for fewer than two groups

    References
    ----------
    R. G. Newcombe, Statistics in Medicine 17, 1998; G. Y. Zou, A. Donner, Statistics in Medicine 27, 2008.

    Examples
    --------
    >>> found = {"a": {"value": 0.5, "low": 0.4, "high": 0.6}, "b": {"value": 0.2, "low": 0.1, "high": 0.3}}
    >>> gap = largest_difference(found)
    >>> round(gap["value"], 3), round(gap["low"], 3), gap["between"]
    (0.3, 0.159, ['a', 'b'])
    """
    return _extreme(found, _difference)


def smallest_ratio(found):
    """Return the smallest ratio of a share to another group's larger one, with its interval on the scale of logarithms.

    Examples
    --------
    >>> found = {"a": {"value": 0.5, "low": 0.4, "high": 0.6}, "b": {"value": 0.2, "low": 0.1, "high": 0.3}}
    >>> gap = smallest_ratio(found)
    >>> round(gap["value"], 3), round(gap["low"], 3), round(gap["high"], 3), gap["between"]
    (0.4, 0.195, 0.635, ['b', 'a'])
    """
    gap = _extreme(found, _log_ratio)
    if gap is None:
        return None
    ends = {"value": gap["value"], "low": gap["high"], "high": gap["low"]}
    return {name: math.exp(-end) for name, end in ends.items()} | {"between": gap["between"][::-1]}


def four_fifths(ratio):
    """Return how the four-fifths rule reads a ratio: ``kept``, ``broken``, or ``cannot tell``.

    Examples
    --------
    >>> four_fifths({"low": 0.9, "high": 1.0}), four_fifths({"low": 0.1, "high": 0.7}), four_fifths(None)
    ('kept', 'broken', 'cannot tell')
    """
    if ratio is None or ratio["low"] is None:
        return "cannot tell"
    if ratio["low"] >= FOUR_FIFTHS:
        return "kept"
    return "broken" if ratio["high"] < FOUR_FIFTHS else "cannot tell"


def _extreme(found, of):
    """Return the pair of the largest value; the ends are the largest ends of all pairs, for all hold at once."""
    known = {name: one for name, one in found.items() if one["value"] is not None and one["low"] is not None}
    pairs = [
        (*of(known[a], known[b]), [a, b])
        for one, other in combinations(known, 2)
        for a, b in ((one, other), (other, one))
    ]
    if not pairs:
        return None
    value, _, _, between = max(pairs, key=lambda pair: pair[0])
    low = max(0.0, *(pair[1] for pair in pairs))
    return {"value": value, "low": min(low, value), "high": max(pair[2] for pair in pairs), "between": between}


def _difference(a, b):
    value = a["value"] - b["value"]
    low = value - math.hypot(a["value"] - a["low"], b["high"] - b["value"])
    return value, low, value + math.hypot(a["high"] - a["value"], b["value"] - b["low"])


def _log_ratio(a, b):
    """Return the logarithm of a over b; nothing over nothing is one."""
    logs = [{name: _log(one[name]) for name in ("value", "low", "high")} for one in (a, b)]
    if a["value"] == b["value"] == 0:
        return 0.0, -math.inf, math.inf
    value = logs[0]["value"] - logs[1]["value"]
    if math.isinf(value):
        return value, logs[0]["low"] - logs[1]["high"], math.inf
    return _difference(*logs)


def _log(share):
    return math.log(share) if share > 0 else -math.inf
