"""Transformers: how columns are rewritten."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mesic import Component, hookimpl, option

_HOME = "mesic_plugins.transformers"
_WHICH = "columns that are rewritten, or patterns such as BILL_*; null: "


@dataclass
class NumberOptions:
    """Options of ``standardize``."""

    columns: list[str] | None = option(None, f"{_WHICH}all of numbers")


@dataclass
class MinMaxOptions(NumberOptions):
    """Options of ``min_max``."""

    clip: bool = option(True, "whether later values beyond the training rows' become 0 or 1")


@dataclass
class RobustOptions(NumberOptions):
    """Options of ``robust``."""

    clip: float | None = option(
        None, "widths from the median at which values are cut off; null: none", low=0, open_low=True
    )


@dataclass
class QuantileOptions(NumberOptions):
    """Options of ``quantile``."""

    shape: str = option("uniform", "how training rows are then distributed", choices=("uniform", "normal"))
    knots: int = option(256, "values of a column between which lines are drawn at most", low=2)


@dataclass
class BinningOptions(NumberOptions):
    """Options of ``binning``."""

    bins: int = option(8, "bins of a column at most", low=2)
    strategy: str = option("quantile", "of as many rows, or of equal width", choices=("quantile", "uniform"))


@dataclass
class InteractionsOptions(NumberOptions):
    """Options of ``interactions``."""

    squares: bool = option(False, "whether columns are multiplied by themselves, too")
    most: int = option(200, "products at most; name columns where there would be more", low=1)


@dataclass
class DatesOptions:
    """Options of ``dates``."""

    columns: list[str] | None = option(None, f"{_WHICH}those that the schema calls time")
    parts: list[str] | None = option(
        None, "year month day weekday yearday hour minute second; null: all but yearday, minute, second"
    )
    circular: bool = option(False, "whether parts are given as sine and cosine")
    keep: bool = option(True, "whether the time itself stays")


@dataclass
class ImputeOptions:
    """Options of ``impute``."""

    category: str = option("own_level", "what a missing level becomes", choices=("own_level", "most_frequent"))
    indicator: bool = option(False, "whether columns with missing cells get a column that says where")
    columns: list[str] | None = option(None, f"{_WHICH}all")


@dataclass
class LevelOptions:
    """Options of ``ordinal``."""

    columns: list[str] | None = option(None, f"{_WHICH}all of categories")


@dataclass
class OneHotOptions(LevelOptions):
    """Options of ``one_hot``."""

    max_levels: int = option(32, "levels of a column that get a column of their own at most", low=1)
    min_rows: int = option(1, "rows that a level needs for a column of its own", low=1, unit="rows")


@dataclass
class TargetEncodingOptions(LevelOptions):
    """Options of ``target_encoding``."""

    folds: int = option(5, "folds in which training rows are answered by the others", low=2)


@dataclass
class CrossesOptions(LevelOptions):
    """Options of ``crosses``."""

    min_rows: int = option(5, "rows that a pair of levels needs for a level of its own", low=1, unit="rows")
    most: int = option(50, "crosses at most; name columns where there would be more", low=1)


@dataclass
class HashingOptions:
    """Options of ``hashing``."""

    buckets: int = option(16, "columns that a category column gets", low=2)
    columns: list[str] | None = option(None, f"{_WHICH}those with more levels than buckets")


@dataclass
class TextCountsOptions:
    """Options of ``text_counts``."""

    weighting: str = option(
        "counts", "how often, whether, or how often among so many rows", choices=("counts", "presence", "tfidf")
    )
    max_words: int = option(200, "words of a column at most", low=1)
    min_rows: int = option(5, "rows that a word needs", low=1, unit="rows")
    columns: list[str] | None = option(None, f"{_WHICH}those that the schema calls text")


@hookimpl
def register_transformers() -> Iterable[Component]:
    """Offer the built-in transformers."""
    yield from _of_numbers()
    yield from _of_categories()
    yield _component("impute", "Impute", "fill missing cells", ImputeOptions, "fills")
    yield _component(
        "hashing",
        "Hashing",
        "a few columns for many levels, by their hash",
        HashingOptions,
        "open_levels",
        reference="K. Weinberger et al., Feature Hashing for Large Scale Multitask Learning, ICML 2009",
    )
    words = "a column for each of the commonest words"
    yield _component("text_counts", "TextCounts", words, TextCountsOptions, "text", "open_levels")


def _of_numbers() -> Iterable[Component]:
    yield _component("standardize", "Standardize", "mean 0, deviation 1", NumberOptions, "scales")
    yield _component("min_max", "MinMax", "smallest 0, largest 1", MinMaxOptions, "scales")
    yield _component("robust", "Robust", "median 0, distance of the quartiles 1", RobustOptions, "scales")
    yield _component("quantile", "Quantile", "the share of rows below, or its normal score", QuantileOptions, "scales")
    yield _component("binning", "Binning", "a level for each bin of numbers", BinningOptions)
    yield _component("interactions", "Interactions", "products of pairs of columns", InteractionsOptions)
    yield _component("dates", "Dates", "year, month, weekday, hour of times", DatesOptions)


def _of_categories() -> Iterable[Component]:
    yield _component("one_hot", "OneHot", "a column for each level", OneHotOptions)
    yield _component("ordinal", "Ordinal", "a number for each level", LevelOptions)
    yield _component("crosses", "Crosses", "a level for each pair of levels", CrossesOptions)
    yield _component(
        "target_encoding",
        "TargetEncoding",
        "the target's mean for each level, out of fold",
        TargetEncodingOptions,
        "weights",
        "out_of_fold",
        reference="D. Micci-Barreca, A Preprocessing Scheme for High-Cardinality Categorical Attributes, 2001",
    )


def _component(name: str, thing: str, summary: str, options: type, *traits: str, reference: str = "") -> Component:
    reads_all = {"categories", "missing", "unscaled", "deterministic", "concurrent", "glassbox"}
    target = f"{_HOME}.{name}:{thing}"
    return Component(name, target, summary, options, traits=frozenset({*reads_all, *traits}), reference=reference)


@hookimpl
def to_portable(step: Any) -> Any:
    """Describe a transformer of this package."""
    if type(step).__module__.startswith(f"{_HOME}."):
        return step.to_portable()
    return None
