"""Blinded tasks: test rows for people to label, in an order of each one's own, some of them twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.data.reading import type_table
from mesic.errors import CheckFailed, DataError, SettingError, UsageError
from mesic.runs.files import write_text
from mesic.runs.record import read_record
from mesic.runs.seeds import stage_rng
from mesic.runs.tables import write_parquet
from mesic.runs.versions import read_version

REPEATED_SHARE = 0.1
FOLDER = "labels"
TASKS = "tasks.parquet"
GUIDE = "READ_ME.txt"
TASK, ANSWER, SECONDS = "task", "answer", "seconds"


@dataclass(frozen=True)
class Sheets:
    """What was written for people.

    Parameters
    ----------
    folder
        Where the sheets lie, one a labeler.
    rows
        Test rows that each of them labels.
    repeats
        How many of these stand there twice, to see whether a labeler agrees with themselves.
    """

    folder: Path
    rows: int
    repeats: int


def write_tasks(run: Path, out: Path, labelers: Sequence[str], rows: int, seed: int) -> Sheets:
    """Draw test rows for people to label and write a sheet a labeler; which rows they are stays in the run's folder.

    Parameters
    ----------
    run
        A finished run.
    out
        New folder for the sheets.
    labelers
        Names of people; all of them label the same rows.
    rows
        Test rows, drawn at random.
    seed
        Decides the rows, their order on each sheet and what stands there twice.

    Raises
    ------
    UsageError
        The run has tasks already, has no test predictions, or `out` exists.
    SettingError
        There are fewer test rows, or two labelers of one name.
    CheckFailed
        The source gives other rows now than the run saw.
    """
    record = read_record(run)
    if record.get("status") != "finished" or record.get("verb") != "run":
        raise UsageError(f"run={run} is no finished run: people are compared with a model on its test rows")
    if (run / FOLDER / TASKS).exists():
        raise UsageError(f"run={run} has tasks already, in {run / FOLDER}: give their answers, or remove that folder")
    if out.exists():
        raise SettingError("out", str(out), "a folder that does not exist yet")
    if len(set(labelers)) != len(labelers) or not all(_is_file_name(name) for name in labelers):
        raise SettingError("labelers", list(labelers), "names of people, each once, that can be names of files")
    partition = pd.read_parquet(run / "partition.parquet", columns=["row", "part"])
    test = partition["row"][partition["part"] == "test"].to_numpy()
    if rows > test.size:
        raise SettingError("rows", rows, f"{test.size} at most: there are that few test rows")
    table = _source_rows(run, record)
    columns = [column["name"] for column in record["data"]["columns"] if column["role"] in ("feature", "time", "group")]
    rng = stage_rng(seed, "labels")
    drawn = np.sort(rng.choice(test, rows, replace=False))
    key = pd.concat([_sheet(name, drawn, rng) for name in labelers], ignore_index=True)
    key[TASK] = [f"{number:08x}" for number in rng.choice(2**32, len(key), replace=False)]
    for name in labelers:
        own = key[key["labeler"] == name]
        cells = table.select(columns).take(pa.array(own["row"].to_numpy())).to_pandas()
        if clash := {TASK, ANSWER, SECONDS} & set(cells.columns):
            cells = cells.rename(columns={column: f"{column} (column)" for column in clash})
        cells.insert(0, TASK, own[TASK].to_numpy())
        write_text(out / f"{name}.csv", cells.assign(**{ANSWER: "", SECONDS: ""}).to_csv(index=False))
    write_text(out / GUIDE, guide(record))
    write_parquet(run / FOLDER / TASKS, pa.Table.from_pandas(key, preserve_index=False).to_pydict())
    return Sheets(out, rows, int(key["repeated"].sum()) // len(labelers))


def _is_file_name(name: str) -> bool:
    return bool(name.strip()) and Path(name).name == name and not name.startswith(".")


def _source_rows(run: Path, record: Mapping[str, Any]) -> pa.Table:
    version = read_version(str(run), key="run")
    typed = type_table(version.table, version.declared, version.declared["target"])
    if typed.digest != record["data"]["digest"]:
        raise CheckFailed(f"the source of run={run} gives other rows now than the run saw: run again, and label those")
    return version.table


def _sheet(labeler: str, drawn: np.ndarray, rng: np.random.Generator) -> pd.DataFrame:
    """Return one labeler's rows in their order; what stands there twice comes again in the second half."""
    first = rng.permutation(drawn)
    again = rng.permutation(first[: max(1, first.size // 2)])[: int(np.ceil(drawn.size * REPEATED_SHARE))]
    half = first.size // 2
    second = rng.permutation(np.concatenate([np.arange(half, first.size), first.size + np.arange(again.size)]))
    row = np.concatenate([first, again])[np.concatenate([np.arange(half), second])]
    table = pd.DataFrame({"labeler": labeler, "row": row})
    return table.assign(repeated=table.duplicated("row"))


def guide(record: Mapping[str, Any]) -> str:
    """Return what people must know to label."""
    data = record["data"]
    target = next(column for column in data["columns"] if column["name"] == data["target"])
    told = f"\n{target['description']}" if target.get("description") else ""
    if data["classes"]:
        allowed = f"one of: {', '.join(sorted(data['classes']))}"
    else:
        allowed = "a number" + (f" in {target['unit']}" if target.get("unit") else "")
    described = [column for column in data["columns"] if column.get("description") and column["role"] == "feature"]
    columns = "".join(f"\n  {column['name']}: {column['description']}" for column in described)
    return (
        f"What is {data['target']!r} of each row?{told}\n\nWrite into the column '{ANSWER}' {allowed}.\n"
        f"Write into '{SECONDS}' how long it took, or leave it empty. Leave what you cannot say empty, too.\n"
        "Work alone and from the first row to the last; change nothing else.\n"
        + (f"\nColumns:{columns}\n" if columns else "")
    )


def read_answers(run: Path, paths: Sequence[Path]) -> pd.DataFrame:
    """Return the answers of sheets that came back: a row a task, in the order in which it was laid before people.

    Returns
    -------
    pandas.DataFrame
        ``labeler``, ``row``, ``repeated``, ``place`` on the sheet, ``answer`` (text, or None), ``seconds``.

    Raises
    ------
    UsageError
        The run has no tasks.
    DataError
        A sheet lacks a column, holds a task that was never given, or one twice; seconds are no numbers.
    """
    path = run / FOLDER / TASKS
    if not path.is_file():
        raise UsageError(f"run={run} has no tasks: `mesic data label run={run} labelers=[NAME]` makes them")
    key = pd.read_parquet(path)
    key["place"] = key.groupby("labeler").cumcount()
    sheets = [_read_sheet(sheet) for sheet in paths]
    answers = pd.concat(sheets, ignore_index=True)
    unknown = ~answers[TASK].isin(key[TASK])
    if unknown.any():
        raise DataError(
            f"{unknown.sum():,} tasks were never given out by run={run}, such as {answers[TASK][unknown].iloc[0]!r} "
            f"of {answers['sheet'][unknown].iloc[0]}"
        )
    if (twice := answers.duplicated(TASK)).any():
        raise DataError(f"{twice.sum():,} tasks are answered twice, such as {answers[TASK][twice].iloc[0]!r}: keep one")
    return key.merge(answers.drop(columns="sheet"), on=TASK).sort_values(["labeler", "place"], ignore_index=True)


def _read_sheet(path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise DataError(f"{path} cannot be read as a sheet of answers: {error}") from error
    lost = [name for name in (TASK, ANSWER) if name not in table]
    if lost:
        raise DataError(f"{path} has no column {lost[0]!r}: give the sheet back as it was, with its answers")
    texts = table[SECONDS].str.strip() if SECONDS in table else pd.Series("", index=table.index)
    seconds = pd.to_numeric(texts.where(texts != ""), errors="coerce")
    wrong = texts.ne("") & ~(seconds >= 0)
    if wrong.any():
        raise DataError(
            f"{path} has seconds that are no numbers, such as {texts[wrong].iloc[0]!r} in row {wrong.argmax()}"
        )
    answer = table[ANSWER].str.strip()
    return pd.DataFrame(
        {TASK: table[TASK], ANSWER: answer.where(answer != "", None), SECONDS: seconds, "sheet": str(path)}
    )
