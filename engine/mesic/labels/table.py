"""A table of several labelers' labels: read it, say how far they agree, make one label of many."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mesic.data.coercion import categorical
from mesic.data.reading import read_table
from mesic.errors import DataError, SettingError
from mesic.evaluation.resampling import percentile_ends, plan_resampling
from mesic.host.building import build
from mesic.host.names import did_you_mean
from mesic.host.registry import installed
from mesic.labels.agreement import alpha, kappa, pairs
from mesic.labels.consensus import Consensus, consensus
from mesic.labels.ratings import Ratings, ratings_of
from mesic.runs.files import write_json, write_text

SURE = 0.9
AGREEMENT = "agreement.json"


def read_labels(path: Path, item: str, labeler: str, label: str) -> Ratings:
    """Read a table with a row a label.

    Raises
    ------
    DataError
        It lacks a column, or its rows are no ratings.
    """
    table = read_table(build(installed().find("source", "table"), {"path": str(path)}))
    columns = []
    for role, name in (("item", item), ("labeler", labeler), ("label", label)):
        if name not in table.column_names:
            near = did_you_mean(name, table.column_names) or f"; columns: {', '.join(table.column_names)}"
            raise DataError(f"{path} has no column {role}={name}{near}")
        columns.append(pd.Series(categorical(table.column(name))).astype(object))
    return ratings_of(*columns)


@dataclass(frozen=True)
class Summary:
    """What labelers together say.

    Parameters
    ----------
    facts
        As ``agreement.json`` holds them.
    consensus
        One label of many.
    """

    facts: dict[str, Any]
    consensus: Consensus


def summarise(ratings: Ratings, aggregation: str, *, level: float = 0.95, seed: int = 0) -> Summary:
    """Return how far labelers agree, how often each is right, and what they together say.

    Raises
    ------
    DataError
        They agree no more than by chance: no label can be made of theirs.
    """
    overall, krippendorff = kappa(ratings, level=level, seed=seed), alpha(ratings, level=level, seed=seed)
    if krippendorff.value is None:
        raise DataError("no item was labelled by two labelers, or all labels are one: there is no agreement to measure")
    shown = f"alpha {krippendorff.value:.3f}, {krippendorff.low or 0:.3f} to {krippendorff.high or 0:.3f}"
    if krippendorff.value <= 0:
        raise DataError(
            f"the labelers agree no more than by chance ({shown}): no label can be made of theirs; say more clearly "
            "what is to be labelled, and let them label again"
        )
    warnings = []
    if krippendorff.low is None or krippendorff.low <= 0:
        warnings.append(f"agreement cannot be told from chance ({shown}): let more items be labelled")
    made = consensus(ratings, aggregation)
    labelers = [
        {"labeler": name, **_accuracy(ratings, made, place, level, seed)} for place, name in enumerate(ratings.labelers)
    ]
    facts = {
        "items": len(ratings.items),
        "classes": list(ratings.classes),
        "aggregation": aggregation,
        "labelers": sorted(labelers, key=lambda one: -one["accuracy"]),
        "kappa": overall.as_dict(),
        "alpha": krippendorff.as_dict(),
        "pairs": [pair.as_dict() for pair in pairs(ratings, level=level, seed=seed)],
        "relabel": int((made.certainty < SURE).sum()),
        "warnings": warnings,
    }
    return Summary(facts, made)


def _accuracy(ratings: Ratings, made: Consensus, labeler: int, level: float, seed: int) -> dict[str, Any]:
    own = ratings.labeler == labeler
    right = made.probability[ratings.item[own], ratings.label[own]]
    if made.aggregation != "dawid_skene":
        right = (made.label[ratings.item[own]] == ratings.label[own]).astype(float)
    low, high = np.nan, np.nan
    if right.size > 1:
        plan = plan_resampling(right.size, None, rng=np.random.default_rng(seed))
        sums = plan.sums(np.column_stack([right, np.ones(right.size)]))
        drawn = plan.counts @ sums
        low, high = percentile_ends(drawn[:, 0] / drawn[:, 1], level, plan.units)
    ends = {"low": None if np.isnan(low) else low, "high": None if np.isnan(high) else high}
    how = {"level": level, "method": "percentile bootstrap", "unit": "labels"}
    return {"labels": int(own.sum()), "accuracy": float(right.mean()), **ends, **how}


def write_agreement(summary: Summary, ratings: Ratings, out: Path) -> None:
    """Write ``consensus.csv``, ``relabel.csv`` (the least certain first) and ``agreement.json`` into a new folder.

    Raises
    ------
    SettingError
        `out` exists.
    """
    if out.exists():
        raise SettingError("out", str(out), "a folder that does not exist yet")
    votes, made = ratings.votes, summary.consensus
    table = pd.DataFrame(
        {
            "item": ratings.items,
            "label": np.array(ratings.classes, dtype=object)[made.label],
            "probability": made.certainty,
            **{f"votes_{name}": votes[:, code].astype(int) for code, name in enumerate(ratings.classes)},
        }
    )
    again = table[made.certainty < SURE].sort_values("probability", kind="stable")
    write_text(out / "consensus.csv", table.to_csv(index=False))
    write_text(out / "relabel.csv", again.to_csv(index=False))
    write_json(out / AGREEMENT, summary.facts)
