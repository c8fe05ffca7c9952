"""A bundle in use: loaded, verified, able to answer; several may stand side by side."""

import datetime
import json
import math
from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from mesic.bundle import coverage
from mesic.bundle.abstaining import COLUMN as ABSTAINED
from mesic.bundle.abstaining import Abstention, envelope_facts, measured
from mesic.bundle.bundle import Bundle, load_bundle
from mesic.bundle.envelope import STRICT, with_envelope
from mesic.errors import CheckFailed, SettingError
from mesic.serving.caching import AnswerCache, break_even
from mesic.serving.scorer import Row, Scorer
from mesic.serving.settings import ServeSettings

Answer = dict[str, Any]
MOST_REASONS = 8


class Release:
    """One version of a bundle and all that answering with it takes.

    Parameters
    ----------
    bundle
        What answers.
    settings
        Version, expiry, cache, unknown fields, envelope.

    Attributes
    ----------
    told
        Scores, float64 of shape (n, k), and decisions, int of shape (n,), of the rows that were answered last, until
        the next call. Values have the code 0.
    told_alone
        The same of a row that was answered by itself, and says no more: k numbers and a code; None after others.
    """

    def __init__(self, bundle: Bundle, settings: ServeSettings) -> None:
        bundle = with_envelope(bundle, STRICT) if settings.envelope == STRICT else bundle
        self.bundle, self.digest = bundle, bundle.digest
        self.version = settings.version or self.digest[:12]
        self.expires = expiry(settings.expires or bundle.manifest.get("expires"))
        self.scorer = Scorer(bundle, knows_others=settings.unknown == "ignore")
        self.cache = AnswerCache(settings.cache_rows) if settings.cache_rows else None
        self.pays_from = None if self.cache is None else self._break_even()
        self.abstains = Abstention(
            settings.abstain_set, settings.abstain_width, tuple(settings.abstain_between), settings.abstain_below
        )
        self.abstains.refuse_unfit(bundle)
        self.enclosed = envelope_facts(bundle)
        self.selective = measured(bundle, self.abstains) if self.abstains else None
        self.labels, self.keys = bundle.classes, [f"p_{label}" for label in bundle.classes]
        self.told = np.empty((0, 0)), np.empty(0, np.int64)
        self.told_alone: tuple[Sequence[float], int] | None = None
        self.head = msgspec.json.encode({"bundle": self.digest, "version": self.version})[:-1] + b","

    def _break_even(self) -> float:
        return break_even(self.scorer.again, self.scorer.key)

    def answer(self, row: Row, *, intervals: bool = False) -> Answer:
        """Return the decision for a row: ``prediction``, and ``p_<label>`` for classes.

        Parameters
        ----------
        row
            Values by name of field.
        intervals
            Whether to add the interval, or the set, that holds the target as often as the run promised.

        Raises
        ------
        RowsRefused
            A field is missing, or breaks the schema.
        CheckFailed
            The model has no number for an answer.
        UsageError
            Intervals are asked for, and the run calibrated none.
        """
        scores = self.scorer.row(row, self.cache)
        if not all(map(math.isfinite, scores)):
            raise CheckFailed(f"the model answers {scores}, which is no decision")
        code, answer = 0, Answer(prediction=scores[0])
        if self.labels:
            code = self.scorer.decided(scores)
            answer = {"prediction": self.labels[code], **dict(zip(self.keys, scores, strict=True))}
        self.told_alone = scores, code
        if intervals or self.abstains:
            self.told_alone, several = None, np.array([scores] if self.labels else scores)
            self.told = several.reshape(1, -1), np.array([code])
            answer |= (self._held(several)[0] if intervals else {}) | self._unknown(several)[0]
        return answer

    def answers(self, rows: Sequence[Row], *, intervals: bool = False) -> list[Answer]:
        """Return the decision for each row; see :meth:`answer`."""
        return self.answers_of(self.scorer.rows(rows), intervals=intervals)

    def answers_of(self, scores: np.ndarray, *, intervals: bool = False) -> list[Answer]:
        """Return the decision for each row of probabilities (n, k), or for each of the values (n,)."""
        if not np.isfinite(scores).all():
            raise CheckFailed("the model answers a row with no number, which is no decision")
        self.told_alone, answers = None, self._decided(scores)
        if intervals:
            answers = [answer | held for answer, held in zip(answers, self._held(scores), strict=True)]
        if self.abstains:
            answers = [answer | why for answer, why in zip(answers, self._unknown(scores), strict=True)]
        return answers

    def _unknown(self, scores: np.ndarray) -> list[Answer]:
        """Return what an answer says instead of a decision, row by row; nothing where it decides."""
        if not self.abstains:
            return [{}] * len(scores)
        reasons = self.abstains.reasons(self.bundle, scores)
        return [{} if why is None else {"prediction": None, ABSTAINED: why} for why in reasons]

    def _decided(self, scores: np.ndarray) -> list[Answer]:
        if not self.labels:
            self.told = scores[:, None], np.zeros(len(scores), np.int64)
            return [{"prediction": value} for value in scores.tolist()]
        names, labels, codes = ("prediction", *self.keys), self.labels, self.scorer.decided_rows(scores)
        self.told = scores, codes
        decided = zip(codes.tolist(), scores.tolist(), strict=True)
        return [dict(zip(names, (labels[code], *row), strict=True)) for code, row in decided]

    def _held(self, scores: np.ndarray) -> list[Answer]:
        """Return what holds the target, row by row: the ends of an interval, or the labels of a set."""
        columns = coverage.columns_of(self.bundle.coverage, self.labels, scores)
        if coverage.SET in columns:
            return [{coverage.SET: json.loads(labels)} for labels in columns[coverage.SET]]
        ends = zip(*(columns[name].tolist() for name in (coverage.LOW, coverage.HIGH)), strict=True)
        return [{coverage.LOW: low, coverage.HIGH: high} for low, high in ends]

    def reasons(self, row: Row, answer: Answer) -> dict[str, Any]:
        """Return which fields the answer hangs on: how it would change if each were missing, the largest first."""
        code = self.scorer.decided([answer[key] for key in self.keys]) if self.labels else 0
        about = self.keys[code] if self.labels else "prediction"
        changes = self.scorer.changes(row, code)
        ranked = sorted(changes, key=lambda entry: -abs(entry[1]))[:MOST_REASONS]
        return {"about": about, "if_missing": [{"field": field, "change": change} for field, change in ranked]}

    def is_expired(self, now: float) -> bool:
        """Return whether the last second of the last day has passed; `now` in seconds since 1970."""
        return now >= self.expires

    def facts(self) -> dict[str, Any]:
        """Return what is known of it, for people and machines."""
        manifest = self.bundle.manifest
        kept = {
            name: manifest[name]
            for name in ("task", "classes", "target", "metric", "acceptable", "data")
            if name in manifest
        }
        facts = {"bundle": self.digest, "version": self.version, **kept, "fields": list(self.scorer.names)}
        facts["envelope"] = self.enclosed
        if self.selective is not None:
            facts["abstention"] = self.selective
        facts["models"] = [choice.as_dict() for choice in self.scorer.choices]
        facts["expires"] = None if math.isinf(self.expires) else last_day(self.expires)
        if self.cache is not None:
            facts["cache"] = {"rows": self.cache.rows, "pays_from_hit_rate": self.pays_from}
        return facts


def load_release(folder: str, settings: ServeSettings) -> Release:
    """Load a bundle after verifying every file of it; see :func:`mesic.bundle.bundle.load_bundle`."""
    return Release(load_bundle(folder), settings)


def expiry(last: str | None) -> float:
    """Return the second since 1970 from which a bundle no longer answers, infinity for none.

    Raises
    ------
    SettingError
        The day is none.

    Examples
    --------
    >>> expiry("1970-01-01"), expiry(None)
    (86400.0, inf)
    """
    if last is None:
        return math.inf
    try:
        day = datetime.date.fromisoformat(str(last))
    except ValueError as error:
        raise SettingError("expires", last, "a day such as 2027-01-31") from error
    return float(np.datetime64(day, "s").astype(np.int64)) + 86_400


def last_day(expires: float) -> str:
    """Return the last day on which a bundle answers."""
    return str(np.datetime64(int(expires) - 86_400, "s").astype("datetime64[D]"))
