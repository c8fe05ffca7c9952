"""Configurations with mistakes, and data that cannot work: one clear message, the right exit status, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from tests.conftest import people

LIGHT = ("numpy", "pandas", "sklearn", "lightgbm", "optuna", "scipy", "pyarrow")


def refused(done, status, *words):
    assert done.status == status, done.err
    assert "Traceback" not in done.err
    for word in words:
        assert word in done.err, done.err


def test_all_mistakes_are_listed_together_before_any_work(mesic):
    done = mesic(
        "run", "leaner=tree", "learner=lihgtgbm", "seed=abc", "tuner.trails=3", "zone.prefer=simplst", "metrics=[auc]"
    )

    refused(done, 2, "6 problems", "did you mean 'learner'", "did you mean 'lightgbm'", "did you mean 'tuner.trials'")
    refused(done, 2, "did you mean 'simplest'", "did you mean 'roc_auc'", "seed='abc'")
    assert not (mesic.folder / "runs").exists()


def test_mistakes_of_every_job_of_a_sweep_are_found_before_the_first_starts(mesic):
    done = mesic("run", "-m", "learner=tree,nope", "seed=1,x", "out=sweep")

    refused(done, 2, "nope", "seed='x'")
    assert not (mesic.folder / "sweep").exists()


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (["splitter.test_share=2"], "from 0.01 to 0.9"),
        (["metric=f_beta", "metric.beta=0"], "metric.beta=0"),
        (["splitter=time"], "splitter=time needs source.time=COLUMN"),
        (["source.target=tarset"], "did you mean 'target'"),
        (["source.ignore=[target]"], "cannot be target and ignore at once"),
        (["source.task=regression", "learner=naive_bayes"], "does not serve source.task=regression"),
        (["seed=???"], "seed has no value"),
        (["seed=${nope}"], "cannot be worked out"),
        (["+learner._target_=os.system"], "never runs code"),
        (["tuner.space.num_leaves=[9,3]"], "the first number must be the lower"),
        (["tuner.space.leaves=[3,9]"], "no option of learner=lightgbm"),
        (["tuner.space.learning_rate=[0.1,2]"], "tuner.space.learning_rate=2 cannot work"),
        (["learner.num_leaves=15,31"], "add -m for a sweep"),
        (["learner=lightgbm,linear"], "add -m for a sweep"),
        (["experiment=quick"], "make conf/experiment/quick.yaml"),
        (["plugins.prefer={learner/tree: mesic}"], "write '+plugins.prefer="),
        (["policy.accept.LEAK-TIME=sure"], "write '+policy.accept.LEAK-TIME=sure'"),
        (["+policy.accept.LEAK-TIME=null"], "policy.accept.LEAK-TIME gives no reason"),
        (["policy.leak=loud"], "warn, strict"),
        (["splitter=predefined"], "splitter=predefined needs source.part=COLUMN"),
        (["splitter=[time,group]"], "give one name"),
        (["source=table"], "source.path has no value"),
        (["seed"], "cannot be read"),
        (["--nope"], "unrecognized arguments"),
    ],
)
def test_a_configuration_that_cannot_work_is_refused(mesic, said, words):
    refused(mesic("run", *said), 2, words)


def test_no_target_of_a_configuration_is_ever_resolved(mesic):
    (mesic.folder / "conf" / "learner").mkdir(parents=True)
    body = "_target_: os.system\ncommand: touch owned\nname: tree\n"
    (mesic.folder / "conf" / "learner" / "evil.yaml").write_text(body)
    done = mesic("run", "learner=evil")

    refused(done, 2, "learner._target_ cannot work")
    assert not (mesic.folder / "owned").exists()


def test_help_and_configuration_import_nothing_heavy(mesic):
    code = """import sys
