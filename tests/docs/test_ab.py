"""docs/ab.md: its commands and its Python are run as they stand there, its tables compared with the code."""

import typing

from tests.conftest import CommandLine
from tests.docs.pages import DOCS, blocks, sections, tables
from tests.docs.shell import mistakes, typed

from mesic.ab.plan import SPENDINGS, Columns
from mesic.ab.verdict import Decision

PAGE = DOCS / "ab.md"


def test_the_commands_of_the_page_work_as_written(tmp_path):
    for block in (block for block in blocks(PAGE) if block.file):
        (tmp_path / block.file).write_text(block.text)
    ends = typed(CommandLine(tmp_path), [line for block in blocks(PAGE, "bash") for line in block.lines])

    assert mistakes(ends) == {}
    assert [line.split()[1] for line in ends] == ["plan", "plan", "compare"]
    assert (tmp_path / "page.html").exists()
    assert list(ends.values())[-1].out.startswith("Continue")


def test_the_python_of_the_page_works_as_written():
    (block,) = blocks(PAGE, "python")
    seen = {}
    exec(block.text, seen)

    assert seen["verdict"].decision == "promote"
    assert seen["verdict"].arms[0].effect.low > 0


def test_every_verdict_every_spending_and_every_column_is_on_the_page():
    parts = sections(PAGE, 2)
    verdicts = [row[0] for row in tables(parts["decide"])[0][1:]]
    columns = [row[1] for row in tables(parts["start"])[0][1:]]

    assert sorted(verdicts) == sorted(typing.get_args(Decision))
    assert [row[0] for row in tables(parts["size"])[0][1:]] == list(SPENDINGS)
    assert columns == list(Columns.__dataclass_fields__)
