"""The rows that models are compared on, and what each of them answered there."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mesic.comparing.candidates import Answers, Candidate
from mesic.comparing.means import Means, mean_losses
from mesic.comparing.replicates import Side
from mesic.comparing.scores import Scores, scores_of_sides
from mesic.errors import DataError
from mesic.evaluation.intervals import BLOCKS_OF_TIME, score_all
from mesic.evaluation.metrics import Metric
from mesic.evaluation.resampling import Resampling, coded, plan_resampling
from mesic.evaluation.time_blocks import time_blocks
from mesic.training.folds import losses_by_row

FEWEST_ROWS = 2


@dataclass(frozen=True)
class Roles:
    """What is known of rows beside what they hold.

    Parameters
    ----------
    weight, groups
        Of the rows, shape (n,), or None.
    time
        Where parts are in the order of time: stretches of it are drawn whole; or None.
    """

    weight: np.ndarray | None = None
    groups: np.ndarray | None = None
    time: np.ndarray | None = None


RolesOf = Callable[[np.ndarray], Roles]


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
    weight, groups, blocks
        Of the distinct rows, or None: groups are numbered from 0; blocks are stretches of time.
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
    blocks: np.ndarray | None
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
        groups = place if one.rows.size > self.rows.size and self.blocks is None else None
        found = score_all(
            list(metrics.values()),
            one.y,
            one.prediction,
            labels=one.labels,
            weight=weight,
            groups=groups if self.groups is None else self.groups[place],
            blocks=None if self.blocks is None else self.blocks[place],
            rng=np.random.default_rng(self.plan.seed),
            level=level,
        )
        return [score.as_dict() | {"metric": name} for name, score in zip(metrics, found, strict=True)]


def ground_of(
    candidates: Sequence[Candidate], part: str, roles_of: RolesOf, *, rng: np.random.Generator, widened: float = 1.0
) -> Ground:
    """Return the rows of a part that all candidates answered.

    Parameters
    ----------
    candidates
        Two at least.
    part
        Of the rows.
    roles_of
        Returns the roles of rows.
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
    answers = [_within(one, rows) for one in answers]
    roles = roles_of(rows)
    groups = None if roles.groups is None else coded(roles.groups)
    blocks = _blocks(roles, losses_by_row(answers[0].rows, answers[0].losses))
    luck = np.array([candidate.luck if widened != 1 else 0.0 for candidate in candidates])
    apart, unit = (groups, "groups") if blocks is None else (blocks, BLOCKS_OF_TIME)
    plan = plan_resampling(rows.size, apart, rng=rng, unit=unit)
    return Ground(part, answers, rows, roles.weight, groups, blocks, plan, luck, widened)


def _blocks(roles: Roles, losses: np.ndarray) -> np.ndarray | None:
    """Return stretches of time that are drawn whole; None where rows are independent, or in groups."""
    if roles.groups is not None or roles.time is None:
        return None
    blocks = time_blocks(roles.time, losses)
    return blocks if np.unique(blocks).size < losses.size else None


def _within(answers: Answers, rows: np.ndarray) -> Answers:
    is_inside = np.isin(answers.rows, rows)
    if is_inside.all():
        return answers
    labels = None if answers.labels is None else answers.labels[is_inside]
    named = {name: getattr(answers, name)[is_inside] for name in ("rows", "y", "prediction", "losses")}
    return replace(answers, labels=labels, **named)
