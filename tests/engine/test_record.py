"""The record is whole at any moment, says each thing once, and is refused where it cannot be read."""

import json

import pytest

from mesic.errors import DataError, UsageError
from mesic.findings import Finding
from mesic.runs.files import file_digest
from mesic.runs.record import Record, read_record

FACTS = {"run": {"name": "r", "pid": 1}}


def finding(message="m", **evidence):
    return Finding("CODE", "info", message, evidence, "mend it")


def test_a_finding_is_said_once():
    record = Record(None, FACTS)
    record.find(finding(), finding("other"))
    record.find(finding(rows=3))

    assert [(said["code"], said["message"]) for said in record.facts["findings"]] == [("CODE", "m"), ("CODE", "other")]


@pytest.mark.parametrize("error", [None, ValueError("no good")])
def test_how_a_run_ended_is_on_the_disk_at_once(tmp_path, error):
    record = Record(tmp_path, FACTS)
    record.add(score=float("nan"))
    early = read_record(tmp_path)
    record.end("failed" if error else "finished", 1 if error else 0, error)
    late = read_record(tmp_path)

    assert (early["status"], early["exit_status"], early["score"]) == ("running", None, None)
    assert late["error"] == ({"type": "ValueError", "message": "no good"} if error else None)
    assert late["exit_status"] == (1 if error else 0)
    assert late["run"]["wall_s"] >= 0
    assert late["run"]["name"] == "r"


def test_every_file_has_its_digest_but_what_still_grows(tmp_path):
    for name in ["a.txt", "bundle/b.txt", "stages/c.arrow", "record.json", "timeline.jsonl", "run.log", "report.html"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    record = Record(tmp_path, FACTS)
    record.digest_files()

    assert record.facts["files"] == {name: file_digest(tmp_path / name) for name in ("a.txt", "bundle/b.txt")}


@pytest.mark.parametrize(
    ("text", "error", "words"),
    [
        (None, UsageError, "is no run: it has no record.json; give the folder that `mesic run` named"),
        ('{"format": 1, "sta', DataError, "is no JSON"),
        (json.dumps({"format": 2}), UsageError, "has format 2; this mesic reads 1"),
        ("{}", UsageError, "has format None"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path, text, error, words):
    if text is not None:
        (tmp_path / "record.json").write_text(text)

    with pytest.raises(error, match=words):
        read_record(tmp_path)


def test_a_finding_is_said_once_also_within_one_call():
    record = Record(None, {})
    record.find(finding(), finding())

    assert len(record.facts["findings"]) == 1
