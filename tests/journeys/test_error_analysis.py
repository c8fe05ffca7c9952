"""The error analysis of a run: what is declared, what no learner sees, what the page and the bundle say."""

import json

import numpy as np
import pandas as pd
import pytest

from mesic import load_bundle

QUICK = ("tuner=single", "learner=linear", "baseline=[]", "auditor=[]", "selection.subsamples=0", "resources.threads=1")
SOURCE = ("source=table", "source.path=loans.csv", "source.target=loan")
SCHEMA = """\
format: 1
columns:
  sex: {kind: category, role: ignored, sensitive: true}
  proxy: {kind: number}
  since: {kind: time}
  loan: {kind: category, role: target}
"""
ASKED = "evaluator=[calibration,slices,fairness,conformal,robustness]"


@pytest.fixture
def loans(mesic):
    """Write a table of loans in which women are trusted less than they deserve, and a schema that knows of it."""
    rng = np.random.default_rng(0)
    sex, income, since = rng.choice(["F", "M"], 1_500), rng.normal(size=1_500), rng.integers(0, 900, 1_500)
    proxy = income + (sex == "M") + rng.normal(0, 0.3, 1_500)
    loan = income + rng.normal(0, 0.5, 1_500) > 0
    frame = pd.DataFrame({"sex": sex, "proxy": proxy.round(3), "loan": np.where(loan, "yes", "no")})
    frame["since"] = (pd.Timestamp("2021-01-01") + pd.to_timedelta(since, "D")).astype(str)
    frame.to_csv(mesic.folder / "loans.csv", index=False)
    return mesic


def record_of(mesic, name="r"):
    return json.loads((mesic.folder / name / "record.json").read_text())


def test_a_sensitive_column_is_no_feature_and_yet_told_of(loans):
    (loans.folder / "schema.yaml").write_text(SCHEMA)
    done = loans(
        "run", *SOURCE, *QUICK, ASKED, "source.schema=schema.yaml", "evaluator.slices.columns=['sex & since']", "out=r"
    )
    found = record_of(loans)["evaluations"]

    assert done.status == 0
    assert "sex" not in (loans.folder / "r" / "bundle" / "schema.yaml").read_text()
    assert {row["name"] for row in found["fairness"]["columns"][0]["measures"]} >= {
        "demographic parity",
        "equal opportunity",
    }
    assert "UNEQUAL-GROUPS: " in done.out
    assert {row["group"] for row in found["calibration"]["by"]} == {"sex = F", "sex = M"}
    assert any("since >= 202" in row["slice"] for row in found["slices"]["declared"])
    assert found["slices"]["looked_in_rows"] == record_of(loans)["partition"]["rows"]["train"]
    assert found["conformal"]["coverage"]["low"] <= 0.93
    page = (loans.folder / "r" / "report.html").read_text()
    assert all(f'<section id="{name}">' in page for name in ("slices", "fairness", "coverage", "noise"))


def test_a_slice_of_a_column_that_is_not_there_is_refused_before_anything_is_learned(loans):
    done = loans("run", *SOURCE, *QUICK, "evaluator.slices.columns=['sexx = F']", "out=r")

    assert done.status == 2
    assert "'sexx' is no column, did you mean 'sex'?" in done.err
    assert "search" not in (loans.folder / "r" / "timeline.jsonl").read_text()


def test_a_bundle_answers_the_intervals_and_sets_that_its_run_promised(loans):
    assert loans("run", *SOURCE, *QUICK, "evaluator=[conformal]", "out=r").status == 0
    done = loans("predict", "bundle=r/bundle", "input=loans.csv", "output=p.csv", "intervals=true", "batch=100")
    answers = pd.read_csv(loans.folder / "p.csv")
    threshold = record_of(loans)["evaluations"]["conformal"]["answer"]["threshold"]
    bundle = load_bundle(loans.folder / "r" / "bundle")
    same = bundle.predict(pd.read_csv(loans.folder / "loans.csv"), intervals=True)

    assert done.status == 0
    for label in ("no", "yes"):
        is_held = answers["prediction_set"].map(json.loads).map(lambda labels, label=label: label in labels)
        assert (is_held == ((1 - answers[f"p_{label}"] <= threshold) | (answers["prediction"] == label))).all()
    assert (same["prediction_set"] == answers["prediction_set"]).all()

    without = loans("run", *SOURCE, *QUICK, "evaluator=[]", "out=none")
    refused = loans("predict", "bundle=none/bundle", "input=loans.csv", "output=q.csv", "intervals=true")
    assert (without.status, refused.status) == (0, 2)
    assert "run again with conformal among evaluator=[...]" in refused.err
    assert not (loans.folder / "q.csv").exists()


def test_intervals_of_numbers_are_two_columns(mesic):
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 10, 800)
    pd.DataFrame({"x": x, "y": 2 * x + x * rng.normal(size=800)}).to_csv(mesic.folder / "t.csv", index=False)
    source = ("source=table", "source.path=t.csv", "source.target=y")
    assert mesic("run", *source, *QUICK, "evaluator=[conformal]", "out=r").status == 0
    assert mesic("predict", "bundle=r/bundle", "input=t.csv", "output=p.parquet", "intervals=true").status == 0
    answers = pd.read_parquet(mesic.folder / "p.parquet")
    held = (answers["prediction_low"] <= 2 * x) & (2 * x <= answers["prediction_high"])

    assert list(answers) == ["prediction", "prediction_low", "prediction_high"]
    assert held.mean() > 0.95
    assert (answers["prediction_high"] - answers["prediction_low"])[x > 8].mean() > 20
