"""docs/decision.md is compared with what there is; its commands are run."""

from tests.conftest import CommandLine
from tests.docs.pages import DOCS, blocks, sections, tables
from tests.docs.shell import mistakes, typed

from mesic.config.settings import RULES
from mesic.testing import installed

PAGE = DOCS / "decision.md"


def test_every_calibrator_and_every_rule_is_on_the_page():
    (calibrators, _), (rules, _) = (tables(sections(PAGE, 2)[name]) for name in ("Calibration", "Threshold"))

    assert sorted(row[0] for row in calibrators[1:]) == [subject.name for subject in installed("calibrators")]
    assert [row[0] for row in rules[1:]] == list(RULES)


def test_the_commands_of_the_page_work_as_written(tmp_path):
    lines = [line for block in blocks(PAGE, "bash") for line in block.lines]

    assert len(lines) == 3
    assert mistakes(typed(CommandLine(tmp_path), lines)) == {}
