"""The schema on the command line: what it declares holds in the run, in its bundle and for whoever asks later."""

import numpy as np
import pandas as pd

SCHEMA = """\
format: 1
columns:
  asked: {kind: time, role: time}
  told: {kind: time}
  hint: {kind: number, available_at: told}
  after: {kind: number, available_at: after}
  size: {kind: number, unit: cm, owner: ada, description: how long it is}
  y: {kind: number, role: target}
"""


def test_cells_of_later_are_hidden_in_the_run_and_from_whoever_asks_its_bundle(mesic):
    rng = np.random.default_rng(0)
    asked = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(400), "h")
    late = rng.random(400) < 0.5
    y = rng.normal(size=400)
    table = pd.DataFrame({"asked": asked, "told": asked + pd.to_timedelta(np.where(late, 1, -1), "h")})
    table = table.assign(hint=y, after=y, size=rng.normal(size=400), y=y)
    table.to_csv(mesic.folder / "t.csv", index=False)
    (mesic.folder / "schema.yaml").write_text(SCHEMA)

    done = mesic("run", "source=table", "source.path=t.csv", "source.schema=schema.yaml", "learner=tree",
                 "tuner=single", "auditor=[]", "out=r", "--json")  # fmt: skip
    (mesic.folder / "new.csv").write_text(table.to_csv(index=False))
    asked_again = mesic("predict", "bundle=r/bundle", "input=new.csv", "output=answers.csv", "--json")
    answers = pd.read_csv(mesic.folder / "answers.csv")["prediction"]
    entries = [e for e in done_record(mesic)["row_account"]["entries"] if e["column"] == "hint"]

    assert (done.status, asked_again.status) == (0, 0), done.err + asked_again.err
    assert [(entry["what"], entry["cells"]) for entry in entries] == [("not known yet, set missing", late.sum())]
    assert "LATE-COLUMN" in [finding["code"] for finding in done.json["findings"]]
    assert (answers - table["y"])[~late].abs().mean() < (answers - table["y"])[late].abs().mean() / 2
    assert answers[late].nunique() < 40  # the hint of a late row is not read, however right it is
    assert asked_again.json["unused_columns"] == ["after", "y"]
    column = next(c for c in done_record(mesic)["data"]["columns"] if c["name"] == "size")
    assert (column["unit"], column["owner"], column["description"]) == ("cm", "ada", "how long it is")


def done_record(mesic):
    return pd.read_json(mesic.folder / "r" / "record.json", typ="series")


def test_a_part_that_the_schema_gives_need_not_be_said_again(mesic):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"home": [f"h{n % 40}" for n in range(400)], "x": rng.normal(size=400)})
    table.assign(y=rng.normal(size=400)).to_csv(mesic.folder / "t.csv", index=False)
    kinds = {"home": "{kind: category, role: group}", "x": "{kind: number}", "y": "{kind: number, role: target}"}
    lines = "".join(f"  {name}: {facts}\n" for name, facts in kinds.items())
    (mesic.folder / "schema.yaml").write_text(f"format: 1\ncolumns:\n{lines}")
    check = ("data", "check", "source=table", "source.path=t.csv", "auditor=[]", "splitter=group")
    done, without = mesic(*check, "source.schema=schema.yaml", "out=c"), mesic(*check, "source.target=y", "out=d")

    assert (done.status, without.status) == (0, 2), done.err
    assert "splitter=group needs source.group=COLUMN" in without.err
