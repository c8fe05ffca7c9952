"""``mesic predict``: score a file of any size with a bundle."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    abstain_set: bool = option(False, "no decision where the set that holds the target has several classes")
    abstain_width: float | None = option(
        None, "no decision where the interval that holds the target is wider; null: none", low=0
    )
    abstain_between: list[float] = option(
        [], "no decision where the probability of the second of two classes lies between these two, such as [0.4, 0.6]"
    )
    intervals: bool = option(False, "write the interval or set that holds the target as often as the run promised")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Score a file; return the exit status."""
    settings = configured("predict", arguments, PredictSettings)
    if settings is None:
        return 0
    from mesic.bundle.abstaining import Abstention, measured
    from mesic.bundle.bundle import load_bundle
    from mesic.bundle.scoring import score_file
    from mesic.host.building import build
    from mesic.host.registry import installed
    from mesic.report.words import counted
    from mesic.runs.resources import Clock, available_cores, limited_threads

    clock = Clock.started()
    abstention = Abstention(settings.abstain_set, settings.abstain_width, tuple(settings.abstain_between))
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
            abstention=abstention,
        )
        selective = measured(bundle, abstention) if abstention else None
    coerced = _coerced(account.entries)
    if as_json:
        facts = {"rows": rows, "output": settings.output, "bundle": bundle.digest, "wall_s": clock.wall_s()}
        print_json(facts | {"coerced_cells": coerced, "unused_columns": unused, "abstention": selective})
        return 0
    for column, cells in coerced.items():
        print_text(f"note: {counted(cells, 'cell')} of {column!r} could not be read, taken as missing")
    if unused:
        shown = ", ".join(unused[:8]) + (", ..." if len(unused) > 8 else "")
        print_text(f"note: {len(unused)} columns were not needed: {shown}")
    if selective is not None and selective["rows"]:
        print_text(_selective_words(selective))
    print_text(f"{rows:,} rows -> {settings.output} ({rows / clock.wall_s():,.0f} rows a second)")
    return 0


def _selective_words(found: dict[str, Any]) -> str:
    name, words = (
        ("error_share", "wrong are") if "error_share" in found else ("absolute_error", "the absolute error is")
    )
    told = {key: _with_ends(found[key]) for key in ("answered", name, "error_of_all")}
    return (
        f"of {found['rows']:,} test rows {told['answered']} get a decision; of these {words} {told[name]}, of all "
        f"{told['error_of_all']} ({found['level']:.0%} intervals)"
    )


def _with_ends(found: dict[str, float | None]) -> str:
    value, low, high = ("?" if one is None else f"{one:.4g}" for one in found.values())
    return f"{value} [{low}, {high}]"


def _coerced(entries: list) -> dict[str, int]:  # type: ignore[type-arg]  # entries of the row account
    total: dict[str, int] = {}
    for entry in entries:
        total[entry.column] = total.get(entry.column, 0) + entry.cells
    return total
