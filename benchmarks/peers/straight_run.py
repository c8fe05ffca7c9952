"""What an engineer would script: read, encode, folds, fits, metrics; no more. Usage: DATA TARGET [--drop A,B]."""

import argparse
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from sklearn import metrics
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

TREES = {"learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "bagging_fraction": 0.8, "bagging_freq": 1}
REPRODUCIBLE = {"lambda_l2": 1.0, "deterministic": True, "force_row_wise": True, "verbosity": -1, "seed": 0}
ROUNDS = 200
SMALL = 20_000


def main() -> None:
    asked = arguments()
    X, y, classes = read(asked.data, asked.target, asked.drop.split(",") if asked.drop else [])
    rows, test = train_test_split(np.arange(len(y)), test_size=0.2, random_state=0, stratify=y if classes else None)
    folds = StratifiedKFold(5, shuffle=True, random_state=0) if classes else KFold(5, shuffle=True, random_state=0)
    out_of_fold = {name: np.empty(len(rows)) for name in MODELS}
    for fit, validate in folds.split(rows, y[rows]):
        for name, model in MODELS.items():
            learned = model(X.iloc[rows[fit]], y[rows[fit]], classes, asked.threads)
            out_of_fold[name][validate] = learned(X.iloc[rows[validate]])
    for name, model in MODELS.items():
        answers = model(X.iloc[rows], y[rows], classes, asked.threads)(X.iloc[test])
        print(name, scores(y[test], answers, classes), scores(y[rows], out_of_fold[name], classes))
        pd.DataFrame({"row": test, "prediction": answers}).to_parquet(asked.out / f"{name}.parquet")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("data", type=Path)
    parser.add_argument("target")
    parser.add_argument("out", type=Path)
    parser.add_argument("--drop", default="")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def read(path: Path, target: str, drop: list[str]) -> tuple[pd.DataFrame, np.ndarray, int]:
    frame = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    frame = frame.dropna(subset=[target]).drop(columns=drop)
    y = frame.pop(target)
    for name in frame:
        if isinstance(frame[name].dtype, pd.DatetimeTZDtype) or frame[name].dtype.kind == "M":
            frame[name] = frame[name].astype("int64") / 86.4e12
        elif frame[name].dtype.kind in "iufb":
            frame[name] = frame[name].astype("float64")
        else:
            frame[name] = frame[name].astype("category")
    if y.dtype.kind in "iuf":
        return frame, y.to_numpy(dtype=float), 0
    codes, names = pd.factorize(y, sort=True)
    return frame, codes.astype(float), len(names)


def boosted(X, y, classes, threads):
    params = TREES | REPRODUCIBLE | {"objective": "binary" if classes else "regression", "num_threads": threads}
    model = lightgbm.train(params, lightgbm.Dataset(X, y), ROUNDS)
    return lambda rows: model.predict(rows, num_threads=threads)


def zero_rule(X, y, classes, threads):
    model = (DummyClassifier() if classes else DummyRegressor()).fit(X, y)
    return lambda rows: model.predict_proba(rows)[:, 1] if classes else model.predict(rows)


def chance(X, y, classes, threads):
    rng = np.random.default_rng(0)
    return lambda rows: np.full(len(rows), 0.5) if classes else rng.choice(y, len(rows))


def simple(X, y, classes, threads):
    tree = (DecisionTreeClassifier if classes else DecisionTreeRegressor)(max_depth=3, random_state=0)
    drawn = np.random.default_rng(0).permutation(len(y))[:SMALL]
    tree.fit(coded(X.iloc[drawn]), y[drawn])
    return lambda rows: tree.predict_proba(coded(rows))[:, 1] if classes else tree.predict(coded(rows))


def coded(X):
    return np.column_stack([X[name].cat.codes if X[name].dtype == "category" else X[name] for name in X])


def scores(y, p, classes):
    if classes:
        said = p > 0.5
        return {
            "roc_auc": metrics.roc_auc_score(y, p),
            "log_loss": metrics.log_loss(y, p),
            "average_precision": metrics.average_precision_score(y, p),
            "brier": metrics.brier_score_loss(y, p),
            "accuracy": metrics.accuracy_score(y, said),
            "precision": metrics.precision_score(y, said, zero_division=0),
            "recall": metrics.recall_score(y, said),
            "f1": metrics.f1_score(y, said),
        }
    return {
        "rmse": metrics.root_mean_squared_error(y, p),
        "mae": metrics.mean_absolute_error(y, p),
        "median_ae": metrics.median_absolute_error(y, p),
        "r2": metrics.r2_score(y, p),
    }


MODELS = {"model": boosted, "zero_rule": zero_rule, "random": chance, "simple": simple}

if __name__ == "__main__":
    main()
