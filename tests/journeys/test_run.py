"""``mesic run`` as its users type it."""

import json
import shutil
import signal
import time

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.conftest import people

FAST = ["tuner=single", "learner=tree"]


def record_of(folder):
    return json.loads((folder / "record.json").read_text())


def test_everything_that_the_design_promises_lies_in_the_run_folder(finished_run):
    promised = """record.json timeline.jsonl config/config.yaml partition.parquet oof.parquet test_predictions.parquet
    trials.jsonl zone.json zone.svg report.html schema.yaml bundle/manifest.json bundle/schema.yaml
    bundle/profile.parquet bundle/end_to_end.parquet bundle/confidence.parquet bundle/card.md bundle/environment.txt"""

    assert [name for name in promised.split() if not (finished_run / name).is_file()] == []
    assert not (finished_run / "stages").exists()


def test_the_record_says_what_was_done(finished_run):
    record = record_of(finished_run)

    assert (record["status"], record["exit_status"]) == ("finished", 0)
    for part in [
        "run",
        "config",
        "overrides",
        "choices",
        "config_sources",
        "versions",
        "platform",
        "threads",
        "plugins",
        "code",
        "git",
        "seeds",
        "data",
        "row_account",
        "partition",
        "baselines",
        "scores",
        "skill",
        "model",
        "zone",
        "trials",
        "findings",
        "digests",
        "files",
        "bundle",
    ]:
        assert part in record, part
    assert record["data"]["task"] == "binary"
    assert record["data"]["classes"][1] == record["data"]["positive"]
    assert record["row_account"]["read"] == record["row_account"]["used"] == 300


def test_every_score_has_an_interval(finished_run):
    record = record_of(finished_run)
    scores = [*record["scores"]["test"], *record["scores"]["out_of_fold"]]
    scores += [score for baseline in record["baselines"] for score in baseline["test"]]

    assert len(scores) > 20
    for score in (score for score in scores if score["value"] is not None):
        assert score["low"] <= score["value"] <= score["high"], score
        assert score["method"]
        assert score["n"] > 0


def test_parts_are_disjoint_and_cover(finished_run):
    parts = pq.read_table(finished_run / "partition.parquet").to_pandas()

    assert sorted(parts["row"]) == list(range(300))
    assert set(parts["part"]) == {"train", "test"}
    assert parts.loc[parts["part"] == "test", "fold"].isna().all()


def test_out_of_fold_losses_are_kept_for_every_training_row(finished_run):
    parts = pq.read_table(finished_run / "partition.parquet").to_pandas()
    losses = pq.read_table(finished_run / "oof.parquet").to_pandas()

    assert sorted(losses["row"]) == sorted(parts.loc[parts["part"] == "train", "row"])
    assert np.isfinite(losses["loss"]).all()


def test_types_ids_constants_and_blanks_are_found(finished_run):
    record = record_of(finished_run)
    kinds = {column["name"]: (column["kind"], column["role"]) for column in record["data"]["columns"]}
    coerced = {entry["column"]: entry["cells"] for entry in record["row_account"]["entries"]}

    assert kinds["person"] == ("id", "ignored")
    assert kinds["planet"] == ("constant", "ignored")
    assert kinds["income"] == ("number", "feature")
    assert kinds["since"] == ("time", "feature")
    assert kinds["bought"] == ("category", "target")
    assert coerced == {"income": int((people()["income"] == " ").sum())}


def test_json_is_one_object_on_stdout_and_nothing_else(mesic, table):
    done = mesic("run", "source=table", f"source.path={table}", "source.target=bought", *FAST, "out=r", "--json")

    assert done.status == 0
    assert done.json["status"] == "finished"
    assert done.out.count("\n") == 1


@pytest.mark.parametrize("learner", ["lightgbm", "linear", "random_forest", "extra_trees", "naive_bayes", "neighbors"])
def test_every_learner_goes_through_run_and_predict(mesic, table, learner):
    said = ["source=table", f"source.path={table}", "source.target=bought", "tuner.trials=2", f"learner={learner}"]
    done = mesic("run", *said, "out=r")
    scored = mesic("predict", "bundle=r/bundle", f"input={table}", "output=p.parquet", "--json")

    assert done.status == 0, done.err
    assert scored.status == 0, scored.err
    answers = pq.read_table(mesic.folder / "p.parquet").to_pandas()
    assert answers.columns.tolist() == ["prediction", "p_no", "p_yes"] or set(answers) == {
        "prediction",
        "p_no",
        "p_yes",
    }
    assert np.allclose(answers[["p_no", "p_yes"]].sum(axis=1), 1)


