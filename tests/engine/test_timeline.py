"""Every line of the timeline that was finished is read, wherever a crash cut the next one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mesic.runs.timeline import Timeline, read_timeline


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a timeline of two nested stages and one that was interrupted."""
    timeline = Timeline(tmp_path_factory.mktemp("whole"))
    with timeline.activity("run"), timeline.activity("fit", trial=3) as activity:
        activity.rows_out = 5
    with pytest.raises(KeyboardInterrupt), timeline.activity("fit"):
        raise KeyboardInterrupt
    return timeline.path.read_bytes()


def test_a_start_is_joined_with_its_own_end(whole, tmp_path):
    (tmp_path / "timeline.jsonl").write_bytes(whole)
    run, first, second = read_timeline(tmp_path)

    assert [line["stage"] for line in (run, first, second)] == ["run", "fit", "fit"]
    assert [line["outcome"] for line in (run, first, second)] == ["done", "done", "interrupted"]
    assert (first["rows_out"], first["trial"], second["rows_out"]) == (5, 3, None)
    assert run["start_s"] <= first["start_s"] <= second["start_s"]


@given(st.data())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_cut_at_any_byte_loses_the_line_that_it_hit_and_no_other(whole, tmp_path_factory, data):
    cut = data.draw(st.integers(0, len(whole)))
    timeline = Timeline(tmp_path_factory.mktemp("cut"))
    timeline.path.write_bytes(whole[:cut])
    before = read_timeline(timeline.path.parent)
    timeline.note("labelled", who="ada", hours=1.0, cost=None)
    after = read_timeline(timeline.path.parent)

    assert timeline.path.read_bytes().startswith(whole[: whole.rfind(b"\n", 0, cut) + 1])
    assert timeline.path.read_bytes().count(b"\n") == whole[:cut].count(b"\n") + 1
    assert [line["stage"] for line in after] == [*(line["stage"] for line in before), "labelled"][-len(after) :]
    assert len(after) - 1 <= len(before) <= len(after)


@pytest.mark.parametrize("text", ["two\u2028lines", "next\x85line", "carriage\rreturn"])
def test_any_text_can_be_booked(tmp_path, text):
    Timeline(tmp_path).note(text, who="ada", hours=1.0, cost=None)

    assert [line["stage"] for line in read_timeline(tmp_path)] == [text]


def test_a_line_that_was_cut_inside_a_letter_is_left_out(tmp_path):
    timeline = Timeline(tmp_path)
    timeline.note("a", who="ada", hours=1.0, cost=None)
    with timeline.path.open("ab") as file:
        file.write('{"stage": "ü'.encode()[:-1])

    assert len(read_timeline(tmp_path)) == 1
