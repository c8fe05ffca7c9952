"""The rows that models are compared on, and what each of them answered there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mesic.comparing.candidates import Answers, Candidate
from mesic.comparing.means import Means, mean_losses
from mesic.comparing.replicates import Side
from mesic.comparing.scores import Scores, scores_of_sides
from mesic.errors import DataError
from mesic.evaluation.intervals import score_all
from mesic.evaluation.metrics import Metric
from mesic.evaluation.resampling import Resampling, coded, plan_resampling
from mesic.training.folds import losses_by_row

FEWEST_ROWS = 2

Roles = Callable[[np.ndarray], tuple[np.ndarray | None, np.ndarray | None]]


@dataclass(frozen=True)
class Ground:
    """Rows that several models answered.

    Parameters
    ----------
    part
        Which ones, in words.
    answers
        Of each model; repeated folds repeat rows.
    rows
        Distinct ones, sorted, shape (n,).
    weight, groups
        Of the distinct rows, or None; groups are numbered from 0.
    plan
        What is drawn.
    luck
        By how much the search of each model makes its loss too good, shape (k,).
    widened
        By how much errors of independent rows are too small.
    """

    part: str
    answers: Sequence[Answers]
    rows: np.ndarray
    weight: np.ndarray | None
    groups: np.ndarray | None
    plan: Resampling
    luck: np.ndarray
    widened: float

    @property
    def losses(self) -> np.ndarray:
        """Losses a row, freed of each search's luck, shape (k, n)."""
        by_row = np.stack([losses_by_row(one.rows, one.losses) for one in self.answers])
        return np.asarray(by_row + self.luck[:, np.newaxis])

    def means(self) -> Means:
        """Return the mean losses."""
        return mean_losses(self.losses, self.plan, self.weight, widened=self.widened)

    def scores(self, metric: Metric) -> Scores:
        """Return the scores by a metric."""
        return scores_of_sides(metric, self.sides(), self.plan, self.weight, widened=self.widened)

    def sides(self) -> list[Side]:
        """Return what each answered, by unit."""
        found = []
        for one in self.answers:
            place = np.searchsorted(self.rows, one.rows)
            weight, groups = (None if values is None else values[place] for values in (self.weight, self.groups))
            found.append(Side(one.y, one.labels, one.prediction, self.plan.unit_of_row[place], weight, groups))
        return found

    def table(self, metrics: Mapping[str, Metric], number: int, level: float) -> list[dict[str, object]]:
        """Return the scores of one model by every metric, each with its interval."""
        one = self.answers[number]
        place = np.searchsorted(self.rows, one.rows)
        weight = None if self.weight is None else self.weight[place]
        groups = place if one.rows.size > self.rows.size else None
        found = score_all(
            list(metrics.values()),
            one.y,
            one.prediction,
            labels=one.labels,
            weight=weight,
            groups=groups if self.groups is None else self.groups[place],
            rng=np.random.default_rng(self.plan.seed),
            level=level,
        )
        return [score.as_dict() | {"metric": name} for name, score in zip(metrics, found, strict=True)]


def ground_of(
    candidates: Sequence[Candidate], part: str, roles: Roles, *, rng: np.random.Generator, widened: float = 1.0
) -> Ground:
    """Return the rows of a part that all candidates answered.

    Parameters
    ----------
    candidates
        Two at least.
    part
        Of the rows.
    roles
        Returns weights and groups of rows.
    rng
        Decides what is drawn.
    widened
        By how much errors of independent rows are too small; then the luck of each search counts, too.

    Raises
    ------
    DataError
        Fewer than two rows were answered by all.
    """
    answers = [candidate.answers(part) for candidate in candidates]
    rows = np.unique(answers[0].rows)
    for one in answers[1:]:
        rows = np.intersect1d(rows, one.rows)
    if rows.size < FEWEST_ROWS:
        names = ", ".join(candidate.name for candidate in candidates)
        raise DataError(f"{rows.size} rows {part} were answered by all of {names}: there is nothing to compare on")
    weight, groups = roles(rows)
    groups = None if groups is None else coded(groups)
    luck = np.array([candidate.luck if widened != 1 else 0.0 for candidate in candidates])
    plan = plan_resampling(rows.size, groups, rng=rng)
    return Ground(part, [_within(one, rows) for one in answers], rows, weight, groups, plan, luck, widened)


def _within(answers: Answers, rows: np.ndarray) -> Answers:
    is_inside = np.isin(answers.rows, rows)
    if is_inside.all():
        return answers
    labels = None if answers.labels is None else answers.labels[is_inside]
    named = {name: getattr(answers, name)[is_inside] for name in ("rows", "y", "prediction", "losses")}
    return replace(answers, labels=labels, **named)
