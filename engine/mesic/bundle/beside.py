"""Answers that stand beside the rows that a bundle seals: under names that no column of the rows may have."""

from collections.abc import Iterable, Sequence

from mesic.errors import DataError

EXPECTED = "expected "


def answers_beside(classes: Sequence[str]) -> dict[str, str]:
    """Return the columns of sealed rows that hold answers, each with the answer's own name.

    Examples
    --------
    >>> answers_beside(["no", "yes"])
    {'expected prediction': 'prediction', 'expected p_no': 'p_no', 'expected p_yes': 'p_yes'}
    """
    return {f"{EXPECTED}{name}": name for name in ("prediction", *(f"p_{label}" for label in classes))}


def refuse_taken_names(columns: Iterable[str], classes: Sequence[str]) -> None:
    """Raise DataError where a column is called as an answer is.

    Examples
    --------
    >>> refuse_taken_names(["age", "expected delivery"], ["no", "yes"])
    """
    taken = sorted(answers_beside(classes).keys() & set(columns))
    if taken:
        raise DataError(
            f"column {taken[0]!r} has the name under which a bundle keeps what it answered: rename it, or leave it "
            "out with source.ignore"
        )
