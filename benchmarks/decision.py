"""Whether decisions keep what they promise on rows that decided nothing, beside naive picking and scikit-learn.

    python benchmarks/decision.py [FIGURE ...]

Every split is a whole run of its own seed. Figures: simulated made german telco costs calibration.
"""

import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from measure import data_file, show
from pyarrow import parquet

import mesic
from mesic.decision.cuts import Scored, cuts_of
from mesic.decision.promise import ENDLESS, Promise, reached

SPLITS, COST_SPLITS, DRAWS = 50, 20, 400
QUIET = ["evaluator=[]", "auditor=[]", "baseline=[]", "tuner=single"]
CONFIDENCE = 0.9


def main() -> None:
    """Print the figures that were asked for, or all."""
    for name in sys.argv[1:] or FIGURES:
        FIGURES[name]()


def carried_out(source: list[str], overrides: list[str], seed: int, frame: pd.DataFrame | None = None) -> dict:
    """Return a run's record, and its predictions out of fold and on test rows."""
    with tempfile.TemporaryDirectory() as folder:
        said = [*source, *QUIET, *overrides, f"seed={seed}"]
        done = mesic.run(frame, overrides=said, out=f"{folder}/run")
        tables = {name: parquet.ParquetFile(Path(done.folder) / f"{name}.parquet").read().to_pandas() for name in FILES}
        return {"record": done.record, **tables}


FILES = ("oof", "test_predictions")


def promise(name: str, source: list[str], at_least: float, *, frames=None, splits: int = SPLITS) -> None:
    """Count in how many splits the precision on test rows is what was promised, by the rule and by naive picking."""
    rule = ["threshold.rule=precision", f"threshold.at_least={at_least}", f"threshold.confidence={CONFIDENCE}"]
    kept, naive, recalls, naive_recalls, unreached = [], [], [], [], 0
    for seed in range(splits):
        run = carried_out(source, rule, seed, None if frames is None else frames(seed))
        positive = run["record"]["data"]["positive"]
        picked = naive_threshold(run["oof"], positive, at_least)
        own = precision_and_recall(run["test_predictions"], positive, run["test_predictions"]["prediction"] == positive)
        other = precision_and_recall(
            run["test_predictions"], positive, run["test_predictions"][f"p_{positive}"] >= picked
        )
        naive.append(other[0] >= at_least)
        naive_recalls.append(other[1])
        if run["record"]["decision"]["threshold"]["promise"]["is_reached"]:
            kept.append(own[0] >= at_least)
            recalls.append(own[1])
        else:
            unreached += 1
    show(
        {
            "figure": f"{name}: splits of {splits} that keep a precision of {at_least} where it is promised",
            "value": share(kept),
            "at_least": CONFIDENCE,
            "broken_of_all": sum(not one for one in kept),
            "reached": bool(kept) and share(kept) >= CONFIDENCE,
            "naive": share(naive),
            "recall": mean(recalls),
            "naive_recall": mean(naive_recalls),
            "said_to_be_out_of_reach": unreached,
            "test_rows": len(run["test_predictions"]),
        }
    )


def naive_threshold(seen: pd.DataFrame, positive: str, at_least: float) -> float:
    """Return the lowest threshold with that precision out of fold."""
    ranked = seen.sort_values(f"p_{positive}", ascending=False)
    hits = (ranked["target"] == positive).to_numpy()
    precision = np.cumsum(hits) / np.arange(1, hits.size + 1)
    good = np.flatnonzero(precision >= at_least)
    return float(ranked[f"p_{positive}"].iloc[good[-1]]) if good.size else 2.0


def precision_and_recall(rows: pd.DataFrame, positive: str, answered: pd.Series) -> tuple[float, float]:
    """Return both; a precision of nothing is as promised."""
    is_positive = rows["target"] == positive
    hits = float((is_positive & answered).sum())
    return (hits / float(answered.sum()) if answered.any() else 1.0), hits / float(is_positive.sum())


def share(flags: list[bool]) -> float:
    """Return the share of true ones."""
    return round(float(np.mean(flags)), 3) if len(flags) else float("nan")


def mean(values: list[float]) -> float:
    """Return the mean, to three digits."""
    return round(float(np.mean(values)), 3) if len(values) else float("nan")


def simulated() -> None:
    """Print how often a precision of 0.8 is kept, on test rows and in truth, where probabilities are right or not."""
    settings = {"right": 1.0, "far too bold": 0.3, "far too timid": 4.0}
    for rows, test in ((500, 125), (2_000, 500), (5_600, 1_400)):
        for told, power in settings.items():
            for rule in ("naive", "for endless rows", "for as many as are tested"):
                draws = [
                    one_draw(np.random.default_rng([rows, seed]), rows, test, power, rule) for seed in range(DRAWS)
                ]
                kept, true, recall = (np.array([draw[place] for draw in draws if draw]) for place in range(3))
                name = f"simulated, {rows:,} rows out of fold, {test:,} tested, probabilities {told}; threshold {rule}"
                show(
                    {
                        "figure": name,
                        "kept_on_test": share(kept),
                        "kept_in_truth": share(true),
                        "recall": mean(recall),
                        "out_of_reach": DRAWS - kept.size,
                    }
                )


