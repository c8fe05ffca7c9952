"""Whether runs saw the same rows in the same parts, without which nothing can be paired."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from mesic.comparing.candidates import Candidate
from mesic.comparing.ground import Roles
from mesic.data.view import Dataset
from mesic.errors import UsageError
from mesic.runs.rereading import dataset_again

DECIDING = ("seed", "splitter")


def is_same_data(one: Candidate, other: Candidate) -> bool:
    """Return whether two runs read the same rows of the same columns, and predict the same target."""
    first, second = one.facts["data"], other.facts["data"]
    return all(first[name] == second[name] for name in ("digest", "target", "task", "classes"))


def refuse_other_rows(candidates: Sequence[Candidate]) -> None:
    """Refuse runs that cannot be paired.

    Raises
    ------
    UsageError
        One of them read other rows, or divided them otherwise; the message says which, and how to mend it.
    """
    first = candidates[0]
    for other in candidates[1:]:
        if not is_same_data(first, other):
            raise UsageError(
                f"{other.name} and {first.name} are runs on different data ({_difference(first, other)}): models are "
                "compared on the same rows; `mesic compare a=OLDER b=NEWER` of one configuration says what newer data "
                "do"
            )
        if not _parts(first).equals(_parts(other)):
            raise UsageError(
                f"{other.name} divides the rows otherwise than {first.name} ({_changed(first, other)}): what one "
                "learned from, the other is tested on; run both with one seed and one splitter"
            )


def _difference(one: Candidate, other: Candidate) -> str:
    names = [
        name for name in ("digest", "target", "task", "classes") if one.facts["data"][name] != other.facts["data"][name]
    ]
    said = {"digest": "the rows differ", "target": "the target differs", "task": "the task differs"}
    return said.get(names[0], "the classes differ")


def _parts(candidate: Candidate) -> pd.DataFrame:
    """Return each row's part, by its number in the source; folds may differ."""
    assert candidate.folder is not None
    table = pd.read_parquet(candidate.folder / "partition.parquet", columns=["row", "part"])
    return table.astype({"part": str}).sort_values("row", ignore_index=True)


def _changed(one: Candidate, other: Candidate) -> str:
    configs: list[Mapping[str, Any]] = [candidate.facts["config"] for candidate in (one, other)]
    differs = [key for key in (*DECIDING, "source") if configs[0].get(key) != configs[1].get(key)]
    return f"{' and '.join(differs)} differ{'s' if len(differs) == 1 else ''}" if differs else "the code has changed"


class RowsOfRun:
    """Roles of a run's rows, which its folder does not hold: read from the source where there are any.

    Parameters
    ----------
    candidate
        One of the runs.
    """

    def __init__(self, candidate: Candidate) -> None:
        roles = {column.get("role") for column in candidate.facts["data"]["columns"]}
        self.dataset: Dataset | None = None
        self.by_time = candidate.facts["partition"]["by"] == "time"
        if roles & {"group", "weight"} or self.by_time:
            assert candidate.folder is not None
            self.dataset = dataset_again(candidate.folder, candidate.facts, key="run")

    def of(self, rows: np.ndarray) -> Roles:
        """Return the roles of rows of the source."""
        if self.dataset is None:
            return Roles()
        place = np.searchsorted(self.dataset.origin, rows)
        known = {"weight": self.dataset.weight, "groups": self.dataset.groups}
        known |= {"time": self.dataset.time if self.by_time else None}
        return Roles(**{name: None if values is None else values[place] for name, values in known.items()})
