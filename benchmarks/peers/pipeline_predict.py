"""What an engineer would script to score a file: pandas, a scikit-learn pipeline, LightGBM. Usage: see --help."""

import argparse
import json
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder


class Boosted(BaseEstimator):
    """A LightGBM model at the end of a pipeline."""

    def __init__(self, path=None, threads=2):
        self.path, self.threads = path, threads

    def fit(self, X, y=None):
        """Read the model."""
        self.booster_ = lightgbm.Booster(model_file=self.path)
        return self

    def predict_proba(self, X):
        """Return probabilities."""
        share = self.booster_.predict(np.asarray(X, dtype=float), num_threads=self.threads)
        return np.column_stack([1 - share, share])


def pipeline(asked):
    """Return the pipeline, fitted to nothing but the levels and the model that it is given; numbers stand first."""
    columns = json.loads(Path(asked.columns).read_text())
    numbers = [one["name"] for one in columns if one["kind"] == "number"]
    levels = {one["name"]: one["levels"] for one in columns if one["kind"] == "category"}
    assert [one["name"] for one in columns] == [*numbers, *levels]
    coded = OrdinalEncoder(categories=list(levels.values()), handle_unknown="use_encoded_value", unknown_value=np.nan)
    steps = [("numbers", "passthrough", numbers), ("levels", coded, list(levels))]
    whole = Pipeline([("columns", ColumnTransformer(steps)), ("model", Boosted(asked.model, asked.threads))])
    return whole.fit(
        pd.DataFrame({**{name: [0.0] for name in numbers}, **{name: own[:1] for name, own in levels.items()}})
    )


def pieces(asked):
    """Yield data frames."""
    is_csv = asked.input.endswith(".csv")
    if not asked.chunk:
        yield pd.read_csv(asked.input) if is_csv else pd.read_parquet(asked.input)
    elif is_csv:
        yield from pd.read_csv(asked.input, chunksize=asked.chunk)
    else:
        for batch in parquet.ParquetFile(asked.input).iter_batches(asked.chunk):
            yield batch.to_pandas()


def main():
    parser = argparse.ArgumentParser()
    for name in ("model", "columns", "input", "output"):
        parser.add_argument(name)
    parser.add_argument("--chunk", type=int, default=100_000, help="rows at a time; 0: read it whole")
    parser.add_argument("--threads", type=int, default=2)
    asked = parser.parse_args()
    model, writer, is_csv = pipeline(asked), None, asked.output.endswith(".csv")
    for frame in pieces(asked):
        p = model.predict_proba(frame)
        answers = pd.DataFrame({"prediction": np.where(p[:, 1] > 0.5, "yes", "no"), "p_no": p[:, 0], "p_yes": p[:, 1]})
        if is_csv:
            answers.to_csv(asked.output, index=False, mode="w" if writer is None else "a", header=writer is None)
            writer = writer or True
            continue
        table = pa.Table.from_pandas(answers, preserve_index=False)
        writer = writer or parquet.ParquetWriter(asked.output, table.schema, compression="zstd")
        writer.write_table(table)
    if not is_csv:
        writer.close()


if __name__ == "__main__":
    main()
