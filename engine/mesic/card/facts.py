"""What a card says, line by line: what the record knows, what the owner says, and what nobody has said yet."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesic.bundle.step import PortableStep
from mesic.card.about import About
from mesic.data.schema import IGNORED
from mesic.errors import DataError, UsageError
from mesic.runs.files import file_digest

Record = Mapping[str, Any]
FORMAT = 1
MOST_NUMBERS = 2_000  # of an array of fitted parameters that a card says in full


@dataclass(frozen=True)
class Line:
    """One line of the card.

    Parameters
    ----------
    name, title
        Its key in ``card.json``, and its heading.
    told
        What the owner says.
    known
        What the record knows; JSON-able.
    todo
        Questions that only the owner can answer.
    """

    name: str
    title: str
    told: str = ""
    known: Mapping[str, Any] = field(default_factory=dict)
    todo: tuple[str, ...] = ()


def card_lines(record: Record, folder: Path, about: About) -> list[Line]:
    """Return the ten lines of a card.

    Parameters
    ----------
    record
        Of a run or a check that came as far as its partition.
    folder
        Where it lies; its bundle says what was fitted.
    about
        What the owner says.

    Raises
    ------
    UsageError
        The rows were never divided, or the owner names columns that do not exist.
    """
    if "partition" not in record:
        raise UsageError(f"run={folder} ended before its rows were divided: a card has nothing to say of it")
    _refuse_unknown(record, about)
    makers = (
        _meaning, _collection, _creation, _splits, _preprocessing, _excluded, _storage, _attributes, _examples, _labels,
    )  # fmt: skip
    return [make(record, folder, about) for make in makers]


def _refuse_unknown(record: Record, about: About) -> None:
    known = {column["name"] for column in record["data"]["columns"]}
    for key, names in (("columns", about.columns), ("left_out", about.left_out), ("sensitive", about.sensitive or ())):
        for name in names:
            if name not in known:
                raise UsageError(f"about.yaml says something of {name!r} under {key}, which is no column of the data")


def used_columns(record: Record) -> list[Mapping[str, Any]]:
    """Return the columns that play a part in a run."""
    return [column for column in record["data"]["columns"] if column["role"] != "ignored"]


def undescribed(record: Record, about: About) -> list[str]:
    """Return the columns that play a part and of which nobody says what they mean."""
    return [c["name"] for c in used_columns(record) if not c.get("description") and c["name"] not in about.columns]


def unexplained(record: Record, about: About) -> list[str]:
    """Return the columns that were left out by hand and of which nobody says why."""
    left_out = [column["name"] for column in record["data"]["columns"] if column.get("why") == IGNORED]
    return [name for name in left_out if name not in about.left_out]


def _meaning(record: Record, folder: Path, about: About) -> Line:  # noqa: ARG001 - all lines are asked alike
    data = record["data"]
    asked = [("what is a row, and what do the data mean?", about.meaning), ("who answers for them?", about.owner)]
    asked += [("on what terms may they be used?", about.licence)]
    columns = [f"what does column {name!r} mean?" for name in undescribed(record, about)]
    known = {"name": about.name or Path(str(data["path"])).stem, "owner": about.owner, "licence": about.licence}
    todo = (*(question for question, answer in asked if answer is None), *columns)
    return Line("meaning", "What the data mean", about.meaning or "", known | {"url": about.url}, todo)


def _collection(record: Record, folder: Path, about: About) -> Line:  # noqa: ARG001
    data = record["data"]
    known = {
        "source": data["source"],
        "path": data["path"],
        "options": {k: v for k, v in record["config"]["source"].items() if v not in (None, [], "") and k != "name"},
        "read": record["run"]["started"],
        "digest": data["digest"],
    }
    todo = () if about.collected else ("who or what collected the data, when, where and how?",)
    return Line("collection", "How they were collected", about.collected or "", known, todo)


def _creation(record: Record, folder: Path, about: About) -> Line:  # noqa: ARG001
    todo = () if about.created else ("by which methods were values and labels made?",)
    known = {"agreement": _agreement(Path(about.agreement))} if about.agreement else {}
    return Line("creation", "By which methods they were made", about.created or "", known, todo)


def _agreement(path: Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {key: found[key] for key in ("labelers", "kappa", "alpha", "aggregation")}
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"agreement={path} is no agreement.json of `mesic data label`: {error}") from error


def _splits(record: Record, folder: Path, about: About) -> Line:  # noqa: ARG001
    partition = record["partition"]
    names = ("splitter", "by", "mode", "rows", "classes", "facts", "place", "proof", "digest")
    known = {name: partition[name] for name in names}
    again = {kind: record["config"][kind] for kind in ("source", "splitter")} | {"seed": record["config"]["seed"]}
    folds = [{name: fold[name] for name in ("train", "validate")} for fold in partition["folds"]]
    return Line("splits", "How they were split", known={**known, "folds": folds, "again": again})


def _preprocessing(record: Record, folder: Path, about: About) -> Line:  # noqa: ARG001
    steps = [
        {"name": step["name"], "digest": step["digest"], **_step(folder / "bundle" / "steps" / step["name"])}
        for step in (record.get("model") or {}).get("steps", [])
    ]
    sample = record.get("sample")
    return Line("preprocessing", "How they were preprocessed", known={"sample": sample, "steps": steps})


def _step(folder: Path) -> dict[str, Any]:
    path = folder / "step.json"
    if not path.is_file():
        return {}
    step = PortableStep.load(folder)
    few = {name: values.tolist() for name, values in step.arrays.items() if values.size <= MOST_NUMBERS}
    shapes = {name: {"shape": list(values.shape)} for name, values in step.arrays.items()}
    return {"params": step.params, "arrays": shapes | few}


def _excluded(record: Record, folder: Path, about: About) -> Line:  # noqa: ARG001
    account = record["row_account"]
    reasons = [entry for entry in account["entries"] if entry["rows"]]
    why = {column["name"]: column["why"] for column in record["data"]["columns"] if column["role"] == "ignored"}
    known = {
        "rows_read": account["read"],
        "rows_used": account["used"],
        "rows_excluded": [{"why": e["why"], "stage": e["stage"], "rows": e["rows"]} for e in reasons],
        "cells_set_missing": [e for e in account["entries"] if e["cells"] and e["what"] != "respelt"],
        "columns": {name: about.left_out.get(name, reason) for name, reason in why.items()},
        "before": None if about.excluded is None else list(about.excluded),
    }
    todo = () if about.excluded is not None else ("what was left out before the table was made, and why?",)
    return Line(
        "excluded",
        "What was excluded, and why",
        known=known,
        todo=(*todo, *(f"why does the run leave out column {name!r}?" for name in unexplained(record, about))),
    )


def _storage(record: Record, folder: Path, about: About) -> Line:  # noqa: ARG001
    data = record["data"]
    path = Path(str(data["path"]))
    known: dict[str, Any] = {"source": data["source"], "path": data["path"]}
    if path.is_file():
        known |= {
            "format": "".join(path.suffixes).lstrip("."),
            "bytes": path.stat().st_size,
            "sha256": file_digest(path),
        }
        known |= {name: record["config"]["source"].get(name) for name in ("encoding", "delimiter")}
    return Line("storage", "How they are stored", known={k: v for k, v in known.items() if v is not None})


def _attributes(record: Record, folder: Path, about: About) -> Line:  # noqa: ARG001
    flagged = {column["name"] for column in record["data"]["columns"] if column.get("sensitive")}
    sensitive = sorted(flagged | set(about.sensitive or ()))
    columns = [
        {**column, "description": about.columns.get(column["name"], column.get("description", ""))}
        | {"sensitive": column["name"] in sensitive}
        for column in record["data"]["columns"]
    ]
    is_open = about.sensitive is None and not flagged
    todo = ("which columns say something of a person that must not decide?",) if is_open else ()
    return Line("attributes", "Types of the attributes", known={"columns": columns, "sensitive": sensitive}, todo=todo)


def _examples(record: Record, folder: Path, about: About) -> Line:  # noqa: ARG001
    partition = record["partition"]
    known = {"rows": record["data"]["rows"], "parts": partition["rows"], "classes": partition["classes"]}
    return Line("examples", "How many examples there are", known=known)


def _labels(record: Record, folder: Path, about: About) -> Line:  # noqa: ARG001
    data = record["data"]
    target = next(column for column in data["columns"] if column["name"] == data["target"])
    known: dict[str, Any] = {"target": data["target"], "task": data["task"], "unit": target.get("unit") or None}
    if data["classes"]:
        known |= {"values": data["classes"], "positive": data["positive"]}
    else:
        known |= {"seen": [target.get("low"), target.get("high")], "allowed": target.get("range")}
    return Line("labels", "Which labels there are", known={k: v for k, v in known.items() if v is not None})


def card_of(record: Record, lines: Sequence[Line]) -> dict[str, Any]:
    """Return a card as ``card.json`` holds it, without its seal."""
    return {
        "format": FORMAT,
        "name": lines[0].known["name"],
        "data": record["data"]["digest"],
        "mesic": record["versions"]["mesic"],
        "todo": sum(len(line.todo) for line in lines),
        "lines": {
            line.name: {"title": line.title, "told": line.told, "known": dict(line.known), "todo": list(line.todo)}
            for line in lines
        },
    }
