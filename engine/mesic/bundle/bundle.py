"""The bundle: everything that an answer needs, in one folder, digested; no file of it can run code when loaded.

A bundle holds no pickle. Loading verifies every digest and refuses what was altered, naming the file.
"""

import json
import math
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

from mesic.bundle import MANIFEST, coverage
from mesic.bundle.beside import answers_beside
from mesic.bundle.inputs import Input, inputs_of
from mesic.bundle.portable import Estimators, PortableStep
from mesic.bundle.soundness import plain_files, refuse_many_rows, refuse_strange_manifest, refuse_strange_steps
from mesic.data.account import RowAccount
from mesic.data.availability import hide_later, moments
from mesic.data.coercion import Coerced, coerce_table
from mesic.data.rules import broken_by_cells, refuse
from mesic.data.schema import Schema, load_schema
from mesic.data.view import frame_of
from mesic.errors import CheckFailed, DataError, MesicError, UsageError
from mesic.host.names import did_you_mean
from mesic.host.registry import installed
from mesic.runs.files import file_digest, json_digest, write_json
from mesic.training.fitted import Fitted, Predictor

if TYPE_CHECKING:
    from mesic.profile.profile import Profile

FORMAT = 1
STRANGE = (ArithmeticError, AttributeError, LookupError, MemoryError, RecursionError, TypeError, ValueError)


