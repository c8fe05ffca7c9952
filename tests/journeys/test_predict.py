"""`mesic predict` as a process: killed at any moment and started again, told in words and in JSON."""

import signal
import time

import pandas as pd
import pytest
from tests.conftest import people


@pytest.fixture
def asked(mesic, finished_run):
    """A file that takes some moments, and the command that scores it in many parts."""
    pd.concat([people(20_000, seed=3)] * 3).to_csv(mesic.folder / "new.csv", index=False)
    return ["predict", f"bundle={finished_run}/bundle", "input=new.csv", "batch=1000", "keep=[person]"]


def parts(mesic, output):
    return list((mesic.folder / f".{output}.parts").glob("*.part"))


def test_what_kill_9_leaves_is_gone_on_with_and_the_bytes_are_those_of_one_process(mesic, asked):
    for done in (3, 20):
        process = mesic.start(*asked, "output=p.csv")
        while len(parts(mesic, "p.csv")) < done and process.poll() is None:
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert process.returncode == -signal.SIGKILL
        assert not (mesic.folder / "p.csv").exists()
    again = mesic(*asked, "output=p.csv", "--json")
    whole = mesic(*asked, "output=whole.csv", "threads=1")

    assert again.status == whole.status == 0, again.err
    assert 60_000 > again.json["kept_rows"] >= 15_000
    assert (mesic.folder / "p.csv").read_bytes() == (mesic.folder / "whole.csv").read_bytes()
    assert sorted(path.name for path in mesic.folder.iterdir()) == ["new.csv", "p.csv", "whole.csv"]
    assert again.json["rows"] == 60_000
    assert sum(one["rows"] for one in again.json["answers"].values()) == 60_000
    assert {choice["answers"] for choice in again.json["models"]} <= {"kernel", "lightgbm"}
    assert "60,000 rows -> whole.csv" in whole.out
    assert "mean of p" in whole.out


def test_a_full_disk_is_one_message_and_what_was_computed_stays(mesic, asked):
    limit = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000)); "
    (mesic.folder / "sitecustomize.py").write_text(limit)
    full = mesic.anew(*asked, "output=p.csv", PYTHONPATH=str(mesic.folder))

    assert full.status == 2
    assert full.err.count("\n") == 1
    assert "cannot write p.csv: File too large; make room, or give another output=; " in full.err
    assert "rows are done and kept in .p.csv.parts: the same command goes on" in full.err
    again = mesic(*asked, "output=p.csv")
    assert "were done by an earlier command and not computed again" in again.out


def test_rows_outside_of_what_training_has_seen_get_no_answer_and_the_others_keep_theirs(mesic, finished_run):
    rows = people(50, seed=4)
    rows.loc[7, "city"] = "Paris"
    rows.to_csv(mesic.folder / "new.csv", index=False)

    done = mesic(
        "predict", f"bundle={finished_run}/bundle", "input=new.csv", "output=p.csv", "envelope=strict", "batch=10"
    )

    assert done.status == 3
    assert "1 row got no answer, outside of what training has seen; the column 'error' says why" in done.err
    assert "row 7: city holds 'Paris', and expected is one of 'Bern', 'Graz', 'Linz'" in done.err
    answers = pd.read_csv(mesic.folder / "p.csv")
    assert answers["prediction"].isna().to_numpy().nonzero()[0].tolist() == [7]
    assert answers["error"].notna().to_numpy().nonzero()[0].tolist() == [7]
