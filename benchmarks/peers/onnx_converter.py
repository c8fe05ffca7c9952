"""The usual way to ONNX: skl2onnx and onnxmltools convert a pipeline; prints what a row takes and how far it is off.

    python benchmarks/peers/onnx_converter.py ROWS.parquet TREES ROUNDS

The table holds x* numbers, c* levels and ``answer``; its first 10,000 rows are learned from. Needs skl2onnx,
onnxmltools, onnxruntime, lightgbm, pandas, pyarrow.
"""

import json
import sys
import time

import numpy as np
import onnxruntime
import pandas as pd
from lightgbm import LGBMClassifier
from onnxmltools.convert.lightgbm.operator_converters.LightGbm import convert_lightgbm
from skl2onnx import convert_sklearn, update_registered_converter
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from skl2onnx.common.shape_calculator import calculate_linear_classifier_output_shapes
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

LEARNED = 10_000


def main() -> None:
    table, trees, rounds = pd.read_parquet(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    X, y = table.drop(columns="answer"), table["answer"]
    numbers, levels = ([name for name in X if name.startswith(first)] for first in "xc")
    coded = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    parts = ColumnTransformer([("numbers", StandardScaler(), numbers), ("levels", coded, levels)])
    pipeline = Pipeline([("parts", parts), ("model", LGBMClassifier(n_estimators=trees, verbosity=-1, n_jobs=1))])
    pipeline.fit(X[:LEARNED], y[:LEARNED])
    options = {"nocl": [True, False], "zipmap": [True, False, "columns"]}
    update_registered_converter(
        LGBMClassifier, "LGBM", calculate_linear_classifier_output_shapes, convert_lightgbm, options=options
    )
    inputs = [(name, FloatTensorType([None, 1]) if name in numbers else StringTensorType([None, 1])) for name in X]
    wanted = {"options": {id(pipeline): {"zipmap": False}}, "target_opset": {"": 15, "ai.onnx.ml": 3}}
    session = started(convert_sklearn(pipeline, initial_types=inputs, **wanted).SerializeToString())
    fed = {name: X[[name]].to_numpy(np.float32 if name in numbers else object) for name in X}
    labels, shares = session.run(None, fed)
    expected = pipeline.predict_proba(X)[:, 1]
    facts = {
        "difference": float(np.abs(shares[:, 1] - expected).max()),
        "other_decisions": int((labels != pipeline.predict(X)).sum()),
        "us_a_row": round(us(session, fed, len(X), rounds), 3),
        "us_of_one_row": round(us(session, {name: own[:1] for name, own in fed.items()}, 1, 200 * rounds), 1),
    }
    print(json.dumps(facts))


def started(model: bytes) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def us(session: onnxruntime.InferenceSession, fed: dict, rows: int, rounds: int) -> float:
    """Return the processor time of a row in microseconds, the least of some rounds."""
    found = []
    for _ in range(rounds):
        start = time.process_time_ns()
        session.run(None, fed)
        found.append((time.process_time_ns() - start) / rows / 1000)
    return min(found)


if __name__ == "__main__":
    main()
