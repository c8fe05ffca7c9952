"""Finished runs, compared: two of them, or all of a list or a sweep against the best or a named one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from mesic.comparing.candidates import OUT_OF_FOLD, TEST, Candidate, candidate_of
from mesic.comparing.comparing import compared
from mesic.comparing.question import Compared, Question
from mesic.comparing.same_rows import RowsOfRun, refuse_other_rows
from mesic.errors import UsageError
from mesic.host.registry import installed
from mesic.runs.plan import metrics_of
from mesic.runs.record import FILE, read_record

FEWEST = 2


def compare_runs(
    candidates: Sequence[Candidate],
    *,
    part: str | None = None,
    metric: Mapping[str, Any] | None = None,
    against: str | None = None,
    level: float | None = None,
    margin: float | None = None,
) -> Compared:
    """Compare finished runs on the same rows.

    Parameters
    ----------
    candidates
        Two at least.
    part
        Whose rows: ``"test"`` or ``"out of fold"``; None: test rows for two runs, and for more those out of fold, for
        who chooses among many by the test rows has none left to say how good the choice is.
    metric
        Configuration of the metric that decides; None: the mean loss.
    against
        Name of the reference; None: the best one.
    level
        Of intervals and tests; None: that of the first run.
    margin
        Differences up to it do not matter; None: any difference matters.

    Raises
    ------
    UsageError
        Fewer than two runs, or runs on other rows.
    """
    if len(candidates) < FEWEST:
        raise UsageError(f"{len(candidates)} finished runs: give two at least")
    refuse_other_rows(candidates)
    first = candidates[0]
    config = first.facts["config"] | ({} if metric is None else {"metric": metric})
    question = Question(
        metrics_of(installed(), config, first.task),
        by=None if metric is None else metric["name"],
        against=against,
        level=config["interval"]["level"] if level is None else level,
        margin=margin,
        seed=config["seed"],
    )
    usual = TEST if len(candidates) == FEWEST else OUT_OF_FOLD
    return compared(candidates, question, part=part or usual, roles=RowsOfRun(first).of)


def listed_runs(runs: Sequence[str]) -> tuple[list[Candidate], list[str]]:
    """Return the runs of a list, or the jobs of a sweep; and the jobs of the sweep that have not finished.

    Parameters
    ----------
    runs
        Folders of runs, or one folder of a sweep.

    Raises
    ------
    UsageError
        A folder holds neither.
    """
    if len(runs) == 1 and not (Path(runs[0]) / FILE).is_file():
        return _jobs(Path(runs[0]))
    repeated = sorted({run for run in runs if list(runs).count(run) > 1})
    if repeated:
        raise UsageError(f"runs names {', '.join(repeated)} more than once")
    return [candidate_of(Path(run), key="runs") for run in runs], []


def _jobs(sweep: Path) -> tuple[list[Candidate], list[str]]:
    folders = sorted((file.parent for file in sweep.glob(f"*/{FILE}")), key=_job_number)
    if not folders:
        raise UsageError(f"runs=[{sweep}] holds neither a run nor a sweep: it has no {FILE}, nor has a folder in it")
    done = [folder for folder in folders if read_record(folder).get("status") == "finished"]
    left = [folder.name for folder in folders if folder not in done]
    return _told_apart([candidate_of(folder, key="runs", name=folder.name) for folder in done]), left


def _told_apart(jobs: Sequence[Candidate]) -> list[Candidate]:
    """Return jobs, each called by the overrides in which it differs from others."""
    typed = [[text for text in job.facts["overrides"] if not text.startswith("out=")] for job in jobs]
    common = set(typed[0]).intersection(*typed) if typed else set()
    own = (" ".join(text for text in said if text not in common) for said in typed)
    return [replace(job, about=about) for job, about in zip(jobs, own, strict=True)]


def _job_number(folder: Path) -> tuple[int, str]:
    return (int(folder.name), "") if folder.name.isdigit() else (1 << 30, folder.name)
