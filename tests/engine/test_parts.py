"""A file is scored in parts: those that are done stay done, and the output does not tell where it was cut."""

import resource
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import csv, feather, ipc, parquet
from tests.conftest import people

from mesic.bundle.bundle import load_bundle
from mesic.errors import DataError, UsageError
from mesic.predicting.parts import Part, parts_of
from mesic.predicting.scoring import Asked, score_file
from mesic_plugins.sources.pieces import end_of_records, regrouped
from mesic_plugins.sources.table import Table

ROWS = 700


@pytest.fixture(scope="module")
def bundle(finished_run):
    return load_bundle(finished_run / "bundle")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Rows of which some cells hold delimiters, quotes and newlines, in every format."""
    folder = tmp_path_factory.mktemp("formats")
    told = ["plain", 'say "no"', "two\nlines", "a,b", ""]
    frame = people(ROWS, seed=4).assign(note=[told[n % 5] for n in range(ROWS)])
    frame.to_csv(folder / "quoted.csv", index=False)
    frame.to_csv(folder / "return.csv", index=False, lineterminator="\r\n")
    frame.assign(note=[f'{n}" pipe' for n in range(ROWS)]).to_csv(folder / "stray.csv", index=False, quoting=3)
    frame.to_csv(folder / "packed.csv.gz", index=False)
    table = csv.read_csv(folder / "quoted.csv", parse_options=csv.ParseOptions(newlines_in_values=True))
    parquet.write_table(table, folder / "small_groups.parquet", row_group_size=90)
    parquet.write_table(table, folder / "one_group.parquet")
    feather.write_feather(table, folder / "packed.feather")
    with ipc.new_stream(str(folder / "stream.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=33)
    return folder


FORMATS = (
    *("quoted.csv", "return.csv", "stray.csv", "packed.csv.gz", "small_groups.parquet", "one_group.parquet"),
    *("packed.feather", "stream.arrow"),
)


@pytest.fixture(scope="module")
def answers(bundle):
    return bundle.predict(people(ROWS, seed=4))["p_yes"].to_numpy()


@pytest.mark.parametrize("name", FORMATS)
def test_pieces_of_every_format_hold_each_row_once_and_go_on_from_anywhere(folder, name):
    source = Table(folder / name)
    whole = pa.Table.from_batches(source.text_batches(ROWS)).select(["person", "note"])
    pieces = list(source.pieces(90, ["person", "note"]))
    tables = [piece.read() for piece in pieces]

    assert len(pieces) > 3
    assert [row for table in tables for row in table.to_pylist()] == whole.to_pylist()
    for number, piece in enumerate(pieces):
        rest = [one.read() for one in source.pieces(90, ["person", "note"], piece.after)]
        assert [one.to_pylist() for one in rest] == [one.to_pylist() for one in tables[number + 1 :]]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_an_interrupted_command_is_gone_on_with_and_its_bytes_are_those_of_one_that_was_not(
    bundle, folder, answers, tmp_path, name, suffix
):
    source, asked = Table(folder / name), Asked(90, 2, ("person",))
    score_file(bundle, source, tmp_path / f"whole.{suffix}", asked)

    def interrupt(share, rows):
        if rows > 250:
            raise KeyboardInterrupt

    output, counted = tmp_path / f"p.{suffix}", Counting(bundle)
    with pytest.raises(KeyboardInterrupt):
        score_file(bundle, source, output, asked, progress=interrupt)
    assert not output.exists()
    scored = score_file(replace(bundle, others=counted.others), source, output, asked)

    assert output.read_bytes() == (tmp_path / f"whole.{suffix}").read_bytes()
    assert scored.kept_rows >= 250
    assert counted.rows == ROWS - scored.kept_rows
    assert scored.rows == scored.account.read == ROWS
    assert sum(one["rows"] for one in scored.answers.values()) == ROWS
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([f"p.{suffix}", f"whole.{suffix}"])
    read = pd.read_csv if suffix == "csv" else pd.read_parquet
    assert read(output)["p_yes"].to_numpy() == pytest.approx(answers, rel=1e-12)


class Counting:
    """Counts the rows that models of a bundle are asked about."""

    def __init__(self, bundle):
        from mesic.bundle.portable import ESTIMATORS

        self.rows, self.count = 0, bundle.fitted.steps
        self.others = {name: self.counting(made) for name, made in ESTIMATORS.items() if name != "constant"}
        self.first = None

    def counting(self, made):
        def estimator(step, threads):
            run = made(step, threads)
            self.first = self.first or step

            def counted(matrix):
                self.rows += len(matrix) if step is self.first else 0
                return run(matrix)

            return counted

        return estimator


def begun(bundle, source, output, asked, facts=None):
    def interrupt(share, rows):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_file(bundle, source, output, asked, facts=facts, progress=interrupt)


@pytest.mark.parametrize("changed", ["input", "batch", "keep", "bundle", "code"])
def test_what_was_done_for_another_job_is_not_used(bundle, tmp_path, changed):
    people(300).to_csv(tmp_path / "new.csv", index=False)
    source, asked, facts = Table(tmp_path / "new.csv"), Asked(90), {"code": "1"}
    begun(bundle, source, tmp_path / "p.csv", asked, facts)
    if changed == "input":
        people(300, seed=9).to_csv(tmp_path / "new.csv", index=False)
    elif changed == "bundle":
        bundle = replace(bundle, manifest={**bundle.manifest, "digest": "another"})
    elif changed == "code":
        facts = {"code": "2"}
    else:
        asked = replace(asked, **{"batch": {"batch": 91}, "keep": {"keep": ("age",)}}[changed])
    scored = score_file(bundle, source, tmp_path / "p.csv", asked, facts=facts)

    assert (scored.kept_rows, scored.why_anew) == (0, changed)
    score_file(bundle, source, tmp_path / "q.csv", asked)
    assert (tmp_path / "p.csv").read_bytes() == (tmp_path / "q.csv").read_bytes()


def test_a_part_of_which_a_byte_has_changed_is_computed_again(bundle, tmp_path):
    people(300).to_csv(tmp_path / "new.csv", index=False)
    source, output = Table(tmp_path / "new.csv"), tmp_path / "p.csv"
    begun(bundle, source, output, Asked(90))
    part = tmp_path / ".p.csv.parts" / "00000000.part"
    part.write_bytes(part.read_bytes().replace(b"no", b"on", 1))
    scored = score_file(bundle, source, output, Asked(90))

    whole = bundle.predict(people(300))
    assert pd.read_csv(output)["prediction"].tolist() == whole["prediction"].tolist()
    assert scored.rows == 300


def test_an_input_that_changes_meanwhile_is_said_and_nothing_is_left(bundle, tmp_path):
    people(300).to_csv(tmp_path / "new.csv", index=False)

    def change(share, rows):
        with (tmp_path / "new.csv").open("a") as file:
            file.write("\n")

    with pytest.raises(DataError, match="changed while it was read"):
        score_file(bundle, Table(tmp_path / "new.csv"), tmp_path / "p.csv", Asked(500), progress=change)
    assert [path.name for path in tmp_path.iterdir()] == ["new.csv"]


@contextmanager
def room_for(size):
    """Let no file grow beyond a size, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_where_there_is_no_room_what_was_computed_is_kept_and_gone_on_with(bundle, tmp_path):
    people(ROWS).to_csv(tmp_path / "new.csv", index=False)
    source, output = Table(tmp_path / "new.csv"), tmp_path / "p.csv"
    with room_for(20_000), pytest.raises(UsageError, match=r"cannot write .*; make room, .* rows are done and kept"):
        score_file(bundle, source, output, Asked(90))
    assert not output.exists()
    scored = score_file(bundle, source, output, Asked(90))

    assert scored.kept_rows > 200
    score_file(bundle, source, tmp_path / "whole.csv", Asked(90))
    assert output.read_bytes() == (tmp_path / "whole.csv").read_bytes()