def test_transformers_selectors_and_samplers_compose_from_the_command_line(mesic, table):
    done = mesic(
        "run", "source=table", f"source.path={table}", "source.target=bought", "learner=linear", "tuner=single",
        "transformer=[one_hot]", "transformer.one_hot.max_levels=2", "selector=[long_tail]",
        "selector.long_tail.min_rows=0.02", "sampler=random", "sampler.share=0.8", "out=r",
    )  # fmt: skip

    assert done.status == 0, done.err
    steps = [step["name"] for step in record_of(mesic.folder / "r")["model"]["steps"]]
    assert [name.partition("-")[2] for name in steps] == ["codes", "one_hot", "impute", "scale", "linear"]


def test_a_group_is_never_divided(mesic, tmp_path):
    frame = people().assign(home=lambda f: f.index % 40)
    frame.to_parquet(tmp_path / "t.parquet")
    done = mesic(
        "run", "source=table", "source.path=t.parquet", "source.target=bought", "source.group=home", *FAST, "out=r"
    )

    assert done.status == 0, done.err
    parts = pq.read_table(tmp_path / "r" / "partition.parquet").to_pandas()
    homes = frame.loc[parts["row"], "home"].to_numpy()
    assert set(homes[parts["part"] == "test"]).isdisjoint(homes[parts["part"] == "train"])
    assert record_of(tmp_path / "r")["partition"]["proof"]["groups_whole"] is True


def test_time_trains_on_the_past(mesic, table):
    said = ["source=table", f"source.path={table}", "source.target=bought", "source.time=since", "splitter.folds=3"]
    done = mesic("run", *said, *FAST, "out=r")

    assert done.status == 0, done.err
    assert record_of(mesic.folder / "r")["partition"]["proof"]["in_time_order"] is True


def test_sorting_the_file_moves_no_row(mesic, tmp_path):
    frame = people()
    keys = {}
    for name, table in {"a": frame, "b": frame.sample(frac=1, random_state=1)}.items():
        table.to_csv(tmp_path / f"{name}.csv", index=False)
        mesic("run", "source=table", f"source.path={name}.csv", "source.target=bought", *FAST, f"out={name}")
        parts = pq.read_table(tmp_path / name / "partition.parquet").to_pandas()
        keys[name] = dict(zip(parts["key"], parts["part"], strict=True))

    assert keys["a"] == keys["b"]


def test_csv_and_parquet_of_equal_content_have_one_digest(mesic, tmp_path):
    digests = set()
    for suffix, write in {"csv": "to_csv", "parquet": "to_parquet", "feather": "to_feather"}.items():
        getattr(people(), write)(tmp_path / f"t.{suffix}", **({"index": False} if suffix == "csv" else {}))
        done = mesic(
            "run", "source=table", f"source.path=t.{suffix}", "source.target=bought", *FAST, f"out={suffix}", "--json"
        )
        digests.add(done.json["data"]["digest"])

    assert len(digests) == 1


def test_a_sweep_runs_every_job_and_prints_a_line_each(mesic, table):
    said = ["source=table", f"source.path={table}", "source.target=bought", "tuner=single"]
    done = mesic("run", "-m", *said, "learner=tree,naive_bayes", "seed=1,2", "out=sweep", "--json")

    assert done.status == 0, done.err
    assert [run["status"] for run in done.json["runs"]] == ["finished"] * 4
    assert {run["model"]["learner"] for run in done.json["runs"]} == {"tree", "naive_bayes"}


def test_a_sweep_runs_with_the_joblib_launcher(mesic, table):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher", reason="the joblib extra is not installed")
    said = ["source=table", f"source.path={table}", "source.target=bought", *FAST]
    done = mesic(
        "run", "-m", *said, "seed=1,2", "out=sweep", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "--json"
    )

    assert done.status == 0, done.err
    assert [run["status"] for run in done.json["runs"]] == ["finished"] * 2


def test_a_sweep_is_taken_up_again_and_its_folder_serves_no_other(mesic, table):
    said = ["run", "-m", "source=table", f"source.path={table}", "source.target=bought", *FAST]
    first = mesic(*said, "seed=1", "out=sweep", "--json")
    written = (mesic.folder / "sweep" / "0" / "record.json").read_bytes()
    longer = mesic(*said, "seed=1,2", "out=sweep", "--json")
    other = mesic(*said, "seed=5,6", "out=sweep")
    into_a_run = mesic(*said, "seed=1", "out=sweep/0")

    assert first.status == longer.status == 0, longer.err
    assert len(longer.json["runs"]) == 2
    assert (mesic.folder / "sweep" / "0" / "record.json").read_bytes() == written
    assert (other.status, into_a_run.status) == (2, 2)
    assert "holds a finished run" in other.err
    assert "holds a single run" in into_a_run.err


def test_a_positive_label_without_two_classes_is_refused(mesic):
    done = mesic("run", "source.dataset=diabetes", "source.positive=yes", *FAST, "out=r")

    assert done.status == 2
    assert "source.positive='yes' needs a binary task" in done.err


