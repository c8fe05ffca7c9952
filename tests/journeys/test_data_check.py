"""mesic data check: everything that is wrong, in one command, before anything is learned."""

import json

import pytest

SAID = ("data", "check", "source=table", "source.path=people.csv", "source.target=bought", "learner=tree")


def test_it_says_what_it_found_and_leaves_a_page_a_schema_and_no_model(mesic, table):
    done = mesic(*SAID, "out=c")
    folder = mesic.folder / "c"
    record = json.loads((folder / "record.json").read_text())
    page = (folder / "report.html").read_text()

    assert done.status == 0, done.err
    assert "300 rows and 7 columns of people.csv. The table was checked: " in done.out
    assert "ID-COLUMN: column 'person' is not used" in done.out
    assert (record["verb"], record["status"]) == ("data check", "finished")
    assert {"missing_cells", "suspect_labels", "golden_column"} <= set(record["audits"])
    assert not {"trials", "model", "scores"} & set(record)
    assert {path.name for path in folder.iterdir()} >= {"schema.yaml", "partition.parquet"}
    assert not (folder / "bundle").exists()
    assert "The table was checked" in page
    assert "Zone of solutions" not in page
    assert "mesic reproduce" not in page


def test_the_folder_of_a_check_is_not_taken_for_a_run(mesic, table):
    checked = mesic(*SAID, "out=c", "auditor=[twins]")
    run = mesic("run", *SAID[2:], "out=c", "auditor=[twins]")
    again = mesic("reproduce", "run=c")

    assert (checked.status, run.status, again.status) == (0, 2, 2)
    assert "run=c holds a data check, which trains nothing" in again.err
    assert "give another out=" in run.err


@pytest.mark.parametrize(("more", "status"), [((), 1), (("+policy.accept.LEAK-TIME=they are alike",), 0)])
def test_a_leak_that_would_stop_a_run_is_exit_status_1_and_all_else_is_still_said(mesic, table, more, status):
    done = mesic(*SAID, "out=c", "source.time=since", "splitter=holdout", "--json", *more)

    assert done.status == status
    assert {"LEAK-TIME", "ID-COLUMN"} <= {finding["code"] for finding in done.json["findings"]}


def test_a_wrong_word_is_told_the_right_one(mesic):
    done = mesic("data", "chek")

    assert (done.status, done.out) == (2, "")
    assert "did you mean 'check'" in done.err
    assert "check" in mesic("data", "--help").out
