"""A table that is spoilt in one way after the other: each is named, and fresh rows are not accused."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from mesic.audit.auditing import audit
from mesic.data.contract import judge, propose
from mesic.data.difference import difference
from mesic.data.preparing import prepare
from mesic.data.reading import read_table, type_table
from mesic.errors import DataError
from mesic.host.building import build
from mesic.host.registry import build_registry
from mesic.partition.proof import partition
from mesic.runs import plan
from mesic.testing.fitted import recipe_of
from mesic.testing.subjects import Subject
from mesic.training.part import Part

REGISTRY = build_registry()
AUDITORS = ("target_function", "twins", "missing_cells", "outliers", "level_spellings", "label_conflicts")
DECLARED = {"target": "bought", "task": "auto", "schema": None, "ignore": []}
ROWS = 2000
TOWNS = ["Bern", "Graz", "Linz", "Wien", "Zürich", "Genf", "Basel", "Thun"]


def clean(seed):
    """Return people who were asked whether they buy: no leak, nothing missing but some notes."""
    rng = np.random.default_rng(seed)
    temp = rng.normal(290, 8, ROWS)
    frame = pd.DataFrame(
        {
            "id": [f"c{seed:03d}{number:06d}" for number in range(ROWS)],
            "asked": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 200, ROWS), "D"),
            "town": rng.choice(TOWNS, ROWS),
            "price": rng.lognormal(3, 1, ROWS).round(2),
            "calls": rng.poisson(3, ROWS),
            "change": rng.normal(0, 3, ROWS).round(3),
            "temp": temp.round(2),
            "heat": (1.8 * (temp - 273) + 32 + rng.normal(0, 3, ROWS)).round(2),
            "size": rng.choice(["S", "M", "L"], ROWS),
            "paid": rng.choice(["yes", "no"], ROWS),
            "note": np.where(rng.random(ROWS) < 0.03, np.nan, rng.normal(50, 9, ROWS).round(1)),
        }
    )
    risk = 0.6 * frame["change"] + 0.5 * (frame["calls"] - 3) + (frame["size"] == "S")
    return frame.assign(bought=np.where(risk + rng.logistic(size=ROWS) > 0, "buys", "leaves"))


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    """The schema that clean rows propose, and the rows."""
    table = read(write(clean(0), tmp_path_factory.mktemp("clean") / "t.csv"))
    return propose(table, DECLARED, "bought"), table


def write(frame, path, **how):
    frame.to_csv(path, index=False, **how)
    return path


def read(path):
    return read_table(build(REGISTRY.find("source", "table"), {"path": str(path)}))


def named(path, reference):
    """Return everything that is said of a file: rules, columns, shifts, codes of findings, or why it is refused."""
    schema, rows = reference
    try:
        table = read(path)
        verdict = judge(table, schema)
        said = {f"{problem.column}.{problem.rule}" for problem in verdict.broken}
        said |= {f"lost:{name}" for name in verdict.lost} | set(map(code_of, verdict.findings))
        if verdict.lost:
            return said
        found = difference(rows, table, key=["id"] if "id.unique" not in said else [], target="bought")
        said |= {f"shift:{'&'.join(sorted(shift.columns))}" for shift in found.shifts}
        return said | set(map(code_of, findings(table)))
    except DataError as error:
        return {f"refused: {error}"}


def code_of(finding):
    column = finding.evidence.get("column") or "&".join(finding.evidence.get("leaking", ()))
    return f"{finding.code}:{column}" if column else finding.code


def findings(table):
    """Return what reading and the auditors find."""
    typed = type_table(table, DECLARED, "bought")
    dataset, found = prepare(typed, DECLARED)
    split, _, _ = partition(build(REGISTRY.find("splitter", "holdout"), {}), dataset, seed=0)
    metric = plan.price_metric_of(REGISTRY, {"plugins": {"prefer": {}}}, dataset.task)
    parts = [
        Part(offer, dataclasses.asdict(offer.component.options()))
        for offer in (REGISTRY.find("auditor", name) for name in AUDITORS)
    ]
    recipe = recipe_of(Subject(REGISTRY.find("learner", "tree"), {}), dataset.task)
    audited = audit(parts, dataset, typed.schema, split, recipe, metric, level=0.95, seed=0)
    return [one for one in (*typed.findings, *found, *audited.findings) if code_of(one) != "ID-COLUMN:id"]


def few(frame, column, cell, every=50):
    """Return the table with another cell in some rows of a column."""
    return frame.assign(**{column: frame[column].astype(object).where(frame.index % every > 0, cell)})


def shuffled(frame, column):
    return frame.assign(**{column: frame[column].sample(frac=1, random_state=0).to_numpy()})


def in_conflict(frame):
    again = frame[:200].assign(
        id=[f"d{number:06d}" for number in range(200)],
        bought=np.where(frame["bought"][:200] == "buys", "leaves", "buys"),
    )
    return pd.concat([frame, again])


CELLS = {
    "a column is gone": (lambda t: t.drop(columns="price"), "lost:price"),
    "a column is renamed": (lambda t: t.rename(columns={"price": "cost"}), "EXTRA-COLUMN:cost"),
    "a column has come": (lambda t: t.assign(colour="red"), "EXTRA-COLUMN:colour"),
    "words among numbers": (lambda t: few(t, "price", "about 20"), "price.misfits"),
    "decimal commas": (lambda t: t.assign(price=t["price"].astype(str).str.replace(".", ",")), "price.misfits"),
    "thousands apart": (lambda t: t.assign(price=(t["price"] * 100).map("{:,.0f}".format)), "price.misfits"),
    "units in cells": (lambda t: t.assign(change=t["change"].astype(str) + " kg"), "change.misfits"),
    "infinite numbers": (lambda t: few(t, "change", np.inf), "change.misfits"),
    "a thousand times as much": (lambda t: t.assign(temp=t["temp"] * 1000), "temp.range"),
    "a sign turned over": (lambda t: t.assign(price=-t["price"]), "price.range"),
    "a number for what is missing": (lambda t: few(t, "temp", -999), "temp.range"),
    "every cell missing": (lambda t: t.assign(temp=np.nan), "temp.missing"),
    "some cells missing": (lambda t: few(t, "temp", np.nan), "temp.missing"),
    "more missing than before": (lambda t: few(t, "note", np.nan, every=3), "note.missing"),
    "a new level": (lambda t: few(t, "size", "XL"), "size.levels"),
    "a level in another case": (lambda t: few(t, "town", "BERN"), "town.levels"),
    "a level read in the wrong encoding": (lambda t: t.replace({"town": {"Zürich": "ZÃ¼rich"}}), "town.levels"),
    "neither true nor false": (lambda t: few(t, "paid", "perhaps"), "paid.misfits"),
    "dates in another order": (lambda t: t.assign(asked=t["asked"].dt.strftime("%d/%m/%Y")), "asked.misfits"),
    "some times with a zone": (
        lambda t: t.assign(asked=t["asked"].astype(str) + np.where(t.index % 2, "T10:00:00Z", "T10:00:00")),
        "MIXED-ZONES:asked",
    ),
    "a date of long ago": (lambda t: few(t, "asked", pd.Timestamp("1900-01-01")), "asked.range"),
    "a key that names two rows": (lambda t: few(t, "id", "c005000003"), "id.unique"),
    "rows that are there twice": (lambda t: pd.concat([t, t[:300]]), "DUPLICATE-ROWS"),
    "rows with both targets": (in_conflict, "CONFLICTING-LABELS"),
    "a new class": (lambda t: few(t, "bought", "thinks"), "bought.levels"),
    "a target that is all one": (lambda t: t.assign(bought="buys"), "refused: target 'bought' is 'buys' in every row"),
    "a shuffled column": (lambda t: shuffled(t, "heat"), "shift:heat&temp"),
    "two columns swapped": (lambda t: t.rename(columns={"temp": "heat", "heat": "temp"}), "shift:temp"),
    "a sensor that is stuck": (lambda t: t.assign(temp=288.5), "STUCK-COLUMN:temp"),
    "one level for all": (lambda t: t.assign(size="M"), "shift:size"),
    "inches for centimetres": (lambda t: t.assign(change=t["change"] / 2.54), "shift:change"),
    "rows of one level gone": (lambda t: t[t["town"] != "Wien"], "shift:town"),
    "rounded numbers": (lambda t: t.assign(change=t["change"].round()), "shift:change"),
    "the target by another name": (
        lambda t: t.assign(state=np.where(t["bought"] == "buys", "open", "shut")), "LEAK-FUNCTION:state",
    ),
}  # fmt: skip


@pytest.mark.parametrize("spoilt", CELLS)
def test_spoilt_cells_are_named(reference, tmp_path, spoilt):
    spoil, name = CELLS[spoilt]
    said = named(write(spoil(clean(5)), tmp_path / "t.csv"), reference)

    assert [text for text in said if text.startswith(name)], said


def without_header(text):
    return text.partition(b"\n")[2]


FILES = {
    "two columns of one name": (lambda text: text.replace(b"heat", b"temp", 1), "refused: 1 column name occurs twice"),
    "a header that is lost": (without_header, "lost:price"),
    "another delimiter": (lambda text: text.replace(b",", b";"), "lost:price"),
    "a line that is cut off": (lambda text: text[: text.rindex(b",")][:-30], "refused:"),
    "nothing at all": (lambda text: text[:0], "refused:"),
    "a header alone": (lambda text: text.partition(b"\n")[0] + b"\n", "refused: the source has 0 rows"),
    "bytes of another encoding": (lambda text: text.decode().encode("latin1"), "town.levels"),
}


@pytest.mark.parametrize("spoilt", FILES)
def test_spoilt_files_are_named(reference, tmp_path, spoilt):
    spoil, name = FILES[spoilt]
    path = write(clean(5), tmp_path / "t.csv")
    path.write_bytes(spoil(path.read_bytes()))
    said = named(path, reference)

    assert [text for text in said if text.startswith(name)], said


def test_a_parquet_file_that_is_cut_off_is_refused(reference, tmp_path):
    clean(5).to_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.parquet").write_bytes((tmp_path / "t.parquet").read_bytes()[:-200])
    (said,) = named(tmp_path / "t.parquet", reference)

    assert "cannot be read as parquet" in said
    assert "is it cut off" in said


def test_fresh_rows_are_not_accused(reference, tmp_path):
    said = [named(write(clean(seed), tmp_path / "t.csv"), reference) for seed in range(1, 21)]
    rules = [text for names in said for text in names if not text.startswith("shift:")]

    assert rules == []
    assert sum(bool(names) for names in said) <= 4  # shifts: one of twenty is what their level allows


def test_the_order_of_rows_and_columns_is_nothing_to_name(reference, tmp_path):
    turned = clean(5).sample(frac=1, random_state=0)[sorted(clean(5).columns)]

    assert named(write(turned, tmp_path / "t.csv"), reference) == set()
