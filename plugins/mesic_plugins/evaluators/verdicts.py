"""From what is known of a column to a verdict with its reason."""

NEGLIGIBLE = 0.02  # share of what the model gains over knowing nothing
MUCH_COVERED = 0.9
MUCH_MISSING, MUCH_STALE, MUCH_CHANGED = 0.2, 0.2, 0.1


def verdict_of(feature, alpha, gain):
    """Return ``verdict`` and ``reason`` of a column: keep, watch, redundant, leave out or unsure.

    Parameters
    ----------
    feature
        What was found of it.
    alpha
        Share of columns kept that add nothing, by chance.
    gain
        The loss that the model saves over knowing nothing.

    Examples
    --------
    >>> facts = {"name": "a", "q": 0.6, "alike": ["b"], "keeper": "b", "together": {"low": 0.2}}
    >>> verdict_of(facts, 0.05, 1.0)
    {'verdict': 'redundant', 'reason': "says the same as 'b', which is kept"}
    """
    if feature["q"] > alpha:
        return _without_power(feature, gain)
    troubles = list(_troubles(feature))
    if troubles:
        return {"verdict": "watch", "reason": "; ".join(troubles)}
    return {"verdict": "keep", "reason": "the model is worse without it"}


def _without_power(feature, gain):
    if feature.get("covered", 1.0) < MUCH_COVERED:
        share = f"{feature['covered']:.0%}"
        return {"verdict": "unsure", "reason": f"the rows that were asked have but {share} of what it says elsewhere"}
    if not feature["alike"] or feature["together"]["low"] <= 0:
        if feature["high"] <= NEGLIGIBLE * gain:
            return {"verdict": "leave out", "reason": f"adds less than {NEGLIGIBLE:.0%} of what the model gains"}
        return {"verdict": "unsure", "reason": "what it adds cannot be told from nothing on so few rows"}
    if feature["keeper"] == feature["name"]:
        others = ", ".join(map(repr, feature["alike"][:3])) + (", ..." if len(feature["alike"]) > 3 else "")
        return {"verdict": "keep", "reason": f"stands for {others} too, which say the same"}
    return {"verdict": "redundant", "reason": f"says the same as {feature['keeper']!r}, which is kept"}


def _troubles(feature):
    if feature["missing"] > MUCH_MISSING:
        yield f"{feature['missing']:.0%} of its cells are missing"
    if (feature["stale"] or 0) > MUCH_STALE:
        yield f"in {feature['stale']:.0%} of the moments it stands still for far longer than usual"
    if feature["shift"] and feature["shift"]["effect"] > MUCH_CHANGED:
        yield f"it changes with time ({feature['shift']['said']})"
