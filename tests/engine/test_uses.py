"""The uses of a test part are counted across runs, by several processes, through crashes; what is not known is said."""

import json
import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from mesic.runs import uses
from mesic.runs.ledger import add_line, read_lines


def use(run="r", begun="1", answers="a", test="t"):
    return {"test": test, "rows": 9, "run": run, "begun": begun, "answers": answers, "time": "now"}


def test_runs_and_models_are_counted_apart_and_a_run_that_is_taken_up_again_is_one(tmp_path):
    ledger = tmp_path / uses.FILE
    booked = [uses.book(ledger, one) for one in (use(), use("s"), use("s"), use("s", begun="2", answers="b"))]
    taken_up = uses.book(ledger, use("s", begun="2", answers="c"))
    other = uses.book(ledger, use(test="other"))

    assert [(one.runs, one.answers) for one in booked] == [(1, 1), (2, 1), (2, 1), (3, 2)]
    assert (taken_up.runs, taken_up.answers) == (3, 3)
    assert (other.runs, other.answers) == (1, 1)
    assert len(read_lines(ledger)) == 5


def test_looking_up_books_nothing(tmp_path):
    ledger = tmp_path / uses.FILE
    nothing = uses.look_up(ledger, "t")
    uses.book(ledger, use())
    found = uses.look_up(ledger, "t")

    assert (nothing.runs, found.runs) == (None, 1)
    assert "there is no" in nothing.why
    assert len(read_lines(ledger)) == 1


def test_a_line_that_a_crash_cut_off_is_taken_away(tmp_path):
    ledger = tmp_path / uses.FILE
    uses.book(ledger, use())
    with ledger.open("a") as file:
        file.write('{"test": "t", "ru')

    assert uses.book(ledger, use("s")).runs == 2
    assert [line["run"] for line in read_lines(ledger)] == ["r", "s"]


def test_a_line_that_is_no_json_is_said_and_nothing_is_lost(tmp_path):
    ledger = tmp_path / uses.FILE
    ledger.write_text("nonsense\n")
    found = uses.book(ledger, use())

    assert found.runs is None
    assert "line 1 is no JSON object: 'nonsense'" in found.why
    assert ledger.read_text() == "nonsense\n"


def test_where_nothing_can_be_written_the_run_goes_on_and_says_so(tmp_path):
    (tmp_path / "file").write_text("")
    found = uses.book(tmp_path / "file" / uses.FILE, use())

    assert (found.runs, found.ledger) == (None, None)
    assert "cannot be written" in found.why


def _book_some(ledger, name):
    for number in range(15):
        uses.book(ledger, use(f"{name}-{number}", answers=f"{name}-{number}"))


def test_several_processes_lose_no_use(tmp_path):
    ledger = tmp_path / uses.FILE
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_book_some, args=(ledger, name)) for name in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert [worker.exitcode for worker in workers] == [0, 0]
    assert uses.look_up(ledger, "t").runs == 30


def test_a_lost_ledger_is_made_again_from_the_runs_beside_it(tmp_path):
    for name in ("old", "sweep/0", "sweep/1", "2026-11-25/10-00-00", "no run"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        part = {"use": use(str(folder), answers=name)} if name != "no run" else {}
        (folder / "record.json").write_text(json.dumps({"test_part": part}))
    (tmp_path / "old" / "deeper").mkdir()
    (tmp_path / "old" / "deeper" / "record.json").write_text("no JSON")

    assert uses.book(tmp_path / uses.FILE, use("new", answers="new")).runs == 5


def test_the_order_of_rows_does_not_matter_and_each_row_does():
    keys = np.array([5, 7, 9], dtype=np.uint64)

    assert uses.part_digest(keys) == uses.part_digest(keys[::-1])
    assert uses.part_digest(keys) != uses.part_digest(keys[:2])


@pytest.mark.parametrize(
    ("folder", "ledger"),
    [
        ("runs/a", "runs"),
        ("runs/2026-11-26/10-00-00", "runs"),
        ("runs/2026-11-26/10-00-00/4", "runs"),
        ("runs/sweep/3", "runs"),
        ("a", ""),
    ],
)
def test_the_ledger_lies_beside_the_runs_above_sweeps_and_days(tmp_path, folder, ledger):
    assert uses.ledger_of(tmp_path / folder, tmp_path) == tmp_path / ledger / uses.FILE


def test_a_ledger_further_up_counts_but_none_above_where_the_command_was_started(tmp_path):
    here = tmp_path / "project"
    (here / "runs").mkdir(parents=True)
    (tmp_path / uses.FILE).touch()
    above = uses.ledger_of(here / "runs" / "a", here)
    (here / uses.FILE).touch()

    assert above == here / "runs" / uses.FILE
    assert uses.ledger_of(here / "runs" / "a", here) == here / uses.FILE
    assert uses.ledger_of(Path("/elsewhere/a"), here) == Path("/elsewhere") / uses.FILE
    assert uses.ledger_of(Path("/out"), here) == Path("/out") / uses.FILE


def test_a_line_is_made_from_those_before_it(tmp_path):
    path = tmp_path / "lines.jsonl"
    for _ in range(3):
        add_line(path, lambda lines: {"number": len(lines)})

    assert [line["number"] for line in read_lines(path)] == [0, 1, 2]
