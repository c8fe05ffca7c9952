"""Splitters: which rows train, validate and test."""

from collections.abc import Iterable
from dataclasses import dataclass

from mesic import Component, hookimpl, option


@dataclass
class Shares:
    """What every splitter with a test part and folds understands."""

    test_share: float = option(0.2, "share of the rows kept for the one look at the end", low=0.01, high=0.9)
    folds: int = option(5, "parts of the training rows, each validated once", low=2, high=100)


@dataclass
class ByContent(Shares):
    """Options of splitters that divide by what a row says."""

    mode: str = option(
        "auto",
        "stable: appended rows move none; exact: shares are exact; auto: exact below 1,000 rows",
        choices=("auto", "stable", "exact"),
    )


@hookimpl
def register_splitters() -> Iterable[Component]:
    """Offer the built-in splitters."""
    home = "mesic_plugins.splitters"
    return (
        Component("auto", f"{home}.auto:Auto", "by group or time where declared, else hold-out", ByContent),
        Component("holdout", f"{home}.holdout:Holdout", "stratified test part and folds by row content", ByContent),
        Component("group", f"{home}.group:Group", "no group in two parts", Shares, roles=frozenset({"group"})),
        Component(
            "time",
            f"{home}.time:Time",
            "train on the past, test on the future",
            Shares,
            roles=frozenset({"time"}),
        ),
    )
