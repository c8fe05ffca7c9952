"""The Python API: the same thing in a notebook."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from mesic.bundle.bundle import Bundle, as_table, load_bundle
from mesic.config.composition import compose, config_loader
from mesic.config.problems import checked
from mesic.errors import ConfigError, UsageError
from mesic.runs.execution import Typed, execute
from mesic.runs.record import PAGE, read_record


@dataclass(frozen=True)
class Run:
    """A finished run, by its folder.

    Parameters
    ----------
    folder
        Where it lies.
    """

    folder: Path

    @cached_property
    def record(self) -> dict[str, Any]:
        """Everything that is known of the run."""
        return read_record(self.folder)

    @property
    def scores(self) -> pd.DataFrame:
        """Scores on the test rows, of the model and the baselines, each with its interval."""
        record = self.record
        rows = [{"who": record["model"]["learner"], **score} for score in record["scores"]["test"]]
        rows += [{"who": b["name"], **score} for b in record["baselines"] for score in b["test"]]
        return pd.DataFrame(rows).set_index(["metric", "who"]).sort_index(sort_remaining=False)

    @property
    def findings(self) -> pd.DataFrame:
        """What a person should know about the run."""
        return pd.DataFrame(self.record["findings"], columns=["code", "severity", "message", "evidence", "fix"])

    @cached_property
    def bundle(self) -> Bundle:
        """The sealed pipeline."""
        return load_bundle(self.folder / "bundle", threads=self.record["threads"]["limit"])

    @property
    def report(self) -> Path:
        """The page for people; ``report.html``."""
        return self.folder / PAGE

    def predict(self, data: Any) -> pd.DataFrame:
        """Return one row a row of `data`: ``prediction``, and ``p_<label>`` for classes."""
        return self.bundle.predict(data)


def run(
    data: Any = None,
    *,
    target: str | None = None,
    overrides: Sequence[str] = (),
    out: str | Path | None = None,
) -> Run:
    """Carry a table through an experiment.

    Parameters
    ----------
    data
        A pandas, polars or Arrow table; kept as ``source.parquet`` in the run's folder, so that the run can be
        reproduced. None: the source that `overrides` configure, or the embedded table.
    target
        The column to predict.
    overrides
        As on the command line: ``["learner=linear", "seed=1"]``.
    out
        The run's folder; by default ``runs/<date>/<time>``.

    Raises
    ------
    ConfigError
        Every problem of the configuration, together; nothing was written.
    MesicError
        What stopped the run.

    Examples
    --------
    >>> import tempfile, mesic
    >>> from sklearn.datasets import load_iris
    >>> frame = load_iris(as_frame=True).frame
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = mesic.run(frame, target="target", overrides=["tuner=single", "learner=linear"], out=folder + "/r")
    ...     answers = done.predict(frame.head(2))
    >>> answers.columns.tolist()
    ['prediction', 'p_0', 'p_1', 'p_2']
    """
    from mesic.verbs.run import quoted

    said = [*overrides, *([f"out={quoted(str(out))}"] if out is not None else [])]
    if data is None:
        return _run(said + ([f"source.target={quoted(target)}"] if target else []))
    loader = config_loader()
    folder = Path(str(compose(loader, "run", [text for text in said if text.startswith("out=")]).hydra.run.dir))
    path = folder / "source.parquet"
    if path.exists():
        raise UsageError(f"out={folder} holds a run: give another out=, or remove the folder")
    _keep(data, path)
    source = ["source=table", f"source.path={quoted(str(path.resolve()))}", f"out={quoted(str(folder))}"]
    return _run([*source, *([f"source.target={quoted(target)}"] if target else []), *said[: len(overrides)]])


def _keep(data: Any, path: Path) -> None:
    from pyarrow import parquet

    from mesic.runs.files import replacing

    table = as_table(data)
    with replacing(path) as fresh:
        parquet.write_table(table, fresh)


def _run(overrides: Sequence[str]) -> Run:
    from mesic.verbs.run import plain, secrets_of

    problems, config = checked(config_loader(), "run", overrides)
    if problems:
        raise ConfigError(problems)
    folder = Path(str(config.hydra.run.dir))
    choices = {str(k): v for k, v in config.hydra.runtime.choices.items() if not str(k).startswith("hydra/")}
    execute(plain(config), folder, typed=Typed(overrides, choices, secrets=secrets_of(config)))
    return Run(folder)
