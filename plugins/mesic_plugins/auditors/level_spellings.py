"""Levels of a category that are one, spelt differently."""

import unicodedata
from difflib import SequenceMatcher

from mesic import Evaluation, Finding

MOST_LEVELS, RARE, COMMON_TO_RARE, ALIKE, SHORTEST = 300, 5, 20, 0.85, 5


class LevelSpellings:
    """Looks for levels that differ in case, spaces, accents or signs only, and for rare ones a slip from a common one.

    Of a slip is spoken where a level has five rows at most and resembles another of twenty times as many, digits left
    out of account.
    """

    def audit(self, view):
        """Return the spellings of each level that has several."""
        found = {}
        for name in view.X:
            if view.X[name].dtype == "category":
                counts = {str(level): int(count) for level, count in view.X[name].value_counts().items() if count}
                if spellings := [*_same(counts), *_slips(counts)]:
                    found[str(name)] = spellings
        findings = [
            Finding(
                "LEVEL-SPELLINGS",
                "warning",
                f"levels of {name!r} seem to be one, spelt differently: "
                + "; ".join(" and ".join(f"{level!r} ({rows:,} rows)" for level, rows in one) for one in spellings),
                {"column": name, "levels": spellings},
                "spell them alike in the table; levels in schema.yaml refuse others from now on",
            )
            for name, spellings in found.items()
        ]
        return Evaluation({"columns": found}, tuple(findings))


def _folded(level):
    """Return a level without case, accents, spaces and signs; what has no letter stays as it is."""
    plain = unicodedata.normalize("NFKD", level).casefold()
    folded = "".join(sign for sign in plain if sign.isalnum())
    return folded if any(sign.isalpha() for sign in folded) else level


def _same(counts):
    groups: dict[str, list[str]] = {}
    for level in counts:
        groups.setdefault(_folded(level), []).append(level)
    return [[[level, counts[level]] for level in group] for group in groups.values() if len(group) > 1]


def _slips(counts):
    if len(counts) > MOST_LEVELS:
        return
    words = {level: _folded(level) for level in counts}
    letters = {level: "".join(sign for sign in word if sign.isalpha()) for level, word in words.items()}
    for rare in (level for level in counts if counts[level] <= RARE and len(letters[level]) >= SHORTEST):
        for common in (level for level in counts if counts[level] >= COMMON_TO_RARE * counts[rare]):
            is_other = letters[rare] != letters[common] and words[rare] != words[common]
            if is_other and SequenceMatcher(None, letters[rare], letters[common]).ratio() >= ALIKE:
                yield [[rare, counts[rare]], [common, counts[common]]]
                break
