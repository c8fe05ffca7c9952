"""mesic data schema: inferred, edited, enforced, accepted."""

import re

import pandas as pd
import yaml

SAID = ("data", "schema", "source=table")


def test_it_is_inferred_edited_enforced_and_widened(mesic, table):
    inferred = mesic(*SAID, "source.path=people.csv", "source.target=bought", "--json")
    path = mesic.folder / "schema.yaml"
    body = yaml.safe_load(path.read_text())
    body["columns"]["age"]["range"] = [18, 65]
    path.write_text(yaml.safe_dump(body))
    enforced = mesic(*SAID, "source.path=people.csv", "source.schema=schema.yaml")
    run = mesic("run", "source=table", "source.path=people.csv", "source.schema=schema.yaml")
    accepted = mesic(
        *SAID, "source.path=people.csv", "source.schema=schema.yaml", "accept=[age.range]", "out=wide.yaml"
    )
    again = mesic(*SAID, "source.path=people.csv", "source.schema=wide.yaml", "--json")
    old = pd.read_csv(mesic.folder / "people.csv")["age"] > 65

    assert (inferred.status, inferred.json["rows"]) == (0, 300)
    assert body["columns"]["city"]["levels"] == ["Bern", "Graz", "Linz"]
    assert body["columns"]["bought"]["role"] == "target"
    assert (enforced.status, run.status, accepted.status, again.status) == (3, 3, 0, 0)
    assert re.search(rf"column 'age' breaks 'range: \[18, 65\]' in {old.sum()} rows: {old.idxmax()}, ", enforced.out)
    assert "1 way: " in enforced.out
    assert "accept=[COLUMN.RULE]" in run.err
    assert again.json == again.json | {"holds": True, "broken": [], "lost": [], "extra": []}
    assert max(yaml.safe_load((mesic.folder / "wide.yaml").read_text())["columns"]["age"]["range"]) > 65


def test_what_people_wrote_is_never_overwritten_and_a_refused_table_writes_nothing(mesic, table):
    (mesic.folder / "mine.yaml").write_text(
        "format: 1\ncolumns: {age: {kind: number, range: [0, 5]}, gone: {kind: id}}\n"
    )
    again = mesic(*SAID, "source.path=people.csv", "out=mine.yaml")
    half = mesic(*SAID, "source.path=people.csv", "source.schema=mine.yaml", "accept=[age]", "out=new.yaml", "--json")

    assert (again.status, half.status) == (2, 3)
    assert "out='mine.yaml' cannot work: give a file that does not exist" in again.err
    assert half.json["lost"] == ["gone"]
    assert not (mesic.folder / "new.yaml").exists()


def test_wrong_words_and_a_schema_of_a_newer_version_are_exit_status_2(mesic, table):
    (mesic.folder / "newer.yaml").write_text("format: 2\ncolumns: {}\n")
    newer = mesic(*SAID, "source.path=people.csv", "source.schema=newer.yaml")
    wrong = mesic(*SAID, "source.path=people.csv", "acept=[x]", "source.taget=y")
    alone = mesic(*SAID, "source.path=people.csv", "accept=[x]")

    assert (newer.status, wrong.status, alone.status) == (2, 2, 2)
    assert "has format 2; this mesic reads 1" in newer.err
    assert "did you mean 'accept'" in wrong.err
    assert "did you mean 'source.target'" in wrong.err
    assert "give source.schema=FILE" in alone.err
