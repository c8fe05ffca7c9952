"""The proof of parity: every door of an artefact is asked what the bundle was asked, and answers as it did.

Three sets of rows: those on which a bundle must always answer as on the day of training, those on which its metric must
stay in its range, and edge rows. Decisions and refusals are equal, scores within what the door allows.
"""

import gzip
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from mesic.bundle.bundle import Bundle
from mesic.deployment.edges import LEAST_ROWS, EdgeRows
from mesic.deployment.reference import reference_answers, rows_of, target_codes
from mesic.deployment.target import Door, Row
from mesic.errors import CheckFailed
from mesic.evaluation.intervals import score_with_interval
from mesic.host.registry import installed
from mesic.runs.files import json_digest
from mesic.runs.plan import metrics_of

FORMAT = 1
SETS = ("end_to_end", "confidence", "edge")
MOST_NAMED = 3
FOLDER = "proof"


@dataclass(frozen=True)
class Questions:
    """What every door is asked, and what it must answer.

    Parameters
    ----------
    rows
        By set, as they come to a door.
    expected
        The bundle's answers to these.
    target
        Of the confidence set: class codes or values.
    metric
        Name, options by which it is built, task and the range that it must reach.
    """

    rows: Mapping[str, Sequence[Row]]
    expected: Mapping[str, Sequence[Mapping[str, Any]]]
    target: Sequence[float]
    metric: Mapping[str, Any]

    @property
    def every(self) -> list[Row]:
        """The rows of all sets, in order."""
        return [row for name in SETS for row in self.rows[name]]

    @cached_property
    def digest(self) -> str:
        """Of rows and answers."""
        return json_digest([_written(row) for name in SETS for row in (*self.rows[name], *self.expected[name])])

    def save(self, folder: Path) -> None:
        """Write rows and answers, so that a proof can be made again without the bundle."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in SETS:
            lines = zip(self.rows[name], self.expected[name], strict=True)
            text = "".join(f"{_written({'row': row, 'expected': answer})}\n" for row, answer in lines)
            (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        (folder / "metric.json").write_text(_written({**self.metric, "target": list(self.target)}), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Questions":
        """Read what :meth:`save` wrote.

        Raises
        ------
        CheckFailed
            It cannot be read.
        """
        try:
            told = {name: _lines(folder / f"{name}.jsonl.gz") for name in SETS}
            metric = json.loads((folder / "metric.json").read_text(encoding="utf-8"))
            rows = {name: [line["row"] for line in lines] for name, lines in told.items()}
            expected = {name: [line["expected"] for line in lines] for name, lines in told.items()}
            return cls(rows, expected, metric.pop("target"), metric)
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise CheckFailed(f"{folder} holds no proof that can be read: {error}") from error


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]


def questions_of(bundle: Bundle, *, edge_rows: int = LEAST_ROWS) -> Questions:
    """Return the rows that prove an artefact of this bundle, with the bundle's own answers; `edge_rows` at least."""
    from pyarrow import parquet

    def sealed(name: str) -> pa.Table:
        return parquet.ParquetFile(bundle.folder / f"{name}.parquet").read()

    names = [*bundle.needed, *bundle.moments]
    schema = {name: bundle.schema[name] for name in names}
    confidence = sealed("confidence")
    rows = {"end_to_end": rows_of(sealed("end_to_end"), bundle.inputs, schema)}
    rows["confidence"] = rows_of(confidence, bundle.inputs, schema)
    rows["edge"] = EdgeRows(bundle, rows["end_to_end"]).rows(edge_rows)
    return Questions(
        rows,
        {name: reference_answers(bundle, rows[name]) for name in SETS},
        target_codes(confidence.column(bundle.manifest["target"]), bundle.classes).tolist(),
        _metric_facts(bundle),
    )


def _metric_facts(bundle: Bundle) -> dict[str, Any]:
    config = json.loads((bundle.folder / "config.json").read_text(encoding="utf-8"))
    facts = {key: bundle.manifest[key] for key in ("metric", "acceptable", "task", "classes")}
    return facts | {"config": {key: config.get(key) for key in ("metric", "metrics", "plugins")}}


def proven(doors: Mapping[str, Door], questions: Questions) -> dict[str, Any]:
    """Ask every door everything; return the proof.

    Raises
    ------
    CheckFailed
        A door answers otherwise; the first rows are named for each.
    """
    found = {name: _asked(door, questions) for name, door in doors.items()}
    wrong = [f"door {name}: {problem}" for name, one in found.items() for problem in one["problems"]]
    if not doors:
        wrong = ["it has no door"]
    if wrong:
        raise CheckFailed("\n  ".join(["the artefact does not answer as its bundle:", *wrong]), wrong)
    counts = {name: len(questions.rows[name]) for name in SETS}
    refused = sum("error" in answer for name in SETS for answer in questions.expected[name])
    doors_facts = {name: {key: fact for key, fact in one.items() if key != "problems"} for name, one in found.items()}
    return {
        "format": FORMAT,
        "rows": counts,
        "refused": refused,
        "digest": questions.digest,
        "doors": doors_facts,
    }


