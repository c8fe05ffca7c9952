"""Score a file of any size with a bundle, in bounded memory; a process that was killed is gone on with."""

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc

from mesic.bundle import coverage
from mesic.bundle.abstaining import COLUMN as ABSTAINED
from mesic.bundle.abstaining import Abstention
from mesic.bundle.bundle import Bundle
from mesic.bundle.envelope import OPEN, STRICT, outside, with_envelope
from mesic.data.account import Entry, RowAccount
from mesic.data.rules import RulesBroken, refuse
from mesic.errors import DataError, MesicError, UsageError
from mesic.predicting.parts import Part, Parts, parts_of
from mesic.predicting.refusing import ERROR, Refused, is_among, refused
from mesic.predicting.summary import merged, sketch
from mesic.predicting.writing import FORMATS, Writer, packed, writing

Progress = Callable[[float, int], None]


@dataclass(frozen=True)
class Asked:
    """What is asked of a bundle.

    Parameters
    ----------
    batch
        Rows of a part, about: one thread answers them at a time, and once they are done they stay done.
    threads
        Parts that are answered side by side.
    keep
        Columns of the input that are copied beside the predictions.
    intervals
        Whether intervals or sets stand beside the predictions.
    abstention
        For which rows there is no prediction; the column ``abstained`` then says why.
    envelope
        ``open``, or ``strict``: rows outside of what training has seen get no answer; the column ``error`` says why.
    """

    batch: int
    threads: int = 1
    keep: tuple[str, ...] = ()
    intervals: bool = False
    abstention: Abstention = Abstention()
    envelope: str = OPEN


@dataclass
class Scored:
    """What came of it.

    Parameters
    ----------
    rows
        Rows that were written.
    account
        The account of coerced cells.
    unused
        Columns of the input that were not needed.
    answers
        How the answers are distributed.
    kept_rows
        Rows that an earlier process had done.
    why_anew
        In what the job of an earlier process differed, whose rows could not be used; empty where there was none.
    refused
        Rows outside of what training has seen.
    """

    rows: int = 0
    account: RowAccount = field(default_factory=RowAccount)
    unused: list[str] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    kept_rows: int = 0
    why_anew: str = ""
    refused: Refused = field(default_factory=Refused)


def score_file(
    bundle: Bundle,
    source: Any,
    output: Path,
    asked: Asked,
    *,
    facts: Mapping[str, Any] | None = None,
    progress: Progress | None = None,
) -> Scored:
    """Write one row of predictions a row of the source, in order; the bytes are the same whatever the parts.

    Parameters
    ----------
    bundle
        What answers.
    source
        A table source: ``columns()``, ``text_schema()``, ``path`` and ``pieces(rows, columns, after)``.
    output
        The file to write; its suffix says how.
    asked
        Parts, threads, columns.
    facts
        What else must be the same for parts of an earlier process to be used.
    progress
        Is told the share of the input that is done, and its rows.

    Raises
    ------
    DataError
        A needed column is missing, or the source breaks; nothing is left at `output`.
    UsageError
        The suffix of `output` says nothing, or it cannot be written; parts that are done stay.
    """
    work = _work(bundle, source, output, asked)
    before = _identity(source.path)
    job = {"format": 1, "bundle": bundle.digest, "input": before, **_divided(asked), **(facts or {})}
    scored = Scored(unused=work.unused)
    with _told(output), parts_of(output, job) as parts:
        scored.why_anew = parts.why_anew
        with _kept(parts, scored):
            with writing(work.kind, parts.whole, work.schema) as writer:
                _score(work, parts, writer, scored, progress)
            if _identity(source.path) != before:
                raise DataError(f"{source.path} was changed while it was read: start again when it stays as it is")
            parts.whole.replace(output)
        parts.remove()
    return scored


@contextmanager
def _told(output: Path) -> Iterator[None]:
    """Say in one sentence why an output cannot be written, and what is kept."""
    try:
        yield
    except OSError as error:
        kept = "".join(f"; {note}" for note in getattr(error, "__notes__", ()))
        why = error.strerror or error
        raise UsageError(f"cannot write {output}: {why}; make room, or give another output={kept}") from error


