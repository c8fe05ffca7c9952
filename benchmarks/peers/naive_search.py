"""The script that most people write, its trials timed: ``cross_val_score`` of LightGBM over five folds, asked by TPE.

python naive_search.py TABLE SECONDS

TABLE has the columns ``target`` and ``part``; rows of the part ``test`` are asked in the end, by the best parameters
fitted again. Prints one JSON object.
"""

import json
import sys
import time


def params_of(trial):
    """Return what a trial is to try."""
    return {
        "n_estimators": trial.suggest_int("n_estimators", 50, 1_000, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "num_leaves": trial.suggest_int("num_leaves", 4, 256, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 5, 100, log=True),
        "subsample": trial.suggest_float("subsample", 0.5, 1.0),
        "colsample_bytree": trial.suggest_float("colsample_bytree", 0.4, 1.0),
        "reg_alpha": trial.suggest_float("reg_alpha", 1e-8, 10.0, log=True),
        "reg_lambda": trial.suggest_float("reg_lambda", 1e-8, 10.0, log=True),
    }


def main():
    import optuna
    import pandas as pd
    from lightgbm import LGBMClassifier
    from sklearn.metrics import log_loss
    from sklearn.model_selection import cross_val_score

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    frame = pd.read_parquet(sys.argv[1])
    is_test, y = frame.pop("part").eq("test"), frame.pop("target")
    X, told, fixed = frame[~is_test], [], {"subsample_freq": 1, "verbose": -1}

    def objective(trial):
        model = LGBMClassifier(**params_of(trial), **fixed)
        loss = -cross_val_score(model, X, y[~is_test], cv=5, scoring="neg_log_loss").mean()
        told.append({"at_s": time.monotonic() - began, "loss": loss})
        return loss

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    began = time.monotonic()
    study.optimize(objective, timeout=float(sys.argv[2]))
    best = LGBMClassifier(**study.best_params, **fixed).fit(X, y[~is_test])
    test = log_loss(y[is_test], best.predict_proba(frame[is_test]))
    print(json.dumps({"trials": told, "test_log_loss": test}))


if __name__ == "__main__":
    main()
