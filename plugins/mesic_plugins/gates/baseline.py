"""A model that is not clearly better than a baseline."""

from collections.abc import Iterator

from mesic import Evidence, Objection


def no_better(evidence: Evidence) -> Iterator[Objection]:
    """Object where the interval of skill over the best baseline is not above zero, or is not known.

    Examples
    --------
    >>> from datetime import date
    >>> skill = {"against": "simple", "value": 0.02, "low": -0.01, "high": 0.05}
    >>> [o.code for o in no_better(Evidence({"skill": skill}, None, {}, {}, date(2026, 1, 1)))]
    ['NO-BETTER-THAN-BASELINE']
    """
    skill = evidence.card.get("skill") or {}
    low, high, value = (skill.get(key) for key in ("low", "high", "value"))
    if low is not None and low > 0:
        return
    if low is None or high is None or value is None:
        message = "it is not known whether the model is better than a baseline: the skill has no interval"
    else:
        message = (
            f"the model is not clearly better than the baseline {skill['against']!r}: it saves {value:.1%} of its loss "
            f"({low:.1%} to {high:.1%})"
        )
    fix = "deploy the baseline, or get more rows or better columns"
    yield Objection("NO-BETTER-THAN-BASELINE", message, evidence={"skill": dict(skill)}, fix=fix)
