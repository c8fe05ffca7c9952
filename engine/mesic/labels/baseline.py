"""People as a baseline: their scores on test rows, with intervals, beside the model's on the same rows."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mesic.errors import DataError
from mesic.evaluation.comparison import Comparison, paired_difference
from mesic.evaluation.intervals import score_all, score_with_interval
from mesic.evaluation.metrics import Metric
from mesic.host.building import build
from mesic.host.names import did_you_mean
from mesic.host.registry import installed
from mesic.labels.agreement import Agreement, alpha, kappa
from mesic.labels.consensus import consensus
from mesic.labels.ratings import Ratings, ratings_of
from mesic.runs.plan import metrics_of, named_part
from mesic.runs.record import read_record

POWER, LEVEL_OF_TEST = 0.8, 0.05
PEOPLE = "people"


@dataclass(frozen=True)
class HumanScore:
    """One labeler beside the model, on the rows that both answered.

    Parameters
    ----------
    labeler
        A name; ``"people"`` for the consensus of several.
    answered, unanswered
        Tasks, repeats left out.
    scores, model_scores
        A row a metric, with intervals, of the labeler and of the model on the same rows.
    against_model
        How much more the labeler errs than the model, in mean loss a row, with interval and p.
    loss
        What a row's loss is: 0 or 1, or the absolute error.
    rows_to_tell
        Rows that would show this difference at a level of 5 % with a chance of 80 %; None where there is none.
    consistency
        Share of repeated tasks answered as before, with interval, or mean absolute difference; None without repeats.
    second_half
        How much more the labeler errs in the second half of the sheet than in the first, with interval; below 0 they
        learned.
    seconds
        Median of a task, and the sum of all; None where nobody took the time.
    """

    labeler: str
    answered: int
    unanswered: int
    scores: tuple[Mapping[str, Any], ...]
    model_scores: tuple[Mapping[str, Any], ...]
    against_model: Comparison
    loss: str
    rows_to_tell: int | None
    consistency: Mapping[str, Any] | None = None
    second_half: Mapping[str, Any] | None = None
    seconds: Mapping[str, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the score as ``human.json`` holds it."""
        return asdict(self)


def coded_answers(answers: pd.DataFrame, data: Mapping[str, Any]) -> pd.DataFrame:
    """Return answers with ``code``: the class code, or the number; nan where there is no answer.

    Parameters
    ----------
    answers
        As of ``read_answers``.
    data
        What the record says of the data.

    Raises
    ------
    DataError
        An answer is no label of the target, or no number.
    """
    given = answers["answer"]
    if not data["classes"]:
        codes = pd.to_numeric(given, errors="coerce")
        wrong, allowed = given.notna() & ~np.isfinite(codes), "give numbers"
    else:
        place = {str(label).casefold(): code for code, label in enumerate(data["classes"])}
        codes = given.map(lambda answer: place.get(str(answer).casefold(), math.nan), na_action="ignore").astype(float)
        wrong, allowed = given.notna() & codes.isna(), f"give {', '.join(sorted(data['classes']))}"
    if wrong.any():
        row = answers[wrong].iloc[0]
        near = did_you_mean(row["answer"], data["classes"])
        raise DataError(
            f"{wrong.sum():,} answers are no labels of {data['target']!r}, such as {row['answer']!r} by "
            f"{row['labeler']} in row {row['place']} of the sheet: {allowed}{near}"
        )
    if codes.isna().all():
        raise DataError("no task is answered: fill the column 'answer' of the sheets")
    return answers.assign(code=codes)


def human_baseline(
    run: Path, answers: pd.DataFrame, *, aggregation: str, level: float = 0.95, seed: int = 0
) -> tuple[list[HumanScore], list[Agreement]]:
    """Return every labeler's score beside the model's, the best first, and how far several labelers agree.

    Where several label classes, and agree more than by chance, what they together say is scored as ``"people"``.

    Parameters
    ----------
    run
        The run whose test rows were labelled.
    answers
        As of ``read_answers``.
    aggregation
        How one label is made of many.
    level
        Of the intervals.
    seed
        For resampling.
    """
    record = read_record(run)
    coded = coded_answers(answers, record["data"])
    scorer = _Scorer.of(run, record, level, seed)
    tables = {str(name): own for name, own in coded.groupby("labeler", sort=True)}
    agreement: list[Agreement] = []
    given = coded[~coded["repeated"] & coded["code"].notna()]
    if scorer.classes and given["labeler"].nunique() > 1 and given["code"].nunique() > 1:
        ratings = ratings_of(given["row"].astype(str), given["labeler"], given["code"].astype(int).astype(str))
        agreement = [kappa(ratings, level=level, seed=seed), alpha(ratings, level=level, seed=seed)]
        if (agreement[1].value or 0) > 0:
            tables[PEOPLE] = _together(ratings, aggregation)
    found = [scorer.score(name, own) for name, own in tables.items()]
    known = [score for score in found if score is not None]
    return sorted(known, key=lambda score: score.against_model["value"] or 0.0), agreement


def _together(ratings: Ratings, aggregation: str) -> pd.DataFrame:
    """Return what several labelers together say, as if it were one sheet."""
    made = consensus(ratings, aggregation)
    rows = np.array(ratings.items).astype(np.int64)
    codes = np.array(ratings.classes).astype(float)[made.label]
    table = pd.DataFrame({"row": rows, "code": codes, "repeated": False, "seconds": np.nan})
    return table.assign(place=np.arange(len(table)))