def test_where_there_is_no_room_for_a_part_nothing_is_left_but_a_message(bundle, tmp_path):
    people(ROWS).to_csv(tmp_path / "new.csv", index=False)
    with room_for(1_000), pytest.raises(UsageError, match="cannot write"):
        score_file(bundle, Table(tmp_path / "new.csv"), tmp_path / "p.csv", Asked(90))

    assert [path.name for path in tmp_path.iterdir()] == ["new.csv"]


def test_two_processes_cannot_write_one_output(tmp_path):
    with parts_of(tmp_path / "p.csv", {}) as held:
        held.keep(0, Part({"rows": 1}, b"x"))
        with (
            pytest.raises(UsageError, match="is being written by another process"),
            parts_of(tmp_path / "p.csv", {}),
        ):
            pass
    with parts_of(tmp_path / "p.csv", {}) as again:
        assert again.find(0).payload == b"x"
        assert again.find(1) is None


def test_a_row_that_breaks_a_rule_is_told_by_its_number_in_the_file(bundle, tmp_path):
    people(ROWS).to_csv(tmp_path / "new.csv", index=False)
    columns = tuple(replace(one, range=(0.0, 100.0)) if one.name == "age" else one for one in bundle.schema.columns)
    strict = replace(bundle, schema=replace(bundle.schema, columns=columns))
    frame = pd.read_csv(tmp_path / "new.csv")
    frame.loc[555, "age"] = 150.0
    frame.to_csv(tmp_path / "new.csv", index=False)

    with pytest.raises(DataError, match=r"breaks .* in 1 row: 555, values 150.0"):
        score_file(strict, Table(tmp_path / "new.csv"), tmp_path / "p.csv", Asked(90, 2))
    assert [path.name for path in tmp_path.iterdir()] == ["new.csv"]


