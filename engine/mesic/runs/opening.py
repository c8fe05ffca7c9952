"""The test part in the record: how often it was opened, how far that flatters, whether it is large enough."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from mesic.data.identity import array_digest
from mesic.evaluation import scoring
from mesic.evaluation.held_out import adequacy, adequacy_findings, optimism_bound, size_of
from mesic.runs import uses as booked
from mesic.runs.record import read_record
from mesic.runs.seeds import stage_rng
from mesic.runs.state import MAIN, Experiment, part_of
from mesic.runs.timeline import now, read_timeline
from mesic.runs.uses import Uses


def open_test_part(run: Experiment, answers: str) -> None:
    """Book that the test part is opened, before anything is scored; a reproduction is no new decision.

    Parameters
    ----------
    run
        Before its evaluation.
    answers
        Digest of the predictions that will be scored.
    """
    digest = booked.part_digest(run.dataset.keys[run.split.test])
    use = _use(run.folder, digest, answers, run.split.test.size)
    if run.reproduces is None:
        uses = booked.book(booked.ledger_of(run.folder, Path.cwd()), use)
    else:
        uses = uses_now(run.reproduces, read_record(run.reproduces))
    run.record.add(test_part={"digest": digest, "rows": run.split.test.size, "use": use} | _facts(uses, run.folder))


def _use(folder: Path, digest: str, answers: str, rows: int) -> dict[str, Any]:
    begun = next((line["time"] for line in read_timeline(folder)), now())
    name = folder.absolute().as_posix()
    return {"test": digest, "rows": rows, "run": name, "begun": begun, "answers": answers, "time": now()}


def _facts(uses: Uses, folder: Path) -> dict[str, Any]:
    ledger = uses.ledger and uses.ledger.absolute()
    near = ledger is not None and folder.absolute().is_relative_to(ledger.parent)
    steps = len(folder.absolute().relative_to(ledger.parent).parts) if ledger is not None and near else 0
    shown = "/".join([".."] * steps + [ledger.name]) if ledger is not None and near else ledger and str(ledger)
    return {"uses": uses.runs, "answers": uses.answers, "ledger": shown, "why": uses.why}


def judge_test_part(run: Experiment) -> None:
    """Say by how much the best score on the test part is too good, and whether the part is large enough."""
    facts, scores = run.record.facts["test_part"], run.record.facts["scores"]["test"]
    score = scoring.find_score(scores, run.record.facts["primary"])
    bound = None if facts["answers"] is None else optimism_bound(score, facts["answers"])
    against = str(run.record.facts["skill"]["against"])
    enough = _adequacy(run, against)
    run.record.add(test_part=facts | {"optimism": bound, "adequacy": enough})
    run.record.find(*adequacy_findings(enough, against))


def _adequacy(run: Experiment, against: str) -> dict[str, Any]:
    mine, theirs, test = run.found[MAIN], run.found[against], run.split.test
    _, here, there = np.intersect1d(mine.rows, theirs.rows, return_indices=True)  # repeated folds: one of each row
    rows = mine.rows[here]
    found = adequacy(
        mine.losses[here],
        theirs.losses[there],
        size_of(part_of(run.dataset.weight, test), part_of(run.dataset.groups, test), test.size),
        weight=part_of(run.dataset.weight, rows),
        groups=part_of(run.dataset.groups, rows),
        level=run.config["interval"]["level"],
        difference=run.config["policy"].get("min_difference"),
        rng=stage_rng(run.config["seed"], "adequacy"),
    )
    return found | {"against": against, "loss": run.record.facts["zone"]["loss"]}


def uses_now(folder: Path, record: Mapping[str, Any]) -> Uses:
    """Return how often a run's test part was used until now, by others too.

    Parameters
    ----------
    folder, record
        Of the run.
    """
    known = record.get("test_part") or {}
    if not known.get("ledger"):
        return Uses(str(known.get("digest")), None, None, None, known.get("why") or "the record does not say")
    return booked.look_up((folder / known["ledger"]).resolve(), known["digest"])


def book_comparison(folder: Path, record: Mapping[str, Any], answers: Iterable[np.ndarray]) -> Uses | None:
    """Book that other predictions were scored on a run's test part, as one use; None where the run counts none.

    Parameters
    ----------
    folder, record
        Of the run whose test rows they are.
    answers
        The predictions that are compared.
    """
    known = record.get("test_part") or {}
    if not known.get("ledger"):
        return None
    ledger, begun, uses = (folder / known["ledger"]).resolve(), now(), None
    for answer in answers:
        use = _use(folder, known["digest"], array_digest(answer), known["rows"])
        uses = booked.book(ledger, use | {"run": f"{use['run']}: comparison", "begun": begun})
    return uses
