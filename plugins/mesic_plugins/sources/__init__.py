"""Sources: where the rows come from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mesic import Component, SourceOptions, hookimpl, option


@dataclass
class TableOptions(SourceOptions):
    """Options of a table file."""

    path: str = option("???", "CSV, Parquet, Arrow or Feather file")
    delimiter: str | None = option(None, "what stands between the cells of a CSV; null: by suffix")
    encoding: str = option("utf8", "text encoding of a CSV")


@dataclass
class JoinedOptions(TableOptions):
    """Options of a table with columns of others beside it."""

    joins: list[dict[str, Any]] = option(
        [], "tables beside it, each {path: FILE, on: [KEY]} and perhaps as_of with at, cardinality, unmatched, prefix"
    )


@dataclass
class SklearnOptions(SourceOptions):
    """Options of the tables that scikit-learn ships."""

    dataset: str = option(
        "breast_cancer",
        "which table",
        choices=("breast_cancer", "diabetes", "digits", "iris", "linnerud", "wine"),
    )


@hookimpl
def register_sources() -> Iterable[Component]:
    """Offer the built-in sources."""
    home = "mesic_plugins.sources"
    return (
        Component("table", f"{home}.table:Table", "a file: CSV, Parquet, Arrow, Feather", TableOptions),
        Component("joined", f"{home}.joined:Joined", "a file with columns of other files beside it", JoinedOptions),
        Component("sklearn", f"{home}.sklearn:Sklearn", "a table that scikit-learn ships", SklearnOptions),
    )