def test_a_record_ends_only_where_quotes_leave_no_doubt():
    rng = np.random.default_rng(0)
    for _ in range(500):
        cells = rng.choice(["a", "", "b,c", 'd"e', "f\ng", '"'], (4, 3))
        text = "".join(",".join('"' + c.replace('"', '""') + '"' if rng.random() < 0.8 or set(c) & set(',"\n') else c
                                for c in row) + "\n" for row in cells)  # fmt: skip
        ends = np.cumsum([0, *(len(line) for line in records(text))])
        block = text[: rng.integers(1, len(text) + 1)].encode()

        assert end_of_records(block, ord(",")) in ends
        assert end_of_records(text.encode(), ord(",")) == len(text)


def records(text):
    """Return records with their ends, cell by cell: the slow way."""
    found, inside, start = [], False, 0
    for place, sign in enumerate(text):
        inside ^= sign == '"'
        if sign == "\n" and not inside:
            found.append(text[start : place + 1])
            start = place + 1
    return found


def test_rows_are_regrouped_whatever_the_batches():
    cuts = ((0, 3), (3, 3), (3, 20), (20, 21))
    batches = [pa.record_batch({"x": pa.array(range(start, end), pa.int64())}) for start, end in cuts]

    assert [part["x"].to_pylist() for part in regrouped(batches, 6, skip=4)] == [
        list(range(4, 10)), list(range(10, 16)), list(range(16, 21)),
    ]  # fmt: skip


@pytest.mark.parametrize("place", [".out.csv.parts", ".out.csv.parts/lock"])
def test_parts_that_are_a_link_are_refused_and_what_it_leads_to_is_left(tmp_path, place):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter").write_text("dear")
    link = tmp_path / place
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(tmp_path / "home" if place.endswith("parts") else tmp_path / "home" / "letter")

    with pytest.raises(UsageError, match="is a link, or holds one"), parts_of(tmp_path / "out.csv", {}):
        pass
    assert (tmp_path / "home" / "letter").read_text() == "dear"


def test_a_job_file_that_is_none_begins_anew_and_leads_nowhere(tmp_path):
    folder = tmp_path / ".out.csv.parts"
    folder.mkdir()
    (folder / "job.json").write_text("[1]")
    (tmp_path / "letter").write_text("dear")
    (folder / "job.json.new").symlink_to(tmp_path / "letter")

    with parts_of(tmp_path / "out.csv", {"format": 1}) as parts:
        assert parts.find(0) is None
    assert (tmp_path / "letter").read_text() == "dear"
