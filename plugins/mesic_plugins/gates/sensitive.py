"""Features that say something of a person that must not decide."""

import re
from collections.abc import Iterator

from mesic import Bundle, Evidence, Objection

TELLING = {
    "race", "racial", "ethnicity", "ethnic", "religion", "religious", "sex", "gender", "nationality", "disability",
    "disabled", "orientation", "pregnant", "pregnancy", "caste", "skin",
}  # fmt: skip


def sensitive_features(bundle: Bundle, evidence: Evidence) -> Iterator[Objection]:
    """Object to declared columns that the pipeline reads, and to telling names that nobody has spoken of.

    The names are grounds on which the law of many countries forbids to decide (such as article 21 of the Charter of
    Fundamental Rights of the EU); age is not among them, for it is asked for too often with good reason.
    """
    declared = {column.name for column in bundle.schema.columns if column.sensitive}
    said = evidence.policy.get("sensitive")
    declared |= set(said or ())
    for name in bundle.needed:
        if name in declared:
            message = f"the model decides by {name!r}, which is declared sensitive"
            yield _objection(name, message, f"source.ignore=[{name}], and run again")
        elif said is None and is_telling(name):
            message = (
                f"the model decides by {name!r}, whose name says that it is sensitive, and nobody said that it is not"
            )
            yield _objection(
                name, message, "policy.sensitive=[COLUMN,...] says which columns are; [] says that none is"
            )


def _objection(name: str, message: str, fix: str) -> Objection:
    return Objection("SENSITIVE-FEATURE", message, name, evidence={"column": name}, fix=fix)


def is_telling(name: str) -> bool:
    """Return whether a column is called like a ground on which one may not decide.

    Examples
    --------
    >>> is_telling("race"), is_telling("SexOfApplicant"), is_telling("personal_status_sex"), is_telling("racetrack")
    (True, True, True, False)
    """
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return any(word.lower() in TELLING for word in words)
