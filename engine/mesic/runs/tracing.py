"""What became of one row of a source: in which part, drawn or not, predicted how, named by which finding."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from mesic.data.identity import row_keys
from mesic.errors import UsageError
from mesic.runs.record import read_record

PARTS = {
    "test": "it is a test row: nothing is learned from it",
    "train": "it is a training row",
}
MOST_TWINS = 10


@dataclass(frozen=True)
class Trace:
    """What a run did with one row.

    Parameters
    ----------
    row
        Its number in the source, from 0.
    part
        ``train``, ``test``, ``left_out``, or ``dropped`` before the rows were divided.
    why
        Why it stands there, in words.
    folds
        The folds that it validates, one a repeat.
    times, weight
        How often the final fit saw it, and how many rows it stood for; None where it is no training row.
    twins
        Other rows that say the same, the first ten.
    answers
        Prediction and loss out of fold or as a test row, as the tables of the run hold them.
    findings
        Codes of the findings that name the row.
    """

    row: int
    part: str
    why: str
    folds: tuple[int, ...] = ()
    times: int | None = None
    weight: float | None = None
    twins: tuple[int, ...] = ()
    answers: tuple[Mapping[str, Any], ...] = ()
    findings: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def is_learned_from(self) -> bool:
        """Whether the final fit saw the row."""
        return self.part == "train" and self.times != 0


def trace(folder: Path, *, row: int | None = None, key: str | None = None) -> Trace:
    """Return what became of one row, from the files of a run or a check alone.

    Parameters
    ----------
    folder
        The run's folder.
    row
        Its number in the source, from 0.
    key
        What it holds in the column that ``source.key`` declares, instead of its number.

    Raises
    ------
    UsageError
        There is no such row, or the run ended before its rows were divided.
    """
    record = read_record(folder)
    path = folder / "partition.parquet"
    if not path.is_file():
        raise UsageError(f"run={folder} ended before its rows were divided: {_how_it_ended(record)}")
    table = _read(path)
    if (row is None) == (key is None):
        raise UsageError("give row=NUMBER, counted from 0, or key=VALUE of source.key")
    place = _place_of_key(table, record, key) if key is not None else _place_of_row(table, record, row)
    if place is None:
        return Trace(int(row or 0), "dropped", _why_dropped(record), findings=_naming(record, int(row or 0)))
    return _traced(folder, record, table, place)


def _how_it_ended(record: Mapping[str, Any]) -> str:
    error = record.get("error")
    return str(error["message"]) if error else f"it is {record['status']}"


def _read(path: Path) -> pa.Table:
    from pyarrow import parquet

    return parquet.ParquetFile(path).read()


def _place_of_row(table: pa.Table, record: Mapping[str, Any], row: int | None) -> int | None:
    rows = record["data"]["rows"]
    if row is None or not 0 <= row < rows:
        raise UsageError(f"row={row} cannot work: the source has the rows 0 to {rows - 1:,}")
    found = pc.index(table.column("row"), pa.scalar(row, table.column("row").type)).as_py()
    return None if found < 0 else int(found)


def _place_of_key(table: pa.Table, record: Mapping[str, Any], key: str) -> int:
    column = next((column for column in record["data"]["columns"] if column["role"] == "key"), None)
    if column is None:
        raise UsageError(f"key={key} cannot work: the run declares no source.key; give row=NUMBER, counted from 0")
    wanted = row_keys({column["name"]: _as_cells(column["kind"], key)}, 1)[0]
    places = np.flatnonzero(table.column("key").to_numpy() == wanted)
    if not places.size:
        raise UsageError(f"key={key} stands in no row that was used, by source.key={column['name']}")
    return int(places[0])


def _as_cells(kind: str, key: str) -> Any:
    if kind != "number":
        return pd.Categorical([key])
    try:
        return np.array([float(key)])
    except ValueError as error:
        raise UsageError(f"key={key} cannot work: source.key holds numbers") from error


def _why_dropped(record: Mapping[str, Any]) -> str:
    reasons = [entry for entry in record["row_account"]["entries"] if entry["what"] == "dropped"]
    said = " or ".join(f"{entry['why']} ({entry['column']!r}, {entry['rows']:,} rows)" for entry in reasons)
    return f"it was dropped before the rows were divided: {said or 'no reason is booked'}"


def _traced(folder: Path, record: Mapping[str, Any], table: pa.Table, place: int) -> Trace:
    line = {name: table.column(name)[place].as_py() for name in table.column_names}
    row, part = line["row"], line["part"]
    alike = table.column("row").to_numpy()[table.column("key").to_numpy() == np.uint64(line["key"])]
    times, weight = _drawn(folder, row) if part == "train" else (None, None)
    return Trace(
        row,
        part,
        _why(record, part, times),
        tuple(line[name] for name in line if name.startswith("fold") and line[name] is not None),
        times,
        weight,
        tuple(int(other) for other in alike[alike != row][:MOST_TWINS]),
        tuple(answer for name in ("oof", "test_predictions") for answer in _answers(folder / f"{name}.parquet", row)),
        _naming(record, row),
    )


def _drawn(folder: Path, row: int) -> tuple[int, float]:
    path = folder / "sample.parquet"
    if not path.is_file():
        return 1, 1.0
    sample = _read(path)
    place = pc.index(sample.column("row"), pa.scalar(row, sample.column("row").type)).as_py()
    return (0, 0.0) if place < 0 else (sample.column("times")[place].as_py(), sample.column("weight")[place].as_py())


def _why(record: Mapping[str, Any], part: str, times: int | None) -> str:
    partition = record["partition"]
    how = f"splitter={partition['splitter']} divides by {partition['by']}"
    if part == "left_out":
        facts = partition["facts"]
        reasons = [f"the gap of {facts['gap']:g} before later rows"] if facts.get("gap") else []
        reasons += [f"the time before the window of {facts['window']:g}"] if facts.get("window") else []
        return f"it is left out: {how}, and it lies in {' or '.join(reasons) or 'neither part'}"
    if times == 0:
        return f"it is a training row ({how}), and sampler={record['sample']['sampler']} did not draw it"
    return f"{PARTS[part]} ({how})"


def _answers(path: Path, row: int) -> list[dict[str, Any]]:
    if not path.is_file():
        return []
    table = _read(path)
    found = table.filter(pc.equal(table.column("row"), row)).to_pylist()
    part = "test" if path.stem.startswith("test") else "out of fold"
    return [{"part": part, **{k: v for k, v in line.items() if k not in ("row", "key")}} for line in found]


def _naming(record: Mapping[str, Any], row: int) -> tuple[Mapping[str, Any], ...]:
    """Return the findings whose evidence lists the row, each with what it says of it."""
    naming = []
    for finding in record["findings"]:
        listed = (finding["evidence"] or {}).get("rows")
        for item in listed if isinstance(listed, list) else ():
            facts = item if isinstance(item, dict) else {"row": item}
            if facts.get("row") == row:
                naming.append({"code": finding["code"], **facts})
    return tuple(naming)
