"""``mesic deploy outcomes``: what came of the answers of a deployment, as a table."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.config.verb import configured
from mesic.console import print_json, print_text, progress
from mesic.errors import DataError
from mesic.host.components import option

MOST_SHOWN = 5


@dataclass
class OutcomesSettings:
    """The keys of ``mesic deploy outcomes``."""

    deployment: str = option("???", "folder of the deployment")
    input: str = option("???", "table with the columns request_id (and row) or id, and label or reward")
    label: str = option("label", "the column that holds the labels")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Keep what a table tells; exit status 3 where rows of it cannot be used."""
    settings = configured("deploy outcomes", arguments, OutcomesSettings)
    if settings is None:
        return 0
    from mesic.data.reading import read_table
    from mesic.host.building import build
    from mesic.host.registry import installed
    from mesic.live.outcome_table import take_table

    table = read_table(build(installed().find("source", "table"), {"path": settings.input}))
    with progress("mesic deploy outcomes"):
        said = take_table(Path(settings.deployment), table, settings.label)
    if as_json:
        print_json({"deployment": settings.deployment, "input": settings.input, **said})
    else:
        print_text("\n".join(lines_of(said)))
    return DataError.exit_status if said["refused"] else 0


def lines_of(said: Mapping[str, Any]) -> Iterator[str]:
    """Yield what became of outcomes, as people read it."""
    yield (
        f"{said['rows']:,} rows: {said['taken']:,} taken, {said['repeated']:,} known before, {said['late']:,} kept, "
        f"whose roll-out has ended, {said['empty']:,} without an outcome, {said['refused']:,} refused"
    )
    for problem in said["problems"][:MOST_SHOWN]:
        yield f"  row {problem['row']}: {problem['message']}"
    if said["refused"] > MOST_SHOWN:
        yield f"  and {said['refused'] - MOST_SHOWN:,} more; --json tells the first {len(said['problems'])}"