@contextmanager
def _kept(parts: Parts, scored: Scored) -> Iterator[None]:
    """Keep what is done where there is no room for more; what is wrong with the data is mended there."""
    try:
        yield
    except MesicError:
        parts.remove()
        raise
    except OSError as error:
        if parts.count():
            error.add_note(f"{scored.rows:,} rows are done and kept in {parts.folder}: the same command goes on")
        raise


def _work(bundle: Bundle, source: Any, output: Path, asked: Asked) -> "_Work":
    names = source.columns()
    bundle.require(names)
    if lost := [name for name in asked.keep if name not in names]:
        raise DataError(f"keep names columns that the input lacks: {', '.join(map(repr, lost))}")
    asked.abstention.refuse_unfit(bundle)
    schema = _schema(bundle, source, asked)
    if taken := sorted(name for name in asked.keep if schema.names.count(name) > 1):
        raise UsageError(f"keep names {', '.join(map(repr, taken))}: so is a column of the answers called; rename it")
    kind = FORMATS.get(output.suffix.lower())
    if kind is None:
        raise UsageError(f"output={output} cannot work: give a file that ends in {', '.join(FORMATS)}")
    used = [name for name in names if name in {*bundle.needed, *bundle.moments, *asked.keep}]
    unused = [name for name in names if name not in used]
    strict = with_envelope(bundle, STRICT) if asked.envelope == STRICT else None
    return _Work(bundle, source, asked, kind, schema, used, unused, strict)


def _divided(asked: Asked) -> dict[str, Any]:
    return {
        "batch": asked.batch,
        "keep": list(asked.keep),
        "intervals": asked.intervals,
        "abstention": asdict(asked.abstention),
        "envelope": asked.envelope,
    }


def _identity(path: Path) -> dict[str, Any]:
    """Return what changes when a file does; the moment of the last change of its data or name is the system's own."""
    status = path.stat()
    facts = (status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino, status.st_dev)
    names = ("size", "mtime_ns", "ctime_ns", "inode", "device")
    return {"path": str(path.resolve()), **dict(zip(names, facts, strict=True))}


@dataclass(frozen=True)
class _Work:
    """What makes a part of a piece."""

    bundle: Bundle
    source: Any
    asked: Asked
    kind: str
    schema: pa.Schema
    used: list[str]
    unused: list[str]
    strict: Bundle | None = None

    def part(self, parts: Parts, number: int, piece: Any) -> Part:
        """Return the part of a piece, done and kept."""
        table = piece.read()
        own = RowAccount(table.num_rows)
        coerced = self.bundle.coerced(table, own)
        scores = self.bundle.scores_of(coerced, table.num_rows, own)
        strange = outside(self.strict, coerced, table) if self.strict else {}
        codes = self.bundle.fitted.decided(scores) if self.bundle.classes else None
        answers, is_given = self._abstained(self._columns(codes, scores), scores)
        if self.strict:
            answers, is_given = refused(answers, self.schema, strange), is_given & ~is_among(strange, table.num_rows)
        answers |= {name: table.column(name) for name in self.asked.keep}
        facts = {
            "rows": table.num_rows,
            "after": piece.after,
            "share": piece.share,
            "entries": own.as_dict()["entries"],
            "sketch": sketch(codes if codes is None else codes[is_given], scores[is_given]),
            "refused": Refused.of(strange).as_dict(),
        }
        part = Part(facts, packed(self.kind, pa.table(answers).cast(self.schema)))
        parts.keep(number, part)
        return part

    def _abstained(self, answers: dict[str, Any], scores: np.ndarray) -> tuple[dict[str, Any], np.ndarray]:
        """Return the answers without those that are not given, and which are."""
        if not self.asked.abstention:
            return answers, np.ones(len(scores), dtype=bool)
        why = pa.array(self.asked.abstention.reasons(self.bundle, scores), pa.string())
        given, kind = answers["prediction"], self.schema.field("prediction").type
        values = pa.array(given).cast(kind)
        answers["prediction"] = pc.if_else(why.is_null(), values, pa.scalar(None, kind))
        return answers | {ABSTAINED: why}, np.asarray(why.is_null())

    def _columns(self, codes: np.ndarray | None, scores: np.ndarray) -> dict[str, Any]:
        classes, asks = self.bundle.classes, self.asked.intervals
        held = coverage.columns_of(self.bundle.coverage, classes, scores) if asks else {}
        if codes is None:
            return {"prediction": scores, **held}
        labels = pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int32)), pa.array(classes, pa.string()))
        shares = {f"p_{label}": np.ascontiguousarray(scores[:, code]) for code, label in enumerate(classes)}
        return {"prediction": labels, **shares, **held}


