"""What a bundle holds beside the pipeline: reference profile, end-to-end and confidence sets, card, lock."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.data.view import Dataset
from mesic.documents.model_card import card_facts, model_card
from mesic.documents.printing import as_markdown
from mesic.partition.rows import Split

END_TO_END_ROWS = 100
CONFIDENCE_ROWS = 5_000


def end_to_end_rows(dataset: Dataset, train: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return rows on which a deployed bundle must always answer as it did here: some of every class."""
    size = min(END_TO_END_ROWS, train.size)
    if not dataset.classes:
        return np.sort(rng.choice(train, size, replace=False))
    y = dataset.y[train]
    each = max(1, size // len(dataset.classes))
    members = [train[y == code] for code in range(len(dataset.classes))]
    return np.sort(np.concatenate([rng.choice(m, min(each, m.size), replace=False) for m in members]))


@dataclass(frozen=True)
class SealedRows:
    """Rows as the source gave them, kept from the day of training.

    Parameters
    ----------
    rows
        Training rows of the dataset on which a deployed bundle must always answer as it did here.
    end_to_end
        Their cells, without the target.
    confidence
        Test rows, with the target: on them the metric must stay in its acceptable range.
    """

    rows: np.ndarray
    end_to_end: pa.Table
    confidence: pa.Table


def sealed_rows(
    table: pa.Table, names: list[str], dataset: Dataset, split: Split, target: str, rng: np.random.Generator
) -> SealedRows:
    """Draw the rows that go into the bundle, some of every class among them; of their columns those of `names`."""
    rows = end_to_end_rows(dataset, split.train, rng)
    sure = np.sort(rng.choice(split.test, min(CONFIDENCE_ROWS, split.test.size), replace=False))
    return SealedRows(
        rows=rows,
        end_to_end=table.select(names).take(pa.array(dataset.origin[rows])),
        confidence=table.select([*names, target]).take(pa.array(dataset.origin[sure])),
    )


def with_columns(table: pa.Table, columns: pd.DataFrame, prefix: str) -> pa.Table:
    """Return a table with the columns of a frame beside its own."""
    for name in columns:
        table = table.append_column(f"{prefix}{name}", pa.array(columns[name]))
    return table


def cards(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the bundle's model card, for people and for the gates of a review, made from the record alone."""
    told = card_facts(record)
    policy = told["config"].get("policy") or {}
    return {"card.md": as_markdown(model_card(told, policy)), "card.json": told}
