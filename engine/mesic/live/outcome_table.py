"""Outcomes that come as a table: its rows, as a caller would tell them one by one."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from mesic.errors import DataError
from mesic.host.names import did_you_mean
from mesic.live.ledger import Ledger
from mesic.live.outcomes import take
from mesic.live.tokens import Tokens

TOGETHER = 2_000
MOST_TOLD = 20
NAMES, WORTHS = ("id", "request_id"), ("label", "reward")


def take_table(folder: Path, table: pa.Table, label: str = "label") -> dict[str, Any]:
    """Keep what a table tells of answers; rows that cannot be used are told, and the others are kept.

    Parameters
    ----------
    folder
        Of the deployment.
    table
        Columns ``request_id`` and, of requests of several rows, ``row``, or ``id``; and labels or ``reward``.
    label
        The column of the labels.

    Returns
    -------
    dict
        ``rows``, ``taken``, ``repeated``, ``late``, ``empty`` (nothing is known of the answer yet), ``refused``, and
        the first ``problems``, each with the ``row`` of the table from 0.

    Raises
    ------
    DataError
        A column is missing.
    """
    ledger = Ledger(folder)
    tokens = Tokens(ledger.seen().secret)
    columns = _columns(table, label)
    counts, problems = Counter[str](), list[dict[str, Any]]()
    rows = _rows(table.select(list(columns)), columns)
    while part := list(islice(rows, TOGETHER)):
        known = [(number, one) for number, one in part if WORTHS[0] in one or WORTHS[1] in one]
        told = take(ledger, tokens, [one for _, one in known], whole=False)
        counts.update(told.counts() | {"empty": len(part) - len(known), "refused": len(told.problems)})
        room = max(0, MOST_TOLD - len(problems))
        problems += [problem | {"row": known[problem["row"]][0]} for problem in told.problems[:room]]
    names = ("taken", "repeated", "late", "empty", "refused")
    return {"rows": table.num_rows, **{name: counts[name] for name in names}, "problems": problems}


def _columns(table: pa.Table, label: str) -> dict[str, str]:
    """Return the parts of an outcome by the columns that hold them."""
    parts = {"id": "id", "request_id": "request_id", "row": "row", label: "label", "reward": "reward"}
    found = {name: part for name, part in parts.items() if name in table.column_names}
    for wanted in (NAMES, WORTHS):
        if len(set(wanted) & set(found.values())) != 1:
            have = [name for name in found if found[name] in wanted]
            which = " or ".join(label if part == "label" else part for part in wanted)
            near = did_you_mean(wanted[-1], table.column_names)
            raise DataError(
                f"the table must have one of the columns {which}, and has {', '.join(have) or 'none'}{near}"
            )
    if "id" in found.values():
        found.pop("row", None)
    return found


def _rows(table: pa.Table, columns: Mapping[str, str]) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    for batch in table.to_batches(max_chunksize=TOGETHER):
        for cells in batch.to_pylist():
            yield number, {part: _typed(part, cells[name]) for name, part in columns.items() if _is_there(cells[name])}
            number += 1


def _is_there(cell: object) -> bool:
    return cell is not None and cell != "" and cell == cell  # noqa: PLR0124 - NaN differs from itself


def _typed(part: str, cell: Any) -> Any:
    """Return a cell as JSON would have it: of a CSV every cell is text."""
    if part in NAMES:
        return str(cell)
    if part == "row" and isinstance(cell, float) and cell.is_integer():
        return int(cell)
    if part in ("row", "reward") and isinstance(cell, str):
        try:
            return json.loads(cell)
        except ValueError:
            return cell
    return cell
