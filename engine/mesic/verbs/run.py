"""``mesic run``: an experiment, or a sweep of them."""

import sys
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from mesic.config.keys import key_lines
from mesic.config.launch import launch, parsed
from mesic.config.settings import RunSettings
from mesic.console import finding_lines, print_json, print_table, print_text, progress, tell
from mesic.errors import ConfigError, MesicError, UsageError, message_of

STUDY = "results.csv"  # what hydra/sweeper=mesic leaves
KEYS_OF_SUMMARY = (
    "status",
    "exit_status",
    "error",
    "data",
    "partition",
    "primary",
    "scores",
    "skill",
    "decision",
    "zone",
)


def main(arguments: list[str], *, as_json: bool) -> int:
    """Run what the command line says; return the exit status."""
    done = launched("run", arguments, run_job)
    if done is None:
        return 0
    is_sweep, out, records = done
    if as_json:
        print_json({"runs": [summary(r) for r in records]} if is_sweep else summary(records[0]))
    elif is_sweep:
        print_sweep(records, out)
    else:
        print_run(records[0])
    return max((exit_status(record) for record in records), default=1)


def launched(
    verb: str, arguments: list[str], job: Callable[[DictConfig], float | None]
) -> tuple[bool, Path, list[dict[str, Any]]] | None:
    """Carry out every job of a command line.

    Parameters
    ----------
    verb
        The primary configuration's name.
    arguments
        What was typed after the verb.
    job
        Does one job in the folder that Hydra gave it.

    Returns
    -------
    tuple
        Whether it is a sweep, its folder, and the record of every job; None where only help was asked for.
    """
    args = parsed(arguments)
    if args.help:
        print_text("Keys beside the groups; `mesic list KIND/NAME` has those of a component.\n")
        print_text("\n".join(key_lines(RunSettings)) + "\n")
    if args.cfg or args.info or args.help or args.hydra_help or args.shell_completion:
        launch(verb, arguments, lambda _: None, look=lambda _: None)
        return None
    out = Path()

    def look(args: Namespace) -> None:
        nonlocal out
        out = refuse_problems(verb, args)
        typed = [text for text in sys.argv if not text.startswith("out=")]
        place = next((place for place, text in enumerate(typed) if text in args.overrides), len(typed))
        typed.insert(place, f"out={quoted(str(out))}")  # one folder for this command, whatever the clock says
        sys.argv = typed

    launch(verb, arguments, job, look=look)
    from mesic.runs.record import read_record

    found = sorted(out.glob("*/record.json"), key=_job_number) if args.multirun else [out / "record.json"]
    records = [read_record(path.parent) for path in found]
    if (out / STUDY).exists():  # jobs that failed are in results.csv; the sweep has said so if they all did
        records = [record for record in records if record["status"] == "finished"]
    return args.multirun, out, records


def exit_status(record: Mapping[str, Any]) -> int:
    """Return how a run ended; one whose record could not be written to its end failed for want of room."""
    status = record["exit_status"]
    return UsageError.exit_status if status is None else int(status)


def refuse_problems(verb: str, args: Namespace) -> Path:
    """Refuse a configuration with problems, before anything is written; return the folder to write to."""
    from mesic.config.composition import config_loader
    from mesic.config.problems import checked, checked_sweep, is_search, sweeper_of
    from mesic.runs.execution import refuse_other_run, refuse_other_sweep

    loader = config_loader()
    if args.multirun:
        problems, jobs = checked_sweep(loader, verb, args.overrides)
        if problems:
            raise ConfigError(problems)
        out = Path(str(jobs[0].out))
        is_study = is_search(sweeper_of(loader, verb, args.overrides))  # which looks itself whether it is the same
        refuse_other_sweep(out, [] if is_study else [plain(config) for config in jobs])
        return out
    problems, config = checked(loader, verb, args.overrides)
    if problems:
        raise ConfigError(problems)
    out = Path(str(config.out))
    refuse_other_run(out, plain(config))
    return out


def quoted(text: str) -> str:
    r"""Return a text as one value of Hydra's grammar, whatever stands in it.

    Examples
    --------
    >>> quoted("a b")
    "'a b'"
    """
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def plain(config: DictConfig) -> dict[str, Any]:
    """Return a composed configuration as plain dicts and lists, resolved, without Hydra's node and ``out``."""
    own = OmegaConf.masked_copy(config, [str(key) for key in config if key not in ("hydra", "out")])
    container: Any = OmegaConf.to_container(own, resolve=True)
    return dict(container)


def run_job(config: DictConfig) -> float | None:
    """Run one job in the folder that Hydra gave it; its record says how it ended.

    Returns the mean out-of-fold loss of the options that were chosen, which is what sweepers minimise; None when the
    job failed, unless ``hydra/sweeper=mesic`` runs it, which wants to hear why.
    """
    from hydra.core.hydra_config import HydraConfig

    from mesic.runs.execution import is_done
    from mesic.runs.record import read_record
    from mesic.sweeping.reporting import is_swept

    folder = Path(HydraConfig.get().runtime.output_dir)
    if is_done(folder, plain(config)):
        tell(f"{folder} holds this job, finished: it is taken as it is")
        return _loss(read_record(folder))
    record = carried_out("run", config)
    if record is None and is_swept():
        raise MesicError(read_record(folder)["error"]["message"])  # the study groups its reasons
    return None if record is None else _loss(record)


