"""Learn from one table within a budget by one tool, and answer another table.

python tuned.py TOOL TRAIN TEST OUT --task binary --metric roc_auc --budget-s 30 [--threads 1] [--seed 0] [--cores 0]

TRAIN has a column ``target``, TEST has none. OUT gets ``answers.parquet``, a column of probabilities a class or the
column ``prediction``, and ``facts.json``: the seconds that learning took, imports and reading left out, and the trials.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT")
FOR_THE_REFIT = {"naive": 0.9, "lightgbm_tuner_cv": 0.85}  # of the budget; neither knows what its last fit will take
SMALLEST_TEST = 0.01  # mesic always keeps a test part of its own


@dataclass
class Answer:
    """What a tool says of the test rows, (n,) or (n, k), and what it took."""

    prediction: Any
    fit_s: float
    trials: int
    classes: Any = None
    more: dict[str, Any] = field(default_factory=dict)


def main() -> None:
    asked = arguments()
    if asked.cores and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(core) for core in asked.cores.split(",")})
    os.environ.update(dict.fromkeys(LIBRARIES, str(asked.threads)))
    warnings.filterwarnings("ignore")
    answer = TOOLS[asked.tool](asked)
    facts = {"fit_s": answer.fit_s, "trials": answer.trials, **answer.more}
    (asked.out / "facts.json").write_text(json.dumps(facts))
    write(answer, asked.out / "answers.parquet")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("tool", choices=TOOLS)
    for place in ("train", "test", "out"):
        parser.add_argument(place, type=Path)
    parser.add_argument("--task", required=True, choices=("binary", "multiclass", "regression"))
    parser.add_argument("--metric", required=True, choices=("roc_auc", "log_loss", "rmse"))
    parser.add_argument("--budget-s", type=float, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cores", default="")
    parser.add_argument("--overrides", nargs="*", default=[])
    return parser.parse_args()


def write(answer, path):
    """Write the answers in the order of the rows."""
    import pandas as pd

    if answer.classes is None:
        frame = pd.DataFrame({"prediction": answer.prediction})
    else:
        frame = pd.DataFrame(answer.prediction, columns=[str(label) for label in answer.classes])
    frame.to_parquet(path, index=False)


def read(asked):
    """Return training columns, target and test columns; both tables share their categories."""
    import pandas as pd

    train, test = pd.read_parquet(asked.train), pd.read_parquet(asked.test)
    y = train.pop("target")
    for name in train:
        if not pd.api.types.is_numeric_dtype(train[name]):
            texts = [frame[name].astype(object).map(str, na_action="ignore") for frame in (train, test)]
            known = pd.CategoricalDtype(sorted(set().union(*(text.dropna() for text in texts))))
            train[name], test[name] = (text.astype(known) for text in texts)
    return train, y, test


def is_regression(asked):
    return asked.task == "regression"


def mesic(asked):
    """Use the command line, as a user does, without audits and evaluators, which no other tool here has either."""
    import pandas as pd

    run, answers = asked.out / "run", asked.out / "mesic.parquet"
    source = ["source=table", f"source.path={asked.train}", "source.target=target", f"source.task={asked.task}"]
    limits = ["tuner.trials=null", f"tuner.budget_s={asked.budget_s}", f"resources.threads={asked.threads}"]
    rest = [f"metric={asked.metric}", f"splitter.test_share={SMALLEST_TEST}", f"seed={asked.seed}", f"out={run}"]
    rest += ["auditor=[]", "evaluator=[]"]
    began = time.monotonic()
    command("run", *source, *limits, *rest, *asked.overrides)
    command_s = time.monotonic() - began
    command("predict", f"bundle={run}/bundle", f"input={asked.test}", f"output={answers}", f"threads={asked.threads}")
    lines = [json.loads(line) for line in (run / "timeline.jsonl").read_text().splitlines()]
    stages = {line["stage"]: line["wall_s"] for line in lines if line["event"] == "end"}
    trials = json.loads((run / "record.json").read_text())["trials"]["tried"]
    frame = pd.read_parquet(answers)
    took = stages["search"] + stages["fit"]
    more = {"command_s": command_s, "stages": stages}
    if is_regression(asked):
        return Answer(frame["prediction"], took, trials, more=more)
    shares = frame.filter(regex="^p_")
    return Answer(shares.to_numpy(), took, trials, [name.removeprefix("p_") for name in shares], more)


def command(*said):
    subprocess.run([sys.executable, "-m", "mesic", *map(str, said)], check=True, stdout=subprocess.DEVNULL)


def flaml(asked):
    return _flaml(asked)


def flaml_lgbm(asked):
    return _flaml(asked, estimator_list=["lgbm"])


def _flaml(asked, **more):
    from flaml import AutoML

    X, y, test = read(asked)
    log, task = asked.out / "flaml.log", "regression" if is_regression(asked) else "classification"
    model, began = AutoML(), time.monotonic()
    model.fit(
        X, y, task=task, metric=asked.metric, time_budget=asked.budget_s, n_jobs=asked.threads, seed=asked.seed,
        verbose=0, log_file_name=str(log), log_type="all", **more,
    )  # fmt: skip
    took, trials = time.monotonic() - began, len(log.read_text().splitlines()) - 1
    best = {"best": str(model.best_estimator)}
    if is_regression(asked):
        return Answer(model.predict(test), took, trials, more=best)
    return Answer(model.predict_proba(test), took, trials, model.classes_, best)


def autogluon_medium(asked):
    return _autogluon(asked, presets="medium_quality")


def autogluon_best(asked):
    """Leave out dynamic stacking, which takes a part of the budget and fails where that part is a few seconds."""
    return _autogluon(asked, presets="best_quality", dynamic_stacking=False)


def _autogluon(asked, **preset):
    from autogluon.tabular import TabularPredictor

    X, y, test = read(asked)
    metric = "root_mean_squared_error" if is_regression(asked) else asked.metric
    model = TabularPredictor(
        "target", problem_type=asked.task, eval_metric=metric, path=str(asked.out / "autogluon"), verbosity=0
    )
    began = time.monotonic()
    model.fit(X.assign(target=y), time_limit=asked.budget_s, num_cpus=asked.threads, num_gpus=0, **preset)
    took, trials = time.monotonic() - began, len(model.model_names())
    best = {"best": model.model_best}
    if is_regression(asked):
        return Answer(model.predict(test).to_numpy(), took, trials, more=best)
    shares = model.predict_proba(test)
    return Answer(shares.to_numpy(), took, trials, list(shares), best)


def lightgbm_tuner_cv(asked):
    """Optuna's stepwise tuner of LightGBM, five folds; the best parameters are fitted again on all rows."""
    import lightgbm
    import numpy as np
    import optuna
    from optuna_integration.lightgbm import LightGBMTunerCV

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    X, y, test = read(asked)
    began, classes = time.monotonic(), None
    if not is_regression(asked):
        classes, y = np.unique(y, return_inverse=True)
    study = optuna.create_study(direction="maximize" if asked.metric == "roc_auc" else "minimize")
    tuner = LightGBMTunerCV(
        _lightgbm_params(asked, classes), lightgbm.Dataset(X, y, free_raw_data=False), num_boost_round=1_000, nfold=5,
        stratified=classes is not None, seed=asked.seed, optuna_seed=asked.seed, study=study, return_cvbooster=True,
        time_budget=int(FOR_THE_REFIT[asked.tool] * asked.budget_s), show_progress_bar=False,
        callbacks=[lightgbm.early_stopping(50, verbose=False)],
    )  # fmt: skip
    tuner.run()
    rounds = max(1, tuner.get_best_booster().best_iteration)
    model = lightgbm.train(tuner.best_params, lightgbm.Dataset(X, y), rounds)
    took, answer = time.monotonic() - began, model.predict(test)
    if asked.task == "binary":
        answer = np.column_stack([1 - answer, answer])
    return Answer(answer, took, len(study.trials), classes, {"rounds": rounds})


