"""``mesic predict``: score a file of any size with a bundle."""

from dataclasses import dataclass
from pathlib import Path

from mesic.config.verb import configured
from mesic.console import print_json, print_text, progress
from mesic.host.components import option


@dataclass
class PredictSettings:
    """The keys of ``mesic predict``."""

    bundle: str = option("???", "RUN/bundle")
    input: str = option("???", "table to score")
    output: str = option("???", "table to write")
    batch: int = option(16_384, "rows that a thread answers at a time", low=1, unit="rows")
    threads: int | None = option(None, "threads; null: the cores there are", low=1)
    keep: list[str] = option([], "input columns to copy")
    intervals: bool = option(False, "write the interval or set that holds the target as often as the run promised")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Score a file; return the exit status."""
    settings = configured("predict", arguments, PredictSettings)
    if settings is None:
        return 0
    from mesic.bundle.bundle import load_bundle
    from mesic.bundle.scoring import score_file
    from mesic.host.building import build
    from mesic.host.registry import installed
    from mesic.report.words import counted
    from mesic.runs.resources import Clock, available_cores, limited_threads

    clock = Clock.started()
    threads = settings.threads or available_cores()
    source = build(installed().find("source", "table"), {"path": settings.input})
    with limited_threads(threads), progress("mesic predict"):
        bundle = load_bundle(settings.bundle)
        rows, account, unused = score_file(
            bundle,
            source,
            Path(settings.output),
            batch=settings.batch,
            threads=threads,
            keep=settings.keep,
            intervals=settings.intervals,
        )
    coerced = _coerced(account.entries)
    if as_json:
        facts = {"rows": rows, "output": settings.output, "bundle": bundle.digest, "wall_s": clock.wall_s()}
        print_json(facts | {"coerced_cells": coerced, "unused_columns": unused})
        return 0
    for column, cells in coerced.items():
        print_text(f"note: {counted(cells, 'cell')} of {column!r} could not be read, taken as missing")
    if unused:
        shown = ", ".join(unused[:8]) + (", ..." if len(unused) > 8 else "")
        print_text(f"note: {len(unused)} columns were not needed: {shown}")
    print_text(f"{rows:,} rows -> {settings.output} ({rows / clock.wall_s():,.0f} rows a second)")
    return 0


def _coerced(entries: list) -> dict[str, int]:  # type: ignore[type-arg]  # entries of the row account
    total: dict[str, int] = {}
    for entry in entries:
        total[entry.column] = total.get(entry.column, 0) + entry.cells
    return total
