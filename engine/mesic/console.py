"""What a person reads: tables on stdout, progress and messages on stderr."""

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from mesic.runs.files import finite
from mesic.terminal import shown


def print_json(value: Any) -> None:
    """Print one JSON object on stdout."""
    sys.stdout.write(json.dumps(finite(value), ensure_ascii=False) + "\n")


def tell(text: str) -> None:
    """Write a message to stderr."""
    sys.stderr.write(shown(text) + "\n")
    sys.stderr.flush()


def print_text(text: str) -> None:
    """Write text to stdout."""
    sys.stdout.write(shown(text) + "\n")


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None) -> None:
    """Print a table that fits the terminal; wide cells fold."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(*columns, title=title, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold")
    for row in rows:
        table.add_row(*(shown(cell).replace("[", r"\[") for cell in row))
    width = None if sys.stdout.isatty() else 120
    Console(width=width, highlight=False).print(table)


@contextmanager
def progress(title: str) -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is being done, when stderr is a terminal; else it shows nothing."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(title) as status:
        yield lambda doing: status.update(f"{title}: {doing}")


@contextmanager
def rows_bar(title: str) -> Iterator[Callable[[float, int], None]]:
    """Give a function that shows the share and the rows that are done, when stderr is a terminal."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = ("{task.description}", BarColumn(), TaskProgressColumn(), "{task.fields[told]}", TimeRemainingColumn())
    shown = [TextColumn(column) if isinstance(column, str) else column for column in columns]
    begun: dict[str, float] = {}
    with Progress(*shown, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=1.0, told="")

        def show(share: float, rows: int) -> None:
            now = time.monotonic()
            since, before = begun.setdefault("since", now), int(begun.setdefault("rows", rows))
            rate = (rows - before) / max(now - since, 1e-9)
            told = f"{rows:,} rows, {rate:,.0f} a second, left:" if rate else f"{rows:,} rows"
            bar.update(task, completed=share or None, total=1.0 if share else None, told=told)

        yield show


def finding_lines(findings: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return findings as lines, what blocks first."""
    order = {"block": 0, "warning": 1, "info": 2}
    ranked = sorted(findings, key=lambda finding: order.get(finding["severity"], 3))
    return [
        f"{finding['severity']:>7}  {finding['code']}: {finding['message']}"
        + (f"\n         -> {finding['fix']}" if finding["fix"] and not finding.get("accepted") else "")
        + (f"\n         accepted: {finding['accepted']}" if finding.get("accepted") else "")
        for finding in ranked
    ]
