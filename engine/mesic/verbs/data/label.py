"""``mesic data label``: tasks for people, people beside a model, one label of many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.config.verb import configured
from mesic.console import print_json, print_table, print_text
from mesic.errors import UsageError
from mesic.host.components import option

MOST_PAIRS = 5


@dataclass
class LabelSettings:
    """The keys of ``mesic data label``."""

    run: str | None = option(None, "a finished run: draw tasks for people, or take in their answers")
    labels: str | None = option(None, "or a table of several labelers' labels")
    out: str = option("tasks", "new folder for sheets, or for what was found in labels")
    rows: int = option(200, "test rows that people label", low=2, unit="rows")
    labelers: list[str] = option(["human"], "people, a sheet each")
    answers: list[str] = option([], "sheets that came back")
    item: str = option("item", "column of labels: what was labelled")
    labeler: str = option("labeler", "column of labels: by whom")
    label: str = option("label", "column of labels: as what")
    aggregation: str = option("dawid_skene", "dawid_skene, majority or single:LABELER")
    interval: float = option(0.95, "level of every interval", low=0.5, high=0.999)
    seed: int = option(0, "decides rows, orders and repeats", low=0, high=2**32 - 1)


def main(arguments: list[str], *, as_json: bool) -> int:
    """Make tasks, take in answers, or make one label of many; return the exit status."""
    settings = configured("data label", arguments, LabelSettings)
    if settings is None:
        return 0
    if (settings.run is None) == (settings.labels is None):
        raise UsageError("give run=DIR for tasks and answers, or labels=FILE for a table of several labelers' labels")
    if settings.labels is not None:
        return _agree(settings, as_json=as_json)
    return _take_in(settings, as_json=as_json) if settings.answers else _hand_out(settings, as_json=as_json)


def _hand_out(settings: LabelSettings, *, as_json: bool) -> int:
    from mesic.labels.tasks import GUIDE, write_tasks

    sheets = write_tasks(Path(settings.run or ""), Path(settings.out), settings.labelers, settings.rows, settings.seed)
    files = [str(sheets.folder / f"{name}.csv") for name in settings.labelers]
    if as_json:
        print_json({"sheets": files, "rows": sheets.rows, "repeats": sheets.repeats})
        return 0
    print_text(f"{sheets.rows} test rows, {sheets.repeats} of them twice, to {', '.join(files)}; {GUIDE} says how")
    print_text(f"when they come back: mesic data label run={settings.run} 'answers=[{','.join(files)}]'")
    return 0


def _take_in(settings: LabelSettings, *, as_json: bool) -> int:
    from mesic.labels.baseline import human_baseline
    from mesic.labels.tasks import FOLDER, read_answers
    from mesic.runs.files import write_json

    run = Path(settings.run or "")
    answers = read_answers(run, [Path(path) for path in settings.answers])
    found, agreement = human_baseline(
        run, answers, aggregation=settings.aggregation, level=settings.interval, seed=settings.seed
    )
    humans = [score.as_dict() for score in found]
    facts = {"run": str(run), "humans": humans, "agreement": [one.as_dict() for one in agreement]}
    write_json(run / FOLDER / "human.json", facts)
    if as_json:
        print_json(facts)
        return 0
    _print_humans(humans)
    for one in agreement:
        print_text(f"{one.name}: {_coefficient(one.as_dict())}")
    print_text(f"{run / FOLDER / 'human.json'}")
    return 0


def _print_humans(humans: Sequence[Mapping[str, Any]]) -> None:
    from mesic.report.words import counted, score_parts

    names = [score["metric"] for score in humans[0]["scores"]][:4]
    rows = []
    for human in humans:
        for who, scores in ((human["labeler"], human["scores"]), ("  the model, same rows", human["model_scores"])):
            rows.append([who, *("{} ({})".format(*score_parts(score)) for score in scores[: len(names)])])
    print_table(["", *names], rows, "People and the model on the same test rows")
    for human in humans:
        against = human["against_model"]
        is_more, is_share = (against["value"] or 0) > 0, human["loss"] == "0 or 1"
        value = f"{abs(against['value']):.1%}" if is_share else f"{abs(against['value']):.4g}"
        said = f"is wrong on {value} {'more' if is_more else 'fewer'} of the rows than the model"
        if not is_share:
            said = f"has a mean absolute error {value} {'above' if is_more else 'below'} the model's"
        told = "" if human["rows_to_tell"] is None else f"; {counted(human['rows_to_tell'], 'row')} would show it"
        print_text(f"{human['labeler']} {said} ({_span(against, human)}{told})")
        if human["unanswered"]:
            print_text(f"  {counted(human['unanswered'], 'task')} not answered")
        if human["consistency"]:
            print_text("  answers a task again as before: {} ({})".format(*score_parts(human["consistency"])))
        if human["second_half"]:
            half = human["second_half"]
            said = f"{_signed(half['value'], human)} ({_span(half, human)})"
            print_text(f"  error of the second half less that of the first: {said}")
        if human["seconds"]:
            print_text(f"  {human['seconds']['median']:.3g} s a task, {human['seconds']['sum'] / 3600:.3g} h in all")


def _span(found: Mapping[str, Any], human: Mapping[str, Any]) -> str:
    p = "unknown" if found["p"] is None else f"{found['p']:.2g}"
    return f"{_signed(found['low'], human)} to {_signed(found['high'], human)}, p {p}"


def _signed(value: float | None, human: Mapping[str, Any]) -> str:
    if value is None:
        return "unknown"
    return f"{value:+.1%}" if human["loss"] == "0 or 1" else f"{value:+.4g}"


def _agree(settings: LabelSettings, *, as_json: bool) -> int:
    from mesic.labels.table import read_labels, summarise, write_agreement

    ratings = read_labels(Path(settings.labels or ""), settings.item, settings.labeler, settings.label)
    found = summarise(ratings, settings.aggregation, level=settings.interval, seed=settings.seed)
    write_agreement(found, ratings, Path(settings.out))
    if as_json:
        print_json({"out": settings.out, **found.facts})
        return 0
    _print_agreement(found.facts, settings)
    return 0


def _print_agreement(facts: Mapping[str, Any], settings: LabelSettings) -> None:
    labelers = facts["labelers"]
    print_text(f"{facts['items']:,} items, {len(labelers)} labelers, labels {', '.join(facts['classes'])}\n")
    for name in ("kappa", "alpha"):
        print_text(f"{facts[name]['name']}: {_coefficient(facts[name])}")
    rows = [[one["labeler"], f"{one['labels']:,}", _coefficient({**one, "value": one["accuracy"]})] for one in labelers]
    print_table(["labeler", "labels", f"right, by {facts['aggregation']}"], rows)
    print_text(f"worst: {labelers[-1]['labeler']}")
    for pair in facts["pairs"][:MOST_PAIRS]:
        print_text(f"  {' and '.join(pair['between'])}: kappa {_coefficient(pair)}")
    for warning in facts["warnings"]:
        print_text(f"warning: {warning}")
    print_text(
        f"\n{settings.out}: consensus.csv; relabel.csv, {facts['relabel']:,} items to look at again, the least certain "
        "first; agreement.json"
    )


def _coefficient(found: Mapping[str, Any]) -> str:
    known = [found["value"], found["low"], found["high"]]
    value, low, high = ("unknown" if number is None else f"{number:.3f}" for number in known)
    return f"{value} ({low} to {high})"