def _score(work: _Work, parts: Parts, writer: Writer, scored: Scored, progress: Progress | None) -> None:
    """Write all parts in order: those that are done, then those that are not."""
    sketches = []
    with closing(_in_order(work, parts, scored)) as done:
        for part, is_new in done:
            writer.write(part.payload)
            scored.refused.add(Refused(**part.facts["refused"]), before=scored.rows)
            scored.rows += part.facts["rows"]
            scored.kept_rows += 0 if is_new else part.facts["rows"]
            entries = [Entry(**entry) for entry in part.facts["entries"]]
            scored.account.include(RowAccount(part.facts["rows"], entries))
            sketches.append(part.facts["sketch"])
            if progress:
                progress(part.facts["share"], scored.rows)
    scored.answers = merged(sketches, work.bundle.classes)


def _in_order(work: _Work, parts: Parts, scored: Scored) -> Generator[tuple[Part, bool], None, None]:
    """Yield parts in order, and whether they are new; no more pieces are held than there are threads, and one."""
    number, after = 0, None
    while (part := parts.find(number)) is not None:
        yield part, False
        number, after = number + 1, part.facts["after"]
    waiting: deque[Callable[[], tuple[Part, bool]]] = deque()
    with ThreadPoolExecutor(work.asked.threads) as pool:
        try:
            for place, piece in enumerate(work.source.pieces(work.asked.batch, work.used, after), number):
                found = parts.find(place)
                waiting.append(
                    partial(_found, found) if found else partial(_made, pool.submit(work.part, parts, place, piece))
                )
                while len(waiting) > work.asked.threads:
                    yield _next(waiting, scored)
            while waiting:
                yield _next(waiting, scored)
        finally:
            pool.shutdown(cancel_futures=True)


def _found(part: Part) -> tuple[Part, bool]:
    return part, False


def _made(future: Future[Part]) -> tuple[Part, bool]:
    return future.result(), True


def _next(waiting: deque[Callable[[], tuple[Part, bool]]], scored: Scored) -> tuple[Part, bool]:
    """Return the next part; rows that break rules are told by their numbers in the file."""
    try:
        return waiting.popleft()()
    except RulesBroken as error:
        refuse([replace(one, rows=one.rows + scored.rows) for one in error.broken])
        raise


def _schema(bundle: Bundle, source: Any, asked: Asked) -> pa.Schema:
    fields = [("prediction", pa.string() if bundle.classes else pa.float64())]
    fields += [(f"p_{label}", pa.float64()) for label in bundle.classes]
    if asked.intervals:
        is_interval = bundle.coverage["kind"] == "interval"
        ends = [(coverage.LOW, pa.float64()), (coverage.HIGH, pa.float64())]
        fields += ends if is_interval else [(coverage.SET, pa.string())]
    fields += [(ABSTAINED, pa.string())] if asked.abstention else []
    fields += [(ERROR, pa.string())] if asked.envelope == STRICT else []
    kept = {one.name: one.type for one in source.text_schema()} if asked.keep else {}
    return pa.schema([*fields, *((name, kept[name]) for name in asked.keep)])
