"""``mesic predict``: score a file of any size with a bundle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesic.config.verb import configured
from mesic.console import print_json, print_table, print_text, rows_bar, tell
from mesic.host.components import option

if TYPE_CHECKING:
    from mesic.predicting.refusing import Refused
    from mesic.predicting.scoring import Scored
    from mesic.runs.resources import Clock

REFUSED = 3  # exit status: rows broke what was asked of them, and the others were answered
ROWS_WORTH_A_KERNEL = 50_000  # below, choosing takes longer than LightGBM's own answers
WHO_ANSWERS = {"kernel": "the kernel", "lightgbm": "LightGBM", "interpreter": "the interpreter"}


@dataclass
class PredictSettings:
    """The keys of ``mesic predict``."""

    bundle: str = option("???", "RUN/bundle")
    input: str = option("???", "table to score")
    output: str = option("???", "table to write")
    batch: int = option(65_536, "rows, about, that a thread answers at a time and that stay done", low=1, unit="rows")
    threads: int | None = option(None, "threads; null: the cores there are", low=1)
    keep: list[str] = option([], "input columns to copy")
    abstain_set: bool = option(False, "no decision where the set that holds the target has several classes")
    abstain_width: float | None = option(
        None, "no decision where the interval that holds the target is wider; null: none", low=0
    )
    abstain_below: float | None = option(
        None, "no decision where the class that is answered is less probable; null: never for that", low=0, high=1
    )
    abstain_between: list[float] = option(
        [], "no decision where the probability of the second of two classes lies between these two, such as [0.4, 0.6]"
    )
    envelope: str = option(
        "open", "strict: rows outside of what training has seen get no answer", choices=("open", "strict")
    )
    intervals: bool = option(False, "write the interval or set that holds the target as often as the run promised")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Score a file; return the exit status."""
    settings = configured("predict", arguments, PredictSettings)
    if settings is None:
        return 0
    from mesic.bundle.abstaining import Abstention, measured
    from mesic.bundle.bundle import load_bundle
    from mesic.host.building import build_table
    from mesic.host.registry import installed
    from mesic.kernel.choosing import Chooser
    from mesic.predicting.scoring import Asked, score_file
    from mesic.runs.environment import code_digests, versions
    from mesic.runs.resources import Clock, available_cores, limited_threads

    clock, chooser = Clock.started(), Chooser()
    threads = settings.threads or available_cores()
    abstention = Abstention(
        settings.abstain_set, settings.abstain_width, tuple(settings.abstain_between), settings.abstain_below
    )
    asked = Asked(settings.batch, threads, tuple(settings.keep), settings.intervals, abstention, settings.envelope)
    source = build_table(settings.input, "input")
    with limited_threads(threads), rows_bar("mesic predict") as shown:
        bundle = load_bundle(settings.bundle)
        if source.rows_about() >= ROWS_WORTH_A_KERNEL:
            bundle = replace(bundle, others=chooser.estimators)
            _ = bundle.predictor  # chosen before threads are at work
        facts = {"code": code_digests(installed()), "versions": versions()}
        try:
            scored = score_file(bundle, source, Path(settings.output), asked, facts=facts, progress=shown)
        except KeyboardInterrupt:
            tell("mesic predict: parts that are done are kept; the same command goes on")
            raise
    selective = measured(bundle, abstention) if abstention else None
    models = [choice.as_dict() for choice in chooser.choices]
    if as_json:
        print_json(
            _facts(scored, settings, clock) | {"bundle": bundle.digest, "models": models, "abstention": selective}
        )
        return REFUSED if scored.refused.rows else 0
    _tell(scored, models, bundle.classes)
    if selective is not None and selective["rows"]:
        print_text(_selective_words(selective))
    rate = f"{scored.rows / clock.wall_s():,.0f} rows a second, {clock.cpu_s():,.1f} s of CPU time"
    print_text(f"{scored.rows:,} rows -> {settings.output} ({rate})")
    return _tell_refused(scored.refused)


def _tell_refused(refused: "Refused") -> int:
    """Say which rows got no answer, and return the exit status."""
    if not refused.rows:
        return 0
    from mesic.report.words import counted

    tell(
        f"mesic predict: {counted(refused.rows, 'row')} got no answer, outside of what training has seen; the column "
        "'error' says why:"
    )
    for row, why in refused.first:
        tell(f"  row {row}: {why}")
    return REFUSED


def _facts(scored: "Scored", settings: PredictSettings, clock: "Clock") -> dict[str, Any]:
    wall_s = clock.wall_s()
    return {
        "rows": scored.rows,
        "output": settings.output,
        "wall_s": wall_s,
        "cpu_s": clock.cpu_s(),
        "rows_per_s": scored.rows / wall_s,
        "kept_rows": scored.kept_rows,
        "begun_anew_for": scored.why_anew,
        "coerced_cells": _coerced(scored.account.entries),
        "unused_columns": scored.unused,
        "answers": scored.answers,
        "refused": scored.refused.as_dict(),
    }


def _tell(scored: "Scored", models: Sequence[Mapping[str, Any]], classes: Sequence[str]) -> None:
    from mesic.report.words import counted

    if scored.why_anew:
        print_text(
            f"note: what an earlier command had done was for another job, so all was begun anew: {scored.why_anew}"
        )
    if scored.kept_rows:
        print_text(f"note: {counted(scored.kept_rows, 'row')} were done by an earlier command and not computed again")
    for column, cells in _coerced(scored.account.entries).items():
        print_text(f"note: {counted(cells, 'cell')} of {column!r} could not be read, taken as missing")
    if scored.unused:
        shown = ", ".join(scored.unused[:8]) + (", ..." if len(scored.unused) > 8 else "")
        print_text(f"note: {len(scored.unused)} columns were not needed: {shown}")
    for choice in {(one["answers"], one["why"]): one for one in models}.values():
        print_text(f"{WHO_ANSWERS[choice['answers']]} answers for trees: {choice['why']}")
    if classes and scored.rows:
        rows = [
            (name, f"{one['rows']:,}", f"{one['share']:.1%}", f"{one['mean_p']:.4f}")
            for name, one in scored.answers.items()
        ]
        print_table(("prediction", "rows", "share", "mean of p"), rows)
    elif scored.answers:
        print_table(tuple(scored.answers), [tuple(f"{value:.6g}" for value in scored.answers.values())], "prediction")


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
