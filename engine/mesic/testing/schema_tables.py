"""Tables of a project's own rows: made of what its ``schema.yaml`` says, with no look at the data."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.data.coercion import coerce
from mesic.data.schema import Column, Schema, load_schema
from mesic.data.view import Dataset, frame_of
from mesic.errors import UsageError
from mesic.testing.tables import READS_ALL, ROWS, Tables, blank, with_target

USUAL_SPAN: Mapping[str, tuple[float, float]] = {"number": (-3.0, 3.0), "time": (10_957.0, 20_088.0)}  # 2000 to 2024
USUAL_MISSING = 0.1
MADE_LEVELS = 6
MICROSECONDS_A_DAY = 86_400_000_000
WORDS = ("late", "broken", "blue", "returned", "twice", "never", "größer", "5", "kg", "n/a?")
LEVELLED = ("category", "id", "text", "constant")


@dataclass(frozen=True)
class SchemaTables(Tables):
    """Rows that keep every rule of a schema, and rows that come near to breaking them.

    The features have the kinds, levels, ranges and shares of missing cells that the schema states; where it states
    none, what was ``seen``. The ends of each range occur, and each level. Targets are made, one of each task.

    Parameters
    ----------
    schema
        Of the project.

    Examples
    --------
    >>> tables = SchemaTables(Schema((Column("age", "number", range=(18, 99), missing="forbidden"),)))
    >>> age = tables.rows("binary").X["age"]
    >>> float(age.min()), float(age.max()), int(age.isna().sum())
    (18.0, 99.0, 0)
    """

    schema: Schema

    @classmethod
    def read(cls, path: str | Path) -> "SchemaTables":
        """Return the tables of a ``schema.yaml``.

        Raises
        ------
        UsageError
            The file is no schema, or leaves no feature.
        """
        schema = load_schema(Path(path))
        if not schema.features:
            raise UsageError(f"schema={path} has no column of role feature: there is nothing to test with")
        return cls(schema)

    def rows(self, task: str, reads: Iterable[str] = READS_ALL, *, rows: int = ROWS, seed: int = 0) -> Dataset:
        """Return rows as the schema describes them, and a target that one column tells."""
        rng = np.random.default_rng(seed)
        columns = {column.name: _typed(column, rows, rng) for column in self.schema.features}
        X = _readable(frame_of(columns, rows), set(reads))
        for column in self.schema.features if "missing" in reads else ():
            is_lost = rng.random(rows) < _share_missing(column)
            if column.name in X:
                X[column.name] = X[column.name].mask(is_lost)
        telling = max(X, key=lambda name: X[name].nunique())
        value = _rank(X[telling]) + rng.normal(0, 0.05, rows)
        kinds = {column.name: column.kind for column in self.schema.features if column.name in X}
        return replace(with_target(X, value, task, rng), kinds=kinds)

    def later(self, X: pd.DataFrame, reads: Iterable[str] = READS_ALL) -> pd.DataFrame:
        """Return rows of levels that nobody saw, blank in columns where the schema allows what no row showed."""
        return super().later(blank(X, self._may_lack(X)[:1]) if "missing" in reads else X, reads)

    def blank(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the rows without a cell but those that the schema wants."""
        return blank(X, self._may_lack(X))

    def _may_lack(self, X: pd.DataFrame) -> list[str]:
        return [column.name for column in self.schema.features if column.name in X and column.missing != "forbidden"]


def _readable(X: pd.DataFrame, reads: set[str]) -> pd.DataFrame:
    """Return the columns that can be read: without levels where these are not, their codes where nothing is left."""
    levelled = [str(name) for name in X if X[name].dtype == "category"]
    if "categories" in reads or not levelled:
        return X
    if len(levelled) == X.shape[1]:
        return X.assign(**{name: X[name].cat.codes.astype(np.float64) for name in levelled})
    return X.drop(columns=levelled)


def _share_missing(column: Column) -> float:
    if column.missing == "forbidden":
        return 0.0
    return USUAL_MISSING if column.missing == "allowed" else min(float(column.missing) / 2, USUAL_MISSING)


def _rank(values: pd.Series) -> np.ndarray:
    numbers = values.cat.codes if values.dtype == "category" else values
    return numbers.rank(pct=True, method="first").fillna(0.5).to_numpy(dtype=np.float64)


def _typed(column: Column, rows: int, rng: np.random.Generator) -> Any:
    """Return cells as a run would type them."""
    return coerce(column, pa.chunked_array([_cells(column, rows, rng)])).values


def _cells(column: Column, rows: int, rng: np.random.Generator) -> pa.Array:
    if column.kind == "boolean":
        return pa.array(rng.permutation(np.arange(rows) % 3 == 0))
    if column.kind in LEVELLED:
        return pa.array(_texts(column, rows, rng), pa.string())
    numbers = _numbers(column, rows, rng)
    if column.kind == "time":
        return pa.array(np.round(numbers * MICROSECONDS_A_DAY).astype(np.int64), pa.timestamp("us", tz="UTC"))
    return pa.array(numbers)


def _numbers(column: Column, rows: int, rng: np.random.Generator) -> np.ndarray:
    """Return numbers of a range in any order, both of its ends among them."""
    low, high = _span(column)
    values = np.linspace(low, high, rows) if column.unique else low + (high - low) * rng.random(rows)
    if not column.unique and all(isinstance(column.seen.get(end), int) for end in ("low", "high")):
        values = np.clip(np.round(values), math.ceil(low), max(math.floor(high), math.ceil(low)))
    values[0], values[-1] = low, high
    return rng.permutation(np.clip(values, low, high))


def _span(column: Column) -> tuple[float, float]:
    """Return where a column's numbers lie: by its range, else by what was seen, else anywhere."""
    rule, usual = column.range or (-math.inf, math.inf), USUAL_SPAN[column.kind]
    seen = np.clip([column.seen.get("low", -math.inf), column.seen.get("high", math.inf)], *rule)
    low, high = (limit if math.isfinite(limit) else float(other) for limit, other in zip(rule, seen, strict=True))
    low = low if math.isfinite(low) else min(usual[0], high - 1)
    high = high if math.isfinite(high) else max(usual[1], low + 1)
    needs_room = column.unique and low == high
    return (max(rule[0], low - 1), min(rule[1], high + 1)) if needs_room else (low, high)


def _texts(column: Column, rows: int, rng: np.random.Generator) -> Sequence[str]:
    if column.kind == "constant":
        return ["the same"] * rows
    if column.kind == "id" or column.unique:
        return [f"{column.name} {number}" for number in rng.permutation(rows)]
    if column.kind == "text":
        return [" ".join(rng.choice(WORDS, rng.integers(1, 8))) for _ in range(rows)]
    known = column.levels or tuple(map(str, column.seen.get("levels", ())))
    return _drawn(known or tuple(f"level {number}" for number in range(MADE_LEVELS)), rows, rng)


def _drawn(levels: Sequence[str], rows: int, rng: np.random.Generator) -> Sequence[str]:
    """Return each level if there are rows enough, the first ones more often."""
    share = 1 / np.arange(1, len(levels) + 1)
    more = rng.choice(len(levels), max(rows - len(levels), 0), p=share / share.sum())
    return [levels[code] for code in rng.permutation([*range(len(levels)), *more])[:rows]]
