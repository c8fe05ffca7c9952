"""What a run leaves on disk is whole; what is compared is compared stage by stage."""

import json

import numpy as np
import pytest

from mesic.errors import DataError, UsageError
from mesic.runs.files import file_digest, finite, json_digest, remove_leftovers, replacing, write_json, write_text
from mesic.runs.reproduction import compare, configuration_of
from mesic.runs.seeds import stage_rng, stage_seed
from mesic.runs.stages import Store
from mesic.runs.timeline import Timeline, read_timeline


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    write_text(tmp_path / "a.txt", "old")

    def run_out_of_room():
        with replacing(tmp_path / "a.txt") as fresh:
            fresh.write_text("half")
            raise OSError(28, "no room")

    with pytest.raises(UsageError, match=r"cannot write .*a\.txt: no room"):
        run_out_of_room()

    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert (tmp_path / "a.txt").read_text() == "old"


def test_leftovers_of_a_killed_process_are_removed_and_nothing_else(tmp_path):
    (tmp_path / "sub").mkdir()
    for name in ("sub/.a.txt.77.new", ".b.new", "c.new", ".d"):
        (tmp_path / name).write_text("x")
    remove_leftovers(tmp_path)

    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [".d", "c.new"]


def test_what_json_cannot_hold_becomes_null_and_digests_ignore_the_order_of_keys(tmp_path):
    write_json(tmp_path / "a.json", {"a": np.float64("nan"), "b": np.arange(2)})

    assert json.loads((tmp_path / "a.json").read_text()) == {"a": None, "b": [0, 1]}
    assert json_digest({"a": 1, "b": 2}) == json_digest({"b": 2, "a": 1}) != json_digest({"a": 1, "b": 3})
    assert finite(float("inf")) is None
    assert len(file_digest(tmp_path / "a.json")) == 64


def test_a_stage_has_its_own_seed_whatever_else_draws():
    drawn = stage_rng(0, "fit").random(3)
    stage_rng(0, "partition").random(100)

    np.testing.assert_array_equal(stage_rng(0, "fit").random(3), drawn)
    assert len({stage_seed(seed, stage) for seed in range(20) for stage in ("fit", "partition", "search")}) == 60


def test_a_kept_result_is_found_under_its_key_alone_and_bit_for_bit(tmp_path):
    store = Store(tmp_path / "stages")
    arrays = {"a": np.array([[1.0, np.nan], [-0.0, 3.0]]), "b": np.array([], dtype=np.int64)}
    store.save("key", {"loss": 0.5}, arrays)
    facts, found = store.load("key")

    assert facts == {"loss": 0.5}
    assert {name: (a.tobytes(), a.shape) for name, a in found.items()} == {
        name: (a.tobytes(), a.shape) for name, a in arrays.items()
    }
    assert store.load("other") is None
    place = tmp_path / "stages" / "key.arrow"
    place.write_bytes(place.read_bytes()[:-200] + b"x" * 200)
    assert store.load("key") is None


def test_an_activity_that_fails_is_booked_with_its_end(tmp_path):
    timeline = Timeline(tmp_path)

    def fail():
        with timeline.activity("fit") as activity:
            activity.rows_in = 7
            raise KeyError("x")

    with pytest.raises(KeyError):
        fail()
    (line,) = read_timeline(tmp_path)

    assert (line["stage"], line["outcome"], line["rows_in"]) == ("fit", "failed", 7)
    assert line["wall_s"] >= 0


def test_a_line_that_was_cut_off_is_dropped_by_the_next_one(tmp_path):
    timeline = Timeline(tmp_path)
    with timeline.activity("read"):
        pass
    with timeline.path.open("a") as file:
        file.write('{"event": "start", "sta')
    cut = read_timeline(tmp_path)
    timeline.note("labelled", who="ada", hours=1.0, cost=None)

    assert [line["stage"] for line in cut] == ["read"]
    assert [line["stage"] for line in read_timeline(tmp_path)] == ["read", "labelled"]
    assert all(json.loads(line) for line in timeline.path.read_text().splitlines())


def test_a_broken_line_in_the_middle_is_named(tmp_path):
    (tmp_path / "timeline.jsonl").write_text('{"event": "note", "stage": "a", "time": "2026-01-01"}\nnonsense\n{}\n')

    with pytest.raises(DataError, match="line 2 is no JSON: 'nonsense'"):
        read_timeline(tmp_path)


def test_a_process_that_is_gone_is_said_to_have_died(tmp_path):
    gone = {"event": "start", "stage": "fit", "time": "2026-01-01T00:00:00+00:00", "pid": 2**22 + 1}
    (tmp_path / "timeline.jsonl").write_text(json.dumps(gone) + "\n")

    assert read_timeline(tmp_path)[0]["outcome"] == "died"


@pytest.fixture
def record(finished_run):
    return json.loads((finished_run / "record.json").read_text())


def changed(record, **more):
    return json.loads(json.dumps(record)) | more


def test_equal_digests_are_identical(record):
    assert compare(record, changed(record)).status == "identical"


@pytest.mark.parametrize("stage", ["data", "partition", "trials", "out_of_fold", "test_predictions", "scores"])
def test_the_first_stage_that_differs_is_named_with_its_cause(record, stage):
    verdict = compare(record, changed(record, digests=record["digests"] | {stage: "other"}))

    assert verdict.differs == (stage,)
    assert verdict.status == ("different" if stage == "data" else "equal within interval")
    assert verdict.causes[0].startswith(
        "the data behind" if stage == "data" else "nothing that is recorded has changed"
    )


def test_a_score_outside_of_its_interval_is_different(record):
    far = [score | {"value": score["high"] + 1} for score in record["scores"]["test"]]
    again = changed(record, digests=record["digests"] | {"scores": "other"}, scores={"test": far})

    assert compare(record, again).status == "different"


def test_another_version_is_the_likely_cause(record):
    older = changed(record, versions=record["versions"] | {"lightgbm": "0.1"})
    verdict = compare(older, changed(record, digests=record["digests"] | {"trials": "other"}))

    assert any(cause.startswith("the version of lightgbm was 0.1, is ") for cause in verdict.causes)


def test_a_run_is_repeated_with_as_many_trials_and_no_clock(record):
    timed = record["config"] | {"tuner": record["config"]["tuner"] | {"budget_s": 5}}
    config = configuration_of(changed(record, config=timed))

    assert config["tuner"]["trials"] == record["trials"]["tried"]
    assert config["tuner"]["budget_s"] is None
    with pytest.raises(UsageError, match="did not finish"):
        configuration_of(changed(record, status="interrupted"))
