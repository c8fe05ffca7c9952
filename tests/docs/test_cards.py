"""docs/cards.md is compared with the code: objections, keys of the log, readers; its commands are run."""

import re
import shutil
import typing

import yaml
from tests.conftest import CommandLine
from tests.docs.pages import DOCS, ROOT, blocks, sections, tables
from tests.docs.shell import typed

from mesic.documents.document import How
from mesic.documents.pages import NAMES
from mesic.reviewing.audit_log import read_log
from mesic.reviewing.policies import REQUIRABLE

PAGE = DOCS / "cards.md"


def test_every_objection_is_on_the_page_and_no_other():
    folders = (ROOT / "plugins/mesic_plugins/gates", ROOT / "engine/mesic/reviewing")
    code = "\n".join(re.sub(r">>>.*", "", path.read_text()) for folder in folders for path in folder.glob("*.py"))
    made = set(re.findall(r"Objection\(\s*\"([A-Z-]+)\"", code)) - {"NO-OWNER"}
    said = {
        name for row in tables(sections(PAGE, 2)["Reviews"])[0] for name in re.findall(r"^[A-Z]+(?:-[A-Z]+)+$", row[0])
    }

    assert said == made


def test_readers_and_what_was_done_to_numbers_are_on_the_page():
    rows = tables(sections(PAGE, 2)["Three readers"])[0][1:]

    assert [row[0] for row in rows] == list(NAMES)
    assert all(f"`{how}`" in PAGE.read_text() for how in typing.get_args(How))


def test_the_policy_of_the_page_answers_what_can_be_asked():
    (block,) = blocks(PAGE, "yaml")

    assert set(REQUIRABLE) <= set(yaml.safe_load(block.text))


def test_the_commands_of_the_page_work_as_written(tmp_path, finished_run):
    shutil.copytree(finished_run, tmp_path / "runs/income")
    for block in blocks(PAGE, "yaml"):
        (tmp_path / block.file).write_text(block.text)
    lines = [line for block in blocks(PAGE, "bash") for line in block.lines]
    ends = typed(CommandLine(tmp_path), lines)

    assert {line: end.err for line, end in ends.items() if end.err} == {}
    assert [end.status for end in ends.values()] == [0] * len(lines)
    assert "TEST-REUSED by Grace Hopper is not needed" in ends[lines[-1]].out
    said = set(re.findall(r"`([a-z]+)`", sections(PAGE, 3)["audit.jsonl"]))
    assert set(read_log(tmp_path / "runs/income/audit.jsonl")[-1]) == said
