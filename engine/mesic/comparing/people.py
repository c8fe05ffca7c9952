"""People against the model, on the test rows that both answered."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mesic.comparing.candidates import TEST, Candidate
from mesic.comparing.multiplicity import holm
from mesic.comparing.question import Compared
from mesic.comparing.verdicts import rows_to_decide, verdict_of
from mesic.errors import UsageError
from mesic.labels.tasks import FOLDER

FILE = "human.json"
NAMES = {"0 or 1": "share of wrong answers", "absolute error": "mean absolute error"}


def compare_people(model: Candidate, *, margin: float | None = None) -> Compared:
    """Compare people, whose answers ``mesic data label`` took in, with the model of the run that they labelled.

    Parameters
    ----------
    model
        The run; the reference.
    margin
        Differences up to it do not matter; None: any difference matters.

    Raises
    ------
    UsageError
        No answers of people were taken in.
    """
    assert model.folder is not None
    file = model.folder / FOLDER / FILE
    if not file.is_file():
        raise UsageError(
            f"{model.folder} knows no answers of people: `mesic data label run={model.folder}` makes sheets for them, "
            "and with 'answers=[...]' takes them in"
        )
    humans: Sequence[Mapping[str, Any]] = json.loads(Path(file).read_text(encoding="utf-8"))["humans"]
    differences = [human["against_model"] for human in humans]
    adjusted = holm([float("nan") if found["p"] is None else found["p"] for found in differences])
    rows = max(found["n"] for found in differences)
    return Compared(
        part=TEST,
        rows=rows,
        unit="rows",
        by=NAMES[humans[0]["loss"]],
        greater_is_better=False,
        level=differences[0]["level"],
        margin=margin,
        reference=model.name,
        is_chosen=False,
        models=[_model(model.name, model.learner, humans[0]["model_scores"])]
        + [_model(human["labeler"], "people", human["scores"]) for human in humans],
        pairs=[_pair(human, p, margin, len(humans)) for human, p in zip(humans, adjusted, strict=True)],
        tests=len(humans),
        notes=[
            "people answered a sample of the test rows; each is set beside the model on the rows that they answered"
        ],
    )


def _model(name: str, learner: str, scores: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {"name": name, "learner": learner, "value": None, "scores": list(scores)}


def _pair(human: Mapping[str, Any], p: float, margin: float | None, tests: int) -> dict[str, Any]:
    difference, known = human["against_model"], None if p != p else p  # noqa: PLR0124 - nan is not itself
    verdict = verdict_of(difference, p=known, greater_is_better=False, margin=margin)
    rows = rows_to_decide(difference, tests=tests) if verdict == "cannot tell" else None
    told = {"difference": difference, "p": known, "verdict": verdict, "rows_to_decide": rows}
    return {"model": human["labeler"], **told, "metrics": []}
