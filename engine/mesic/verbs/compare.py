"""``mesic compare``: runs on the same rows, bundles on new ones, people and model, or what newer data do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesic.config.verb import configured
from mesic.console import print_json, print_table, print_text, progress, tell
from mesic.errors import UsageError
from mesic.host.components import option

if TYPE_CHECKING:
    from mesic.comparing.question import Compared  # which imports NumPy

PEOPLE = "people"
PARTS = {"test": "test", "out_of_fold": "out of fold"}
FOR_MODELS = ("by", "metric", "margin", "interval", "out")


@dataclass
class CompareSettings:
    """The keys of ``mesic compare``."""

    a: str | None = option(None, "the reference: a finished run, a bundle, or people")
    b: str | None = option(None, "what is set beside it: a run, a bundle, or a table file with newer data")
    runs: list[str] = option([], "or several runs, or the folder of one sweep")
    against: str | None = option(None, "of several: the reference, as runs names it; null: the best one")
    by: str | None = option(
        None,
        "whose rows decide; null: test rows for two runs, out_of_fold for several",
        choices=("test", "out_of_fold"),
    )
    metric: dict[str, Any] | None = option(None, "what decides; by default the mean loss")
    margin: float | None = option(None, "differences of what decides that do not matter; null: any does", low=0)
    interval: float | None = option(None, "level of intervals and tests; null: that of the run", low=0.5, high=0.999)
    on: str | None = option(None, "new rows with the target, on which two bundles are compared")
    group: str | None = option(None, "column of these rows: which belong together")
    out: str | None = option(None, "page to write, such as compare.html")
    threads: int | None = option(None, "threads for newer data; null: the cores there are", low=1)


def main(arguments: list[str], *, as_json: bool) -> int:
    """Compare what the command line names; return the exit status."""
    settings = configured("compare", arguments, CompareSettings)
    if settings is None:
        return 0
    _refuse_unclear(settings)
    if _is_data(settings):
        _refuse_idle(settings, FOR_MODELS, "b is newer data, which are compared by the loss on the test rows of a")
        from mesic.verbs.compare_data import compare_data

        return compare_data(settings.a, settings.b, settings.threads, as_json=as_json)
    with progress("mesic compare") as say:
        say("reading what each answered")
        found = _compared(settings).as_dict()
    if settings.out:
        _write_page(found, settings.out)
    if as_json:
        print_json(found)
    else:
        _print(found)
    return 0


def _refuse_unclear(settings: CompareSettings) -> None:
    is_pair = settings.a is not None and settings.b is not None
    if bool(settings.runs) == (settings.a is not None or settings.b is not None) or not (is_pair or settings.runs):
        raise UsageError("give a=RUN b=RUN (or newer data), or runs=[RUN,RUN,...] or runs=[SWEEP] for several")
    if settings.against is not None and not settings.runs:
        raise UsageError(f"against={settings.against} is for runs=[...]: a is what b is set beside")
    if settings.group is not None and settings.on is None:
        raise UsageError(f"group={settings.group} is for on=TABLE: groups of runs are those of their source")
    if settings.on is not None:
        _refuse_idle(settings, ("runs", "by"), "on=TABLE compares two bundles on its rows")
    if settings.a == PEOPLE:
        _refuse_idle(
            settings, ("on", "by", "metric", "interval"), "people were scored when their answers were taken in"
        )


def _refuse_idle(settings: CompareSettings, keys: Sequence[str], why: str) -> None:
    """Refuse keys that would change nothing."""
    given = [key for key in keys if getattr(settings, key)]
    if given:
        raise UsageError(f"{', '.join(f'{key}=' for key in given)} would change nothing here: {why}")


def _is_data(settings: CompareSettings) -> bool:
    """Return whether newer data are asked about: a table, or a run of the same configuration on other rows."""
    if settings.runs or settings.on or settings.a == PEOPLE:
        return False
    from mesic.runs.record import FILE, read_record

    if not (Path(str(settings.b)) / FILE).is_file():
        return True
    a, b = ((read_record(str(folder)).get("data") or {}).get("digest") for folder in (settings.a, settings.b))
    return a is not None and b is not None and a != b


def _compared(settings: CompareSettings) -> "Compared":
    from mesic.comparing.candidates import candidate_of
    from mesic.comparing.runs import compare_runs, listed_runs

    told: dict[str, Any] = {"metric": settings.metric, "level": settings.interval, "margin": settings.margin}
    if settings.on:
        from mesic.comparing.bundles import compare_bundles

        return compare_bundles([str(settings.a), str(settings.b)], settings.on, group=settings.group, **told)
    part = PARTS.get(settings.by or "")
    if settings.runs:
        candidates, left = listed_runs([str(run) for run in settings.runs])
        if left:
            tell(f"not finished, and left out: {', '.join(left)}")
        return compare_runs(
            candidates, part=part, against=None if settings.against is None else str(settings.against), **told
        )
    b = candidate_of(Path(str(settings.b)), key="b")
    if settings.a == PEOPLE:
        from mesic.comparing.people import compare_people

        return compare_people(b, margin=settings.margin)
    a = candidate_of(Path(str(settings.a)), key="a")
    return compare_runs([a, b], part=part, against=a.name, **told)


def _write_page(found: Mapping[str, Any], out: str) -> None:
    from mesic.report.comparison_page import render_comparison
    from mesic.runs.files import write_text

    write_text(Path(out), render_comparison(found))
    tell(out)


def _print(found: Mapping[str, Any]) -> None:
    from mesic.report import comparison_words as words

    is_pair = len(found["pairs"]) == 1
    if is_pair:
        print_text(words.pair_sentence(found["pairs"][0], found))
        print_text(f"Compared on {words.where(found)}.\n")
    else:
        print_text(f"{len(found['models'])} models on {words.where(found)}; the reference: {found['reference']}")
        print_text(words.count_sentence(found) + "\n")
    if any(model["scores"] for model in found["models"]):
        _print_scores(found)
    _print_pairs(found)
    for said in (words.beside_sentence(found), words.worth_sentence(found), *found["notes"]):
        if said:
            print_text(said)


def _print_scores(found: Mapping[str, Any]) -> None:
    from mesic.report.words import level_text, score_parts

    names = [score["metric"] for score in found["models"][0]["scores"]][:4]
    rows = [
        [_named(model), *("{} ({})".format(*score_parts(score)) for score in model["scores"][: len(names)])]
        for model in found["models"]
    ]
    print_table(["", *names], rows, f"Scores ({level_text(found)} intervals)")


def _named(model: Mapping[str, Any]) -> str:
    return f"{model['name']} ({model['learner']})" if model["learner"] else str(model["name"])


def _print_pairs(found: Mapping[str, Any]) -> None:
    from mesic.report.comparison_words import difference_parts, p_text

    is_pair = len(found["pairs"]) == 1
    rows = []
    for pair in found["pairs"]:
        for name, one in [
            (found["by"] if is_pair else pair["model"], pair),
            *((m["metric"], m) for m in pair["metrics"]),
        ]:
            needed = "" if one["rows_to_decide"] is None else f"{one['rows_to_decide']:,}"
            rows.append([name, *difference_parts(one["difference"]), p_text(one["p"]), one["verdict"], needed])
    title = f"Difference to {found['reference']}"
    title += "; the first line decides" if is_pair else f"; p by Holm for {found['tests']} tests"
    head = "metric" if is_pair else "model"
    print_table([head, "difference", "interval", "p", "verdict", "rows that would tell"], rows, title)
