"""Tables of strangers: refused in words, or read as what they hold; no cell is read from memory that is not theirs."""

import decimal

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import ipc, parquet

from mesic.bundle.beside import refuse_taken_names
from mesic.data.reading import read_table, type_table
from mesic.errors import DataError, MesicError, SettingError, UsageError
from mesic.host.building import build_table
from mesic.predictions.files import batches_of
from mesic_plugins.sources.table import Table

ROWS = 60
OPTIONS = {"schema": None, "ignore": [], "target": None, "time": None, "group": None, "weight": None, "key": None}
PLAIN = "age,y,x\n" + "".join(f"{n % 17},{'ab'[n % 2]},{n / 3}\n" for n in range(ROWS))


def typed(path, target="y", **said):
    return type_table(read_table(Table(path, **said)), OPTIONS, target)


def arrow_file(path, cells, *, stream=False):
    table = pa.table({"c": cells, "y": ["a", "b"] * (ROWS // 2)})
    with (ipc.new_stream if stream else ipc.new_file)(str(path), table.schema) as writer:
        writer.write_table(table)
    return path


def spoilt_file(path, *, stream=False):
    """Write a file whose last text ends far behind the file."""
    arrow_file(path, [f"word {n % 10}" for n in range(ROWS)], stream=stream)
    ends = np.arange(0, 6 * (ROWS + 1), 6, dtype=np.int32).tobytes()
    content = path.read_bytes()
    assert content.count(ends) == 1
    path.write_bytes(content.replace(ends, ends[:-4] + (2**30).to_bytes(4, "little")))
    return path


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("way", ["whole", "in pieces"])
def test_texts_that_lie_beyond_the_file_are_not_read(tmp_path, stream, way):
    """Arrow believes what a file says of itself: this one ended the process with SIGBUS."""
    path = spoilt_file(tmp_path / "t.arrow", stream=stream)

    with pytest.raises(DataError, match="cannot be read as arrow"):
        typed(path) if way == "whole" else [piece.read() for piece in Table(path).pieces(25, ["c", "y"])]


def test_nor_are_they_of_a_log_of_predictions(tmp_path):
    with pytest.raises(DataError, match="is damaged"):
        list(batches_of(spoilt_file(tmp_path / "t.arrow")))


def test_texts_of_parquet_that_are_no_utf8_are_refused(tmp_path):
    words = pa.array([b"\xff\xfe", b"b"] * (ROWS // 2)).cast(pa.binary())
    texts = pa.Array.from_buffers(pa.string(), ROWS, words.buffers())
    parquet.write_table(pa.table({"c": texts, "y": ["a", "b"] * (ROWS // 2)}), tmp_path / "t.parquet")

    with pytest.raises(DataError, match="UTF8"):
        typed(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="UTF8"):
        [piece.read() for piece in Table(tmp_path / "t.parquet").pieces(25, ["c"])]


HALF = ROWS // 2
CELLS = {
    "uuid": (lambda: pa.array([bytes(range(n, n + 16)) for n in range(ROWS)], pa.uuid()), "text"),
    "json": (lambda: pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"a": 1}', "[]"] * HALF)), "category"),
    "bool8": (lambda: pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0] * HALF, pa.int8())), "number"),
    "lists by number": (
        lambda: pa.DictionaryArray.from_arrays(pa.array([0, 1] * HALF), pa.array([[1], [2]])),
        "text",
    ),
    "a moment that has no name": (lambda: pa.array([2**62] * ROWS, pa.timestamp("us")), "constant"),
    "a day that has no name": (lambda: pa.array([2**31 - 1] * ROWS, pa.int32()).cast(pa.date32()), "constant"),
    "a span that has no name": (lambda: pa.array([2**62] * ROWS, pa.duration("s")), "constant"),
    "numbers of 70 digits": (lambda: pa.array([decimal.Decimal(10) ** 70, 1] * HALF, pa.decimal256(76, 2)), "number"),
}


@pytest.mark.parametrize(("cells", "kind"), CELLS.values(), ids=CELLS)
def test_cells_of_rare_types_are_read_as_what_they_hold(tmp_path, cells, kind):
    assert typed(arrow_file(tmp_path / "t.arrow", cells())).schema["c"].kind == kind


BROKEN = {
    "UTF-16": (PLAIN.encode("utf-16"), {}, "source.encoding=utf16"),
    "a target of another encoding": (PLAIN.encode() + "5,ü,3\n".encode("latin1"), {}, "source.encoding=latin1"),
    "an encoding that is not there": (PLAIN.encode(), {"encoding": "klingon"}, "source.encoding='klingon' cannot work"),
    "bytes that the encoding has not": (PLAIN.encode() + b"5,\xfc,3\n", {"encoding": "ascii"}, "cannot be read as csv"),
    "a cell without end": (f'{PLAIN}1,"{"a" * 5_000_000}",2\n'.encode(), {}, "a line is longer than 1 MiB"),
    "a header without end": (b"a" * 2_000_000, {}, "its first line is longer than 1 MiB"),
    "nothing but lines": (b"\n\n\n", {}, "it has neither header nor rows"),
    "a name twice": (b"age,y,age\n1,a,2\n", {}, "1 column name occurs twice: 'age'; rename"),
}


@pytest.mark.parametrize(("content", "said", "words"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_with_a_csv_is_said_in_the_words_of_its_owner(tmp_path, content, said, words):
    (tmp_path / "t.csv").write_bytes(content)

    with pytest.raises(MesicError, match=words):
        typed(tmp_path / "t.csv", **said)


def test_a_file_that_is_not_there_is_named_as_it_was_given():
    with pytest.raises(SettingError, match=r"^input='gone.csv' cannot work: give a file that exists"):
        build_table("gone.csv", "input")


def test_cells_of_bytes_are_no_target(tmp_path):
    with pytest.raises(DataError, match="'c' cannot be predicted: its cells of type list"):
        typed(arrow_file(tmp_path / "t.arrow", [[n % 2] for n in range(ROWS)]), "c")


def test_a_message_of_a_wide_table_is_no_page(tmp_path):
    names = [f"column {n}" for n in range(3_000)]
    (tmp_path / "wide.csv").write_text(",".join(names) + "\n" + ",".join(["1"] * 3_000) + "\n")

    for target in (None, "zzz"):
        with pytest.raises(UsageError, match="and 2,950 more") as refused:
            typed(tmp_path / "wide.csv", target)
        assert len(str(refused.value)) < 2_000


def test_a_column_may_be_called_expected_but_not_as_an_answer_is():
    refuse_taken_names(["expected delivery", "prediction", "p_yes"], ["no", "yes"])

    with pytest.raises(DataError, match="'expected p_yes' has the name"):
        refuse_taken_names(["age", "expected p_yes"], ["no", "yes"])


def test_an_arrow_file_without_a_column_is_no_wrong_encoding(tmp_path):
    path = arrow_file(tmp_path / "t.arrow", list(range(ROWS)))

    with pytest.raises(DataError) as refused:
        list(Table(path).pieces(25, ["nobody"]))
    assert not isinstance(refused.value, SettingError)
