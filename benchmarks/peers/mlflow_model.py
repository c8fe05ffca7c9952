"""The tutorial's pipeline as a model of MLflow: ``python mlflow_model.py FOLDER``, in an environment of its own.

serving.py then starts ``mlflow models serve`` on it.
"""

import os
import sys

import mlflow
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OrdinalEncoder, StandardScaler

table = pd.read_parquet(os.environ["NAIVE_TABLE"])
y = table.pop("answer")
numbers = [name for name in table if table[name].dtype == "float64"]
texts = [name for name in table if name not in numbers]
coded = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
columns = ColumnTransformer([("numbers", StandardScaler(), numbers), ("texts", coded, texts)])
options = {"n_estimators": int(os.environ["NAIVE_TREES"]), "num_leaves": 31, "verbose": -1}
pipeline = Pipeline([("columns", columns), ("model", LGBMClassifier(**options))]).fit(table, y)
signature = mlflow.models.infer_signature(table.head(50), pipeline.predict_proba(table.head(50)))
mlflow.sklearn.save_model(
    pipeline, sys.argv[1], signature=signature, pyfunc_predict_fn="predict_proba", serialization_format="cloudpickle"
)
