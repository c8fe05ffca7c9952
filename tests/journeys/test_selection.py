"""Selectors on the command line: what is kept, what it costs, how stable it is, what is refused."""

import json

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from sklearn.datasets import make_friedman1

FAST = ("tuner=single", "auditor=[]", "splitter.folds=3")


@pytest.fixture
def friedman(tmp_path):
    """A table of five columns that matter, fifteen of noise and a town of rare levels."""
    X, y = make_friedman1(600, 20, noise=1.0, random_state=0)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(X, columns=[f"x{place}" for place in range(20)]).assign(y=y)
    frame["town"] = np.where(
        rng.random(600) < 0.05, [f"hamlet {n}" for n in range(600)], rng.choice(["Ulm", "Bonn"], 600)
    )
    frame["idle"] = np.where(np.arange(600) == 7, 1.0, 0.0)
    frame.to_csv(tmp_path / "t.csv", index=False)
    return ("source=table", "source.path=t.csv", "source.target=y", *FAST)


def record_of(folder):
    return json.loads((folder / "record.json").read_text())


def test_a_chain_is_fitted_shown_beside_its_controls_and_written_down(mesic, friedman, tmp_path):
    done = mesic("run", *friedman, "selector=[long_tail,boruta]", "selection.subsamples=4", "out=r")

    assert done.status == 0, done.err
    record = record_of(tmp_path / "r")
    selection = record["selection"]
    first = selection["choices"][0]
    assert (first["selector"], first["of"], first["kept"]) == ("long_tail", 22, 21)
    assert {"x0", "x1", "x2", "x3", "x4"} <= set(record["model"]["columns"])
    assert len(record["model"]["columns"]) <= 7
    assert [row["name"] for row in selection["beside"]] == ["long_tail, boruta", "all columns", "univariate control"]
    for row in selection["beside"]:
        assert row["score"]["low"] < row["score"]["value"] < row["score"]["high"]
    assert selection["beside"][1]["difference"]["high"] < 0, "fifteen columns of noise cost a forest something"
    assert 0.5 < selection["stability"]["low"] <= selection["stability"]["value"] <= 1
    written = pq.read_table(tmp_path / "r" / "selection.parquet").to_pandas()
    assert written.groupby("selector").size().to_dict() == {"boruta": 21, "long_tail": 22}
    assert "boruta keeps" in done.out
    page = (tmp_path / "r" / "report.html").read_text()
    assert 'id="columns"' in page
    assert "Beside all columns and univariate control" in page


def test_rare_levels_are_merged_and_the_bundle_answers_as_the_run_did(mesic, friedman, tmp_path):
    done = mesic("run", *friedman, "selector=[long_tail]", "selector.long_tail.min_rows=20", "out=r")

    assert done.status == 0, done.err
    choice = record_of(tmp_path / "r")["selection"]["choices"][0]
    (town,) = [row for row in choice["evidence"] if row["column"] == "town"]
    assert town["kept"]
    assert "rare levels share '(rare)'" in town["reason"]
    assert mesic("predict", "bundle=r/bundle", "input=t.csv", "output=p.csv").status == 0
    tested = pq.read_table(tmp_path / "r" / "test_predictions.parquet").to_pandas()
    answers = pd.read_csv(tmp_path / "p.csv")
    np.testing.assert_array_equal(answers["prediction"][tested["row"]], tested["prediction"])


def test_a_cut_that_costs_more_than_its_interval_is_said(mesic, tmp_path):
    rng = np.random.default_rng(0)
    words = (rng.random((800, 40)) < 0.05).astype(int)
    frame = pd.DataFrame(words, columns=[f"word {n}" for n in range(40)]).assign(other=rng.normal(size=800))
    frame["y"] = words @ rng.choice([-3.0, 3.0], 40) + rng.normal(0, 0.5, 800)
    frame.to_csv(tmp_path / "t.csv", index=False)
    done = mesic(
        "run", "source=table", "source.path=t.csv", "source.target=y", "learner=linear", *FAST,
        "selector=[long_tail]", "selector.long_tail.min_rows=0.3", "selection.subsamples=0", "out=r",
    )  # fmt: skip

    assert done.status == 0, done.err
    record = record_of(tmp_path / "r")
    assert "SELECTION-COSTS" in {finding["code"] for finding in record["findings"]}
    assert record["selection"]["stability"] is None


