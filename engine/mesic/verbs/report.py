"""``mesic report``: draw a run's page again, from its record alone, for who will read it."""

from dataclasses import dataclass
from pathlib import Path

from mesic.config.verb import configured
from mesic.console import print_json, print_text
from mesic.host.components import option


@dataclass
class ReportSettings:
    """The keys of ``mesic report``."""

    run: str = option("???", "the run's folder")
    audience: str = option("engineer", "who reads it", choices=("engineer", "owner", "auditor"))
    format: str = option("html", "what is written", choices=("html", "md", "json"))
    policy: str | None = option(None, "file of keys of policy that change those of the run, such as the approver")
    output: str | None = option(None, "where to write; null: report, owner or auditor in the run's folder")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Draw the page; return the exit status."""
    settings = configured("report", arguments, ReportSettings)
    if settings is None:
        return 0
    from mesic.documents.pages import NAMES, page_of
    from mesic.runs.files import write_text

    folder = Path(settings.run)
    name = f"{NAMES[settings.audience]}.{settings.format}"
    output = Path(settings.output) if settings.output else folder / name
    policy = Path(settings.policy) if settings.policy else None
    write_text(output, page_of(folder, settings.audience, settings.format, policy))
    if as_json:
        print_json({"run": str(folder), "report": str(output)})
    else:
        print_text(str(output))
    return 0
