"""docs/transformers.md is compared with the transformers; its command is run as it stands there."""

from tests.conftest import CommandLine
from tests.docs.pages import DOCS, blocks, tables
from tests.docs.shell import mistakes, typed

from mesic_plugins import transformers

PAGE = DOCS / "transformers.md"


def test_every_transformer_is_on_the_page_and_no_other():
    offered = {component.name for component in transformers.register_transformers()}

    assert {row[0].strip("`") for row in tables(PAGE.read_text())[0][1:]} == offered


def test_the_commands_of_the_page_work_as_written(tmp_path):
    lines = [line for block in blocks(PAGE, "bash") for line in block.lines]
    assert mistakes(typed(CommandLine(tmp_path), lines)) == {}
