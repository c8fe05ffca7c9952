"""What sources promise."""

import pyarrow as pa

from mesic.config.settings import SourceOptions
from mesic.data.preparing import prepare
from mesic.data.reading import read_table, type_table
from mesic.testing.component import ComponentContract
from mesic.testing.subjects import Subject


class SourceContract(ComponentContract, kind="source"):
    """Promises of every source: it yields the same rows whenever and however it is read."""

    def test_its_options_say_which_column_plays_which_part(self, subject: Subject) -> None:
        """Its options dataclass inherits from ``mesic.SourceOptions``."""
        options = subject.component.options
        assert issubclass(options, SourceOptions), f"{subject}: {options.__name__} must inherit from SourceOptions"

    def test_columns_are_known_before_rows_are_read(self, subject: Subject) -> None:
        """They differ, and are those of the batches."""
        source = subject.made()
        names = source.columns()
        assert names, f"{subject} has no column"
        assert len(set(names)) == len(names), f"{subject} has two columns of one name"
        assert read_table(source).column_names == list(names), f"{subject} yields other columns than it announces"
        assert source.target in (None, *names), f"{subject}: its target {source.target!r} is no column"

    def test_batches_are_as_small_as_asked_and_of_one_schema(self, subject: Subject) -> None:
        """Record batches of Arrow, from the first to the last."""
        batches = list(subject.made().batches(7))
        for batch in batches:
            assert isinstance(batch, pa.RecordBatch), f"{subject} yields {type(batch).__name__}, not a RecordBatch"
            assert batch.num_rows <= 7, f"{subject} yields {batch.num_rows} rows when asked for 7 at most"
            assert batch.schema.equals(batches[0].schema), f"{subject} changes its schema from batch to batch"

    def test_every_reading_gives_the_same_rows(self, subject: Subject) -> None:
        """Of one source again, of another one, in batches of any size."""
        source = subject.made()
        first = read_table(source)
        readings = {
            "a second reading": read_table(source),
            "another source": read_table(subject.made()),
            "small batches": pa.Table.from_batches(source.batches(7)),
        }
        for what, table in readings.items():
            assert table.num_rows == first.num_rows, f"{subject}: {what} gives {table.num_rows} of {first.num_rows}"
            assert table.to_pylist() == first.to_pylist(), f"{subject}: {what} gives other rows"

    def test_text_batches_hold_as_many_rows(self, subject: Subject) -> None:
        """For sources that bundles can score: as text, under their ``text_schema``."""
        source = subject.made()
        if hasattr(source, "text_batches"):
            table = pa.Table.from_batches(source.text_batches(7))
            assert table.num_rows == read_table(source).num_rows, f"{subject} yields other rows as text"
            assert table.schema.names == source.text_schema().names, f"{subject}: text_schema() names other columns"

    def test_pieces_hold_the_rows_and_go_on_from_anywhere(self, subject: Subject) -> None:
        """For sources that bundles can score: the same pieces, wherever reading begins."""
        source = subject.made()
        if hasattr(source, "pieces"):
            names = source.columns()
            pieces = list(source.pieces(7, names))
            tables = [piece.read() for piece in pieces]
            rows = sum(table.num_rows for table in tables)
            assert rows == read_table(source).num_rows, f"{subject} yields other rows in pieces"
            for place, piece in enumerate(pieces):
                rest = [one.read().to_pylist() for one in source.pieces(7, names, piece.after)]
                told = [table.to_pylist() for table in tables[place + 1 :]]
                assert rest == told, f"{subject}: pieces after {piece.after} are other ones"

    def test_a_run_can_learn_from_it(self, subject: Subject) -> None:
        """Its columns can be typed, and its target be prepared; give ``target`` where it does not know its own."""
        source, declared = subject.made(), subject.options
        typed = type_table(read_table(source), declared, declared["target"] or source.target)
        data, _ = prepare(typed, declared)
        assert len(data), f"{subject} leaves no row to learn from"
