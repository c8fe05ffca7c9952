"""The reference profile: what the columns of some rows look like, in counts that can be added up.

The reference fixes the edges; other rows are counted on them. Counts of parts add up to those of the whole, so that
tests on them are exact however the rows came in.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.errors import DataError
from mesic.profile.ranks import RankMoments, rank_moments, rank_scores

EDGES = 1_024
MOST_LEVELS = 1_000
MOST_RANKED = 64


@dataclass(frozen=True)
class Numbers:
    """A numeric column: rows up to each edge.

    Parameters
    ----------
    edges
        Values at 1,024 quantiles of the reference at most, ascending, distinct.
    counts
        Rows up to the first edge, between neighbouring edges (the upper one included), above the last; int64 of shape
        (edges + 1,).
    missing
        Rows without a value.
    """

    edges: np.ndarray
    counts: np.ndarray
    missing: int

    def __add__(self, other: "Numbers") -> "Numbers":
        return replace(self, counts=self.counts + other.counts, missing=self.missing + other.missing)


@dataclass(frozen=True)
class Levels:
    """A category column: rows a level, and those of levels beyond the 1,000 most frequent of the reference."""

    counts: Mapping[str, int]
    rest: int
    missing: int

    def __add__(self, other: "Levels") -> "Levels":
        names = dict.fromkeys([*self.counts, *other.counts])
        counts = {name: self.counts.get(name, 0) + other.counts.get(name, 0) for name in names}
        return Levels(counts, self.rest + other.rest, self.missing + other.missing)


@dataclass(frozen=True, eq=False)
class Profile:
    """How the columns of some rows are distributed.

    Parameters
    ----------
    rows
        How many there are.
    columns
        :class:`Numbers` or :class:`Levels` by name, in the order of the table.
    ranks
        Moments of the rank scores of the first 64 numeric columns, for their correlations.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"age": rng.normal(40, 10, 4000), "home": pd.Categorical(["a", "b"] * 2000)})
    >>> reference = Profile.of(frame[:2000])
    >>> parts = reference.counted(frame[2000:3000]) + reference.counted(frame[3000:])
    >>> bool((parts.columns["age"].counts == reference.counted(frame[2000:]).columns["age"].counts).all())
    True
    """

    rows: int
    columns: Mapping[str, Any]
    ranks: RankMoments

    @classmethod
    def of(cls, X: pd.DataFrame, *, threads: int = 1) -> "Profile":
        """Return the profile of reference rows: it decides the edges on which others are counted.

        Parameters
        ----------
        X
            Float64 columns with NaN, and ``category`` columns of text levels.
        threads
            Columns that are counted side by side.
        """
        return _counted(X, {}, threads)

    def counted(self, X: pd.DataFrame, *, threads: int = 1) -> "Profile":
        """Return the profile of other rows on the edges of this one.

        Raises
        ------
        DataError
            A column is missing, or is of another kind.
        """
        wrong = [
            name
            for name, column in self.columns.items()
            if name not in X or (X[name].dtype == "category") != isinstance(column, Levels)
        ]
        if wrong:
            raise DataError(f"columns of the profile are missing or of another kind: {', '.join(map(repr, wrong))}")
        return _counted(X[list(self.columns)], self.columns, threads)

    def __add__(self, other: "Profile") -> "Profile":
        columns = {name: column + other.columns[name] for name, column in self.columns.items()}
        return Profile(self.rows + other.rows, columns, self.ranks + other.ranks)

    def table(self) -> pa.Table:
        """Return the profile as an Arrow table, a row a column, as the bundle keeps it."""
        ranked = {name: place for place, name in enumerate(self.ranks.names)}
        rows = []
        for name, column in self.columns.items():
            is_number = isinstance(column, Numbers)
            place = ranked.get(name)
            moments = {kind: [] if place is None else row[place].tolist() for kind, row in self.ranks.arrays().items()}
            counts = column.counts.tolist() if isinstance(column, Numbers) else list(column.counts.values())
            rows.append(
                {
                    "column": name,
                    "kind": "number" if is_number else "category",
                    "rows": self.rows,
                    "missing": column.missing,
                    "edges": column.edges.tolist() if isinstance(column, Numbers) else [],
                    "levels": list(column.counts) if isinstance(column, Levels) else [],
                    "counts": counts,
                    "rest": column.rest if isinstance(column, Levels) else 0,
                    "ranked_rows": self.ranks.rows,
                    **moments,
                }
            )
        return pa.Table.from_pylist(rows, schema=_SCHEMA)

    @classmethod
    def from_table(cls, table: pa.Table) -> "Profile":
        """Return the profile that :meth:`table` wrote down."""
        rows = table.to_pylist()
        columns: dict[str, Numbers | Levels] = {}
        for row in rows:
            counts = np.asarray(row["counts"], dtype=np.int64)
            columns[row["column"]] = (
                Numbers(np.asarray(row["edges"], dtype=np.float64), counts, row["missing"])
                if row["kind"] == "number"
                else Levels(dict(zip(row["levels"], row["counts"], strict=True)), row["rest"], row["missing"])
            )
        ranks = RankMoments.from_rows([row for row in rows if row["sum"]])
        return cls(rows[0]["rows"] if rows else 0, columns, ranks)


_MOMENTS = {name: pa.list_(pa.float64()) for name in RankMoments.KINDS}
_SCHEMA = pa.schema(
    {
        "column": pa.string(),
        "kind": pa.string(),
        "rows": pa.int64(),
        "missing": pa.int64(),
        "edges": pa.list_(pa.float64()),
        "levels": pa.list_(pa.string()),
        "counts": pa.list_(pa.int64()),
        "rest": pa.int64(),
        "ranked_rows": pa.int64(),
        **_MOMENTS,
    }
)


def _counted(X: pd.DataFrame, reference: Mapping[str, Any], threads: int) -> Profile:
    names = [str(name) for name in X]

    def column(name: str) -> Numbers | Levels:
        values, known = X[name], reference.get(name)
        if values.dtype == "category":
            return _levels(values, known)
        return _numbers(values.to_numpy(dtype=np.float64), None if known is None else known.edges)

    with ThreadPoolExecutor(threads) as pool:
        columns = dict(zip(names, pool.map(column, names), strict=True))
        numeric = {name: c for name, c in columns.items() if isinstance(c, Numbers)}
        ranked = list(numeric)[:MOST_RANKED]
        bases = {name: reference.get(name, numeric[name]) for name in ranked}
        ranks = rank_moments(X, {name: (base.edges, rank_scores(base.counts)) for name, base in bases.items()}, pool)
    return Profile(len(X), columns, ranks)


def _numbers(values: np.ndarray, edges: np.ndarray | None) -> Numbers:
    ordered = np.sort(values)  # missing values come last
    known = int(np.searchsorted(ordered, np.inf, side="right"))
    ordered = ordered[:known]
    if edges is None:
        places = (np.arange(1, EDGES + 1) * known + EDGES - 1) // EDGES - 1
        edges = np.unique(ordered[places]) if known else ordered
    up_to = np.searchsorted(ordered, edges, side="right")
    counts = np.diff(np.concatenate([[0], up_to, [known]])).astype(np.int64)
    return Numbers(edges, counts, values.size - known)


def _levels(values: pd.Series, reference: Levels | None) -> Levels:
    codes = values.cat.codes.to_numpy()
    names = [str(level) for level in values.cat.categories]
    counts = np.bincount(codes[codes >= 0].astype(np.int64), minlength=len(names))
    found = {name: int(count) for name, count in zip(names, counts, strict=True) if count}
    missing = int((codes < 0).sum())
    kept = _kept(found, reference)
    return Levels(kept, sum(found.values()) - sum(kept.values()), missing)


def _kept(found: Mapping[str, int], reference: Levels | None) -> dict[str, int]:
    """Return the levels that are counted by name: those of a reference with a rest, else the 1,000 most frequent."""
    if reference is not None and reference.rest:
        return {name: count for name, count in found.items() if name in reference.counts}
    ranked = sorted(found, key=lambda name: (-found[name], name))[:MOST_LEVELS]
    return {name: found[name] for name in sorted(ranked)}
