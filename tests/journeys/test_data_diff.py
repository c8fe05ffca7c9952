"""mesic data diff: two files, two runs, two schemas."""

import pandas as pd
from tests.conftest import people


def test_two_versions_of_a_file_and_the_run_on_one_of_them(mesic, table):
    people().to_parquet(mesic.folder / "same.parquet")
    new = pd.concat([people(), people(30, seed=1).assign(person=[f"n{number}" for number in range(30)])])
    new = new.reset_index(drop=True)
    new.loc[3, "city"] = "Wien"
    new.loc[4, "bought"] = {"yes": "no", "no": "yes"}[new.loc[4, "bought"]]
    new.drop(index=9).to_csv(mesic.folder / "new.csv", index=False)
    checked = mesic("data", "check", "source=table", "source.path=people.csv", "source.target=bought",
                    "source.key=person", "auditor=[]", "out=c")  # fmt: skip
    same = mesic("data", "diff", "a=people.csv", "b=same.parquet")
    said = mesic("data", "diff", "a=c", "b=new.csv")
    blind = mesic("data", "diff", "a=people.csv", "b=new.csv", "--json").json

    assert (checked.status, same.status, said.status) == (0, 0, 0), said.err
    assert "people.csv and same.parquet say the same: 300 rows, digest" in same.out
    assert "rows matched by person:\n  30 rows added, 1 removed, 299 in both" in said.out
    assert "Wien (row 3)" in said.out
    assert "Changed labels, bought" in said.out
    assert (blind["added_rows"], blind["removed_rows"], blind["keys"]) == (32, 3, ["person"])


def test_what_is_no_version_is_refused_by_the_name_that_was_typed(mesic, table):
    done, folder = mesic("data", "diff", "a=people.csv", "b=nope.csv"), mesic("data", "diff", "a=.", "b=people.csv")

    assert (done.status, folder.status) == (2, 2)
    assert "b='nope.csv' cannot work: give a table file or the folder of a run that exists" in done.err
    assert "run=. is no run" in folder.err
    (mesic.folder / "empty.csv").write_text("person,age\n")
    empty = mesic("data", "diff", "a=people.csv", "b=empty.csv")
    assert (empty.status, "the source has 0 rows" in empty.err, "(in b=empty.csv)" in empty.err) == (3, True, True)


def test_two_schemas(mesic, table):
    mesic("data", "schema", "source=table", "source.path=people.csv", "out=a.yaml")
    pd.read_csv(table).assign(city="Wien").to_csv(mesic.folder / "new.csv", index=False)
    mesic("data", "schema", "source=table", "source.path=new.csv", "source.schema=a.yaml", "accept=[city.levels]",
          "out=b.yaml")  # fmt: skip
    done = mesic("data", "diff", "a=a.yaml", "b=b.yaml", "--json")
    mixed = mesic("data", "diff", "a=a.yaml", "b=people.csv")

    assert [(change["column"], change["what"]) for change in done.json["columns"]] == [("city", "levels")]
    assert mesic("data", "diff", "a=a.yaml", "b=a.yaml").out == "both schemas say the same\n"
    assert (mixed.status, "a schema and a table" in mixed.err) == (2, True)
