"""Transformers: how columns are rewritten."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mesic import Component, hookimpl, option

_HOME = "mesic_plugins.transformers"


@dataclass
class ImputeOptions:
    """Options of ``impute``."""

    category: str = option("own_level", "what a missing level becomes", choices=("own_level", "most_frequent"))
    indicator: bool = option(False, "whether columns with missing cells get a column that says where")


@dataclass
class OneHotOptions:
    """Options of ``one_hot``."""

    max_levels: int = option(32, "levels of a column that get a column of their own at most", low=1)
    min_rows: int = option(1, "rows that a level needs for a column of its own", low=1, unit="rows")


@hookimpl
def register_transformers() -> Iterable[Component]:
    """Offer the built-in transformers."""
    reads_all = frozenset({"categories", "missing", "unscaled", "deterministic", "concurrent", "glassbox"})
    return (
        Component("impute", f"{_HOME}.impute:Impute", "fill missing cells", ImputeOptions, traits=reads_all),
        Component("one_hot", f"{_HOME}.one_hot:OneHot", "a column for each level", OneHotOptions, traits=reads_all),
        Component("ordinal", f"{_HOME}.ordinal:Ordinal", "a number for each level", traits=reads_all),
        Component("standardize", f"{_HOME}.standardize:Standardize", "mean 0, deviation 1", traits=reads_all),
    )


@hookimpl
def to_portable(step: Any) -> Any:
    """Describe a transformer of this package."""
    if type(step).__module__.startswith(f"{_HOME}."):
        return step.to_portable()
    return None