def test_the_same_run_twice_has_the_same_digests_and_reproduce_says_so(mesic, finished_run):
    mesic.folder = finished_run.parent
    done = mesic("reproduce", f"run={finished_run}", "--json")

    assert done.status == 0, done.err
    assert done.json["verdict"] == "identical"


def test_reproduce_names_changed_data(mesic, table):
    mesic("run", "source=table", f"source.path={table}", "source.target=bought", *FAST, "out=r")
    people(seed=5).to_csv(table, index=False)
    done = mesic("reproduce", "run=r", "--json")

    assert done.status == 1
    assert done.json["verdict"] == "different"
    assert done.json["differs"][0] == "data"
    assert "have changed" in done.json["causes"][0]


def test_a_killed_run_shows_and_is_taken_up_again(mesic, table):
    said = ["run", "source=table", f"source.path={table}", "source.target=bought", "tuner.trials=40", "out=r"]
    process = mesic.start(*said)
    stages = mesic.folder / "r" / "stages"
    for _ in range(600):
        if stages.exists() and len(list(stages.glob("trial-*.arrow"))) >= 3:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    kept = len(list(stages.glob("trial-*.arrow")))
    log = mesic("log", "run=r", "--json")
    shutil.copytree(mesic.folder / "r", mesic.folder / "dead")
    again = mesic.anew(*said[:-2], "tuner.trials=40", "out=r", "--json")
    fresh = mesic.anew(*said[:-2], "tuner.trials=40", "out=fresh", "--json")

    assert kept >= 3
    assert record_of(mesic.folder / "dead")["status"] == "running"
    assert "died" in {activity["outcome"] for activity in log.json["activities"]}
    assert again.status == 0, again.err
    assert record_of(mesic.folder / "r")["digests"] == record_of(mesic.folder / "fresh")["digests"]
    assert fresh.status == 0


def test_control_c_is_recorded(mesic, table):
    process = mesic.start(
        "run", "source=table", f"source.path={table}", "source.target=bought", "tuner.trials=500", "out=r"
    )
    for _ in range(600):
        if (mesic.folder / "r" / "stages").exists():
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "Traceback" not in err
    assert record_of(mesic.folder / "r")["status"] == "interrupted"


def test_a_finished_run_is_never_overwritten(mesic, finished_run):
    mesic.folder = finished_run.parent
    before = (finished_run / "record.json").read_bytes()
    done = mesic("run", "source=table", "source.path=people.csv", "source.target=bought", "out=run")

    assert done.status == 2
    assert "holds a finished run" in done.err
    assert (finished_run / "record.json").read_bytes() == before


def test_an_edited_schema_is_enforced(mesic, table):
    mesic("run", "source=table", f"source.path={table}", "source.target=bought", *FAST, "out=r")
    schema = (mesic.folder / "r" / "schema.yaml").read_text()
    edited = schema.replace(
        "age:\n    kind: number\n    role: feature\n", "age:\n    kind: number\n    role: feature\n    range: [0, 50]\n"
    )
    (mesic.folder / "s.yaml").write_text(edited)
    done = mesic("run", "source=table", f"source.path={table}", "source.schema=s.yaml", *FAST, "out=r2")

    assert edited != schema
    assert done.status == 3
    assert "'age' breaks 'range: [0, 50]'" in done.err


def test_regression_and_multiclass_tables_of_scikit_learn_run(mesic):
    for dataset, task in {"diabetes": "regression", "iris": "multiclass"}.items():
        done = mesic("run", f"source.dataset={dataset}", "tuner.trials=2", f"out={dataset}", "--json")

        assert done.status == 0, done.err
        assert done.json["data"]["task"] == task


def test_a_users_conf_folder_wins_over_ours(mesic, table):
    recipe = mesic.folder / "conf" / "experiment"
    recipe.mkdir(parents=True)
    overrides = "".join(f"  - override /{group}\n" for group in ("learner: tree", "tuner: single", "source: table"))
    body = f"# @package _global_\ndefaults:\n{overrides}source: {{path: {table}, target: bought}}\n"
    (recipe / "mine.yaml").write_text(body)
    done = mesic("run", "experiment=mine", "out=r", "--json")

    assert done.status == 0, done.err
    assert done.json["model"]["learner"] == "tree"


def test_a_folder_with_an_engine_plugins_and_conf_of_its_own_disturbs_nothing(mesic, table):
    for name in ("engine/mesic", "engine", "plugins/mesic_plugins", "plugins", "conf"):
        (mesic.folder / name).mkdir(parents=True, exist_ok=True)
        (mesic.folder / name / "__init__.py").write_text("raise RuntimeError('not yours')\n")
    (mesic.folder / "conf" / "database.yaml").write_text("host: localhost\n")
    done = mesic("run", "source=table", f"source.path={table}", "source.target=bought", *FAST, "out=r")

    assert done.status == 0, done.err


