"""interval.refit=true: intervals of the procedure beside those of the model."""

import pytest

QUICK = ("source=table", "source.path=people.csv", "source.target=bought", "tuner=single", "auditor=[]", "evaluator=[]",
         "learner=linear", "interval.refit=true")  # fmt: skip


@pytest.fixture
def refitted(mesic, table):
    def run(*said):
        done = mesic("run", *QUICK, *said, "--json")
        assert done.status == 0, done.err
        return done.json

    return run


def test_the_procedure_has_wider_intervals_of_the_same_values_and_is_reproduced(refitted, mesic):
    run = refitted("interval.refits=6", "out=r")
    scores = run["scores"]

    assert [score["value"] for score in scores["procedure"]] == [score["value"] for score in scores["test"]]
    for own, both in zip(scores["test"], scores["procedure"], strict=True):
        assert both["low"] <= own["low"] <= own["high"] <= both["high"]
        assert "6 fits on halves" in both["method"]
    assert scores["procedure"][0]["high"] > scores["test"][0]["high"]
    assert "FEW-REFITS" not in {finding["code"] for finding in run["findings"]}
    page = (mesic.folder / "r" / "report.html").read_text()
    assert "its procedure" in page
    assert "6 fits on halves tell how far" in page
    again = mesic("reproduce", "run=r", "out=again", "--json")
    assert again.json["verdict"] == "identical", again.json


def test_a_clock_that_ends_the_fits_is_said(refitted):
    run = refitted("interval.refits=5", "interval.refit_s=0.000001", "out=r")
    (found,) = [finding for finding in run["findings"] if finding["code"] == "FEW-REFITS"]

    assert found["evidence"] == {"asked": 5, "made": 0}
    assert "interval.refit_s was used up; there are no intervals of the procedure" in found["message"]
    assert "procedure" not in run["scores"]
