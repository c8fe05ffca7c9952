"""The audit of features: what each column gives, costs and risks, in record, page and findings."""

import json

import numpy as np
import pytest
from sklearn.datasets import load_diabetes


@pytest.fixture(scope="module")
def audited(tmp_path_factory):
    """A run on real columns, ten shuffled copies, a twin, and a declared price; returns its folder and table."""
    from tests.conftest import CommandLine

    folder = tmp_path_factory.mktemp("audit")
    frame = load_diabetes(as_frame=True, scaled=False).frame
    rng = np.random.default_rng(0)
    probes = {f"probe {name}": frame[name].to_numpy()[rng.permutation(len(frame))] for name in frame.columns[:10]}
    frame = frame.assign(**probes, bmi_again=frame["bmi"] * 2 + 1).sample(frac=1, random_state=0)
    frame["age"] = frame["age"].mask(rng.random(len(frame)) < 0.3)
    frame.to_csv(folder / "t.csv", index=False)
    run = CommandLine(folder)
    source = ("source=table", "source.path=t.csv", "source.target=target")
    assert run("data", "schema", *source, "out=schema.yaml").status == 0
    text = (
        (folder / "schema.yaml")
        .read_text()
        .replace("  s5:\n", "  s5:\n    cost_us: 900\n    upstream: the laboratory\n")
    )
    (folder / "schema.yaml").write_text(text)
    done = run(
        "run", *source, "source.schema=schema.yaml", "learner=linear", "auditor=[]", "tuner=single",
        "splitter.folds=2", "out=r",
    )  # fmt: skip
    assert done.status == 0, done.err
    return folder, json.loads((folder / "r/record.json").read_text())


def rows_of(record):
    return {row["name"]: row for row in record["evaluations"]["feature_audit"]["features"]}


def test_shuffled_copies_have_no_power_and_what_matters_has(audited):
    rows = rows_of(audited[1])

    assert {name for name, row in rows.items() if row["low"] > 0 and name.startswith("probe")} == set()
    assert rows["s5"]["verdict"] == "keep"
    assert rows["s5"]["low"] > 0
    assert all(rows[name]["verdict"] in ("leave out", "unsure") for name in rows if name.startswith("probe"))


def test_columns_that_say_the_same_are_weighed_together_and_one_is_kept(audited):
    rows = rows_of(audited[1])

    assert rows["bmi"]["alike"] == ["bmi_again"]
    assert rows["bmi"]["keeper"] == rows["bmi_again"]["keeper"]
    assert rows["bmi"]["together"]["value"] > rows["bmi"]["increase"]


def test_prices_add_up_to_what_an_answer_takes_and_declared_ones_count(audited):
    record = audited[1]
    rows, costs = rows_of(record), record["costs"]

    assert sum(costs["columns"].values()) == pytest.approx(costs["batch_us"])
    assert [step["step"] for step in costs["steps"]] == ["00-codes", "01-impute", "02-scale", "03-linear"]
    assert rows["s5"]["cost_us"] == pytest.approx(900 + costs["columns"]["s5"])
    assert rows["s5"]["upstream"] == "the laboratory"
    assert 0.25 < rows["age"]["missing"] < 0.35


def test_the_page_and_the_findings_tell_of_it(audited):
    folder, record = audited
    page = (folder / "r/report.html").read_text()

    assert 'id="features"' in page
    assert "What each column gives, costs and risks" in page
    assert "IDLE-COLUMNS" in [finding["code"] for finding in record["findings"]]