def test_protected_columns_stay_and_forbidden_ones_are_never_seen(mesic, friedman, tmp_path):
    done = mesic(
        "run", *friedman, "selector=[boruta]", "selection.protect=['x1*']", "selection.forbid=[x3]",
        "selection.subsamples=0", "out=r",
    )  # fmt: skip

    assert done.status == 0, done.err
    seen = set(record_of(tmp_path / "r")["model"]["columns"])
    assert {f"x1{place}" for place in range(10)} <= seen
    assert "x3" not in seen


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("selection.forbid=[x33]", "selection.forbid names 'x33'"),
        ("selection.forbid=['*']", "leaves no column"),
        ("selection.protect=[nope]", "selection.protect names 'nope'"),
    ],
)
def test_entries_that_cannot_work_are_refused(mesic, friedman, said, words):
    done = mesic("run", *friedman, said, "out=r")

    assert done.status == 2
    assert words in done.err


def test_noise_alone_leaves_one_column_and_says_so(mesic, tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(300, 6)), columns=list("abcdef")).assign(y=rng.normal(size=300))
    frame.to_csv(tmp_path / "t.csv", index=False)
    done = mesic(
        "run", "source=table", "source.path=t.csv", "source.target=y", *FAST, "selector=[boruta]",
        "selection.subsamples=0", "out=r",
    )  # fmt: skip

    assert done.status == 0, done.err
    record = record_of(tmp_path / "r")
    assert len(record["model"]["columns"]) == 1
    assert {"NOTHING-SELECTED", "NO-BETTER-THAN-BASELINE"} <= {finding["code"] for finding in record["findings"]}


def table_of(frame, folder):
    frame.to_csv(folder / "t.csv", index=False)
    return ("run", "source=table", "source.path=t.csv", "source.target=y", *FAST, "selection.subsamples=0",
            "selector=[long_tail,boruta,l1]", "out=r")  # fmt: skip


class TestBadTables:
    """Each is named by the run, and nothing falls over."""

    def test_more_columns_than_rows(self, mesic, tmp_path):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(40, 200)), columns=[f"x{n}" for n in range(200)])
        frame["y"] = frame["x0"] * 3 + frame["x1"] * 3 + rng.normal(size=40)
        done = mesic(*table_of(frame, tmp_path))

        assert done.status == 0, done.err
        record = record_of(tmp_path / "r")
        assert len(record["model"]["columns"]) <= 5
        assert "WIDE-TABLE" in {finding["code"] for finding in record["findings"]}

    def test_columns_that_are_constant_missing_or_twice_there(self, mesic, tmp_path):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"a": rng.normal(size=300), "fixed": 1.0, "void": np.nan, "noise": rng.normal(size=300)})
        frame["again"] = frame["a"]
        frame["y"] = frame["a"] + rng.normal(0, 0.3, 300)
        done = mesic(*table_of(frame, tmp_path))

        assert done.status == 0, done.err
        seen = set(record_of(tmp_path / "r")["model"]["columns"])
        assert seen & {"a", "again"}
        assert not seen & {"fixed", "void", "noise"}

    def test_a_column_that_is_the_target(self, mesic, tmp_path):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(300, 4)), columns=list("abcd"))
        frame["y"] = frame["a"] + rng.normal(size=300)
        frame["leak"] = 2 * frame["y"]
        done = mesic(*table_of(frame, tmp_path))

        assert done.status == 0, done.err
        record = record_of(tmp_path / "r")
        assert "leak" in record["model"]["columns"]
        named = [finding for finding in record["findings"] if finding["code"] == "DOMINANT-COLUMN"]
        assert "'leak'" in named[0]["message"]

    def test_one_column_and_classes_of_one_row(self, mesic, tmp_path):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame({"a": rng.normal(size=120)})
        frame["y"] = np.where(frame["a"] > 0, "yes", "no")
        frame.loc[[3, 4], "y"] = ["perhaps", "never"]
        done = mesic(*table_of(frame, tmp_path))

        assert done.status == 0, done.err
        assert record_of(tmp_path / "r")["model"]["columns"] == ["a"]

    def test_a_class_a_row(self, mesic, tmp_path):
        rng = np.random.default_rng(0)
        frame = pd.DataFrame(rng.normal(size=(60, 2)), columns=list("ab"))
        frame["y"] = [f"class {row}" for row in range(60)]
        done = mesic(*table_of(frame, tmp_path))

        assert done.status == 1
        assert "has a class of its own" in done.err


def test_rows_made_before_columns_are_chosen_are_a_finding(mesic, tmp_path):
    pytest.importorskip("imblearn")
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 4)), columns=list("abcd"))
    frame["y"] = np.where(frame["a"] + rng.normal(0, 0.5, 400) > 1, "yes", "no")
    frame.to_csv(tmp_path / "t.csv", index=False)
    done = mesic(
        "run", "source=table", "source.path=t.csv", "source.target=y", *FAST, "sampler=smote", "selector=[univariate]",
        "selection.subsamples=0", "out=r",
    )  # fmt: skip

    assert done.status == 0, done.err
    assert "SAMPLER-BEFORE-SELECTOR" in {finding["code"] for finding in record_of(tmp_path / "r")["findings"]}


