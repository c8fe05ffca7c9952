"""docs/data.md is compared with the verbs; its commands are run as they stand there."""

from tests.conftest import CommandLine
from tests.docs.pages import DOCS, blocks, sections, tables
from tests.docs.shell import mistakes, typed

from mesic.cli import DATA_VERBS

PAGE = DOCS / "data.md"


def test_every_verb_has_its_line_and_its_section():
    assert [row[0] for row in tables(PAGE.read_text())[0][1:]] == list(DATA_VERBS)
    assert list(sections(PAGE, 2)) == list(DATA_VERBS)


def test_the_commands_of_the_page_work_as_written(tmp_path):
    for block in (block for block in blocks(PAGE) if block.file):
        (tmp_path / block.file).write_text(block.text)
    lines = [line for block in blocks(PAGE, "bash") for line in block.lines]
    ends = typed(CommandLine(tmp_path), lines)

    assert {line.split()[2] for line in lines if line.startswith("mesic data ")} == set(DATA_VERBS)
    assert mistakes(ends) == {}