@dataclass(frozen=True)
class _Scorer:
    """What a labeler is held against: the test rows' targets and the model's answers, by row."""

    classes: Sequence[str]
    metrics: Mapping[str, Metric]
    rows: pd.DataFrame
    level: float
    seed: int

    @classmethod
    def of(cls, run: Path, record: Mapping[str, Any], level: float, seed: int) -> "_Scorer":
        classes = record["data"]["classes"]
        task = record["data"]["task"]
        metrics = metrics_of(installed(), record["config"], task)
        kept = {name: metric for name, metric in metrics.items() if metric.needs != "probability"}
        if classes and "accuracy" not in kept:
            part = named_part(installed(), record["config"], "metric", "accuracy")
            kept = {"accuracy": build(part.offer, part.options, task=task)} | kept
        rows = pd.read_parquet(run / "test_predictions.parquet").set_index("row")[["target", "prediction"]]
        if classes:
            place = {label: code for code, label in enumerate(classes)}
            rows = rows.map(place.__getitem__)
        return cls(classes, kept, rows.astype(float), level, seed)

    def score(self, labeler: str, own: pd.DataFrame) -> HumanScore | None:
        """Return one labeler's score; None where they answered nothing."""
        first = own[~own["repeated"]]
        done = first[first["code"].notna()]
        if done.empty:
            return None
        known = self.rows.loc[done["row"]]
        y, code, model = known["target"].to_numpy(), done["code"].to_numpy(), known["prediction"].to_numpy()
        loss, model_loss = self._loss(y, code), self._loss(y, model)
        against = paired_difference(loss, model_loss, rng=self._rng(), level=self.level)
        return HumanScore(
            labeler,
            len(done),
            len(first) - len(done),
            tuple(self._scores(y, code)),
            tuple(self._scores(y, model)),
            against,
            "0 or 1" if self.classes else "absolute error",
            rows_to_tell(loss - model_loss),
            self._consistency(own),
            None if labeler == PEOPLE else self._second_half(loss, done["place"].to_numpy(), len(own)),
            _seconds(own["seconds"]),
        )

    def _rng(self) -> np.random.Generator:
        return np.random.default_rng(self.seed)

    def _loss(self, y: np.ndarray, answer: np.ndarray) -> np.ndarray:
        return np.asarray((y != answer).astype(float) if self.classes else np.abs(y - answer))

    def _scores(self, y: np.ndarray, answer: np.ndarray) -> list[dict[str, Any]]:
        prediction = answer
        if self.classes:
            prediction = np.eye(len(self.classes))[answer.astype(np.int64)]
            y = y.astype(np.int64)
        found = score_all(list(self.metrics.values()), y, prediction, rng=self._rng(), level=self.level)
        return [score.as_dict() | {"metric": name} for name, score in zip(self.metrics, found, strict=True)]

    def _consistency(self, own: pd.DataFrame) -> dict[str, Any] | None:
        twice = own[own["row"].isin(own["row"][own["repeated"]]) & own["code"].notna()]
        pairs = twice.pivot_table(index="row", columns="repeated", values="code").dropna()
        if pairs.shape[1] < 2 or pairs.empty:
            return None
        before, again = pairs[False].to_numpy(), pairs[True].to_numpy()
        part = named_part(installed(), {"plugins": {"prefer": {}}}, "metric", "accuracy" if self.classes else "mae")
        metric = build(part.offer, part.options)
        if self.classes:
            before, again = before.astype(np.int64), np.eye(len(self.classes))[again.astype(np.int64)].argmax(axis=1)
        return score_with_interval(metric, before, again, rng=self._rng(), level=self.level).as_dict()

    def _second_half(self, loss: np.ndarray, place: np.ndarray, tasks: int) -> dict[str, Any] | None:
        late = place >= tasks / 2
        if min(late.sum(), (~late).sum()) < 2:
            return None
        from scipy import special

        value = float(loss[late].mean() - loss[~late].mean())
        error = math.sqrt(sum(float(part.var(ddof=1)) / part.size for part in (loss[late], loss[~late])))
        half = float(special.ndtri(0.5 + self.level / 2)) * error
        p = float(2 * special.ndtr(-abs(value) / error)) if error else float(value == 0)
        return {
            "value": value,
            "low": value - half,
            "high": value + half,
            "p": p,
            "level": self.level,
            "method": "Welch",
            "unit": "rows",
        }


def rows_to_tell(difference: np.ndarray) -> int | None:
    """Return how many rows would show a mean difference like this one at 5 %, with a chance of 80 %.

    Parameters
    ----------
    difference
        Of both losses, a row a row, shape (n,).

    Returns
    -------
    int or None
        None where the difference is zero: no number of rows would show it.

    Examples
    --------
    >>> rows_to_tell(np.array([1.0, 0.0, 0.0, -1.0, 1.0] * 20))
    111
    """
    from scipy import special

    mean = float(difference.mean())
    if mean == 0 or difference.size < 2:
        return None
    needed = float(special.ndtri(1 - LEVEL_OF_TEST / 2) + special.ndtri(POWER))
    return max(2, math.ceil((needed / mean) ** 2 * float(difference.var(ddof=1))))


def _seconds(seconds: pd.Series) -> dict[str, float] | None:
    known = seconds.dropna()
    return {"median": float(known.median()), "sum": float(known.sum())} if len(known) else None
