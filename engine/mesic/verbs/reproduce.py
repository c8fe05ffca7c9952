"""``mesic reproduce``: run again from the record and prove that it is the same."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from mesic.config.verb import configured
from mesic.console import print_json, print_text, progress
from mesic.host.components import option


@dataclass
class ReproduceSettings:
    """The keys of ``mesic reproduce``."""

    run: str = option("???", "the run's folder")
    out: str | None = option(None, "where to run again; null: a temporary folder")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Run again and compare; exit status 1 where it is not identical."""
    settings = configured("reproduce", arguments, ReproduceSettings)
    if settings is None:
        return 0
    from mesic.runs.reproduction import reproduce

    out = Path(settings.out or tempfile.mkdtemp(prefix="mesic-"))
    with progress(f"mesic reproduce {settings.run}") as say:
        verdict = reproduce(Path(settings.run), out / "run" if settings.out is None else out, say)
    is_same = verdict.status == "identical"
    if settings.out is None and is_same:
        shutil.rmtree(out, ignore_errors=True)
    if as_json:
        print_json(
            {
                "run": settings.run,
                "out": None if settings.out is None and is_same else str(out),
                **verdict.as_dict(),
            }
        )
        return 0 if is_same else 1
    print_text(f"{verdict.status}: {settings.run}")
    if is_same:
        print_text(f"  equal digests of {', '.join(verdict.digests)}")
    else:
        print_text(f"  first difference: {verdict.differs[0]} (then {', '.join(verdict.differs[1:]) or 'nothing'})")
        for cause in verdict.causes:
            print_text(f"  likely cause: {cause}")
        print_text(f"  the new run: {out}")
    return 0 if is_same else 1
