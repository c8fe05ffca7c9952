"""docs/errors.md is compared with the evaluators; its commands are run as they stand there."""

import yaml
from tests.conftest import CommandLine
from tests.docs.pages import DOCS, ROOT, blocks, sections, tables
from tests.docs.shell import mistakes, typed

from mesic_plugins import evaluators
from mesic_plugins.evaluators.fairness import MEASURES
from mesic_plugins.evaluators.slice_words import SIGNS

PAGE = DOCS / "errors.md"


def test_every_evaluator_is_on_the_page_with_its_default():
    defaults = yaml.safe_load((ROOT / "conf" / "run.yaml").read_text())["defaults"]
    on = next(entry["evaluator"] for entry in defaults if isinstance(entry, dict) and "evaluator" in entry)
    offered = [component.name for component in evaluators.register_evaluators()]

    said = {row[0].strip("`"): row[2] for row in tables(PAGE.read_text())[0][1:]}
    assert said == {name: "yes" if name in on else "no" for name in offered}


def test_every_measure_and_every_sign_is_on_the_page():
    page = sections(PAGE, 2)
    assert {row[0] for row in tables(page["Fairness"])[0][1:]} == set(MEASURES)
    assert all(f"`{sign}`" in page["Slices"] for sign in ("=", "!=", "<", "<=", ">", ">=") if SIGNS.fullmatch(sign))


def test_the_commands_of_the_page_work_as_written(tmp_path):
    lines = [line for block in blocks(PAGE, "bash") for line in block.lines]
    command_line = CommandLine(tmp_path)

    assert mistakes(typed(command_line, lines)) == {}
    header = (tmp_path / "answers.csv").read_text().splitlines()[0]
    assert '"prediction_set"' in header
