"""The columns of the log: a contract with everyone who reads it, the same for every file of one bundle."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from mesic.bundle import coverage
from mesic.errors import DataError

FORMAT = 1
FACTS = b"mesic.prediction_log"
INPUT = "input."
MOMENT = pa.timestamp("us", tz="UTC")
NAMED = pa.dictionary(pa.int8(), pa.string())
ABOUT = (
    pa.field("request_id", pa.string(), nullable=False),
    pa.field("row", pa.int32(), nullable=False),
    pa.field("time", MOMENT, nullable=False),
    pa.field("bundle", NAMED, nullable=False),
    pa.field("version", NAMED, nullable=False),
    pa.field("arm", pa.string()),
    pa.field("propensity", pa.float64(), nullable=False),
    pa.field("caller", pa.string()),
    pa.field("latency_us", pa.int32()),
    pa.field("cache_hit", pa.bool_(), nullable=False),
    pa.field("refused", pa.string()),
)
PROMISES = (coverage.SET, coverage.LOW, coverage.HIGH)
AS_GIVEN = pa.field("as_given", pa.string())
KINDS = {
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "time": MOMENT,
    "category": pa.string(),
    "text": pa.string(),
}


@dataclass(frozen=True)
class LogFacts:
    """What the metadata of a file say of all of its rows.

    Parameters
    ----------
    bundle, version
        What answered.
    target, task, classes
        What was answered.
    redacted
        Fields of which no cell is logged.
    sample
        Share of requests that are logged.
    unknown
        What became of fields that the schema does not know: ``"refuse"`` or ``"ignore"``.
    format
        Of the columns.
    """

    bundle: str
    version: str
    target: str
    task: str
    classes: tuple[str, ...]
    redacted: tuple[str, ...] = ()
    sample: float = 1.0
    unknown: str = "refuse"
    format: int = FORMAT

    def as_metadata(self) -> dict[bytes, bytes]:
        """Return the facts as metadata of an Arrow schema."""
        return {FACTS: json.dumps(vars(self), sort_keys=True).encode()}


def facts_of(schema: pa.Schema, file: object) -> LogFacts:
    """Return what the metadata of a file of the log say.

    Parameters
    ----------
    schema
        The file's.
    file
        What to call it.

    Raises
    ------
    DataError
        It is none, or one of another format.
    """
    said = (schema.metadata or {}).get(FACTS)
    if said is None:
        raise DataError(f"{file} is no log of predictions: its schema does not say so; give what log.folder holds")
    facts: dict[str, Any] = json.loads(said)
    if facts.get("format") != FORMAT:
        raise DataError(f"{file} has format {facts.get('format')!r} of the log, this version reads {FORMAT}")
    lists = {name: tuple(value) for name, value in facts.items() if isinstance(value, list)}
    return LogFacts(**{**facts, **lists})


def schema_of(kinds: Mapping[str, str], facts: LogFacts) -> pa.Schema:
    """Return the columns of the log of one bundle.

    Parameters
    ----------
    kinds
        Of each field that the bundle reads: a key of ``KINDS``.
    facts
        What all rows have in common.

    Examples
    --------
    >>> facts = LogFacts("d1", "v1", "bought", "binary", ("no", "yes"))
    >>> schema_of({"age": "number"}, facts).names[-6:]
    ['prediction', 'p_no', 'p_yes', 'prediction_set', 'input.age', 'as_given']
    """
    inputs = (pa.field(f"{INPUT}{name}", KINDS[kind]) for name, kind in kinds.items())
    return pa.schema([*ABOUT, *_outputs(facts.classes), *inputs, AS_GIVEN], metadata=facts.as_metadata())


def _outputs(classes: tuple[str, ...]) -> Iterator[pa.Field]:
    """Yield what an answer may hold: intervals and sets are there where they were asked for."""
    if not classes:
        for name in ("prediction", coverage.LOW, coverage.HIGH):
            yield pa.field(name, pa.float64())
        return
    yield pa.field("prediction", pa.string())
    for label in classes:
        yield pa.field(f"p_{label}", pa.float64())
    yield pa.field(coverage.SET, pa.list_(pa.string()))


def answer_names(schema: pa.Schema) -> list[str]:
    """Return the names of the columns that hold answers."""
    between = slice(len(ABOUT), schema.get_field_index(AS_GIVEN.name))
    return [name for name in schema.names[between] if not name.startswith(INPUT)]


def in_order(table: pa.Table) -> pa.Table:
    """Return rows of the log in order of time, those of one request together, in one piece."""
    keys = [(name, "ascending") for name in ("time", "request_id", "row")]
    return table.combine_chunks().sort_by(keys).combine_chunks()
