"""The stage ``bundle``: everything that an answer needs, sealed and opened again as a stranger would."""

from typing import Any

import numpy as np
import pandas as pd

from mesic.bundle import coverage, envelope, packing
from mesic.bundle.beside import EXPECTED
from mesic.bundle.bundle import load_bundle, write_bundle
from mesic.data.availability import read_columns
from mesic.data.schema import Schema
from mesic.profile.profile import Profile
from mesic.runs import facts, tables
from mesic.runs.environment import environment_lock
from mesic.runs.secrets import hidden
from mesic.runs.state import MAIN, Experiment
from mesic.runs.timeline import Activity
from mesic.training.fitted import Fitted


def pack(run: Experiment, activity: Activity) -> None:
    """Seal everything that an answer needs into the bundle, and load it again as a stranger would."""
    model, sealed, folder = run.fitted[MAIN], run.sealed, run.folder / "bundle"
    needed = [str(column["name"]) for column in model.steps[0].params["columns"]]
    names = read_columns(run.schema, needed)
    schema = Schema(tuple(column for column in run.schema.columns if column.name in names))
    config = {key: value for key, value in run.config.items() if key != "cache"}  # of this machine, not of the model
    train = run.dataset.view(run.split.train).X
    assets: dict[str, Any] = {
        "profile.parquet": Profile.of(run.dataset.without_texts().view(run.split.train).X, threads=run.threads).table(),
        envelope.FILE: envelope.envelope_of(train[[name for name in train if name in needed]], schema),
        **packing.cards(run.record.facts),
        "environment.txt": "\n".join(environment_lock()) + "\n",
        "config.json": hidden(config, run.record.secrets),
        "end_to_end.parquet": packing.with_columns(sealed.end_to_end, _answers(run, model, sealed.rows), EXPECTED),
        "confidence.parquet": sealed.confidence,
    }
    answer = coverage.answer_of(run.record.facts["evaluations"])
    assets |= {coverage.FILE: answer} if answer else {}
    told = facts.bundle_facts(run.record.facts, config)
    run.digests["bundle"] = write_bundle(folder, model, schema, told, assets)
    load_bundle(folder).check_end_to_end()
    activity.rows_in = activity.rows_out = sealed.rows.size
    run.record.facts["bundle"] = {"folder": "bundle", "digest": run.digests["bundle"]}


def _answers(run: Experiment, model: Fitted, rows: np.ndarray) -> pd.DataFrame:
    scores = model.predictor()(run.dataset.X.iloc[rows])
    codes = model.decided(scores) if run.dataset.classes else None
    columns = tables.prediction_columns(run.dataset, rows, scores, np.zeros(rows.size), codes=codes)
    return pd.DataFrame({n: v for n, v in columns.items() if n == "prediction" or n.startswith("p_")})