from mesic.cli import status_of
status = status_of(sys.argv[1:])
heavy = [name for name in {light} if name in sys.modules]
sys.exit(repr(heavy) if heavy else status)"""
    for arguments in (["--help"], ["run", "--cfg", "job"], ["list"]):
        command = [sys.executable, "-c", code.format(light=LIGHT), *arguments]
        done = subprocess.run(
            command, check=False, cwd=mesic.folder, env=mesic.environment(), capture_output=True, text=True
        )

        assert done.returncode == 0, done.stderr


def test_unknown_verbs_and_components_are_named(mesic):
    refused(mesic("rnu"), 2, "did you mean 'run'")
    refused(mesic("list", "learner/lihgtgbm"), 4, "did you mean 'lightgbm'")
    refused(mesic("list", "leaner"), 2, "did you mean 'learner'")
    refused(mesic("predict", "bundle=nowhere", "input=x.csv", "output=y.csv"), 2)


@pytest.mark.parametrize(
    ("name", "content", "status", "words"),
    [
        ("none.csv", None, 2, "a file that exists"),
        ("folder.csv", "folder", 2, "not a folder"),
        ("strange.xyz", b"a,b\n1,2\n", 2, "a file that ends in"),
        ("empty.csv", b"", 2, "is empty"),
        ("lies.parquet", b"a,b\n1,2\n", 2, "is it cut off, or not what its suffix says?"),
        ("header.csv", b"a,y\n", 3, "nothing to learn from"),
        ("twice.csv", b"a,a,y\n1,2,3\n4,5,6\n", 3, "1 column name occurs twice: 'a'"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(mesic, name, content, status, words):
    if content == "folder":
        (mesic.folder / name).mkdir()
    elif content is not None:
        (mesic.folder / name).write_bytes(content)
    refused(mesic("run", "source=table", f"source.path={name}", "source.target=y"), status, words)


def test_a_truncated_parquet_file_is_named(mesic):
    people().to_parquet(mesic.folder / "whole.parquet")
    whole = (mesic.folder / "whole.parquet").read_bytes()
    (mesic.folder / "cut.parquet").write_bytes(whole[: len(whole) // 2])

    refused(mesic("run", "source=table", "source.path=cut.parquet", "source.target=bought"), 2, "is it cut off")


def run_frame(mesic, frame, *more):
    frame.to_parquet(mesic.folder / "t.parquet")
    return mesic("run", "source=table", "source.path=t.parquet", "source.target=y", "tuner=single", "out=r", *more)


def small(rows=80, **columns):
    rng = np.random.default_rng(0)
    return pd.DataFrame({"a": rng.normal(size=rows), "b": rng.normal(size=rows), "y": np.arange(rows) % 2} | columns)


@pytest.mark.parametrize(
    ("columns", "status", "words"),
    [
        ({"y": [None] * 80}, 3, "is missing in all 80 rows"),
        ({"y": ["same"] * 80}, 3, "is 'same' in every row"),
        ({"a": [None] * 80, "b": [None] * 80}, 3, "no column is left"),
    ],
)
def test_a_table_that_teaches_nothing_is_refused(mesic, columns, status, words):
    refused(run_frame(mesic, small(**columns)), status, words)


def test_a_class_with_one_row_is_learned_and_said(mesic):
    done = run_frame(mesic, small(y=["once", *(["x", "y"] * 40)[:79]]), "--json")

    assert done.status == 0, done.err
    assert "RARE-CLASS" in {finding["code"] for finding in done.json["findings"]}


def test_infinities_are_counted_and_read_as_missing(mesic):
    frame = small()
    frame.loc[[3, 5], "a"] = [np.inf, -np.inf]
    done = run_frame(mesic, frame, "--json")

    assert done.status == 0, done.err
    assert any("2 cells of 'a'" in finding["message"] for finding in done.json["findings"])


@pytest.mark.parametrize("learner", ["lightgbm", "linear"])
def test_columns_may_have_any_name(mesic, learner):
    names = ["class", "a b", 'quo"te', "it's", "ünï→", "{json: [1,2]}", "a.b", "=", "name"]
    frame = small(**{name: np.random.default_rng(len(name)).normal(size=80) for name in names})
    frame["{json: [1,2]}"] = np.where(frame["a"] > 0, "[x", "y]")
    done = run_frame(mesic, frame, f"learner={learner}")

    assert done.status == 0, done.err


def test_ten_thousand_levels_are_no_obstacle(mesic):
    rows = 20_000
    rng = np.random.default_rng(0)
    frame = small(rows, code=rng.integers(0, 10_000, rows).astype(str))
    for learner in ("lightgbm", "linear"):
        done = run_frame(mesic, frame, f"learner={learner}", f"out={learner}")
        assert done.status == 0, done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_named(mesic):
    (mesic.folder / "ro").mkdir(mode=0o500)
    refused(mesic("run", "tuner=single", "out=ro/r"), 2, "cannot write")


def test_a_full_disk_is_named_and_recorded_where_it_can_be(mesic):
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    people(50).to_csv(mesic.folder / "t.csv", index=False)
    done = mesic("run", "source=table", "source.path=t.csv", "source.target=bought", "tuner=single", "out=/dev/full/r")

    refused(done, 2, "cannot write")
