"""Score a file with a bundle, batch by batch, in bounded memory; the output is complete or absent."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import compute as pc
from pyarrow import csv, ipc, parquet

from mesic.bundle import coverage
from mesic.bundle.abstaining import COLUMN as ABSTAINED
from mesic.bundle.abstaining import Abstention
from mesic.bundle.bundle import Bundle
from mesic.data.account import RowAccount
from mesic.errors import DataError, UsageError
from mesic.runs.files import replacing

NEVER = Abstention()
Answered = tuple[pa.Table, RowAccount]
WRITERS = {".csv": "csv", ".parquet": "parquet", ".arrow": "arrow", ".feather": "arrow"}


def score_file(
    bundle: Bundle,
    source: Any,
    output: Path,
    *,
    batch: int,
    threads: int = 1,
    keep: Sequence[str] = (),
    intervals: bool = False,
    abstention: Abstention = NEVER,
) -> tuple[int, RowAccount, list[str]]:
    """Write one row of predictions a row of the source, in order.

    Parameters
    ----------
    bundle
        What answers.
    source
        A table source: ``columns()`` and ``text_batches(rows)``.
    output
        The file to write; its suffix says how.
    batch
        Rows at a time.
    threads
        Batches that are answered side by side.
    keep
        Columns of the input that are copied beside the predictions.
    intervals
        Whether intervals or sets stand beside the predictions.
    abstention
        For which rows there is no prediction; the column ``abstained`` then says why.

    Returns
    -------
    tuple
        Rows written, the account of coerced cells, and the input columns that were not needed.

    Raises
    ------
    DataError
        A needed column is missing, or the source breaks; nothing is left at `output`.
    UsageError
        The suffix of `output` says nothing, or it cannot be written.
    """
    names = source.columns()
    bundle.require(names)
    if lost := [name for name in keep if name not in names]:
        raise DataError(f"keep names columns that the input lacks: {', '.join(map(repr, lost))}")
    kind = WRITERS.get(output.suffix.lower())
    if kind is None:
        raise UsageError(f"output={output} cannot work: give a file that ends in {', '.join(WRITERS)}")
    account = RowAccount()
    abstention.refuse_unfit(bundle)
    more = [*(_held_fields(bundle) if intervals else ()), *([(ABSTAINED, pa.string())] if abstention else ())]
    schema = _schema(bundle, source, keep, more)

    def answered(piece: pa.RecordBatch) -> Answered:
        table, own = pa.Table.from_batches([piece]), RowAccount(piece.num_rows)
        scores = bundle.scores(table, own)
        held = coverage.columns_of(bundle.coverage, bundle.classes, scores) if intervals else {}
        answers = (
            _columns(bundle, scores)
            | held
            | _unknown(bundle, abstention, scores)
            | {name: table.column(name) for name in keep}
        )
        return pa.table(answers).cast(schema), own

    with replacing(output) as fresh, _writer(kind, fresh, schema) as writer:
        for answers, own in _in_order(answered, source.text_batches(batch), threads):
            writer.write_table(answers)
            account.include(own)
    return account.read, account, [name for name in names if name not in {*bundle.needed, *bundle.moments, *keep}]


def _in_order(
    answered: Callable[[pa.RecordBatch], Answered], pieces: Iterable[pa.RecordBatch], threads: int
) -> Iterator[Answered]:
    """Answer pieces side by side and yield the answers in order; no more pieces are held than there are threads."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Answered]] = deque()
        try:
            for piece in pieces:
                waiting.append(pool.submit(answered, piece))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _columns(bundle: Bundle, scores: np.ndarray) -> dict[str, Any]:
    if not bundle.classes:
        return {"prediction": scores}
    codes = pa.array(bundle.fitted.decided(scores).astype(np.int32))
    labels = pa.DictionaryArray.from_arrays(codes, pa.array(bundle.classes, pa.string()))
    shares = {f"p_{label}": np.ascontiguousarray(scores[:, code]) for code, label in enumerate(bundle.classes)}
    return {"prediction": labels, **shares}


def _unknown(bundle: Bundle, abstention: Abstention, scores: np.ndarray) -> dict[str, Any]:
    """Return why there is no decision, and the predictions without those."""
    if not abstention:
        return {}
    why, given = pa.array(abstention.reasons(bundle, scores), pa.string()), _columns(bundle, scores)["prediction"]
    values = given.cast(pa.string()) if bundle.classes else pa.array(given)
    return {"prediction": pc.if_else(why.is_null(), values, pa.scalar(None, values.type)), ABSTAINED: why}


def _held_fields(bundle: Bundle) -> list[tuple[str, pa.DataType]]:
    is_interval = bundle.coverage["kind"] == "interval"
    ends = [(coverage.LOW, pa.float64()), (coverage.HIGH, pa.float64())]
    return ends if is_interval else [(coverage.SET, pa.string())]


def _schema(
    bundle: Bundle, source: Any, keep: Sequence[str], held: Sequence[tuple[str, pa.DataType]] = ()
) -> pa.Schema:
    fields = [("prediction", pa.string() if bundle.classes else pa.float64())]
    fields += [(f"p_{label}", pa.float64()) for label in bundle.classes]
    kept = {field.name: field.type for field in source.text_schema()} if keep else {}
    return pa.schema([*fields, *held, *((name, kept[name]) for name in keep)])


@contextmanager
def _writer(kind: str, path: Path, schema: pa.Schema) -> Iterator[Any]:
    if kind == "parquet":
        with parquet.ParquetWriter(path, schema, compression="zstd") as writer:
            yield writer
    elif kind == "csv":
        with csv.CSVWriter(path, schema) as writer:
            yield writer
    else:
        with ipc.new_file(path, schema) as writer:
            yield writer
