"""docs/selection.md is compared with the selectors; its command is run as it stands there."""

from tests.conftest import CommandLine
from tests.docs.pages import DOCS, blocks, sections, tables
from tests.docs.shell import mistakes, typed

from mesic_plugins import selectors

PAGE = DOCS / "selection.md"


def test_every_selector_is_on_the_page_and_no_other():
    offered = {component.name for component in selectors.register_selectors()}

    assert {row[0].strip("`") for row in tables(PAGE.read_text())[0][1:]} == offered
    assert set(sections(PAGE, 2)) - offered == {"The audit of features", "What was measured"}


def test_every_rule_is_on_the_page():
    for component in selectors.register_selectors():
        rules = [field for field in component.options.__dataclass_fields__.values() if field.name == "rule"]
        for rule in (choice for field in rules for choice in field.metadata["choices"]):
            assert f"`{rule}`" in PAGE.read_text() or f"`rule={rule}`" in PAGE.read_text(), rule


def test_the_commands_of_the_page_work_as_written(tmp_path):
    lines = [line for block in blocks(PAGE, "bash") for line in block.lines]
    assert mistakes(typed(CommandLine(tmp_path), lines)) == {}
