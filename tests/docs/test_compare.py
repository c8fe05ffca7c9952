"""docs/compare.md and docs/advise.md: their commands are run as they stand there, their words are the code's."""

import typing

import pytest
from tests.conftest import CommandLine
from tests.docs.pages import DOCS, blocks, sections, tables
from tests.docs.shell import mistakes, typed

from mesic.cli import ADVISE_VERBS
from mesic.comparing.verdicts import Verdict


@pytest.mark.parametrize("page", ["compare.md", "advise.md"])
def test_the_commands_of_the_page_work_as_written(page, tmp_path):
    lines = [line for block in blocks(DOCS / page, "bash") for line in block.lines]
    ends = typed(CommandLine(tmp_path), lines)

    assert mistakes(ends) == {}
    assert list(tmp_path.glob("*.html"))


def test_every_verdict_is_on_the_page():
    (table,) = tables(sections(DOCS / "compare.md", 2)["Verdicts"])
    said = {word for row in table[1:] for word in row[0].split(", ")}

    assert said == set(typing.get_args(Verdict))


def test_every_kind_of_advice_has_a_section():
    assert set(sections(DOCS / "advise.md", 2)) == set(ADVISE_VERBS)
