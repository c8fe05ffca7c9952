"""The rules of a schema: what is proposed from one half of a table the other half keeps, and spoilt cells do not."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

from mesic.data.contract import judge, propose, widened
from mesic.data.schema import load_schema
from mesic.errors import UsageError

NOTHING_DECLARED = {"ignore": []}


def mixed(rows=2000, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "id": [f"c{number:06d}" for number in range(rows)],
            "price": rng.lognormal(3, 1.2, rows),
            "count": rng.poisson(0.05, rows),
            "change": rng.normal(0, 3, rows),
            "size": rng.choice(["S", "M", "L"], rows),
            "town": [f"t{int(number)}" for number in rng.pareto(1, rows) * 3],
            "paid": rng.choice(["yes", "no"], rows),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 300, rows), "D"),
            "note": np.where(rng.random(rows) < 0.2, None, rng.normal(size=rows)),
        }
    )


def arrow(frame):
    return pa.Table.from_pandas(frame, preserve_index=False)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("load", [load_breast_cancer, load_diabetes, load_wine, mixed])
def test_a_fresh_half_of_a_table_keeps_the_rules_that_the_other_half_proposes(load, seed):
    frame = load() if load is mixed else load(as_frame=True).frame
    order = np.random.default_rng(seed).permutation(len(frame))
    half, fresh = (arrow(frame.iloc[np.sort(rows)]) for rows in np.array_split(order, 2))
    schema = propose(half, NOTHING_DECLARED, None)
    ranges = sum(column.range is not None for column in schema.columns)
    verdict = judge(fresh, schema)

    assert ranges >= 4  # there is something to break
    assert [str(problem) for problem in verdict.broken] == []
    assert verdict.findings == ()


SPOILT = {
    "price.range": lambda frame: frame.assign(price=frame["price"] * 1000),
    "count.range": lambda frame: frame.assign(count=frame["count"].where(frame.index != 7, -999)),
    "size.levels": lambda frame: frame.assign(size=frame["size"].where(frame.index != 7, "XL")),
    "change.missing": lambda frame: frame.assign(change=frame["change"].where(frame.index != 7)),
    "note.missing": lambda frame: frame.assign(note=frame["note"].where(frame.index % 3 == 0)),
    "id.unique": lambda frame: frame.assign(id=frame["id"].where(frame.index != 7, "c000003")),
    "price.misfits": lambda frame: frame.assign(price=frame["price"].round(2).astype(str).where(frame.index != 7, "?")),
    "paid.misfits": lambda frame: frame.assign(paid=frame["paid"].where(frame.index != 7, "maybe")),
    "day.range": lambda frame: frame.assign(day=frame["day"].where(frame.index != 7, pd.Timestamp("1900-01-01"))),
}


@pytest.mark.parametrize("named", SPOILT)
def test_a_spoilt_cell_breaks_one_rule_which_names_its_row_and_can_be_accepted(named, tmp_path):
    frame = mixed()
    schema = propose(arrow(frame), NOTHING_DECLARED, None)
    spoilt = arrow(SPOILT[named](frame))
    verdict = judge(spoilt, schema)
    (problem,) = verdict.broken
    accepted = widened(verdict, [named])
    accepted.save(tmp_path / "schema.yaml")

    assert judge(arrow(frame), schema).holds
    assert f"{problem.column}.{problem.rule}" == named
    assert 7 in problem.rows
    assert judge(spoilt, load_schema(tmp_path / "schema.yaml")).holds
    assert [c for c in accepted.columns if replace(c, seen={}) != replace(schema[c.name], seen={})] == [
        accepted[problem.column]
    ]


def test_columns_that_came_and_went_are_named_and_accepted():
    frame = mixed()
    schema = propose(arrow(frame), NOTHING_DECLARED, None)
    table = arrow(frame.drop(columns="price").assign(weight=1.5 + frame["count"]))
    verdict = judge(table, schema)
    accepted = widened(verdict, ["*"])

    assert (verdict.lost, verdict.extra, verdict.holds) == (("price",), ("weight",), False)
    assert [finding.code for finding in verdict.findings] == ["EXTRA-COLUMN"]
    assert "price" not in accepted
    assert (accepted["weight"].role, accepted["weight"].range) == ("feature", (0.0, 10.0))
    assert judge(table, accepted).holds


def test_a_column_that_got_stuck_is_named():
    frame = mixed()
    schema = propose(arrow(frame), NOTHING_DECLARED, None)
    (finding,) = judge(arrow(frame.assign(price=20.0)), schema).findings

    assert (finding.code, finding.evidence) == ("STUCK-COLUMN", {"column": "price"})


def test_what_does_not_differ_cannot_be_accepted():
    verdict = judge(arrow(mixed().assign(size="XL")), propose(arrow(mixed()), NOTHING_DECLARED, None))

    with pytest.raises(UsageError, match=r"accept=size.level names nothing.*did you mean 'size.levels'"):
        widened(verdict, ["size.level"])


def test_a_share_of_missing_cells_is_broken_by_a_table_and_not_by_chance():
    frame = mixed()
    schema = propose(arrow(frame), NOTHING_DECLARED, None)
    few = frame.assign(note=np.where(np.arange(2000) % 20 == 0, 1.0, None))

    assert schema["note"].missing == pytest.approx(0.45, abs=0.03)
    assert judge(arrow(few.iloc[1:2]), schema).holds  # one missing cell of one says nothing of a share
    assert not judge(arrow(few), schema).holds