def _lightgbm_params(asked, classes):
    metric = {"roc_auc": "auc", "log_loss": "multi_logloss", "rmse": "rmse"}[asked.metric]
    said = {"objective": asked.task, "metric": metric, "num_threads": asked.threads, "seed": asked.seed}
    many = {"num_class": len(classes)} if asked.task == "multiclass" else {}
    return said | many | {"learning_rate": 0.05, "verbosity": -1}


def naive(asked):
    """Do what most people script: TPE over ``cross_val_score``, then the best on all rows."""
    import lightgbm
    import optuna
    from naive_search import params_of
    from sklearn.model_selection import cross_val_score

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    X, y, test = read(asked)
    learner = lightgbm.LGBMRegressor if is_regression(asked) else lightgbm.LGBMClassifier
    scoring = {"roc_auc": "roc_auc", "log_loss": "neg_log_loss", "rmse": "neg_root_mean_squared_error"}[asked.metric]
    fixed = {"n_jobs": asked.threads, "random_state": asked.seed, "subsample_freq": 1, "verbose": -1}

    def objective(trial):
        return cross_val_score(learner(**params_of(trial), **fixed), X, y, cv=5, scoring=scoring).mean()

    began = time.monotonic()
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=asked.seed))
    study.optimize(objective, timeout=FOR_THE_REFIT[asked.tool] * asked.budget_s)
    model = learner(**study.best_params, **fixed).fit(X, y)
    took = time.monotonic() - began
    return _of_scikit_learn(asked, model, test, took, len(study.trials))


def defaults(asked):
    """LightGBM as it comes, stopped early on a part of the rows."""
    import lightgbm
    from sklearn.model_selection import train_test_split

    X, y, test = read(asked)
    began = time.monotonic()
    classes = None if is_regression(asked) else y
    fit, wait, y_fit, y_wait = train_test_split(X, y, test_size=0.15, random_state=asked.seed, stratify=classes)
    learner = lightgbm.LGBMRegressor if is_regression(asked) else lightgbm.LGBMClassifier
    model = learner(n_estimators=2_000, n_jobs=asked.threads, random_state=asked.seed, verbose=-1)
    loss = {"binary": "binary_logloss", "multiclass": "multi_logloss", "regression": "rmse"}[asked.task]
    metric = "auc" if asked.metric == "roc_auc" else loss
    stop = lightgbm.early_stopping(50, first_metric_only=True, verbose=False)
    model.fit(fit, y_fit, eval_set=[(wait, y_wait)], eval_metric=metric, callbacks=[stop])
    return _of_scikit_learn(asked, model, test, time.monotonic() - began, 1)


def _of_scikit_learn(asked, model, test, took, trials):
    if is_regression(asked):
        return Answer(model.predict(test), took, trials)
    return Answer(model.predict_proba(test), took, trials, model.classes_)


TOOLS = {
    "mesic": mesic,
    "flaml": flaml,
    "flaml_lgbm": flaml_lgbm,
    "autogluon_medium": autogluon_medium,
    "autogluon_best": autogluon_best,
    "lightgbm_tuner_cv": lightgbm_tuner_cv,
    "naive": naive,
    "defaults": defaults,
}

if __name__ == "__main__":
    main()
