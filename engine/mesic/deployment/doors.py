"""A door that is a process: rows go in on stdin, a JSON object a line, and answers come out of stdout."""

import json
import math
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.deployment.target import Row
from mesic.errors import CheckFailed

ANSWERED, SOME_REFUSED = 0, 3
BEYOND = 1e999  # JSON has no infinity, but numbers beyond what 64 bits hold


@dataclass(frozen=True)
class ProcessDoor:
    r"""A command that answers JSON lines.

    Parameters
    ----------
    command
        Program and arguments; no shell reads them.
    tolerance
        By how much a score may differ from the bundle's.
    folder
        Where it runs.
    timeout_s
        After so many seconds it is given up.

    Examples
    --------
    >>> import sys
    >>> echo = "import sys; [print('{\"prediction\": 1.5}') for line in sys.stdin]"
    >>> ProcessDoor([sys.executable, "-c", echo]).ask([{"age": 31}])
    [{'prediction': 1.5}]
    """

    command: Sequence[str]
    tolerance: float = 0.0
    folder: Path | None = None
    timeout_s: float = 3600.0

    def ask(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """Return an answer a row.

        Raises
        ------
        CheckFailed
            The process failed, was too slow, or did not answer every row.
        """
        lines = "".join(json_line(row) for row in rows).encode()
        try:
            done = subprocess.run(  # noqa: S603 - a command of the target
                self.command, input=lines, capture_output=True, cwd=self.folder, timeout=self.timeout_s, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CheckFailed(f"{self.command[0]} does not answer: {error}") from error
        if done.returncode not in (ANSWERED, SOME_REFUSED):
            said = done.stderr.decode(errors="replace").strip().splitlines()
            raise CheckFailed(f"{self.command[0]} ended with status {done.returncode}: {' '.join(said[-1:])}")
        return _answers(done.stdout, len(rows), self.command[0])


def json_line(row: Row) -> str:
    """Return a row as a line of JSON; what is beyond all numbers is written as 1e999.

    Examples
    --------
    >>> json_line({"income": float("-inf"), "said": "to: Infinity"})
    '{"income": -1e999, "said": "to: Infinity"}\\n'
    """
    cells = (f"{json.dumps(name, ensure_ascii=False)}: {_json_cell(cell)}" for name, cell in row.items())
    return f"{{{', '.join(cells)}}}\n"


def _json_cell(cell: Any) -> str:
    if isinstance(cell, float) and math.isinf(cell):
        return "1e999" if cell > 0 else "-1e999"
    return json.dumps(cell, ensure_ascii=False)


def _answers(written: bytes, rows: int, command: str) -> list[dict[str, Any]]:
    try:
        answers = [json.loads(line) for line in written.splitlines() if line.strip()]
    except ValueError as error:
        raise CheckFailed(f"{command} answers what is no JSON: {error}") from error
    if len(answers) != rows or not all(isinstance(answer, dict) for answer in answers):
        raise CheckFailed(f"{command} gave {len(answers)} answers to {rows} rows")
    return answers
