"""Decisions on the command line: calibrated, decided by a promise, told in money, sealed, predicted, reproduced."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

FAST = ("tuner=single", "auditor=[]", "evaluator=[errors]", "baseline=[simple]", "learner=naive_bayes")


def made(rows=1_200, classes=2):
    """Return columns that repeat each other, which makes naive Bayes far too bold."""
    rng = np.random.default_rng(3)
    core = rng.normal(size=rows)
    score = 1.8 * core + rng.logistic(size=rows)
    columns = {f"x{place}": core + 0.1 * rng.normal(size=rows) for place in range(6)}
    cuts = [0.8] if classes == 2 else [-1.0, 1.0]
    labels = np.array(["no", "yes"] if classes == 2 else ["low", "middle", "top"])
    return pd.DataFrame(columns).assign(y=labels[np.digitize(score, cuts)], who=np.arange(rows) // 3)


@pytest.fixture
def source(tmp_path):
    made().to_csv(tmp_path / "t.csv", index=False)
    return ("source=table", "source.path=t.csv", "source.target=y", *FAST)


def record_of(folder):
    return json.loads((folder / "record.json").read_text())


def codes_of(findings):
    return {finding["code"] for finding in findings}


def test_a_decision_goes_through_run_bundle_prediction_and_reproduction(mesic, source, tmp_path):
    done = mesic(
        "run", *source, "source.ignore=[who]", "calibrator=platt", "threshold.rule=precision", "threshold.at_least=0.6",
        "costs.false_positive=10", "costs.false_negative=30", "costs.unit=EUR", "out=r",
    )  # fmt: skip

    assert done.status == 0, done.err
    record = record_of(tmp_path / "r")
    decision = record["decision"]
    threshold = decision["threshold"]["threshold"]
    tested = pq.read_table(tmp_path / "r" / "test_predictions.parquet").to_pandas()
    assert ((tested["p_yes"] >= threshold) == (tested["prediction"] == "yes")).all()
    assert ((tested["p_yes"] >= 0.5) != (tested["prediction"] == "yes")).any()

    precision = decision["threshold"]["test"][0]
    answered = tested["prediction"] == "yes"
    assert precision["value"] == pytest.approx((tested["target"][answered] == "yes").mean())
    assert precision["value"] >= 0.6
    (scored,) = [score for score in record["scores"]["test"] if score["metric"] == "precision"]
    assert (scored["value"], scored["low"]) == (precision["value"], precision["low"])
    confusion = np.array(record["evaluations"]["errors"]["confusion"])
    assert confusion[:, 1].sum() == answered.sum()

    change = decision["calibration"]["test"]["change"]["calibration_error"]
    assert change["high"] < 0, "naive Bayes counts one column six times"
    assert decision["calibration"]["out_of_fold"]["change"]["log_loss"]["high"] < 0
    inside = pq.read_table(tmp_path / "r" / "oof.parquet").to_pandas()
    assert inside["loss"].mean() == pytest.approx(decision["calibration"]["out_of_fold"]["after"][1]["value"])

    money = decision["money"]
    wrong = (tested["target"] != tested["prediction"]) * np.where(tested["target"] == "yes", 30, 10)
    assert money["model"]["value"] == pytest.approx(1000 * wrong.mean())
    assert money["model"]["low"] < money["model"]["value"] < money["model"]["high"]
    assert set(money["baselines"]) == {"simple", "zero_rule"}

    manifest = json.loads((tmp_path / "r" / "bundle" / "manifest.json").read_text())
    assert manifest["steps"][-2:] == ["log_odds", "decide"]
    assert manifest["decision"]["threshold"]["threshold"] == threshold
    assert "end-to-end rows answered alike" in mesic("check", "bundle=r/bundle").out
    assert mesic("predict", "bundle=r/bundle", "input=t.csv", "output=p.csv").status == 0
    answers = pd.read_csv(tmp_path / "p.csv")
    np.testing.assert_array_equal(answers["prediction"][tested["row"]], tested["prediction"])
    np.testing.assert_array_equal(answers["p_yes"][tested["row"]], tested["p_yes"])

    assert "'yes' is answered from a probability of" in done.out
    assert "1,000 rows cost EUR" in done.out
    page = (tmp_path / "r" / "report.html").read_text()
    assert 'id="decisions"' in page
    assert "chosen:" in page
    assert "EUR" in (tmp_path / "r" / "bundle" / "card.md").read_text()
    again = mesic("reproduce", "run=r")
    assert again.out.startswith("identical"), again.out


def test_a_promise_out_of_reach_blocks_and_says_what_would_do(mesic, source, tmp_path):
    done = mesic("run", *source, "source.group=who", "threshold.rule=precision", "threshold.at_least=0.95", "out=r")

    assert done.status == 0, done.err
    record = record_of(tmp_path / "r")
    (finding,) = [one for one in record["findings"] if one["code"] == "PROMISE-OUT-OF-REACH"]
    assert finding["severity"] == "block"
    assert "the best that can be promised is" in finding["message"]
    assert "without a promise" in finding["message"]
    promise = record["decision"]["threshold"]["promise"]
    assert not promise["is_reached"]
    assert 0.5 < promise["best"] < 0.95
    assert "decide" not in json.loads((tmp_path / "r" / "bundle" / "manifest.json").read_text())["steps"]
    tested = pq.read_table(tmp_path / "r" / "test_predictions.parquet").to_pandas()
    assert ((tested["p_yes"] > 0.5) == (tested["prediction"] == "yes")).all()


def test_many_classes_are_decided_by_what_costs_least(mesic, tmp_path):
    made(600, classes=3).drop(columns="who").to_csv(tmp_path / "t.csv", index=False)
    costs = {"low": {"top": 9, "middle": 1}, "middle": {"top": 1, "low": 1}, "top": {"low": 9, "middle": 1}}
    said = json.dumps(costs).replace('"', "").replace(" ", "")
    done = mesic(
        "run", "source=table", "source.path=t.csv", "source.target=y", *FAST, "calibrator=temperature",
        "threshold.rule=cost", f"costs.matrix={said}", "out=r",
    )  # fmt: skip

    assert done.status == 0, done.err
    decision = record_of(tmp_path / "r")["decision"]
    tested = pq.read_table(tmp_path / "r" / "test_predictions.parquet").to_pandas()
    labels = ["low", "middle", "top"]
    table = np.array([[costs[label].get(answer, 0) for answer in labels] for label in labels])
    least = (tested[[f"p_{label}" for label in labels]].to_numpy() @ table).argmin(axis=1)
    assert [labels[code] for code in least] == tested["prediction"].tolist()
    assert decision["money"]["most_probable"]["value"] >= 0
    assert decision["calibration"]["temperature"][0] > 1, "naive Bayes is too bold"
    assert "Answered is the class that costs least" in done.out


def test_what_cannot_work_is_refused_before_anything_is_learned(mesic, source, tmp_path):
    early = mesic("run", *source, "threshold.rule=fixed", "out=early")
    late = mesic("run", *source, "source.target=x0", "learner=linear", "threshold.rule=f_beta", "out=late")
    planned = mesic("plan", *source, "source.target=x0", "learner=linear", "threshold.rule=f_beta")

    assert [done.status for done in (early, late, planned)] == [2, 2, 2]
    assert "threshold.rule=fixed needs threshold.value" in early.err
    assert not (tmp_path / "early").exists()
    assert "threshold.rule=f_beta decides between classes, and a regression task has none" in late.err
    assert "threshold.rule=f_beta decides between classes" in planned.err
    assert not (tmp_path / "late" / "partition.parquet").exists()
