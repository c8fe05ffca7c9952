"""schema.yaml says what columns are: it survives any name, binds what comes later, and is refused where it errs."""

import pyarrow as pa
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mesic.data.reading import type_table
from mesic.data.schema import Column, Schema, load_schema
from mesic.errors import DataError, UsageError

OPTIONS = {"schema": None, "ignore": [], "target": None, "time": None, "group": None, "weight": None, "key": None}
YAML_TRAPS = [
    "yes",
    "NO",
    "null",
    "~",
    "1",
    "0x1f",
    "2020-01-01",
    "a: b",
    "- a",
    "# c",
    "[1]",
    "{j: 1}",
    "é→",
    " x ",
    "",
]
NAMES = st.one_of(st.sampled_from(YAML_TRAPS), st.text(st.characters(exclude_categories=["Cs"]), max_size=8))
COLUMNS = st.builds(
    Column,
    name=NAMES,
    kind=st.sampled_from(["number", "category", "time", "text"]),
    role=st.sampled_from(["feature", "ignored"]),
    missing=st.sampled_from(["allowed", "forbidden"]),
    range=st.none() | st.tuples(st.floats(-1e300, 0), st.floats(0, 1e300)),
    levels=st.none() | st.lists(NAMES, min_size=1, max_size=4).map(tuple),
    available_at=st.sampled_from(["before", "after"]),
    description=st.sampled_from(["", "no", "years: 1 to 3", "ä"]),
    unit=st.sampled_from(["", "1", "km/h"]),
    sensitive=st.booleans(),
)
TABLE = pa.table(
    {
        "age": [float(n % 50) for n in range(40)],
        "home": [f"h{n % 5}" for n in range(40)],
        "day": [f"2020-01-{n % 28 + 1:02d}" for n in range(40)],
        "bought": ["yes", "no"] * 20,
    }
)


@given(columns=st.lists(COLUMNS, max_size=6, unique_by=lambda column: column.name))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_whatever_a_column_is_called_its_schema_comes_back_from_the_disk(tmp_path_factory, columns):
    path = tmp_path_factory.mktemp("schema") / "schema.yaml"
    Schema(tuple(columns)).save(path)

    assert load_schema(path) == Schema(tuple(columns))


@pytest.fixture
def typed(tmp_path):
    """Type the table by a schema.yaml of these columns; each stands for what YAML says of it."""

    def typed(columns, table=TABLE, **options):
        path = tmp_path / "schema.yaml"
        lines = "".join(f"  {name}: {facts}\n" for name, facts in columns.items())
        path.write_text(f"format: 1\ncolumns:\n{lines}")
        return type_table(table, OPTIONS | {"schema": str(path)} | options, options.get("target"))

    return typed


SAID = {"age": "{kind: number}", "home": "{kind: category}", "bought": "{kind: category, role: target}"}


@pytest.mark.parametrize(
    ("column", "facts", "words"),
    [
        ("age", "{kind: number, range: [0, 47]}", r"'age' breaks 'range: \[0, 47\]' in 2 rows?: 48, 49, values 48"),
        ("age", "{kind: number, missing: forbidden}", "'age' breaks 'missing: forbidden' in 1 row: 3"),
        ("home", "{kind: category, levels: [h0, h1, h2, h3]}", "'home' breaks 'levels' in 8 rows: 4, .* values 'h4'"),
        ("day", "{kind: time, missing: forbidden}", "columns of the schema are not in the data: 'day'"),
        ("aeg", "{kind: number}", "not in the data: 'aeg'; did you mean 'age'"),
    ],
)  # fmt: skip
def test_a_broken_rule_names_column_rows_and_values(typed, column, facts, words):
    ages = [None if n == 3 else float(n) for n in range(50)]
    homes = pa.array([f"h{n % 5}" for n in range(40)] + ["h0"] * 10)
    table = pa.table({"age": ages, "home": homes, "bought": ["yes", "no"] * 25})

    with pytest.raises(DataError, match=words):
        typed(SAID | {column: facts}, table)


def test_all_broken_rules_are_named_together(typed):
    said = {"age": "{kind: number, range: [0, 9]}", "home": "{kind: category, levels: [h0]}"}

    with pytest.raises(DataError, match=r"(?s)'age' breaks 'range.*'home' breaks 'levels'"):
        typed(SAID | said)


