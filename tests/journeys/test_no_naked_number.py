"""No renderer tells a score without its interval, the method and the unit: record, page, pictures, card, terminal."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from tests.conftest import CommandLine, people
from tests.naked import bare_in_json, bare_in_terminal, bare_in_text, bare_on_page

QUICK = ("selection.subsamples=2", "interval.refits=2", "source=table")
RUNS = {
    "binary": (
        "source.target=bought",
        "selector=[long_tail]",
        "interval.refit=true",
        "tuner.trials=3",
        "policy.max_error=0.01",
    ),
    "multiclass": ("source.target=level", "learner=tree", "tuner=single", "auditor=[]"),
    "regression": ("source.target=price", "tuner=single", "auditor=[]"),
    "groups": ("source.target=bought", "source.group=clinic", "learner=linear", "tuner=single", "auditor=[]"),
    "time": ("source.target=price", "source.time=since", "learner=linear", "tuner=single", "auditor=[]"),
}
OF_SINGLE_ROWS = r"\$.*\.evaluations\.errors\.worst\[\d+\]\.loss"  # a row's own loss, which estimates nothing
OF_FITTED_ROWS = r"\$.*\.zone\.(?:trials|pruned)\[\d+\]\.train_loss"  # of the rows it was fitted on, beside the other
OF_A_RACE = r"\$.*\.zone\.pruned\[\d+\]\.loss"  # told from the best by a paired test on its first folds
A_SETTING = r"\$.*\.(?:policy|evidence)\.max_error"
ALLOWED = (OF_SINGLE_ROWS, OF_FITTED_ROWS, OF_A_RACE, A_SETTING)


def tables():
    """Return a table a kind of task, with groups and times in them."""
    random = np.random.default_rng(0)
    table = people(240).assign(clinic=[f"c{number % 40}" for number in range(240)])
    age = table["age"] / 20 + (table["city"] == "Graz") + random.normal(0, 0.6, 240)
    level = np.select([age < 2, age < 3.2], ["low", "mid"], "high")
    price = 2 * table["age"] + random.normal(0, 5, 240)
    plain = table.drop(columns="bought")
    timed = plain.assign(price=price).drop(columns="clinic")
    return {
        "binary": table.drop(columns="clinic"),
        "multiclass": plain.assign(level=level),
        "regression": timed.drop(columns="since"),
        "groups": table,
        "time": timed,
    }


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Return a folder with a run of each kind, and what each said on the terminal."""
    folder = tmp_path_factory.mktemp("naked")
    said = {}
    for name, table in tables().items():
        table.to_csv(folder / f"{name}.csv", index=False)
        done = CommandLine(folder)("run", *QUICK, f"source.path={name}.csv", *RUNS[name], f"out={name}")
        assert done.status == 0, done.err
        said[name] = done.out
    return folder, said


def page_of(runs, name):
    return (runs[0] / name / "report.html").read_text()


@pytest.mark.parametrize("name", RUNS)
class TestARunTells:
    def test_no_bare_number_in_its_record(self, runs, name):
        record = json.loads((runs[0] / name / "record.json").read_text())

        assert list(bare_in_json(record, allowed=ALLOWED)) == []
        assert len(record["scores"]["test"]) >= 4

    def test_no_bare_number_in_its_other_files(self, runs, name):
        for file in ("zone.json", "bundle/manifest.json", "bundle/config.json"):
            found = json.loads((runs[0] / name / file).read_text())
            assert list(bare_in_json({"zone": found} if file == "zone.json" else found, allowed=ALLOWED)) == [], file

    def test_no_bare_number_on_its_page(self, runs, name):
        bare = [said for said in bare_on_page(page_of(runs, name)) if ": its loss: " not in said]

        assert bare == []

    def test_no_bare_number_in_its_picture_and_card(self, runs, name):
        card = (runs[0] / name / "bundle" / "card.md").read_text()

        assert list(bare_on_page((runs[0] / name / "zone.svg").read_text())) == []
        assert list(bare_in_text(card)) == []
        assert " to " in card

    def test_no_bare_number_on_the_terminal(self, runs, name):
        assert list(bare_in_terminal(runs[1][name])) == []
        assert " to " in runs[1][name]


