"""The rows of a run: a source read and typed, or taken from the cache where it says that they are as they were."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from mesic.caching.cache import StageCache
from mesic.data.account import RowAccount
from mesic.data.aside import columns_aside
from mesic.data.preparing import prepare
from mesic.data.reading import findings_of, read_table, type_table
from mesic.data.schema import Schema
from mesic.data.snapshot import keep
from mesic.data.view import Dataset
from mesic.findings import Finding
from mesic.host.registry import Registry
from mesic.runs import plan
from mesic.runs.files import file_digest


@dataclass(frozen=True)
class ReadRows:
    """What the stage ``read`` leaves.

    Parameters
    ----------
    raw
        As the source gave them.
    schema, account, digest, rows
        As of a typed table.
    dataset, aside
        What is learned from, and the columns that no learner sees.
    findings
        Of source, typing and preparation.
    snapshot
        Folder in which the rows are kept, or None.
    """

    raw: pa.Table
    schema: Schema
    account: RowAccount
    digest: str
    rows: int
    dataset: Dataset
    aside: pd.DataFrame
    findings: tuple[Finding, ...]
    snapshot: str | None = None


def rows_of(config: plan.Config, registry: Registry, cache: StageCache | None) -> ReadRows:
    """Return the rows that a configuration names.

    A source that has ``fingerprint()`` says by it whether they are as they were, without reading them; others are read.
    """
    source, declared = plan.source_of(registry, config)
    if cache is None:
        return _read(config, source, declared)
    ask = getattr(source, "fingerprint", None)
    if ask is None or config["snapshot"]:
        return _identified(_read(config, source, declared))
    schema = declared.get("schema")
    said = {name: value for name, value in declared.items() if name != "schema"}
    depends = [ask(), said, config["policy"].get("sensitive"), _digest_of(schema)]
    part = plan.part_of(registry, config, "source")
    return _identified(cache.of("read", depends, [part], lambda: _read(config, source, declared)))


def _digest_of(path: str | None) -> str | None:
    return file_digest(Path(path)) if path is not None and Path(path).is_file() else None


def _identified(read: ReadRows) -> ReadRows:
    return replace(read, dataset=read.dataset.identified())


def _read(config: plan.Config, source: Any, declared: dict[str, Any]) -> ReadRows:
    raw = read_table(source)
    typed = type_table(raw, declared, declared.get("target") or source.target)
    typed = replace(typed, schema=typed.schema.with_sensitive(config["policy"].get("sensitive") or ()))
    dataset, found = prepare(typed, declared)
    findings = (*findings_of(source), *typed.findings, *found)
    kept = str(keep(Path(config["snapshot"]), raw, typed).folder) if config["snapshot"] else None
    return ReadRows(
        raw, typed.schema, typed.account, typed.digest, typed.rows, dataset, columns_aside(typed), findings, kept
    )
