"""docs/rollouts.md is compared with components, plan and guards; its commands are run as they stand there."""

from tests.conftest import CommandLine
from tests.docs.pages import DOCS, blocks, sections, tables
from tests.docs.shell import mistakes, typed

from mesic.host.registry import installed
from mesic_plugins.rollouts import CanaryOptions

PAGE = DOCS / "rollouts.md"


def test_every_roll_out_is_on_the_page_and_no_other():
    table = tables(PAGE.read_text())[0]
    assert sorted(row[0] for row in table[1:]) == installed().names("rollout")


def test_the_stages_are_those_of_the_plan(tmp_path):
    done = CommandLine(tmp_path)("plan", "canary", "--json")
    stages = [
        [
            f"{one['share']:.0%}".replace("%", " %"),
            *(f"{one[key]:,}" for key in ("requests", "until", "answered_by_new", "with_beside")),
        ]
        for one in done.json["stages"]
    ]

    assert tables(sections(PAGE, 2)["Canary"])[0][1:] == stages
    assert done.json["requests"] == 2995


def test_the_limits_of_the_guards_are_options():
    guards = tables(sections(PAGE, 2)["Canary"])[1][1:]
    keys = {row[2].strip("`").split("`")[0] for row in guards} - {"always on"}

    assert keys == {"slower", "shift", "disagree", "loss"}
    assert keys <= set(CanaryOptions.__dataclass_fields__)


def test_the_commands_of_the_page_work_as_written(tmp_path):
    lines = [line for block in blocks(PAGE, "bash") for line in block.lines]

    assert lines
    assert mistakes(typed(CommandLine(tmp_path), lines)) == {}
