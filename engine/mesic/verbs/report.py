"""``mesic report``: draw a run's page again, from its record alone."""

from dataclasses import dataclass
from pathlib import Path

from mesic.config.verb import configured
from mesic.console import print_json, print_text
from mesic.host.components import option


@dataclass
class ReportSettings:
    """The keys of ``mesic report``."""

    run: str = option("???", "the run's folder")
    output: str | None = option(None, "where to write; null: report.html in the run's folder")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Draw the page; return the exit status."""
    settings = configured("report", arguments, ReportSettings)
    if settings is None:
        return 0
    from mesic.report.page import render
    from mesic.runs.files import write_text
    from mesic.runs.record import PAGE, read_record
    from mesic.runs.timeline import read_timeline

    folder = Path(settings.run)
    output = Path(settings.output) if settings.output else folder / PAGE
    write_text(output, render(read_record(folder), read_timeline(folder)))
    if as_json:
        print_json({"run": str(folder), "report": str(output)})
    else:
        print_text(str(output))
    return 0