@dataclass(frozen=True)
class Bundle:
    """A loaded bundle.

    Parameters
    ----------
    folder
        Where it lies.
    manifest
        Task, classes, target, digests of data, code and every file.
    schema
        What the columns must be.
    fitted
        The portable pipeline.
    others
        Estimators that take the place of the interpreter's own.
    envelope
        ``open``, or ``strict`` where the schema holds the envelope, too; see :func:`mesic.with_envelope`.
    """

    folder: Path
    manifest: Mapping[str, Any]
    schema: Schema
    fitted: Fitted
    others: Estimators = field(default_factory=dict)
    envelope: str = "open"

    @property
    def digest(self) -> str:
        """The one digest that names this bundle."""
        return str(self.manifest["digest"])

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels by code; empty for regression."""
        return tuple(self.manifest["classes"])

    @cached_property
    def predictor(self) -> Predictor:
        """The interpreter, loaded once."""
        with _understood(self.folder):
            return Predictor(self.fitted, trusted_types(self.fitted), self.others)

    @cached_property
    def profile(self) -> "Profile":
        """How the training rows were distributed: what other rows are compared with."""
        from pyarrow import parquet

        from mesic.profile.profile import Profile

        return Profile.from_table(parquet.ParquetFile(self.folder / "profile.parquet").read())

    @cached_property
    def coverage(self) -> coverage.Answer:
        """By what intervals or sets are answered.

        Raises
        ------
        UsageError
            The run calibrated none.
        """
        path = self.folder / coverage.FILE
        if not path.is_file():
            raise UsageError(
                f"bundle {self.folder} promises no coverage: run again with conformal among evaluator=[...]"
            )
        answer: coverage.Answer = json.loads(path.read_text(encoding="utf-8"))
        return answer

    @property
    def needed(self) -> list[str]:
        """Names of the columns that the pipeline reads."""
        return [str(column["name"]) for column in self.fitted.steps[0].params["columns"]]

    @property
    def moments(self) -> list[str]:
        """Names of the columns that decide which cells were known; they may be absent."""
        return [name for name in moments(self.schema, self.needed) if name not in self.needed]

    @property
    def inputs(self) -> tuple[Input, ...]:
        """How each needed column is read, in the order of the pipeline."""
        return inputs_of(self.schema.columns, self.fitted.steps[0].params["columns"])

    def predict(self, data: Any, *, intervals: bool = False) -> pd.DataFrame:
        """Return one row a row of `data`, in order: ``prediction``, and ``p_<label>`` for classes.

        Parameters
        ----------
        data
            A pandas, polars or Arrow table that holds the needed columns.
        intervals
            Whether to add ``prediction_low`` and ``prediction_high`` of numbers, or the ``prediction_set`` of labels as
            a JSON list, that hold the target as often as the run promised.

        Raises
        ------
        DataError
            A needed column is missing, or a column breaks a rule of the schema.
        """
        table = data if isinstance(data, pa.Table) else as_table(data)
        scores = self.scores(table, RowAccount())
        held = coverage.columns_of(self.coverage, self.classes, scores) if intervals else {}
        return self.answers(scores).assign(**held)

    def scores(self, table: pa.Table, account: RowAccount) -> np.ndarray:
        """Return probabilities (n, k) or values (n,); what was coerced is booked in `account`."""
        return self.scores_of(self.coerced(table, account), table.num_rows, account)

    def coerced(self, table: pa.Table, account: RowAccount) -> dict[str, Coerced]:
        """Return the typed columns that the pipeline asks for.

        Raises
        ------
        DataError
            A needed column is missing, or a column breaks a rule of the schema.
        """
        self.require(table.column_names)
        names = [*self.needed, *(name for name in self.moments if name in table.column_names)]
        coerced = coerce_table(table.select(names), [self.schema[name] for name in names], account, "predict")
        refuse([problem for name in names for problem in broken_by_cells(self.schema[name], coerced[name])])
        return coerced

    def scores_of(self, coerced: Mapping[str, Coerced], rows: int, account: RowAccount) -> np.ndarray:
        """Return probabilities (n, k) or values (n,) of typed columns of so many rows."""
        typed = {name: column.values for name, column in coerced.items()}
        hide_later(typed, self.schema, account, "predict")
        frame = frame_of({name: typed[name] for name in self.needed}, rows)
        with _understood(self.folder):
            return self.predictor(frame)

    def check_end_to_end(self) -> int:
        """Answer the sealed end-to-end rows again; return how many there are.

        Raises
        ------
        CheckFailed
            An answer differs, be it in the last bit.
        """
        from pyarrow import parquet

        with _understood(self.folder):
            file = parquet.ParquetFile(self.folder / "end_to_end.parquet")  # read_table imports far more
            refuse_many_rows("end_to_end.parquet", file.metadata.num_rows)
            table = file.read()
        expected = answers_beside(self.classes)
        if lost := expected.keys() - set(table.column_names):
            raise CheckFailed(f"bundle {self.folder} is refused: end_to_end.parquet lacks {min(lost)!r}")
        answers = self.predict(table.drop_columns(list(expected)))
        for name, own in expected.items():
            given = answers[own].to_numpy()
            wanted = table.column(name).to_numpy()
            wrong = np.flatnonzero(given != wanted)
            if wrong.size:
                row = wrong[0]
                raise CheckFailed(
                    f"bundle {self.folder} answers {wrong.size} of {table.num_rows} end-to-end rows differently: row "
                    f"{row} gives {own}={given[row]!r}, not {wanted[row]!r}"
                )
        return int(table.num_rows)

    def require(self, names: Sequence[str]) -> None:
        """Raise DataError where a needed column is not among `names`."""
        lost = [name for name in self.needed if name not in set(names)]
        if lost:
            near = did_you_mean(lost[0], names)
            raise DataError(f"the data lack {len(lost)} needed columns: {', '.join(map(repr, lost))}{near}")

    def answers(self, scores: np.ndarray) -> pd.DataFrame:
        """Return scores as people read them."""
        if not self.classes:
            return pd.DataFrame({"prediction": scores})
        labels = np.array(self.classes, dtype=object)[self.fitted.decided(scores)]
        return pd.DataFrame(
            {
                "prediction": labels,
                **{f"p_{label}": scores[:, code] for code, label in enumerate(self.classes)},
            }
        )


def as_table(data: Any) -> pa.Table:
    """Return any data frame that speaks Arrow as an Arrow table.

    Raises
    ------
    DataError
        It is none, or a column mixes types that Arrow cannot hold together.
    """
    try:
        if isinstance(data, pd.DataFrame):
            return _from_pandas(data)
        return pa.table(data)
    except (pa.ArrowException, TypeError, ValueError) as error:
        raise DataError(f"{type(data).__name__} cannot be read as a table: {error}") from error


def _from_pandas(frame: pd.DataFrame) -> pa.Table:
    frame = frame.set_axis([str(name) for name in frame.columns], axis=1)
    mixed = {str(name): _as_text(frame[name]) for name in frame if frame[name].dtype == object}
    return pa.Table.from_pandas(frame.assign(**mixed) if mixed else frame, preserve_index=False)


def _as_text(values: pd.Series) -> pd.Series:
    """Let a column of mixed objects be text, missing cells left missing."""
    kinds = {type(value) for value in values if not _is_missing(value)}
    if len(kinds) <= 1:
        return values
    return values.map(lambda value: None if _is_missing(value) else str(value))


def _is_missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and math.isnan(value))


def write_bundle(
    folder: Path, fitted: Fitted, schema: Schema, facts: Mapping[str, Any], assets: Mapping[str, Any]
) -> str:
    """Write a bundle, all or nothing; return its digest.

    Parameters
    ----------
    folder
        The bundle's place; an older bundle there is replaced.
    fitted, schema
        What answers, and what it asks of its input.
    facts
        Task, classes, target, metric and range, digests of data, code and configuration.
    assets
        Other files by name: an Arrow table, a text, or what JSON can hold.
    """
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        for number, step in enumerate(fitted.steps):
            step.save(fresh / "steps" / f"{number:02d}-{step.op}")
        schema.save(fresh / "schema.yaml")
        for name, asset in assets.items():
            _write_asset(fresh / name, asset)
        manifest = _manifest(fresh, fitted, facts)
        write_json(fresh / MANIFEST, manifest)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.replace(folder)
    except OSError as error:
        shutil.rmtree(fresh, ignore_errors=True)
        raise UsageError(
            f"cannot write {folder}: {error.strerror or error}; make room, or give another out="
        ) from error
    return str(manifest["digest"])


def _write_asset(path: Path, asset: Any) -> None:
    if isinstance(asset, pa.Table):
        from pyarrow import parquet

        parquet.write_table(asset, path)
    elif isinstance(asset, str):
        path.write_text(asset, encoding="utf-8")
    else:
        write_json(path, asset)


def _manifest(folder: Path, fitted: Fitted, facts: Mapping[str, Any]) -> dict[str, Any]:
    body = {
        "format": FORMAT,
        **facts,
        "present": fitted.present.tolist(),
        "steps": [step.op for step in fitted.steps],
        "files": dict(_files(folder)),
    }
    return body | {"digest": json_digest(body)}


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in plain_files(folder):
        if path.name != MANIFEST:
            yield path.relative_to(folder).as_posix(), file_digest(path)


def load_bundle(folder: str | Path, *, threads: int = 1) -> Bundle:
    """Load a bundle after verifying every file of it.

    Raises
    ------
    UsageError
        There is no bundle, or it is of a newer format.
    CheckFailed
        A file was altered, removed or added; it is named.
    """
    folder = Path(folder)
    manifest = _read_manifest(folder)
    found = dict(_files(folder))
    expected = manifest["files"]
    wrong = [f"{name} is missing" for name in sorted(expected.keys() - found.keys())]
    wrong += [f"{name} was added" for name in sorted(found.keys() - expected.keys())]
    wrong += [f"{name} was altered" for name in sorted(expected) if name in found and found[name] != expected[name]]
    if wrong:
        raise CheckFailed(f"bundle {folder} is refused: {'; '.join(wrong)}; copy it again or run again")
    with _understood(folder):
        steps = tuple(PortableStep.load(path) for path in sorted((folder / "steps").iterdir()))
        refuse_strange_steps(steps, len(manifest["present"]))
        present = np.asarray(manifest["present"], dtype=np.int64)
        fitted = Fitted(steps, present, len(manifest["classes"]), threads)
        bundle = Bundle(folder, manifest, load_schema(folder / "schema.yaml"), fitted)
        if lost := [name for name in bundle.needed if name not in bundle.schema]:
            raise ValueError(f"its schema has no column {lost[0]!r}")
        return bundle


@contextmanager
def _understood(folder: Path) -> Iterator[None]:
    """Let whatever goes wrong with what a bundle says be one refusal: anybody may have sealed it."""
    try:
        yield
    except STRANGE as error:
        if isinstance(error, MesicError):
            raise
        raise CheckFailed(f"bundle {folder} is refused: it cannot be understood ({_said(error)}); run again") from error


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error)[:200]}"


def trusted_types(fitted: Fitted) -> frozenset[str]:
    """Return the types that may be made: those of the installed package whose component the step is, no others."""
    trusted = set()
    for step in (every for outer in fitted.steps for every in outer.every()):
        if step.op == "skops":
            address = str(step.params["component"])
            kind, _, name = address.partition("/")
            offer = installed().find(kind, name, {address: step.params["distribution"]})
            home = offer.component.target.partition(".")[0]
            trusted |= {
                kind_of for kind_of in step.params["types"] if kind_of.partition(".")[0] == home and _is_class(kind_of)
            }
    return frozenset(trusted)


def _is_class(name: str) -> bool:
    """Return whether a name is a class; a function could be called with whatever a stranger wrote."""
    module, _, leaf = name.rpartition(".")
    if any(part.startswith("__") for part in name.split(".")):
        return False
    try:
        return isinstance(getattr(import_module(module), leaf, None), type)
    except ImportError:
        return False


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise UsageError(f"bundle={folder} is no bundle: it has no {MANIFEST}; give RUN/bundle")
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        body = {key: value for key, value in manifest.items() if key != "digest"}
        is_whole = manifest["digest"] == json_digest(body)
    except STRANGE as error:
        raise CheckFailed(f"bundle {folder} is refused: {MANIFEST} was altered ({_said(error)})") from error
    if manifest.get("format") != FORMAT:
        raise UsageError(f"bundle={folder} has format {manifest.get('format')!r}; this mesic reads {FORMAT}")
    if not is_whole:
        raise CheckFailed(f"bundle {folder} is refused: {MANIFEST} was altered; copy it again or run again")
    with _understood(folder):
        refuse_strange_manifest(manifest)
    return manifest
