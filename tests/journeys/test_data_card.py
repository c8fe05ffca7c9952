"""mesic data card: what the record knows is filled in, the rest is asked for, and no answer is lost."""

import json
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml
from tests.conftest import people

CHECK = ("data", "check", "source=table", "source.path=people.csv", "source.target=bought", "auditor=[]", "out=c")
READ = """\
import sys, warnings
warnings.simplefilter("ignore")
import mlcroissant
rows = list(mlcroissant.Dataset(jsonld=sys.argv[1]).records("rows"))
print(len(rows), rows[7]["rows/home_town"].decode(), rows[7]["rows/age"])
"""


@pytest.fixture
def checked(mesic):
    """The folder of a check on people, one of whose columns is left out by hand."""
    table = people().rename(columns={"city": "home town"}).drop(columns="income")
    table.loc[[5, 6], "bought"] = None
    table.to_csv(mesic.folder / "people.csv", index=False)
    done = mesic(*CHECK, "source.ignore=[since]")
    assert done.status == 0, done.err
    return mesic.folder / "c"


def answer(path):
    """Answer every question of an about.yaml."""
    said = yaml.safe_load(path.read_text())
    texts = {key: f"{key} by Ada" for key, value in said.items() if isinstance(value, str)}
    columns = {key: dict.fromkeys(said[key], "as it says") for key in ("columns", "left_out")}
    exact = {"excluded": [{"what": "children", "why": "they cannot buy"}], "sensitive": ["age"]}
    path.write_text(yaml.safe_dump(said | texts | columns | exact))


def test_it_asks_what_only_people_know_until_all_is_answered(mesic, checked):
    first = mesic("data", "card", "run=c", "--strict", "--json")
    answer(checked / "card" / "about.yaml")
    second = mesic("data", "card", "run=c", "--strict", "--json")
    page = (checked / "card" / "card.md").read_text()
    card = json.loads((checked / "card" / "card.json").read_text())

    assert (first.status, second.status) == (1, 0)
    asked = first.json["questions"]
    assert len(asked) == first.json["todo"] == 11
    assert {"what does column 'age' mean?", "why does the run leave out column 'since'?"} <= set(asked)
    assert second.json["todo"] == 0
    assert "TODO" not in page
    assert "meaning by Ada" in page
    assert "- column `since`: as it says" in page
    assert "| age | number | feature | as it says |" in page
    assert card["lines"]["attributes"]["known"]["sensitive"] == ["age"]


def test_what_the_record_knows_is_in_the_card_and_adds_up(mesic, checked):
    mesic("data", "card", "run=c")
    record = json.loads((checked / "record.json").read_text())
    lines = json.loads((checked / "card" / "card.json").read_text())["lines"]
    excluded = lines["excluded"]["known"]

    assert len(lines) == 10
    assert lines["examples"]["known"]["parts"] == record["partition"]["rows"]
    assert lines["labels"]["known"]["values"] == record["data"]["classes"]
    assert excluded["rows_excluded"] == [{"why": "the target is missing", "stage": "target", "rows": 2}]
    assert excluded["rows_read"] == excluded["rows_used"] + sum(one["rows"] for one in excluded["rows_excluded"])
    assert set(excluded["columns"]) == {"person", "planet", "since"}


def test_the_command_of_the_card_gives_the_same_parts(mesic, checked):
    mesic("data", "card", "run=c")
    page = (checked / "card" / "card.md").read_text()
    (line,) = [line for line in page.splitlines() if "The same parts again" in line]
    again = mesic(*shlex.split(line.split("`")[1])[1:], "out=again")
    records = [json.loads((mesic.folder / name / "record.json").read_text()) for name in ("c", "again")]

    assert again.status == 0, again.err
    assert records[0]["partition"]["digest"] == records[1]["partition"]["digest"]
    assert records[0]["data"]["digest"] == records[1]["data"]["digest"]


def test_the_steps_of_the_card_are_those_of_the_bundle_with_what_was_fitted(mesic, finished_run, tmp_path):
    mesic("data", "card", f"run={finished_run}", "out=card")
    steps = json.loads((tmp_path / "card" / "card.json").read_text())["lines"]["preprocessing"]["known"]["steps"]
    sealed = sorted(path.name for path in (finished_run / "bundle" / "steps").iterdir())
    record = json.loads((finished_run / "record.json").read_text())

    assert [step["name"] for step in steps] == sealed
    assert [step["digest"] for step in steps] == [step["digest"] for step in record["model"]["steps"]]
    assert steps[0]["params"]["columns"][0] == {"kind": "number", "name": "age"}


def test_mlcroissant_reads_the_rows(mesic, checked):
    mesic("data", "card", "run=c")
    command = [sys.executable, "-c", READ, str(checked / "card" / "croissant.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    row = people().iloc[7]

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["300", row["city"], str(row["age"])]


@pytest.mark.parametrize("name", ["card.md", "card.json", "croissant.json"])
def test_a_card_that_was_edited_by_hand_is_not_overwritten(mesic, checked, name):
    mesic("data", "card", "run=c")
    path = checked / "card" / name
    path.write_text(path.read_text().replace("people", "folks"))
    before = {file.name: file.read_bytes() for file in (checked / "card").iterdir()}
    again, looked = mesic("data", "card", "run=c"), mesic("check", "card=c/card")

    assert (again.status, looked.status) == (2, 2)
    assert f"c/card/{name} was edited by hand" in again.err
    assert "write it to c/card/about.yaml" in again.err
    assert {file.name: file.read_bytes() for file in (checked / "card").iterdir()} == before


def test_a_stale_card_is_found_and_one_on_the_same_rows_is_not(mesic, checked):
    mesic("data", "card", "run=c")
    fresh = mesic("check", "card=c/card")
    path = mesic.folder / "people.csv"
    path.write_text(path.read_text() + "p99999,30,Wien,2021-01-01,Earth,yes\n")
    stale = mesic("check", "card=c/card")

    assert (fresh.status, stale.status) == (0, 1)
    assert "its data are as they were (300 rows), 11 TODO(owner) open" in fresh.out
    assert "card c/card is stale" in stale.err
    assert "(301 rows)" in stale.err


def test_rows_in_no_file_have_a_card_and_no_croissant(mesic):
    mesic("data", "check", "auditor=[]", "out=c")
    done = mesic("data", "card", "run=c")

    assert done.out.startswith("c/card: card.md, card.json\n")
    assert not (mesic.folder / "c" / "card" / "croissant.json").exists()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("format: 2\n", "this mesic reads 'format: 1'"),
        ("format: 1\nmeening: x\n", "no question 'meening'; did you mean 'meaning'?"),
        ("format: 1\nexcluded: [children]\n", "excluded: give a list of {what: ..., why: ...}"),
        ("format: 1\nexcluded: [{what: children, why: TODO}]\n", "each with a reason"),
        ("format: 1\nmeaning: 3\n", "meaning: 3 is no text"),
        ("format: 1\nsensitive: [agee]\n", "'agee' under sensitive, which is no column"),
        ("format: 1\nmeaning: [", "cannot be read"),
    ],
)
def test_answers_that_cannot_be_are_refused_and_nothing_is_written(mesic, checked, said, message):
    shutil.rmtree(checked / "card", ignore_errors=True)
    (mesic.folder / "about.yaml").write_text(said)
    done = mesic("data", "card", "run=c", "about=about.yaml")

    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert not (checked / "card").exists()