def test_other_verbs_tell_no_bare_number(runs):
    folder, _ = runs
    newer = pd.read_csv(folder / "multiclass.csv").iloc[20:]
    newer.to_csv(folder / "newer.csv", index=False)
    verbs = (
        ("compare", "a=multiclass", "b=newer.csv"),
        ("plan", "source=table", "source.path=multiclass.csv", "source.target=level", "learner=tree"),
        ("data", "check", "source=table", "source.path=binary.csv", "source.target=bought", "out=checked"),
    )
    for verb in verbs:
        in_words, in_json = CommandLine(folder)(*verb), CommandLine(folder)(*verb[:-1], _again(verb[-1]), "--json")
        assert in_words.status == in_json.status == 0, (in_words.err, in_json.err)
        assert list(bare_in_terminal(in_words.out)) == [], verb
        assert list(bare_in_json(in_json.json, allowed=ALLOWED)) == [], verb


def _again(argument):
    return "out=again" if argument.startswith("out=") else argument


def test_people_beside_the_model_are_told_with_intervals(runs, tmp_path):
    shutil.copytree(runs[0], tmp_path, dirs_exist_ok=True)
    shop = CommandLine(tmp_path)
    assert shop("data", "label", "run=binary", "labelers=[ada,ben]", "rows=30").status == 0
    for name in ("ada", "ben"):
        sheet = pd.read_csv(tmp_path / "tasks" / f"{name}.csv", dtype=str, keep_default_na=False)
        sheet.assign(answer=np.resize(["yes", "no", "no"], len(sheet)), seconds="9").to_csv(
            tmp_path / "tasks" / f"{name}.csv", index=False
        )
    said = ("data", "label", "run=binary", "answers=[tasks/ada.csv,tasks/ben.csv]")
    in_words, in_json = shop(*said), shop(*said, "--json")

    assert in_words.status == 0, in_words.err
    assert list(bare_in_terminal(in_words.out)) == []
    assert list(bare_in_json(in_json.json, allowed=ALLOWED)) == []


def test_a_planted_number_is_found_wherever_it_stands(runs):
    folder, said = runs
    record = json.loads((folder / "binary" / "record.json").read_text())
    record["evaluations"]["mine"] = {"roc_auc": 0.91, "inner": [{"metric": "f1", "value": 0.5, "low": 0.4}]}
    record["scores"]["test"][0].pop("method")
    page = page_of((folder, said), "binary").replace("</body>", "<p>Its accuracy is 0.93 on Mondays.</p></body>")
    table = "<table><tr><th>slice<th>log loss</tr><tr><td>Graz<td>0.41</tr></table>"
    cell = "\n          log_loss   brier\n ──────────────────\n  mine    0.41       0.1 (0.0 to 0.2)\n"

    assert len(list(bare_in_json(record, allowed=ALLOWED))) == 3
    assert any("Mondays" in found for found in bare_on_page(page))
    assert any("0.41" in found for found in bare_on_page(table))
    assert [found for found in bare_in_terminal(said["binary"] + cell) if "0.41" in found]
    assert len(list(bare_in_text("- accuracy 0.93\n- brier 0.1 (95% interval 0.0 to 0.2)"))) == 1


@pytest.mark.parametrize(
    "told",
    [
        "ROC AUC 0.91 (95% interval 0.88 to 0.93)",
        "Its log loss is 46% lower (95% interval 20% to 66%) than that of a baseline.",
        "mean log loss of 4 rules 0.595 (0.5 to 0.69), of the learner 0.4 (0.3 to 0.5)",
        "trial 3: log loss 0.4479 (standard error 0.02)",
        "RMSE 3.2 (interval cannot be told)",
        "log_loss leads, the usual one of a binary task; 0.5 s",
    ],
)
def test_what_is_told_with_its_ends_is_not_accused(told):
    assert list(bare_in_text(told)) == []