def test_groups_reach_boruta(mesic, tmp_path):
    rng = np.random.default_rng(0)
    homes = np.repeat(np.arange(60), 10)
    frame = pd.DataFrame(rng.normal(size=(60, 6))[homes], columns=list("abcdef"))
    frame = frame + rng.normal(0, 0.01, frame.shape)
    frame["home"], frame["y"] = homes, rng.normal(size=60)[homes]
    frame.to_csv(tmp_path / "t.csv", index=False)
    common = ("run", "source=table", "source.path=t.csv", "source.target=y", "source.group=home", *FAST,
              "selector=[boruta]", "selection.subsamples=0")  # fmt: skip

    assert mesic(*common, "out=rows").status == 0
    assert mesic(*common, "selector.boruta.shadows=group", "out=homes").status == 0
    kept = [len(record_of(tmp_path / out)["model"]["columns"]) for out in ("rows", "homes")]
    assert kept[1] < kept[0]


def test_what_was_selected_is_reproduced(mesic, friedman, tmp_path):
    assert mesic("run", *friedman, "selector=[boruta,l1]", "selection.subsamples=0", "out=r").status == 0
    again = mesic("reproduce", "run=r")

    assert again.status == 0, again.out + again.err


SLOW = '''
import time

import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin

from mesic import Component, hookimpl


class Slow(TransformerMixin, BaseEstimator):
    """Add the square of x0 beside all columns, and take a millisecond a row."""

    def fit(self, X, y=None):
        self.names_ = [*map(str, X.columns), "x0 squared"]
        return self

    def transform(self, X):
        time.sleep(0.001 * len(X))
        return X.assign(**{"x0 squared": X["x0"] ** 2})

    def get_feature_names_out(self, input_features=None):
        return self.names_


@hookimpl
def register_transformers():
    yield Component("slow", "slow_squares:Slow", "a slow column", traits=frozenset({"missing", "categories", "adds"}))
'''


def test_a_slow_column_is_named_with_its_cost_and_left_out_within_a_budget(mesic, friedman, tmp_path):
    from tests.conftest import install_module

    site = tmp_path / "site"
    site.mkdir()
    install_module(site, "slow_squares", SLOW)
    here = {"PYTHONPATH": str(site)}
    common = (*friedman, "transformer=[slow]", "selection.subsamples=0", "evaluator=[]")

    whole = mesic("run", *common, "out=whole", **here)
    cheap = mesic("run", *common, "selector=[cost_aware]", "selector.cost_aware.budget_us=200", "out=cheap", **here)

    assert (whole.status, cheap.status) == (0, 0), whole.err + cheap.err
    dear, spared = record_of(tmp_path / "whole"), record_of(tmp_path / "cheap")
    assert dear["costs"]["batch_us"] > 1000
    assert {step["step"]: step["batch_us"] > 1000 for step in dear["costs"]["steps"]}["01-skops"]
    assert spared["costs"]["batch_us"] < 200
    (choice,) = spared["selection"]["choices"]
    (row,) = [row for row in choice["evidence"] if not row["kept"]]
    assert (row["column"], row["statistic"]) == ("x0 squared", 1000.0)
    assert "OVER-BUDGET" in [finding["code"] for finding in spared["findings"]]
    assert "x0 squared" not in spared["model"]["columns"]
    against = next(other["difference"] for other in spared["selection"]["beside"] if other["name"] == "all columns")
    assert against["low"] <= 0, "what was left out costs less than the interval"


def test_a_bundle_asks_only_for_the_columns_that_were_chosen(mesic, friedman, tmp_path):
    assert mesic("run", *friedman, "selector=[boruta]", "selection.subsamples=0", "out=r").status == 0
    kept = record_of(tmp_path / "r")["model"]["columns"]
    table = pd.read_csv(tmp_path / "t.csv")
    table[kept].to_csv(tmp_path / "few.csv", index=False)
    table.drop(columns=["y", kept[0]]).to_csv(tmp_path / "too_few.csv", index=False)

    assert 5 <= len(kept) <= 7
    assert mesic("predict", "bundle=r/bundle", "input=few.csv", "output=a.csv").status == 0
    assert mesic("predict", "bundle=r/bundle", "input=t.csv", "output=b.csv").status == 0
    assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.csv").read_text()
    refused = mesic("predict", "bundle=r/bundle", "input=too_few.csv", "output=c.csv")
    assert refused.status == 3
    assert repr(kept[0]) in refused.err