def carried_out(verb: str, config: DictConfig) -> dict[str, Any] | None:
    """Carry out one job in the folder that Hydra gave it; return its record, or None where it failed."""
    from hydra.core.hydra_config import HydraConfig

    from mesic.runs.execution import Typed, execute
    from mesic.runs.secrets import silenced

    hydra = HydraConfig.get()
    folder = Path(hydra.runtime.output_dir)
    shown = Path(folder).relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder
    origins = [f"{source.provider}: {source.schema}://{source.path}" for source in hydra.runtime.config_sources]
    choices: Any = OmegaConf.to_container(hydra.runtime.choices)
    taken = {str(key): value for key, value in choices.items() if not str(key).startswith("hydra/")}
    typed = Typed(list(hydra.overrides.task), taken, origins, secrets_of(config))
    with progress(f"mesic {verb} {shown}") as say:
        try:
            return execute(
                plain(config),
                folder,
                typed=typed,
                say=say,
                verb=verb,
            )
        except MesicError as error:
            silenced(error, typed.secrets)
            tell(f"mesic: {message_of(error)}")
            _record_refusal(folder, error, typed.secrets)
            return None


def secrets_of(config: DictConfig) -> dict[str, str]:
    """Return what a configuration asks of the environment and no file may hold, and what stands there instead."""
    from mesic.runs.secrets import asked_of_environment

    return asked_of_environment([str(OmegaConf.to_container(config, resolve=False))])


def _loss(record: Mapping[str, Any]) -> float:
    zone = record["zone"]
    return float(next(found["loss"] for found in zone["preferences"] if found["name"] == zone["prefer"]))


def _record_refusal(folder: Path, error: MesicError, secrets: Mapping[str, str]) -> None:
    """See that a job that was refused before its record was made has one."""
    from mesic.runs.files import write_json
    from mesic.runs.record import FILE, FORMAT
    from mesic.runs.secrets import hidden

    if not (folder / FILE).exists():
        named = hidden({"type": type(error).__name__, "message": message_of(error)}, secrets)
        facts = {"format": FORMAT, "status": "failed", "exit_status": error.exit_status, "error": named}
        write_json(folder / FILE, facts | {"run": {"name": str(folder)}, "findings": []})


def _job_number(path: Path) -> tuple[int, str]:
    name = path.parent.name
    return (int(name), "") if name.isdigit() else (1 << 30, name)


def summary(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``--json`` prints of a run."""
    facts = {key: record.get(key) for key in KEYS_OF_SUMMARY}
    facts["data"] = {k: v for k, v in (record.get("data") or {}).items() if k != "columns"} or None
    return {
        "run": record["run"]["name"],
        **facts,
        "model": record.get("model"),
        "findings": record["findings"],
    }


def print_run(record: Mapping[str, Any]) -> None:
    """Print a run for people: what it found, every score with its interval, and where everything lies."""
    if record["status"] != "finished":
        tell(f"the run did not finish: {record['run']['name']}/record.json says how far it came")
        return
    from mesic.report.decision_words import decision_texts
    from mesic.report.held_out import held_out_text
    from mesic.report.words import cache_text, headline, procedure_text, search_text, selection_text

    print_text(headline(record) + "\n")
    names = [score["metric"] for score in record["scores"]["test"]]
    rows = [_score_row(record["model"]["learner"], record["scores"]["test"])]
    if procedure := record["scores"].get("procedure"):
        rows.append(_score_row("its procedure", procedure))
    rows += [_score_row(baseline["name"], baseline["test"]) for baseline in record["baselines"]]
    shown = min(4, len(names))
    level = record["config"]["interval"]["level"]
    title = f"Test rows ({level:.0%} intervals)"
    print_table(["", *names[:shown]], [row[: shown + 1] for row in rows], title)
    texts = (
        procedure_text(record),
        search_text(record),
        selection_text(record),
        *decision_texts(record),
        held_out_text(record),
        cache_text(record),
    )
    for said in filter(None, texts):
        print_text(f"{said}\n")
    for line in finding_lines(record["findings"]):
        print_text(line)
    print_text(f"\n{record['run']['name']}: record.json, report.html, zone.svg, bundle/")


def _score_row(name: str, scores: Sequence[Mapping[str, Any]]) -> list[str]:
    return [name, *(score_cell(score) for score in scores)]


def score_cell(score: Mapping[str, Any]) -> str:
    """Return a score for a table cell, never without its interval."""
    from mesic.report.words import score_parts

    return "{} ({})".format(*score_parts(score))


def print_sweep(records: Sequence[Mapping[str, Any]], root: Path) -> None:
    """Print a sweep for people: a line a job."""
    from mesic.report.held_out import most_used_text

    rows = []
    for record in records:
        number = Path(record["run"]["name"]).name
        said = " ".join(text for text in record.get("overrides", []) if not text.startswith("out="))
        score = "failed: " + record["error"]["message"].splitlines()[0] if record.get("error") else _primary(record)
        rows.append([number, said, score])
    print_table(["job", "overrides", "out of fold"], rows, f"{len(records)} jobs in {root}")
    if said := most_used_text(records):
        print_text(said)


def _primary(record: Mapping[str, Any]) -> str:
    scores = (record.get("scores") or {}).get("out_of_fold") or []
    found = [score for score in scores if score["metric"] == record["primary"]]
    return f"{record['primary']} {score_cell(found[0])}" if found else record["status"]
