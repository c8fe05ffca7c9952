"""Records of runs as a report meets them: two classes, many classes, a number."""

import math
import random

DIGEST = "3f1c9a7e5b2d8f604c1ea97d3b5f8260" * 2


def score(metric, value, half, greater=True, *, n=1409, method="percentile bootstrap", level=0.95):
    """Return a score as the record stores it."""
    known = value is not None
    return {
        "metric": metric,
        "value": value,
        "low": value - half if known else None,
        "high": value + half if known else None,
        "level": level,
        "method": method,
        "unit": "rows",
        "n": n,
        "greater_is_better": greater,
    }


def u_shape(trials=25, seed=0, loss="log loss", unit="leaves", scale=1.0, best=0.42, params=6):
    """Return a zone as ``zone.json`` holds it: validation loss is U-shaped, training loss falls."""
    rng = random.Random(seed)
    rows = []
    for number in range(trials):
        size = 10 ** rng.uniform(1.7, 4.6)
        far = math.log10(size) - 3.1
        noise = abs(rng.gauss(0, 0.006 if params > 1 else 0.0005))
        unseen = best + 0.045 * far**2 + noise
        trained = best + 0.10 - 0.055 * math.log10(size) - 0.03 * max(far, 0) ** 2 + rng.gauss(0, 0.004)
        options = {"num_leaves": round(size / 60) + 2, "learning_rate": 10 ** rng.uniform(-2, -0.5)}
        rows.append(
            {
                "number": number,
                "loss": unseen * scale,
                "loss_se": 0.009 * scale,
                "train_loss": max(trained, 0.03) * scale,
                "bias": (best / 3 + 0.02 * max(-far, 0) ** 2) * scale,
                "variance": 0.004 * size**0.3 * scale,
                "complexity": float(round(size)),
                "params": dict(list(options.items())[: max(1, params)]),
            }
        )
    lowest = min(rows, key=lambda row: row["loss"])
    for row in rows:
        row["in_zone"] = row["loss"] <= lowest["loss"] + 0.006 * scale
        row["takeable"] = row["loss"] <= lowest["loss"] + 0.004 * scale
    members = [row for row in rows if row["in_zone"]]
    chosen = min((row for row in members if row["takeable"]), key=lambda row: row["complexity"])
    sizes = [row["complexity"] for row in members]
    return {
        "loss": loss,
        "complexity": unit,
        "trials": rows,
        "members": [row["number"] for row in members],
        "best": lowest["number"],
        "chosen": chosen["number"],
        "reason": f"the simplest of {len(members)} in the zone that may be taken",
        "edges": {
            "num_leaves": [min(sizes) // 60, max(sizes) // 60],
            "learning_rate": [0.0123456, 0.31],
        },
        "complexity_edges": [min(sizes), max(sizes)],
        "baseline_loss": 0.58 * scale,
        "complexity_width": max(sizes) / min(sizes),
        "width": {"num_leaves": 0.4},
        "rule": "not told from the best trial by paired out-of-fold losses at level 0.9",
    }


def common():
    """Return what is alike in every record."""
    return {
        "format": 1,
        "status": "finished",
        "exit_status": 0,
        "error": None,
        "run": {
            "name": "runs/2026-11-23/10-00-00",
            "started": "2026-11-23T10:00:00.000+00:00",
            "ended": "2026-11-23T10:00:31.200+00:00",
            "wall_s": 31.2,
            "cpu_s": 50.1,
            "peak_mib": 410,
            "command": ["mesic", "run", "source=table", "source.path=my data.parquet", "source.target=Churn"],
        },
        "config": {"seed": 0, "tuner": {"name": "tpe", "trials": 25}, "interval": 0.95},
        "overrides": ["source=table", "source.path=my data.parquet", "source.target=Churn"],
        "choices": {"learner": "lightgbm", "tuner": "tpe", "experiment": None},
        "versions": {"python": "3.11.7", "mesic": "0.1.0", "lightgbm": "4.7.0", "scikit-learn": "1.9.1"},
        "platform": {"system": "Linux", "machine": "x86_64", "cores": 2},
        "threads": {"limit": 2},
        "git": {"commit": "a306bc5" + "0" * 33, "dirty": True, "diff": "-seed: 0\n+seed: 1 <b>\n"},
        "seeds": {"seed": 0},
        "trials": {"tried": 26, "failed": 1, "tuner": "tpe"},
        "model": {
            "learner": "lightgbm",
            "summary": "gradient-boosted trees",
            "options": {"num_leaves": 8, "learning_rate": 0.04063934305065952, "monotone": None, "bins": [1, 2]},
            "complexity": [812.0, "leaves"],
            "why": "the simplest of 4 in the zone that may be taken",
            "steps": [{"name": "00-codes", "digest": DIGEST}, {"name": "01-lightgbm", "digest": DIGEST[::-1]}],
        },
        "digests": {"data": DIGEST, "partition": DIGEST, "steps": {"00-codes": DIGEST}},
        "files": {"oof.parquet": DIGEST, "zone.svg": DIGEST},
    }


def binary():
    """Return a run on customers who leave."""
    columns = [
        column("customerID", "id", "ignored", 0, 7043, why="7,043 of 7,043 values differ: an id"),
        column("tenure", "number", "feature", 0, 73, low=0, high=72),
        column("MonthlyCharges", "number", "feature", 0, 1585, low=18.25, high=118.75),
        column("TotalCharges", "number", "feature", 11, 6530, low=18.8, high=8684.8),
        column("Contract", "category", "feature", 0, 3, levels=["Month-to-month", "One year", "Two year"]),
        column("PaymentMethod", "category", "feature", 0, 4, levels=["Bank transfer (automatic)", "Credit card"]),
        column("since", "time", "feature", 3, 900, low="2018-01-01", high="2024-06-30"),
        column("Churn", "boolean", "target", 0, 2, levels=["No", "Yes"]),
    ]
    return common() | {
        "data": {
            "source": "table",
            "path": "my data.parquet",
            "digest": DIGEST,
            "rows": 7043,
            "columns": columns,
            "target": "Churn",
            "task": "binary",
            "classes": ["No", "Yes"],
            "positive": "Yes",
        },
        "row_account": {
            "read": 7043,
            "used": 7043,
            "entries": [
                {
                    "stage": "schema",
                    "column": "TotalCharges",
                    "what": "coerced to missing",
                    "cells": 11,
                    "rows": 0,
                    "why": "blank text in a column of numbers",
                }
            ],
        },
        "partition": partition(7043, 1409, {"No": 0.735, "Yes": 0.265}),
        "primary": "roc_auc",
        "scores": {
            "test": [
                score("roc_auc", 0.8456, 0.0201, method="logit DeLong"),
                score("log_loss", 0.4138, 0.0264, False),
                score("brier", 0.1352, 0.0101, False),
                score("accuracy", 0.8041, 0.0207, method="Wilson"),
                score("precision", None, 0),
            ],
            "out_of_fold": [
                score("roc_auc", 0.8449, 0.0108, n=5634, method="logit DeLong"),
                score("log_loss", 0.4136, 0.0141, False, n=5634),
            ],
        },
        "baselines": [
            baseline("zero_rule", "class shares, or the mean", 0.5, 0.0, 0.5786),
            baseline("random", "every class alike", 0.5, 0.0, 0.6931),
            baseline("simple", "a small decision tree", 0.8184, 0.0223, 0.4549),
        ],
        "skill": {
            "against": "simple",
            "value": 0.31,
            "low": 0.27,
            "high": 0.35,
            "level": 0.95,
            "p": 1e-9,
            "loss": "log loss",
            "method": "paired percentile bootstrap",
        },
        "zone": u_shape(),
        "evaluations": {
            "calibration": {
                "title": "probability of 'Yes'",
                "bins": bins(),
                "error": score("calibration_error", 0.021, 0.008, False),
            },
            "feature_audit": feature_audit(["Contract", "tenure", "MonthlyCharges", "TotalCharges", "PaymentMethod"]),
            "errors": {
                "labels": ["No", "Yes"],
                "confusion": [[926, 91], [189, 217]],
                "worst": [worst(4819 + n, "Yes", "No (0.99)", 4.4 - n / 5) for n in range(5)],
            },
        },
        "findings": [
            {
                "code": "ID-COLUMN",
                "severity": "info",
                "message": "column 'customerID' is not used: all values differ",
                "evidence": {"distinct": 7043},
                "fix": "'source.ignore=[customerID]' says so yourself",
            },
            {
                "code": "LEAK",
                "severity": "block",
                "message": "column 'ended' tells the target",
                "evidence": {},
                "fix": "mesic run source.ignore=[ended]",
            },
            {"code": "FEW-ROWS", "severity": "warning", "message": "only 30 rows of 'Yes'", "evidence": {}, "fix": ""},
        ],
    }


def multiclass(classes=30):
    """Return a run with many classes."""
    rng = random.Random(1)
    labels = [f"species {number:02d}" for number in range(classes)]
    confusion = [[rng.choice([0, 0, 0, 1, 2]) for _ in labels] for _ in labels]
    for place, row in enumerate(confusion):
        row[place] = rng.randint(8, 60)
    record = binary()
    record["data"] |= {"task": "multiclass", "classes": labels, "positive": None, "target": "species"}
    record["partition"] = partition(4000, 800, {label: rng.uniform(0.01, 0.06) for label in labels})
    record["evaluations"]["errors"] |= {"labels": labels, "confusion": confusion}
    record["evaluations"]["feature_audit"] = feature_audit([f"length of part {number}" for number in range(77)])
    return record


def regression():
    """Return a run that predicts a number."""
    record = binary()
    record["data"] |= {"task": "regression", "classes": [], "positive": None, "target": "price"}
    record["partition"] |= {"classes": {}, "by": "time", "folds": [fold(n) for n in range(1, 5)]}
    record["primary"] = "rmse"
    record["scores"] = {
        "test": [score("rmse", 48_210.5, 1830.2, False), score("r2", 0.8312, 0.0121)],
        "out_of_fold": [score("rmse", 47_002.0, 911.0, False, n=5634)],
    }
    record["baselines"] = [
        {"name": "zero_rule", "summary": "the mean", "test": [score("rmse", 115_320.0, 2450.0, False)]},
    ]
    record["skill"] |= {"against": "zero_rule", "loss": "squared error"}
    record["zone"] = u_shape(40, 3, "squared error", scale=5.2e9)
    record["evaluations"]["calibration"] = {"title": "predicted and observed value", "bins": values()}
    record["evaluations"]["errors"] = {
        "residuals": {
            "edges": [12_000.0 * (n - 15) for n in range(31)],
            "counts": [round(300 * math.exp(-((n - 14) ** 2) / 22)) for n in range(30)],
        },
        "by_prediction": values(spread=0.4),
        "worst": [worst(17, "1.2e+06", "310000", 8.1e11)],
    }
    return record


def column(name, kind, role, missing, distinct, **more):
    """Return a column as the record stores it."""
    return {"name": name, "kind": kind, "role": role, "missing": missing, "distinct": distinct, "why": ""} | more


def partition(rows, test, shares):
    """Return parts, folds, classes and proof."""
    train = rows - test
    return {
        "splitter": "holdout",
        "mode": "stable",
        "by": "row content",
        "rows": {"train": train, "test": test},
        "folds": [{"train": train * 4 // 5, "validate": train - train * 4 // 5} for _ in range(5)],
        "classes": {
            part: {label: round(count * share) for label, share in shares.items()}
            for part, count in {"train": train, "test": test}.items()
        },
        "digest": DIGEST,
        "proof": {"disjoint": True, "covering": True, "in_time_order": None, "groups_whole": False},
    }


def fold(number):
    """Return a fold that trains on the past."""
    return {"train": 1127 * number, "validate": 1127}


def baseline(name, summary, auc, half, loss):
    """Return a baseline's scores."""
    return {
        "name": name,
        "summary": summary,
        "test": [score("roc_auc", auc, half), score("log_loss", loss, 0.02, False)],
        "out_of_fold": [score("roc_auc", auc, half / 2, n=5634)],
    }


def bins(count=10):
    """Return a calibration table."""
    shares = [(place + 0.5) / count * 0.85 for place in range(count)]
    return [
        {"predicted": p, "observed": min(p * 1.08, 1), "low": p * 0.98 - 0.03, "high": p * 1.18 + 0.03, "n": 141}
        for p in shares
    ]


def values(count=10, spread=0.05):
    """Return observed over predicted values."""
    middles = [90_000.0 * (place + 1) ** 0.9 for place in range(count)]
    return [
        {"predicted": m, "observed": m * 0.98, "low": m * (1 - spread), "high": m * (1 + spread), "n": 141}
        for m in middles
    ]


def feature_audit(names):
    """Return an audit of columns whose power falls, the last two saying the same."""
    sizes = [0.09 * 0.7**place for place in range(len(names))]
    twins = names[-2:]
    return {
        "method": "loss increase when shuffled among 1,000 validation rows",
        "features": [
            {
                "name": name,
                "increase": size,
                "low": size - 0.008,
                "high": size + 0.008,
                "cost_us": 0.3,
                "missing": 0.02,
                "stale": None,
                "absent": {"value": 2 * size, "low": size, "high": 3 * size, "level": 0.95},
                "alike": [other for other in twins if name in twins and other != name],
                "verdict": "keep" if size > 0.008 else "leave out",
                "reason": "the model is worse without it",
            }
            for name, size in zip(names, sizes, strict=True)
        ],
        "unexamined": [],
    }


def worst(row, target, prediction, loss):
    """Return a row with a high loss."""
    features = {"tenure": "72", "Contract": "Two year", "TotalCharges": "missing"}
    return {"row": row, "target": target, "prediction": prediction, "loss": loss, "features": features}


def timeline():
    """Return a run's activities, one of them reused, one dead, and a note."""
    spans = [("read", 0.1, 0.5), ("partition", 0.6, 0.1), ("search", 0.8, 24.0), ("fit", 24.9, 1.1)]
    lines = [
        {
            "event": "start",
            "stage": stage,
            "start_s": start,
            "wall_s": wall,
            "cpu_s": wall * 1.6,
            "peak_mib": 300,
            "rows_in": 7043,
            "rows_out": 7043,
            "outcome": "reused" if stage == "partition" else "done",
        }
        for stage, start, wall in spans
    ]
    dead = {"event": "start", "stage": "evaluate", "start_s": 26.1, "outcome": "died"}
    note = {"event": "note", "stage": "labelled 300 rows", "who": "ada", "hours": 3.5, "cost": 120.0, "start_s": 30.0}
    return [{"event": "start", "stage": "run", "start_s": 0.0, "wall_s": 31.2, "outcome": "done"}, *lines, dead, note]
