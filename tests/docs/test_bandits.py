"""docs/bandits.md is compared with the component; its commands and its Python are run as they stand there."""

import subprocess
import sys

from tests.conftest import CommandLine
from tests.docs.pages import DOCS, blocks, sections, tables
from tests.docs.shell import mistakes, typed

from mesic_plugins.rollouts import BanditOptions

PAGE = DOCS / "bandits.md"


def test_every_policy_is_on_the_page_and_no_other():
    (table,) = tables(sections(PAGE, 2)["Policies"])
    assert [row[0] for row in table[1:]] == list(BanditOptions.__dataclass_fields__["policy"].metadata["choices"])


def test_the_commands_of_the_page_work_as_written(tmp_path):
    for block in (block for block in blocks(PAGE) if block.file):
        (tmp_path / block.file).write_text(block.text)
    lines = [line for block in blocks(PAGE, "bash") for line in block.lines]

    assert len(lines) == 4
    assert mistakes(typed(CommandLine(tmp_path), lines)) == {}


def test_the_python_of_the_page_runs():
    (block,) = blocks(PAGE, "python")
    done = subprocess.run([sys.executable, "-c", block.text], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
