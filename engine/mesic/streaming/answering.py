"""From records to replies: each record gets one, an answer or a refusal; the same record gets the same bytes."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NoReturn

import msgspec

from mesic.errors import CheckFailed
from mesic.serving import asking
from mesic.serving.messages import log
from mesic.serving.release import Answer, Release
from mesic.serving.scorer import Row, RowsRefused
from mesic.serving.service import Refused
from mesic.streaming.settings import StreamOptions
from mesic.streaming.stream import Record, Reply

CONTROL = "control"
Observer = Callable[[Release, Sequence[Row], Sequence[Answer], Sequence[asking.Asked]], None]
RefusalObserver = Callable[[Refused], None]


@dataclass(slots=True)
class Asked:
    """A record that was read: its id and key, and the row or what is wrong."""

    record: Record
    id: Any
    key: Any
    row: Row | None
    error: dict[str, Any] | None = None


class Answering:
    """Replies to records with one release.

    Parameters
    ----------
    release
        What answers.
    options
        Which fields name a record and its key, and whether intervals are wanted.
    observers
        Told of rows that were answered, as those of the server are, but with a request for each row.
    refusal_observers
        Told of rows that were refused.
    """

    def __init__(
        self,
        release: Release,
        options: StreamOptions,
        observers: Sequence[Observer] = (),
        refusal_observers: Sequence[RefusalObserver] = (),
    ) -> None:
        self.release, self.options = release, options
        self.observers, self.refusal_observers, self._began = observers, refusal_observers, 0.0
        if options.intervals:
            _ = release.bundle.coverage  # read while its folder is verified
        known = {*release.bundle.schema.names, str(release.bundle.manifest["target"])}
        self._aside = {name for name in (options.id, options.key) if name is not None and name not in known}
        self._named = {"bundle": release.digest, "version": release.version}

    def replies(self, records: Sequence[Record]) -> list[Reply]:
        """Return a reply a record, in order."""
        asked = [self.read(record) for record in records]
        return self.replies_to(asked)

    def read(self, record: Record) -> Asked:
        """Read a record; what is wrong with it is kept for its reply."""
        if record.problem:
            return self._refused(record, "BROKEN-RECORD", record.problem)
        row: Any = record.value
        if isinstance(row, bytes):
            try:
                row = decoded(row)
            except (ValueError, RecursionError) as error:
                return self._refused(record, "NO-JSON", f"the record is no JSON: {error}")
        if not isinstance(row, Mapping):
            return self._refused(record, "NO-OBJECT", 'the record is no object: give one, such as {"FIELD": VALUE}')
        return self._named_row(record, row)

    def _named_row(self, record: Record, row: Mapping[str, Any]) -> Asked:
        options = self.options
        key = row.get(options.key) if options.key is not None else None
        name = record.offset if options.id is None else row.get(options.id)
        if isinstance(key, (dict, list)):
            return self._refused(record, "NO-KEY", f"field {options.key!r} is no plain value: it is the record's key")
        if type(name) not in (str, int):
            said = "missing" if options.id not in row else "neither a text nor a whole number"
            return self._refused(record, "NO-ID", f"field {options.id!r} is {said}: it names the record", key)
        if self._aside:
            row = {field: value for field, value in row.items() if field not in self._aside}
        return Asked(record, name, key, row)

    def _refused(self, record: Record, code: str, message: str, key: Any = None) -> Asked:
        return Asked(record, record.offset, key, None, {"code": code, "message": message, "problems": []})

    def wants_control(self, asked: Asked) -> bool:
        """Return whether a record orders something instead of asking for an answer."""
        return self.options.control and asked.row is not None and CONTROL in asked.row

    def replies_to(self, asked: Sequence[Asked]) -> list[Reply]:
        """Return a reply to each record that was read, in order."""
        self._began = perf_counter()
        whole = [one for one in asked if one.row is not None]
        answers = iter(self._answers(whole))
        return [self._reply(one, next(answers) if one.error is None else one.error) for one in asked]

    def _answers(self, asked: Sequence[Asked]) -> list[Answer]:
        """Return the answer, or what is wrong, for each row; one by one where something is."""
        rows = [one.row for one in asked if one.row is not None]
        if not rows:
            return []
        try:
            matrix, broken = self.release.scorer.parted(rows)
            scores = self.release.scorer.scored(matrix) if len(matrix) else None
            found = [] if scores is None else self.release.answers_of(scores, intervals=self.options.intervals)
        except Exception:  # noqa: BLE001 - whatever one row does must not take its neighbours along
            return [self._alone(one) for one in asked]
        refused, whole = set(broken), iter(found)
        self._tell([one for n, one in enumerate(asked) if n not in refused], found)
        return [self._alone(one) if n in refused else next(whole) for n, one in enumerate(asked)]

    def _alone(self, asked: Asked) -> dict[str, Any]:
        """Answer one row; the words of a refusal do not hang on what was read beside it."""
        assert asked.row is not None
        try:
            answer = self.release.answer(asked.row, intervals=self.options.intervals)
        except RowsRefused as error:
            self._tell_refusal(asked, error)
            problems = [{k: v for k, v in problem.as_dict().items() if k != "row"} for problem in error.problems]
            return _Refusal(code="ROW-REFUSED", message=str(error), problems=problems)
        except CheckFailed as error:
            self._tell_refusal(asked, error)
            return _Refusal(code="NO-DECISION", message=str(error), problems=[])
        except Exception as error:  # noqa: BLE001 - a record that nothing can be done with must not stop the stream
            log("failed", offset=asked.record.offset, error=f"{type(error).__name__}: {error}")
            return _Refusal(code="FAILED", message=f"no answer could be made: {type(error).__name__}", problems=[])
        self._tell([asked], [answer])
        return answer

    def _tell(self, asked: Sequence[Asked], answers: Sequence[Answer]) -> None:
        if not self.observers or not asked:
            return
        rows = [one.row for one in asked if one.row is not None]
        requests = [asking.named(one.id, self._began) for one in asked]
        for observer in self.observers:
            observer(self.release, rows, answers, requests)

    def _tell_refusal(self, asked: Asked, error: RowsRefused | CheckFailed) -> None:
        for observer in self.refusal_observers:
            observer(Refused(self.release, [asked.row], error, asking.named(asked.id, self._began)))

    def _reply(self, asked: Asked, answer: dict[str, Any]) -> Reply:
        said: dict[str, Any] = {"id": asked.id, "offset": asked.record.offset}
        if self.options.key is not None:
            said["key"] = asked.key
        said |= self._named
        is_refusal = asked.row is None or isinstance(answer, _Refusal)
        said |= {"error": answer} if is_refusal else answer
        return Reply(asked.record, msgspec.json.encode(said), asked.key, is_refusal)

    def said(self, asked: Asked, **facts: Any) -> Reply:
        """Return the reply to a record that orders something."""
        told = {"id": asked.id, "offset": asked.record.offset, **self._named, **facts}
        return Reply(asked.record, msgspec.json.encode(told), asked.key)


class _Refusal(dict[str, Any]):
    """What is wrong with a row, where an answer would be."""


def decoded(line: bytes) -> Any:
    """Return what a line of JSON says; numbers beyond 64 bits are infinite, NaN is none.

    Raises
    ------
    ValueError
        It is no JSON.

    Examples
    --------
    >>> decoded(b'{"age": 1e999}')
    {'age': inf}
    """
    try:
        return msgspec.json.decode(line)
    except (msgspec.DecodeError, ValueError):
        return json.loads(line, parse_constant=_no_constant)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is none; give null for a missing cell")
