"""Type the lines of a page, one after the other, in one process: importing is what takes long."""

import json
import shlex
import subprocess
import sys

from tests import warm
from tests.conftest import Done

SHELL = """
import io, json, runpy, sys
warm = runpy.run_path(sys.argv[1])
warm["keep_to_one_core"](warm["place_of_tests"]())
from contextlib import redirect_stderr, redirect_stdout
from mesic.cli import status_of
for said in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = status_of(said)
    print(json.dumps([status, out.getvalue(), err.getvalue()]))
"""


def typed(mesic, lines, **environment):
    """Type lines that begin with ``mesic`` into a command line's folder; return how each ended, by line."""
    words = [shlex.split(line) for line in lines]
    assert {word[0] for word in words} == {"mesic"}
    command = [sys.executable, "-c", SHELL, warm.__file__]
    done = subprocess.run(
        command, check=False, cwd=mesic.folder, env=mesic.environment(**environment),
        input=json.dumps([word[1:] for word in words]), capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ends = [Done(*json.loads(line)) for line in done.stdout.splitlines()]
    return dict(zip(lines, ends, strict=True))


def mistakes(ends):
    """Return what was said by the lines that did not work."""
    return {line: end.err for line, end in ends.items() if end.status}
