"""Columns that no learner sees are kept apart: by row of the source, and in no view of training rows."""

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.data.aside import columns_aside
from mesic.data.preparing import prepare
from mesic.data.reading import type_table


def test_ignored_columns_groups_and_times_are_kept_by_row_of_the_source_and_are_no_features():
    rows = 60
    frame = pd.DataFrame(
        {
            "sex": np.resize(["F", "M"], rows),
            "age": np.arange(rows) % 50 + 18.5,
            "house": np.resize(list("abcdef"), rows),
            "seen": pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(rows), "D"),
            "name": [f"person {number}" for number in range(rows)],
            "y": np.resize(["no", "yes"], rows),
        }
    )
    frame.loc[[3, 7], "y"] = None
    declared = {"target": "y", "task": "auto", "ignore": ["sex", "name"], "group": "house", "time": "seen"}
    typed = type_table(pa.Table.from_pandas(frame, preserve_index=False), declared, "y")
    data, _ = prepare(typed, declared)
    aside = columns_aside(typed)

    assert list(aside) == ["sex", "house", "seen"]
    assert list(data.X) == list(data.view(np.arange(10)).X) == ["age"]
    assert aside.iloc[data.origin]["sex"].tolist() == frame["sex"].drop(index=[3, 7]).tolist()
    assert aside["seen"].iloc[1] - aside["seen"].iloc[0] == 1
