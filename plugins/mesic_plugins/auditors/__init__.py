"""Auditors: what is asked of the data and its parts before anything is learned."""

from collections.abc import Iterable
from dataclasses import dataclass

from mesic import Component, NoOptions, hookimpl, option


@dataclass
class Looked:
    """Options of auditors that look at some of the rows."""

    rows: int = option(4_000, "training rows that are looked at, at most", low=100, unit="rows")


@dataclass
class Compared:
    """Options of the auditor of hidden groups."""

    rows: int = option(2_000, "training rows that are compared with each other, in whole groups", low=100, unit="rows")


@dataclass
class Told:
    """Options of the auditor of shifts between the parts."""

    rows: int = option(5_000, "rows of each part at most", low=100, unit="rows")


@dataclass
class Predicted:
    """Options of the auditor of labels."""

    rows: int = option(50_000, "training rows that are predicted, at most", low=100, unit="rows")


@hookimpl
def register_auditors() -> Iterable[Component]:
    """Offer the built-in auditors."""
    home = "mesic_plugins.auditors"
    return (
        Component(
            "post_event", f"{home}.post_event:PostEvent", "columns that come into being with the target", NoOptions
        ),
        Component(
            "target_function",
            f"{home}.target_function:TargetFunction",
            "is the target a function of a few columns",
            Looked,
            reference="S. Chatterjee, A new coefficient of correlation, JASA 2021",
        ),
        Component("golden_column", f"{home}.golden_column:GoldenColumn", "is a column too good to be true", Looked),
        Component("twins", f"{home}.twins:Twins", "rows that repeat others, within and across parts", NoOptions),
        Component("hidden_group", f"{home}.hidden_group:HiddenGroup", "groups that nobody declared", Compared),
        Component("hidden_time", f"{home}.hidden_time:HiddenTime", "times that nobody declared", NoOptions),
        Component("late_times", f"{home}.late_times:LateTimes", "times later than the moment of the prediction"),
        Component(
            "split_shift",
            f"{home}.split_shift:SplitShift",
            "can test rows be told from training rows",
            Told,
            reference="D. Lopez-Paz, M. Oquab, Revisiting classifier two-sample tests, ICLR 2017",
        ),
        Component("missing_cells", f"{home}.missing_cells:MissingCells", "missing cells, and what stands for them"),
        Component("outliers", f"{home}.outliers:Outliers", "numbers that lie far from all others"),
        Component(
            "level_spellings", f"{home}.level_spellings:LevelSpellings", "levels that are one, spelt differently"
        ),
        Component(
            "label_conflicts",
            f"{home}.label_conflicts:LabelConflicts",
            "rows that say the same with different targets, and the ceiling that they are",
        ),
        Component(
            "suspect_labels",
            f"{home}.suspect_labels:SuspectLabels",
            "rows whose target contradicts models that never saw them",
            Predicted,
            reference="C. Northcutt, L. Jiang, I. Chuang, Confident Learning, JAIR 2021",
        ),
    )
