"""Transformers on the command line: text and dates become columns; what a learner cannot read is made up for."""

import json

import numpy as np
import pandas as pd
import pytest

FAST = ("tuner=single", "auditor=[]", "splitter.folds=3")
WORDS = ["late", "broken", "fine", "great", "delivery", "box", "again", "never", "slow", "kind", "rude", "price"]


def complaints(rows=400, seed=0):
    """Return notes in free text, times, towns of many levels, an amount, and a target that notes and weekends make."""
    rng = np.random.default_rng(seed)
    notes = [" ".join([*rng.choice(WORDS, rng.integers(5, 12)), f"case{row}"]) for row in range(rows)]
    when = pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 24 * 700, rows), "h")
    score = np.array([("broken" in note) - ("great" in note) for note in notes]) + 0.8 * (when.day_of_week >= 5)
    return pd.DataFrame(
        {
            "note": notes,
            "when": when,
            "town": rng.choice([f"town {number}" for number in range(60)], rows),
            "amount": rng.lognormal(3, 1, rows).round(2),
            "complaint": np.where(score + 0.3 * rng.normal(size=rows) > 0.4, "yes", "no"),
        }
    )


@pytest.fixture
def source(tmp_path):
    complaints().to_csv(tmp_path / "t.csv", index=False)
    return ("source=table", "source.path=t.csv", "source.target=complaint", *FAST)


def record_of(folder):
    return json.loads((folder / "record.json").read_text())


def codes(record):
    return [finding["code"] for finding in record["findings"]]


def test_text_and_dates_are_read_and_the_bundle_answers_texts_that_nobody_wrote_before(mesic, source, tmp_path):
    done = mesic("run", *source, "transformer=[text_counts,dates]", "transformer.dates.parts=[weekday]", "out=r")

    assert done.status == 0, done.err
    record = record_of(tmp_path / "r")
    assert record["skill"]["low"] > 0.2
    assert {"note: broken", "note: great", "when: weekday"} <= set(record["model"]["columns"])
    assert "note" not in record["model"]["columns"]
    assert "TEXT-COLUMN" not in codes(record)
    steps = json.loads((tmp_path / "r/bundle/steps/00-codes/step.json").read_text())["params"]["columns"]
    assert next(column for column in steps if column["name"] == "note") == {"kind": "text", "name": "note"}
    fresh = complaints(rows=2).assign(note=["broken and unheard of", "great and unheard of"])
    fresh.drop(columns="complaint").to_csv(tmp_path / "new.csv", index=False)
    assert mesic("predict", "bundle=r/bundle", "input=new.csv", "output=answers.csv").status == 0
    answers = pd.read_csv(tmp_path / "answers.csv")
    assert answers["p_yes"][0] > answers["p_yes"][1] + 0.3
    assert "identical" in mesic("reproduce", "run=r").out


def test_free_text_that_nobody_reads_is_left_out_and_the_finding_says_who_would_read_it(mesic, source, tmp_path):
    assert mesic("run", *source, "out=r").status == 0

    finding = next(finding for finding in record_of(tmp_path / "r")["findings"] if finding["code"] == "TEXT-COLUMN")
    assert "transformer=[text_counts]" in finding["fix"]


def test_text_that_a_schema_calls_a_feature_is_refused_where_nobody_reads_it(mesic, source, tmp_path):
    assert mesic("data", "schema", *source[:3], "out=schema.yaml").status == 0
    text = (tmp_path / "schema.yaml").read_text()
    before, _, after = text.partition("  note:")
    (tmp_path / "schema.yaml").write_text(before + "  note:" + after.replace("role: ignored", "role: feature", 1))

    done = mesic("run", *source, "source.schema=schema.yaml", "out=r")

    assert done.status == 2
    assert "transformer=[text_counts]" in done.err


def test_who_reads_letters_comes_first(mesic, source):
    done = mesic("run", *source, "transformer=[dates,hashing]", "out=r")

    assert done.status == 2
    assert "transformer=hashing reads text as the source gives it: put it before dates" in done.err


