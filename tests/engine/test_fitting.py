"""The final fit: where nothing can be fitted any more, what is taken is what there are models of."""

import json

import numpy as np
import pandas as pd
import pytest

import mesic
from mesic.runs import trials
from mesic.training.attempting import NotFitted
from mesic.training.mean import FoldModels
from mesic.workers.supervised import Supervised

KEPT = 2


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Return a search whose budget lasts for no final fit and no fold that is fitted again."""

    def late(*_, **__):
        raise NotFitted("it would take 9.0 s or more")

    monkeypatch.setattr(Supervised, "whole", late)
    monkeypatch.setattr(Supervised, "folds", late)
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.normal(size=(150, 3)), columns=list("abc"))
    frame = X.assign(target=np.where(X["a"] + rng.normal(size=150) > 0, "yes", "no"))
    said = ["learner=tree", "tuner=random", "tuner.trials=6", "evaluator=[]", "auditor=[]", "cache.enabled=false"]
    return lambda: mesic.run(frame, target="target", overrides=said, out=tmp_path / "r")


def read(folder, name):
    return json.loads((folder / name).read_text())


def test_the_mean_is_taken_anew_from_trials_that_there_are_models_of(run, monkeypatch):
    monkeypatch.setattr(trials, "FoldModels", lambda: FoldModels(KEPT))
    folder = run().folder
    zone, record = read(folder, "zone.json"), read(folder, "record.json")

    made = [json.loads(line) for line in (folder / "trials.jsonl").read_text().splitlines()]
    best = sorted(range(len(made)), key=lambda number: (made[number]["loss"], number))
    assert set(map(int, zone["taken"])) <= set(best[:KEPT])
    assert record["model"]["learner"] == "tree"
    (finding,) = (found for found in record["findings"] if found["code"] == "NO-FINAL-FIT")
    assert set(finding["evidence"]["trials"]) == set(map(int, zone["taken"]))
    out_of_fold = next(score for score in record["scores"]["out_of_fold"] if score["metric"] == "log_loss")
    losses = pd.read_parquet(folder / "oof.parquet")["loss"]
    assert out_of_fold["value"] == pytest.approx(losses.mean())


def test_without_any_model_the_best_baseline_is_taken(run, monkeypatch):
    monkeypatch.setattr(FoldModels, "hear", lambda *_: None)
    record = read(run().folder, "record.json")

    assert record["model"]["learner"] in {baseline["name"] for baseline in record["baselines"]}
    assert "BUDGET-TOO-SMALL" in [found["code"] for found in record["findings"]]
