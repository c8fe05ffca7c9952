"""What is said of the test part: how often it was opened, and what it is large enough to show."""

from collections.abc import Mapping, Sequence
from typing import Any

from mesic.report.words import counted, known, metric_name, number, percent

SEVERAL = 2
WHOLE = 100


def held_out_text(record: Mapping[str, Any]) -> str:
    """Return how often a test part was used, how far the best score flatters, and which saving it can show.

    Examples
    --------
    >>> bound = {"metric": "roc_auc", "bound": 0.0148, "after_looking": 0.0204}
    >>> held_out_text({"test_part": {"uses": 3, "answers": 3, "optimism": bound}})
    'The test part was used by 3 runs: the best of their 3 models may look better by up to 0.015 of ROC AUC (0.02 if
    each was made after looking at the scores before it) than it is.'
    >>> held_out_text({"test_part": {"uses": 1, "answers": 1}})
    'The test part was used once, as far as is known.'
    """
    part = record.get("test_part")
    return " ".join(filter(None, (_uses(part), _enough(part.get("adequacy") or {})))) if part else ""


def rough(value: Any) -> str:
    """Return a number of which the order of magnitude counts.

    Examples
    --------
    >>> rough(0.01483), rough(1384.2), rough(None)
    ('0.015', '1,384', 'not measured')
    """
    found = known(value)
    return f"{found:,.0f}" if found is not None and abs(found) >= WHOLE else number(value, 2)


def most_used_text(records: Sequence[Mapping[str, Any]]) -> str:
    """Return what is to say of the test part that most runs of a sweep have used; nothing where none was used twice.

    Examples
    --------
    >>> most_used_text([{"test_part": {"uses": 1, "answers": 1}}, {}])
    ''
    """
    parts = [record["test_part"] for record in records if (record.get("test_part") or {}).get("uses")]
    most = max(parts, key=lambda part: int(part["uses"]), default=None)
    return _uses(most) if most is not None and most["uses"] >= SEVERAL else ""


def _uses(part: Mapping[str, Any]) -> str:
    uses, answers, bound = part.get("uses"), part.get("answers"), part.get("optimism") or {}
    if uses is None or answers is None:
        return f"How often the test part was used is not known: {part.get('why') or 'it was not counted'}."
    if uses < SEVERAL:
        return "The test part was used once, as far as is known."
    said = f"The test part was used by {counted(uses, 'run')}"
    if answers < SEVERAL:
        return f"{said}, of one and the same model."
    if known(bound.get("bound")) is None:
        return f"{said}; by how much the best of their {answers} models flatters cannot be told."
    once, after = rough(bound["bound"]), rough(bound["after_looking"])
    return (
        f"{said}: the best of their {answers} models may look better by up to {once} of {metric_name(bound['metric'])} "
        f"({after} if each was made after looking at the scores before it) than it is."
    )


def _enough(enough: Mapping[str, Any]) -> str:
    detectable, against = known(enough.get("detectable")), enough.get("against")
    if detectable is None:
        return ""
    units = counted(round(enough["units"]), str(enough["unit"]).removesuffix("s"))
    if known(enough.get("power")) is not None:
        asked = f"{percent(enough['difference'])} of the loss of {against} are saved with a chance of "
        return f"Its {units} show that {asked}{percent(enough['power'])}, by the spread of out-of-fold losses."
    return (
        f"Its {units} show a saving of {percent(detectable)} of the loss of {against} with a chance of 80%, by the "
        "spread of out-of-fold losses."
    )
