"""``mesic compare ab``: what the log of an A/B test says: promote, roll back, keep or continue."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mesic.config.verb import configured
from mesic.console import finding_lines, print_json, print_table, print_text
from mesic.errors import CheckFailed, SettingError, UsageError
from mesic.verbs.ab.settings import CompareAbSettings, design_of, refuse_beside_plan

if TYPE_CHECKING:
    from mesic.ab.plan import Plan


def main(arguments: list[str], *, as_json: bool) -> int:
    """Read a log; exit status 1 where it may not be read."""
    settings = configured("compare ab", arguments, CompareAbSettings)
    if settings is None:
        return 0
    if settings.out is not None and Path(settings.out).suffix not in (".html", ".htm"):
        raise SettingError("out", settings.out, "a file that ends in .html")
    from mesic.ab.readout import read_out
    from mesic.data.reading import read_table
    from mesic.host.building import build_table

    plan = _plan(settings)
    log = read_table(build_table(settings.log, "log"))
    facts = {"log": settings.log, **read_out(log, plan).as_dict()}
    if settings.out is not None:
        from mesic.report.ab_page import render_ab
        from mesic.runs.files import write_text

        write_text(Path(settings.out), render_ab(facts))
    if as_json:
        print_json({**facts, "out": settings.out})
    else:
        _print(facts, settings.out)
    return CheckFailed.exit_status if facts["is_blocked"] else 0


def _plan(settings: CompareAbSettings) -> "Plan":
    """Return the plan of a file, or the one that the keys say."""
    from mesic.ab.plan import Plan
    from mesic.ab.sizing import size

    if settings.plan is None:
        if settings.base is None or settings.mde is None:
            raise UsageError(
                "nothing says what the test was to find: give plan=FILE, which `mesic plan ab ... out=FILE` wrote, or "
                "base= and mde= as it takes them"
            )
        return size(design_of(settings)).plan
    refuse_beside_plan(settings)
    try:
        return Plan.of(json.loads(Path(settings.plan).read_text()))
    except OSError as error:
        raise SettingError("plan", settings.plan, f"a file that can be read ({error.strerror})") from error
    except ValueError as error:
        if isinstance(error, UsageError):
            raise
        raise SettingError("plan", settings.plan, "a file that `mesic plan ab out=` wrote; this is no JSON") from error


def _print(facts: Mapping[str, Any], out: str | None) -> None:
    from mesic.report.ab_words import guard_rows, outcome_rows, ratio_line, saved_lines, so_far_lines, verdict_line

    print_text(f"{verdict_line(facts)}\n")
    for line in finding_lines(facts["findings"]):
        print_text(line)
    for ratio in facts["sample_ratio"].values():
        print_text(ratio_line(ratio))
    head, rows = outcome_rows(facts)
    if rows:
        print_text("")
        print_table(head, rows, "Treatment less control, at the last look")
    head, rows = guard_rows(facts)
    if rows:
        print_table(head, rows, "Guards, treatment less control")
    for line in (*saved_lines(facts), *so_far_lines(facts)):
        print_text(line)
    if out:
        print_text(f"\n{out}")
