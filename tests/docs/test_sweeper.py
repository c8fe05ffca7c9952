"""docs/sweeper.md is compared with the settings; its files are written and its commands run as they stand there."""

import dataclasses
import shlex
import subprocess
import sys
import typing

import yaml
from tests.conftest import CommandLine
from tests.docs.pages import DOCS, blocks, sections, tables
from tests.docs.test_configuration import allowed_words, default_of, default_words, type_words

from mesic.sweeping.settings import SweeperSettings

PAGE = DOCS / "sweeper.md"


def test_every_setting_is_on_the_page_and_no_other():
    (table,) = tables(sections(PAGE, 2)["Settings"])
    hints = typing.get_type_hints(SweeperSettings)

    assert table[1:] == [
        [
            field.name,
            "any" if hints[field.name] is typing.Any else type_words(hints[field.name]),
            default_words(default_of(field)),
            allowed_words(field.metadata),
            field.metadata["help"],
        ]
        for field in dataclasses.fields(SweeperSettings)
    ]


def test_the_commands_of_the_page_work_as_written(tmp_path):
    for block in (block for block in blocks(PAGE) if block.file):
        (tmp_path / block.file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / block.file).write_text(block.text)
    run = CommandLine(tmp_path)
    for line in (line for block in blocks(PAGE, "bash") for line in block.lines):
        program, *words = shlex.split(line)
        command = [sys.executable, *(words if program == "python" else ["-m", program, *words])]
        done = subprocess.run(
            command, check=False, cwd=tmp_path, env=run.environment(), capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
    done = subprocess.run([sys.executable, "look.py"], check=True, cwd=tmp_path, capture_output=True, text=True)

    assert "rate" in done.stdout
    for folder, count in (("found", 12), ("kept", 6), ("beside", 6), ("runs/search", 4)):
        assert len((tmp_path / folder / "results.csv").read_text().splitlines()) == count + 1
        assert yaml.safe_load((tmp_path / folder / "best.yaml").read_text())[0]["overrides"]