def test_levels_are_encoded_out_of_fold_and_noise_stays_noise(mesic, tmp_path):
    rng = np.random.default_rng(0)
    noise = pd.DataFrame({"id": rng.integers(0, 150, 600).astype(str), "x": rng.normal(size=600)})
    noise.assign(id="i" + noise["id"], y=rng.choice(["a", "b"], 600)).to_csv(tmp_path / "t.csv", index=False)
    source = ("source=table", "source.path=t.csv", "source.target=y", *FAST)

    done = mesic("run", *source, "transformer=[target_encoding]", "learner=linear", "out=r")

    assert done.status == 0, done.err
    record = record_of(tmp_path / "r")
    assert "NO-BETTER-THAN-BASELINE" in codes(record)
    assert record["scores"]["test"][0]["value"] < 0.75, "a learner that saw its own targets would be sure of nothing"


def test_a_scaler_of_the_users_own_replaces_the_usual_one(mesic, source, tmp_path):
    assert mesic("run", *source, "transformer=[robust]", "learner=linear", "needs.scale=null", "out=r").status == 0

    assert "UNSCALED-INPUT" not in codes(record_of(tmp_path / "r"))
    assert sorted(path.name for path in (tmp_path / "r/bundle/steps").iterdir()) == [
        "00-codes", "01-scale", "02-one_hot", "03-impute", "04-linear",
    ]  # fmt: skip


def test_what_a_learner_needs_and_does_not_get_is_said_or_refused(mesic, source, tmp_path):
    assert mesic("run", *source, "learner=linear", "needs.scale=null", "out=r").status == 0
    assert "UNSCALED-INPUT" in codes(record_of(tmp_path / "r"))

    done = mesic("run", *source, "learner=linear", "needs.categories=null", "out=s")

    assert done.status == 2
    assert "'town' have some" in done.err
    assert "needs.categories=one_hot mends it" in done.err


def test_a_column_that_a_transformer_names_and_nobody_has_is_said_before_the_search(mesic, source):
    done = mesic("run", *source, "transformer=[robust]", "transformer.robust.columns=[amont]", "out=r")

    assert done.status == 2
    assert "columns='amont' cannot work: give names or patterns of these: 'when', 'town', 'amount'" in done.err
    assert "fold" not in done.err


def test_copies_that_a_sampler_draws_do_not_tell_a_row_its_target_and_made_rows_are_refused(mesic, tmp_path):
    rng = np.random.default_rng(0)
    rows = 2000
    frame = pd.DataFrame({"x": rng.normal(size=rows), "shop": [f"s{n}" for n in rng.integers(0, 600, rows)]})
    frame["y"] = np.where(frame["x"] + 0.5 * rng.normal(size=rows) > 1.3, "yes", "no")
    frame.to_csv(tmp_path / "t.csv", index=False)
    source = ("source=table", "source.path=t.csv", "source.target=y", *FAST, "evaluator=[]", "metric=roc_auc")
    areas = []
    for number, more in enumerate(([], ["transformer=[target_encoding]"])):
        done = mesic("run", *source, "sampler=oversample", *more, f"out=r{number}")
        assert done.status == 0, done.err
        areas.append(record_of(tmp_path / f"r{number}")["scores"]["test"][0]["value"])

    assert areas[1] > areas[0] - 0.03

    made = mesic("run", *source, "sampler=smote", "transformer=[target_encoding]", "source.ignore=[shop]", "out=s")
    assert made.status == 2
    assert "sampler=smote makes rows of others" in made.err


def test_a_forbidden_column_is_hidden_from_transformers_too(mesic, source, tmp_path):
    done = mesic(
        "run", *source, "transformer=[interactions,crosses]", "selection.forbid=[amount]", "evaluator=[]", "out=r"
    )

    assert done.status == 0, done.err
    record = record_of(tmp_path / "r")
    assert not [name for name in record["model"]["columns"] if "amount" in name]
    columns = json.loads((tmp_path / "r/bundle/steps/00-codes/step.json").read_text())["params"]["columns"]
    assert "amount" not in [column["name"] for column in columns]
    both = mesic("run", *source, "selection.forbid=[amount]", "selection.protect=[amount]", "out=s")
    assert both.status == 2
    assert "both name 'amount'" in both.err


def test_what_a_scaler_makes_of_times_is_no_time(mesic, source, tmp_path):
    done = mesic("run", *source, "transformer=[standardize,dates]", "evaluator=[]", "out=r")

    assert done.status == 0, done.err
    assert not [name for name in record_of(tmp_path / "r")["model"]["columns"] if name.startswith("when:")]
    assert "NOTHING-TO-REWRITE" in codes(record_of(tmp_path / "r"))