def _asked(door: Door, questions: Questions) -> dict[str, Any]:
    try:
        answers = door.ask(questions.every)
    except CheckFailed as error:
        return {"problems": [str(error)]}
    problems: list[str] = []
    largest, start = 0.0, 0
    for name in SETS:
        own = answers[start : start + len(questions.rows[name])]
        start += len(own)
        wrong, difference = compared(questions.expected[name], own, door.tolerance)
        largest = max(largest, difference)
        if wrong:
            problems.append(_named(name, wrong, questions, own))
        if name == "confidence":
            score = _score(questions, own)
            problems += _out_of_range(score, questions)
    return {"tolerance": door.tolerance, "largest_difference": largest, "score": score, "problems": problems}


def compared(
    expected: Sequence[Mapping[str, Any]], given: Sequence[Mapping[str, Any]], tolerance: float
) -> tuple[list[int], float]:
    """Return the numbers of the rows that are answered otherwise, and the largest difference of a score.

    Values are compared by their difference as a share of the larger of 1 and what was expected.

    Examples
    --------
    >>> compared([{"prediction": "a", "p_a": 0.5}], [{"prediction": "a", "p_a": 0.75}], 0.5)
    ([], 0.25)
    >>> compared([{"prediction": "a", "p_a": 0.5}], [{"prediction": "b", "p_a": 0.5}], 0.5)
    ([0], 0.0)
    """
    wrong, largest = [], 0.0
    for row, (left, right) in enumerate(zip(expected, given, strict=True)):
        if "error" in left or "error" in right or left.keys() != right.keys():
            if not ("error" in left and "error" in right):
                wrong.append(row)
            continue
        gaps = [difference(value, right[name]) for name, value in left.items()]
        if any(gap > tolerance for gap in gaps):
            wrong.append(row)
        largest = max([largest, *(gap for gap in gaps if gap < math.inf)])
    return wrong, largest


def difference(expected: Any, given: Any) -> float:
    """Return by how much a number differs, as a share of the larger of 1 and itself; infinite where texts differ."""
    if isinstance(expected, str) or isinstance(given, str) or expected is None or given is None:
        return 0.0 if expected == given else math.inf
    if expected == given or (math.isnan(expected) and math.isnan(given)):
        return 0.0
    gap = abs(expected - given) / max(1.0, abs(expected))
    return math.inf if math.isnan(gap) else gap


def _named(name: str, wrong: Sequence[int], questions: Questions, given: Sequence[Mapping[str, Any]]) -> str:
    """Say which rows of a set are answered otherwise, the first of them with what they hold."""
    told = [
        f"row {row} {_written(questions.rows[name][row])} is answered {_short(given[row])}, not "
        f"{_short(questions.expected[name][row])}"
        for row in wrong[:MOST_NAMED]
    ]
    return "\n    ".join([f"{len(wrong):,} of {len(given):,} {name} rows differ:", *told])


def _short(answer: Mapping[str, Any]) -> str:
    return "with a refusal: " + str(answer["error"]) if "error" in answer else _written(answer)


def _score(questions: Questions, answers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the metric on the rows of the confidence set that are answered, with its interval."""
    facts, is_there = questions.metric, np.array(["error" not in answer for answer in answers], dtype=bool)
    metric = metrics_of(installed(), facts["config"], facts["task"])[facts["metric"]]
    kept = [answer for answer in answers if "error" not in answer]
    names = [f"p_{label}" for label in facts["classes"]] or ["prediction"]
    prediction = np.array([[answer[name] for name in names] for answer in kept], dtype=np.float64)
    y = np.asarray(questions.target, dtype=np.int64 if facts["classes"] else np.float64)[is_there]
    rng = np.random.default_rng(0)
    told = score_with_interval(metric, y, prediction if facts["classes"] else prediction[:, 0], rng=rng).as_dict()
    return {key: told[key] for key in ("metric", "value", "low", "high", "n")} | {"acceptable": facts["acceptable"]}


def _out_of_range(score: Mapping[str, Any], questions: Questions) -> list[str]:
    """Say that the interval of the metric does not reach the range in which it must lie."""
    low, high = (questions.metric["acceptable"][end] for end in ("low", "high"))
    own_low, own_high = (score["value"] if score[end] is None else score[end] for end in ("low", "high"))
    if score["value"] is None:
        return [f"{score['metric']} cannot be told on the confidence set"]
    if (low is not None and own_high < low) or (high is not None and own_low > high):
        return [f"{score['metric']} is {score['value']:.6g} on the confidence set, not from {low} to {high}"]
    return []