def test_unseen_categories_and_blanks_are_predicted(mesic, finished_run):
    mesic.folder = finished_run.parent
    strange = people(20, seed=3).assign(city="Atlantis", income="").drop(columns=["bought", "person"]).assign(extra=1)
    strange.to_csv(mesic.folder / "new.csv", index=False)
    done = mesic("predict", f"bundle={finished_run}/bundle", "input=new.csv", "output=p.csv", "--json")

    assert done.status == 0, done.err
    assert done.json["rows"] == 20
    assert done.json["unused_columns"] == ["planet", "extra"]
    assert len(pd.read_csv(mesic.folder / "p.csv")) == 20


def test_predicting_without_a_needed_column_is_refused(mesic, finished_run):
    mesic.folder = finished_run.parent
    people(20).drop(columns="age").rename(columns={"income": "incom"}).to_csv(mesic.folder / "lacks.csv", index=False)
    done = mesic("predict", f"bundle={finished_run}/bundle", "input=lacks.csv", "output=no.csv")

    assert done.status == 3
    assert "'age'" in done.err
    assert not (mesic.folder / "no.csv").exists()


@pytest.mark.parametrize("harm", ["alter", "remove", "add"])
def test_an_altered_bundle_is_refused_and_the_file_named(mesic, finished_run, tmp_path, harm):
    bundle = tmp_path / "bundle"
    shutil.copytree(finished_run / "bundle", bundle)
    victim = bundle / "profile.parquet"
    if harm == "alter":
        victim.write_bytes(victim.read_bytes()[:-2] + b" \n")
    elif harm == "remove":
        victim.unlink()
    else:
        victim = bundle / "evil.pkl"
        victim.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    done = mesic("check", f"bundle={bundle}")

    assert done.status == 1
    assert victim.name in done.err


def test_human_work_is_booked_with_its_cost(mesic, finished_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    booked = mesic("log", f"run={run}", "activity='labelled 300 rows'", "hours=3.5", "cost=120", "who=ada")
    shown = mesic("log", f"run={run}", "by=who", "--json")

    assert booked.status == 0, booked.err
    assert {"stage": "ada", "hours": 3.5, "cost": 120.0} in [
        {key: line.get(key) for key in ("stage", "hours", "cost")} for line in shown.json["activities"]
    ]


def test_stage_times_add_up_to_the_run(finished_run):
    from mesic.runs.timeline import read_timeline

    activities = read_timeline(finished_run)
    total = next(a["wall_s"] for a in activities if a["stage"] == "run")
    stages = sum(a["wall_s"] for a in activities if a["stage"] not in ("run", "report"))

    assert stages >= 0.8 * total


@pytest.mark.parametrize("baselines", ["[]", "[random]"])
def test_the_zero_rule_is_always_a_baseline(mesic, table, baselines):
    said = ["source=table", f"source.path={table}", "source.target=bought", *FAST, f"baseline={baselines}"]
    done = mesic("run", *said, "out=r")

    assert done.status == 0, done.err
    record = record_of(mesic.folder / "r")
    assert "zero_rule" in {baseline["name"] for baseline in record["baselines"]}
    assert record["zone"]["baseline_loss"] > 0
    assert record["skill"]["low"] is not None


def test_the_loss_that_is_searched_for_is_weighted(mesic, tmp_path):
    frame = people().assign(importance=np.where(np.arange(300) % 3, 0.1, 5.0))
    frame.to_parquet(tmp_path / "t.parquet")
    said = ["source=table", "source.path=t.parquet", "source.target=bought", "source.weight=importance"]
    done = mesic("run", *said, *FAST, "out=r")

    assert done.status == 0, done.err
    found = pq.read_table(tmp_path / "r" / "oof.parquet").to_pandas()
    weight = frame["importance"].to_numpy()[found["row"]]
    trial = json.loads((tmp_path / "r" / "trials.jsonl").read_text())
    assert trial["loss"] == pytest.approx(np.average(found["loss"], weights=weight))
    assert trial["loss"] != pytest.approx(found["loss"].mean())
    assert record_of(tmp_path / "r")["zone"]["trials"][0]["loss"] == trial["loss"]


def test_a_folder_that_another_process_writes_is_left_alone(mesic, table):
    said = ["run", "source=table", f"source.path={table}", "source.target=bought", "tuner.trials=500", "out=r"]
    first = mesic.start(*said)
    for _ in range(600):
        if (mesic.folder / "r" / "stages").exists():
            break
        time.sleep(0.05)
    second = mesic(*said)
    first.kill()
    first.communicate()

    assert second.status == 2
    assert f"process {first.pid}" in second.err
