"""The tutorial's server: FastAPI, a row as a pydantic model, a data frame, a scikit-learn pipeline with LightGBM.

Started by serving.py as ``uvicorn naive_server:app`` in an environment of its own; it fits its pipeline at its start.
"""

import os

import pandas as pd
from fastapi import FastAPI
from lightgbm import LGBMClassifier
from pydantic import BaseModel, create_model
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

fields = dict.fromkeys(numbers, (float | None, ...)) | dict.fromkeys(texts, (str, ...))
Row = create_model("Row", **fields)
app = FastAPI()


class Body(BaseModel):
    """What a caller sends."""

    rows: list[Row]


@app.get("/health")
def health():
    return {"status": "ok"}


@app.post("/predict")
def predict(body: Body):
    frame = pd.DataFrame([row.model_dump() for row in body.rows])
    return {"predictions": pipeline.predict_proba(frame)[:, 1].tolist()}