def test_the_kind_of_the_schema_wins_and_columns_that_it_does_not_know_are_left_out(typed):
    schema = typed(SAID | {"age": "{kind: category}"}).schema

    assert (schema["age"].kind, schema["age"].role) == ("category", "feature")
    assert (schema["day"].role, schema["day"].why) == ("ignored", "not in the schema")


@pytest.mark.parametrize("role", ["group", "time", "weight", "key"])
def test_a_part_that_the_command_line_gives_is_played_also_under_a_schema(typed, role):
    column = {"group": "home", "time": "day", "weight": "age", "key": "home"}[role]
    schema = typed(SAID | {"day": "{kind: time}"}, **{role: column}).schema

    assert schema[column].role == role
    assert schema["bought"].role == "target"


def test_what_the_command_line_ignores_is_ignored_also_under_a_schema(typed):
    assert typed(SAID, ignore=["home"]).schema["home"].role == "ignored"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"target": "home"}, "source.target='home', but the schema says 'bought'"),
        ({"ignore": ["bought"]}, "'bought' cannot be target and ignore at once"),
        ({"group": "hoem"}, "source.group='hoem' is no column; did you mean 'home'"),
    ],
)
def test_a_part_that_contradicts_the_schema_is_refused(typed, options, words):
    with pytest.raises(UsageError, match=words):
        typed(SAID, **options)


@pytest.mark.parametrize(
    ("column", "facts", "words"),
    [
        ("yes", "{kind: number}", "column True is no text: put the name in quotes"),
        ("home", "{levels: [yes, no]}", "level True is no text: put levels like yes and no in quotes"),
        ("home", "{role: target}", "columns 'home' and 'bought' are target at once"),
        ("age", "{range: [9, 1]}", r"range: \[9, 1\] cannot work; give \[lowest, highest\]"),
        ("age", "{range: [low, high]}", "give .lowest, highest."),
        ("home", "{levels: h0}", "levels: 'h0' cannot work; give a list"),
        ("home", "{missing: forbiden}", "did you mean 'forbidden'"),
        ("home", "{role: featrue}", "did you mean 'feature'"),
        ("home", "h0", "column 'home' is 'h0': give kind, role, missing"),
    ],
)
def test_what_no_schema_can_say_is_refused_with_the_column(typed, column, facts, words):
    said = {column: facts} | {name: facts for name, facts in SAID.items() if name != column}

    with pytest.raises(UsageError, match=words):
        typed(said)


FLIGHTS = pa.table(
    {
        "asked": [10.0, 20.0, 30.0, 40.0],
        "gate": ["a", "b", "a", "b"],
        "gate_told": [9.0, 25.0, None, 40.0],
        "landed": [11.0, 21.0, 31.0, 45.0],
        "late": ["yes", "no", "yes", "no"],
    }
)


def flights_schema(path, **changes):
    moments = {"gate": "gate_told", "landed": "after"} | changes
    columns = {name: {"kind": "category" if name in ("gate", "late") else "number"} for name in FLIGHTS.column_names}
    for name, when in moments.items():
        columns[name]["available_at"] = when
    path.write_text(yaml.safe_dump({"format": 1, "columns": columns}))
    return {**OPTIONS, "schema": str(path), "time": "asked"}


def test_what_is_known_only_later_is_seen_by_no_learner_and_every_hidden_cell_is_booked(tmp_path):
    typed = type_table(FLIGHTS, flights_schema(tmp_path / "s.yaml"), "late")

    assert [column.name for column in typed.schema.features] == ["gate"]
    assert list(typed.columns["gate"].isna()) == [False, True, True, False]
    assert [(e.column, e.cells) for e in typed.account.entries] == [("gate", 2)]
    assert [finding.code for finding in typed.findings] == ["LATE-COLUMN"]


@pytest.mark.parametrize(
    ("changes", "options", "said"),
    [
        ({"gate": "gate_tolt"}, {}, "did you mean 'gate_told'"),
        ({}, {"time": None}, "give source.time=COLUMN"),
        ({"gate": "late"}, {}, "cannot be compared with source.time='asked'"),
        ({"gate": 3}, {}, "available_at: 3 cannot work"),
    ],
)
def test_a_moment_that_says_nothing_is_refused(tmp_path, changes, options, said):
    given = flights_schema(tmp_path / "s.yaml", **changes) | options
    with pytest.raises(UsageError, match=said):
        type_table(FLIGHTS, given, "late")
