"""Which of several models is better: all against a reference, on the same rows, and how sure that is."""

from collections.abc import Sequence
from typing import Any

from mesic.comparing.candidates import OUT_OF_FOLD, TEST, Candidate
from mesic.comparing.folds import fold_losses_of
from mesic.comparing.ground import RolesOf, ground_of
from mesic.comparing.question import Compared, Question
from mesic.comparing.telling import TWO, Teller, loss_of
from mesic.comparing.verdicts import verdict_of
from mesic.errors import SettingError
from mesic.evaluation.metrics import Metric
from mesic.training.confidence import SHARED_ROWS


def compared(candidates: Sequence[Candidate], question: Question, *, part: str, roles: RolesOf) -> Compared:
    """Compare models on rows that none of them learned from.

    Parameters
    ----------
    candidates
        Two at least.
    question
        What is asked.
    part
        Whose rows: ``"test"``, ``"out of fold"`` or ``"new rows"``.
    roles
        Returns the roles of rows.

    Raises
    ------
    SettingError
        The reference is none of them.
    """
    _refuse_strange(question.against, candidates)
    metric = _metric(question)
    if part == OUT_OF_FOLD and not all(candidate.has(part) for candidate in candidates):
        return _by_folds(candidates, question)
    widened = SHARED_ROWS if part == OUT_OF_FOLD else 1.0
    ground = ground_of(candidates, part, roles, rng=question.rng(), widened=widened)
    deciding = ground.means() if metric is None else ground.scores(metric)
    reporter = Teller(candidates, question, deciding, ground)
    beside = None if question.against is None or len(candidates) > TWO else _beside(candidates, question, part, roles)
    return reporter.told(beside)


def _refuse_strange(against: str | None, candidates: Sequence[Candidate]) -> None:
    names = [candidate.name for candidate in candidates]
    if against is not None and against not in names:
        raise SettingError("against", against, f"one of {', '.join(names)}")


def _metric(question: Question) -> Metric | None:
    return None if question.by is None else question.metrics[question.by]


def _by_folds(candidates: Sequence[Candidate], question: Question) -> Compared:
    if question.by is not None:
        raise SettingError("metric", question.by, "null, for answers out of fold are gone; or by=test")
    deciding = fold_losses_of(candidates)
    note = (
        "answers out of fold are gone: the losses of whole folds were compared, of the trial that counts most in each"
    )
    return Teller(candidates, question, deciding, None, (note,)).told(None)


def _beside(candidates: Sequence[Candidate], question: Question, part: str, roles: RolesOf) -> dict[str, Any] | None:
    """Return the difference of the losses of two models on the other part; None where there is none."""
    other = {TEST: OUT_OF_FOLD, OUT_OF_FOLD: TEST}.get(part)
    if other is None or not all(candidate.has(other) for candidate in candidates):
        return None
    widened = SHARED_ROWS if other == OUT_OF_FOLD else 1.0
    ground = ground_of(candidates, other, roles, rng=question.rng(), widened=widened)
    place = next(n for n, candidate in enumerate(candidates) if candidate.name == question.against)
    difference = ground.means().difference(1 - place, place, question.level)
    verdict = verdict_of(difference, p=difference["p"], greater_is_better=False)
    return {"part": other, "by": loss_of(candidates[0].task), "difference": difference, "verdict": verdict}
