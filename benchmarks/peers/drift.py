"""Fit on one table, compare another with it, by one tool; print seconds and the columns that it says drifted.

python drift.py mesic|evidently|nannyml FOLDER
"""

import json
import os
import sys
import time
import warnings

import pandas as pd

warnings.filterwarnings("ignore")
os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"
os.environ["DO_NOT_TRACK"] = "1"


def mesic(before, after):
    from mesic import Profile, shifts

    reference = Profile.of(before, threads=2)
    found = shifts(reference, reference.counted(after, threads=2))
    return [shift.columns[0] for shift in found if shift.test != "correlation"]


def evidently(before, after):
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    columns = DataDefinition(
        numerical_columns=[name for name in before if name.startswith("n")],
        categorical_columns=[name for name in before if name.startswith("c")],
    )
    tables = [Dataset.from_pandas(frame, columns) for frame in (after, before)]
    facts = Report([DataDriftPreset()]).run(*tables).dict()
    drifts = [metric for metric in facts["metrics"] if metric["config"]["type"].endswith("ValueDrift")]
    return [metric["config"]["column"] for metric in drifts if float(metric["value"]) >= metric["config"]["threshold"]]


def nannyml(before, after):
    import nannyml as nml

    names, levels = list(before), [name for name in before if name.startswith("c")]
    size = len(before) // 10
    values = nml.UnivariateDriftCalculator(
        column_names=names,
        treat_as_categorical=levels,
        chunk_size=size,
        continuous_methods=["kolmogorov_smirnov"],
        categorical_methods=["chi2"],
    )
    gaps = nml.MissingValuesCalculator(column_names=names, chunk_size=size)
    shares = {}
    for calculator in (values, gaps):
        calculator.fit(before)
        answers = calculator.calculate(after).filter(period="analysis").to_df()
        alerts = [name for name in answers.columns if name[-1] == "alert"]
        shares |= {name[0]: max(float(answers[name].mean()), shares.get(name[0], 0)) for name in alerts}
    return [name for name, share in shares.items() if share >= 0.5]


def main():
    tool, folder = {"mesic": mesic, "evidently": evidently, "nannyml": nannyml}[sys.argv[1]], sys.argv[2]
    tables = [pd.read_parquet(f"{folder}/{part}.parquet") for part in ("before", "after")]
    tool(*(frame.head(2_000) for frame in tables))
    start = time.perf_counter()
    found = tool(*tables)
    print(json.dumps({"seconds": time.perf_counter() - start, "found": found}))


if __name__ == "__main__":
    main()