def one_draw(rng: np.random.Generator, rows: int, test: int, power: float, rule: str) -> tuple[float, ...]:
    """Return whether precision is kept on test rows and in truth, and the recall; nothing where it is out of reach."""
    p = rng.random(rows + test)
    y = (rng.random(p.size) < p).astype(int)
    one, known = np.ones(rows), p[:rows]
    cuts = cuts_of(Scored(known, y[:rows], one, np.arange(rows), known**power))
    if rule == "naive":
        place = np.flatnonzero(cuts.hits / cuts.answered >= 0.8)[-1]
    else:
        promised = Promise("precision", 0.8, CONFIDENCE, ENDLESS if rule == "for endless rows" else test)
        place = reached(cuts, promised).cut
    if place is None:
        return ()
    threshold = cuts.threshold[place]
    answered = p[rows:] >= threshold
    seen = y[rows:][answered].mean() if answered.any() else 1.0
    return float(seen >= 0.8), float((1 + threshold) / 2 >= 0.8), 1 - threshold**2


def made() -> None:
    """Rows that are made anew for each split."""
    promise("made, 4,000 rows", ["source.positive=yes", "source.target=y"], 0.8, frames=made_rows, splits=2 * SPLITS)


def made_rows(seed: int, rows: int = 4_000) -> pd.DataFrame:
    """Return rows of eight columns, of which four say something; 30 % are positive."""
    rng = np.random.default_rng([7, seed])
    X = rng.normal(size=(rows, 8))
    score = 2.4 * X[:, 0] + 2.0 * X[:, 1] * (X[:, 2] > 0) + 1.2 * np.abs(X[:, 3]) - 2.6
    y = np.where(rng.random(rows) < 1 / (1 + np.exp(-score)), "yes", "no")
    return pd.DataFrame({f"x{place}": column for place, column in enumerate(X.T)}).assign(y=y)


def of_file(name: str, *more: str) -> list[str]:
    """Return the overrides that name a table."""
    return ["source=table", f"source.path={data_file(name)}", *more]


def german() -> None:
    """Promise a precision of 0.8 for a thousand applicants: who is good."""
    promise("german_credit, good", of_file("german_credit.parquet", "source.target=class", "source.positive=good"), 0.8)


TELCO = ("source.target=Churn", "source.ignore=[customerID]")


def telco() -> None:
    """Promise a precision of 0.65 for seven thousand customers: who leaves."""
    promise("telco_churn, Yes", of_file("telco_churn.parquet", *TELCO, "source.positive=Yes"), 0.65)


def costs() -> None:
    """Let a bad applicant taken for good cost five times as much as a good one for bad."""
    source = of_file("german_credit.parquet", "source.target=class", "source.positive=bad")
    worth = ["threshold.rule=cost", "costs.false_negative=5", "costs.false_positive=1"]
    own, other = [], []
    for seed in range(COST_SPLITS):
        money = carried_out(source, worth, seed)["record"]["decision"]["money"]
        own.append(money["model"]["value"])
        other.append((money["most_probable"] or money["model"])["value"])
    better = int(np.sum(np.array(own) < np.array(other)))
    show(
        {
            "figure": f"german_credit: splits of {COST_SPLITS} in which rule=cost is cheaper than the likelier class",
            "value": better,
            "at_least": 19,
            "reached": better >= 19,
            "cost_of_1000": mean(own),
            "most_probable_class": mean(other),
        }
    )


def calibration() -> None:
    """Print the calibration error before and after, by learner and calibrator, on the same test rows."""
    source = of_file("telco_churn.parquet", *TELCO)
    for learner in ("naive_bayes", "extra_trees", "lightgbm"):
        for calibrator in ("platt", "beta", "isotonic", "temperature"):
            record = carried_out(source, [f"learner={learner}", f"calibrator={calibrator}"], 0)["record"]
            told = record["decision"]["calibration"]["test"]
            change = told["change"]["calibration_error"]
            show(
                {
                    "figure": f"telco_churn: {learner} by {calibrator}: change of the calibration error on test rows",
                    "value": round(change["value"], 4),
                    "low": round(change["low"], 4),
                    "high": round(change["high"], 4),
                    "before": round(told["before"][0]["value"], 4),
                    "after": round(told["after"][0]["value"], 4),
                    "log_loss": [round(told[when][1]["value"], 4) for when in ("before", "after")],
                }
            )
    scikit_learn()


def scikit_learn() -> None:
    """Print scikit-learn's calibration error for the same table, of its own split."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.compose import make_column_transformer
    from sklearn.metrics import log_loss
    from sklearn.model_selection import train_test_split
    from sklearn.naive_bayes import GaussianNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    from mesic_plugins.metrics.calibration_error import CalibrationError

    frame = pd.read_parquet(data_file("telco_churn.parquet")).drop(columns=["customerID"])
    frame["TotalCharges"] = pd.to_numeric(frame["TotalCharges"], errors="coerce").fillna(0.0)
    X, y = frame.drop(columns=["Churn"]), (frame["Churn"] == "Yes").astype(int).to_numpy()
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, random_state=0, stratify=y)
    levels = [name for name in X if X[name].dtype == object or str(X[name].dtype) in ("category", "str", "string")]
    for method in (None, "sigmoid", "isotonic"):
        one_hot = make_column_transformer((OneHotEncoder(sparse_output=False), levels), remainder="passthrough")
        model = make_pipeline(one_hot, GaussianNB())
        model = model if method is None else CalibratedClassifierCV(model, method=method, cv=5)
        p = model.fit(X_train, y_train).predict_proba(X_test)
        found = {"calibration_error": CalibrationError().score(y_test, p), "log_loss": log_loss(y_test, p)}
        name = f"scikit-learn: GaussianNB, {method or 'not calibrated'}, telco_churn, a split of its own"
        show({"figure": name, **{key: round(float(value), 4) for key, value in found.items()}})


FIGURES = {
    "simulated": simulated,
    "made": made,
    "german": german,
    "telco": telco,
    "costs": costs,
    "calibration": calibration,
}

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
