"""mesic data label: sheets for people, people beside the model, one label of many."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from tests.conftest import CommandLine, people

from mesic_plugins.metrics.rows import wilson

NOISE = {"ada": 0.05, "ben": 0.25, "cy": 0.45}
RUN = ("run", "source=table", "source.path=people.csv", "source.target=bought", "learner=tree", "tuner=single",
       "auditor=[]", "source.ignore=[since]", "out=r")  # fmt: skip


@pytest.fixture(scope="module")
def bought(tmp_path_factory):
    """A folder with a run on 1,500 people."""
    folder = tmp_path_factory.mktemp("bought")
    people(1500).to_csv(folder / "people.csv", index=False)
    done = CommandLine(folder)(*RUN)
    assert done.status == 0, done.err
    return folder


@pytest.fixture
def shop(bought, mesic):
    """A copy of that folder, and the command line in it."""
    shutil.copytree(bought, mesic.folder, dirs_exist_ok=True)
    return mesic


def fill(folder, noises=NOISE):
    """Answer the sheets as people of known accuracy do."""
    key = pd.read_parquet(folder / "r" / "labels" / "tasks.parquet").set_index("task")
    target = pd.read_csv(folder / "people.csv")["bought"]
    rng = np.random.default_rng(0)
    for name, noise in noises.items():
        path = folder / "tasks" / f"{name}.csv"
        sheet = pd.read_csv(path, dtype=str, keep_default_na=False)
        truth = target[key.loc[sheet["task"], "row"]].to_numpy()
        flipped = np.where(truth == "yes", "No ", "YES")
        sheet["answer"] = np.where(rng.random(len(sheet)) < noise, flipped, truth)
        sheet["seconds"] = "12.5"
        sheet.to_csv(path, index=False)
    return [f"tasks/{name}.csv" for name in noises]


def test_sheets_are_blind_random_and_partly_twice(shop):
    done = shop("data", "label", "run=r", "labelers=[ada,ben]", "rows=100", "--json")
    sheets = {name: pd.read_csv(shop.folder / "tasks" / f"{name}.csv", dtype=str) for name in ("ada", "ben")}
    key = pd.read_parquet(shop.folder / "r" / "labels" / "tasks.parquet").set_index("task")
    parts = pd.read_parquet(shop.folder / "r" / "partition.parquet").set_index("row")["part"]
    table = pd.read_csv(shop.folder / "people.csv", dtype=str)

    assert done.json == {"sheets": ["tasks/ada.csv", "tasks/ben.csv"], "rows": 100, "repeats": 10}
    assert "one of: no, yes" in (shop.folder / "tasks" / "READ_ME.txt").read_text()
    orders = []
    for sheet in sheets.values():
        rows = key.loc[sheet["task"], "row"]
        orders.append(list(rows))
        assert list(sheet) == ["task", "age", "income", "city", "answer", "seconds"]  # no target, id or ignored column
        assert len(sheet) == 110
        assert rows.nunique() == 100
        assert (parts[rows] == "test").all()
        assert sheet["city"].tolist() == table["city"][rows].tolist()
        assert not rows.is_monotonic_increasing
    assert set(orders[0]) == set(orders[1])
    assert orders[0] != orders[1]
    assert not set(sheets["ada"]["task"]) & set(sheets["ben"]["task"])


def test_people_of_known_accuracy_are_recovered_beside_the_model(shop):
    shop("data", "label", "run=r", "labelers=[ada,ben,cy]", "rows=250")
    answers = fill(shop.folder)
    done = shop("data", "label", "run=r", f"answers=[{','.join(answers)}]", "--json")
    said = shop("data", "label", "run=r", f"answers=[{','.join(answers)}]").out
    humans = {human["labeler"]: human for human in done.json["humans"]}
    scores = {name: {s["metric"]: s for s in human["scores"]}["accuracy"] for name, human in humans.items()}

    assert done.status == 0, done.err
    assert set(humans) == {"people", *NOISE}
    for name, noise in NOISE.items():
        assert scores[name]["low"] <= 1 - noise <= scores[name]["high"]
        assert scores[name]["n"] == humans[name]["answered"] == 250
        consistent = (1 - noise) ** 2 + noise**2
        assert humans[name]["consistency"]["n"] == 25
        assert abs(humans[name]["consistency"]["value"] - consistent) < 0.3
        assert humans[name]["seconds"] == {"median": 12.5, "sum": 12.5 * 275}
    assert humans["ada"]["against_model"]["p"] < 0.05
    assert humans["ada"]["against_model"]["high"] < 0 < humans["cy"]["against_model"]["low"]
    assert [one["name"] for one in done.json["agreement"]] == ["Fleiss' kappa", "Krippendorff's alpha"]
    assert json.loads((shop.folder / "r" / "labels" / "human.json").read_text()) == done.json
    assert "ada is wrong on" in said
    assert "fewer of the rows than the model" in said
    low, high = wilson(scores["ada"]["value"], 250, 0.95)
    assert (scores["ada"]["low"], scores["ada"]["high"]) == pytest.approx((low, high))


def test_people_beside_a_model_of_numbers(mesic):
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    pd.DataFrame({"x": x, "z": rng.normal(size=400), "y": 10 * x + rng.normal(size=400)}).to_csv(
        mesic.folder / "people.csv", index=False
    )
    run = mesic("run", "source=table", "source.path=people.csv", "source.target=y", "learner=linear", "tuner=single",
                "auditor=[]", "out=r")  # fmt: skip
    mesic("data", "label", "run=r", "rows=40")
    path = mesic.folder / "tasks" / "human.csv"
    sheet = pd.read_csv(path)
    sheet.assign(answer=(10 * sheet["x"] + 5).round(2)).to_csv(path, index=False)
    done = mesic("data", "label", "run=r", "answers=[tasks/human.csv]", "--json")
    (human,) = done.json["humans"]

    assert run.status == 0, run.err
    assert human["loss"] == "absolute error"
    assert human["against_model"]["low"] > 3
    assert {s["metric"] for s in human["scores"]} == {"rmse", "mae", "median_ae", "r2"}


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda sheet: sheet.assign(answer="maybe"), "such as 'maybe' by ada in row 0 of the sheet: give no, yes"),
        (lambda sheet: sheet.assign(task="0000"), "were never given out by run=r, such as '0000'"),
        (lambda sheet: pd.concat([sheet, sheet]), "are answered twice"),
        (lambda sheet: sheet.drop(columns="answer"), "has no column 'answer'"),
        (lambda sheet: sheet.assign(answer=""), "no task is answered"),
        (lambda sheet: sheet.assign(seconds="long"), "seconds that are no numbers, such as 'long' in row 0"),
    ],
)
def test_sheets_that_came_back_wrong_are_refused(shop, spoil, message):
    shop("data", "label", "run=r", "labelers=[ada]", "rows=20")
    (path,) = (shop.folder / name for name in fill(shop.folder, {"ada": 0.0}))
    spoil(pd.read_csv(path, dtype=str, keep_default_na=False)).to_csv(path, index=False)
    done = shop("data", "label", "run=r", "answers=[tasks/ada.csv]")

    assert (done.status, done.out) == (3, "")
    assert message in done.err
    assert not (shop.folder / "r" / "labels" / "human.json").exists()


def test_tasks_are_not_drawn_over_others_or_on_other_rows(shop):
    first = shop("data", "label", "run=r", "rows=20")
    twice = shop("data", "label", "run=r", "rows=20", "out=more")
    shutil.rmtree(shop.folder / "r" / "labels")
    taken = shop("data", "label", "run=r", "rows=20")
    many = shop("data", "label", "run=r", "rows=2000", "out=more")
    table = pd.read_csv(shop.folder / "people.csv")
    table.drop(index=3).to_csv(shop.folder / "people.csv", index=False)
    other = shop("data", "label", "run=r", "rows=20", "out=more")

    assert [done.status for done in (first, twice, taken, many, other)] == [0, 2, 2, 2, 1]
    assert "run=r has tasks already" in twice.err
    assert "out='tasks' cannot work" in taken.err
    assert "rows=2000 cannot work: give" in many.err
    assert "gives other rows now than the run saw" in other.err
    assert not (shop.folder / "more").exists()


def test_one_label_of_many_with_agreement_in_files_that_a_card_takes_in(mesic):
    rng = np.random.default_rng(0)
    truth = rng.choice(["yes", "no"], 300)
    rows = [
        (f"i{item}", name, label if rng.random() > noise else {"yes": "no", "no": "yes"}[label])
        for name, noise in NOISE.items()
        for item, label in enumerate(truth)
    ]
    pd.DataFrame(rows, columns=["thing", "who", "said"]).to_csv(mesic.folder / "labels.csv", index=False)
    columns = ("item=thing", "labeler=who", "label=said")
    done = mesic("data", "label", "labels=labels.csv", *columns, "out=agreed")
    again = mesic("data", "label", "labels=labels.csv", *columns, "out=agreed")
    wrong = mesic("data", "label", "labels=labels.csv", "out=other")
    made = pd.read_csv(mesic.folder / "agreed" / "consensus.csv").set_index("item")
    relabel = pd.read_csv(mesic.folder / "agreed" / "relabel.csv")
    right = made["label"][[f"i{number}" for number in range(300)]].to_numpy() == truth

    assert done.status == 0, done.err
    assert "worst: cy" in done.out
    assert right.mean() > 0.85
    assert relabel["probability"].is_monotonic_increasing
    assert 0 < len(relabel) < 300
    assert right[made["probability"][[f"i{n}" for n in range(300)]].to_numpy() >= 0.9].mean() > right.mean()
    assert (again.status, "out='agreed' cannot work" in again.err) == (2, True)
    assert (wrong.status, "has no column item=item; columns: thing, who, said" in wrong.err) == (3, True)

    mesic("data", "check", "auditor=[]", "out=c")
    (mesic.folder / "about.yaml").write_text("format: 1\nagreement: agreed/agreement.json\n")
    mesic("data", "card", "run=c", "about=about.yaml")
    card = (mesic.folder / "c" / "card" / "card.md").read_text()
    assert "Labels of 3 labelers, made one by dawid_skene:" in card
    assert "| cy | 300 |" in card
