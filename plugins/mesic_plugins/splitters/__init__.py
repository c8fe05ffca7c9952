"""Splitters: which rows train, validate and test."""

from collections.abc import Iterable
from dataclasses import dataclass

from mesic import Component, hookimpl, option


@dataclass
class Folds:
    """What every splitter with folds understands."""

    folds: int = option(5, "parts of the training rows, each validated once", low=2, high=100)


@dataclass
class Repeated(Folds):
    """Options of splitters that deal rows to folds by chance."""

    repeats: int = option(1, "how often the folds are dealt anew; predictions of all of them count", low=1, high=100)


@dataclass
class Shares(Folds):
    """What every splitter with a test part of its own understands."""

    test_share: float = option(0.2, "share of the rows kept for the one look at the end", low=0.01, high=0.9)


@dataclass
class ByContent(Shares):
    """Options of splitters that divide by what a row says."""

    mode: str = option(
        "auto",
        "stable: appended rows move none; exact: shares are exact; auto: exact below 1,000 rows",
        choices=("auto", "stable", "exact"),
    )


@dataclass
class Holdout(ByContent, Repeated):
    """Options of ``splitter=holdout``."""


@dataclass
class Group(Shares, Repeated):
    """Options of ``splitter=group``."""


@dataclass
class KFold:
    """Options of ``splitter=kfold``."""

    folds: int = option(5, "parts of equal size, the test part among them", low=3, high=100)
    test_fold: int = option(0, "which part is the test part; sweep over it to test every row", low=0, high=99)


@dataclass
class Nested(Repeated):
    """Options of ``splitter=nested``."""

    outer: int = option(5, "outer parts of equal size, one of them the test part", low=2, high=100)
    outer_fold: int = option(0, "which outer part is the test part; sweep over it to test every row", low=0, high=99)


@dataclass
class Time(Shares):
    """Options of ``splitter=time``."""

    gap: float = option(
        0.0,
        "time before a validated or tested row that nobody fits on; days for dates, else the column's numbers",
        low=0,
    )
    window: float | None = option(
        None, "length of the past that is fitted on, in the unit of gap; null: all of it", low=0, open_low=True
    )


@hookimpl
def register_splitters() -> Iterable[Component]:
    """Offer the built-in splitters."""
    home = "mesic_plugins.splitters"
    group, time, part = frozenset({"group"}), frozenset({"time"}), frozenset({"part"})
    return (
        Component("auto", f"{home}.auto:Auto", "by part, time or group where declared, else hold-out", ByContent),
        Component("holdout", f"{home}.holdout:Holdout", "stratified test part and folds by row content", Holdout),
        Component("kfold", f"{home}.kfold:KFold", "k stratified parts, one of them the test part", KFold),
        Component("nested", f"{home}.nested:Nested", "outer parts that test, inner folds that tune", Nested),
        Component("group", f"{home}.group:Group", "no group in two parts", Group, roles=group),
        Component("time", f"{home}.time:Time", "train on the past, test on the future", Time, roles=time),
        Component("hash", f"{home}.hash:Hash", "by a hash of the key alone: appended rows move none", Shares),
        Component("predefined", f"{home}.predefined:Predefined", "parts that a column says", Repeated, roles=part),
    )
