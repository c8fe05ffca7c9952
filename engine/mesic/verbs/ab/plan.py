"""``mesic plan ab``: how many units an A/B test needs, until when, and what each look can decide."""

from pathlib import Path
from typing import TYPE_CHECKING

from mesic.config.verb import configured
from mesic.console import print_json, print_table, print_text
from mesic.errors import SettingError
from mesic.verbs.ab.settings import PlanAbSettings, design_of

if TYPE_CHECKING:
    from mesic.ab.sizing import Look, Sizing


def main(arguments: list[str], *, as_json: bool) -> int:
    """Size a test; return the exit status."""
    settings = configured("plan ab", arguments, PlanAbSettings)
    if settings is None:
        return 0
    from mesic.ab.sizing import size
    from mesic.runs.files import write_json

    sizing = size(design_of(settings))
    if settings.out is not None:
        if Path(settings.out).exists():
            raise SettingError("out", settings.out, "a file that does not exist yet: a plan stays as it was made")
        write_json(Path(settings.out), sizing.as_dict())
    if as_json:
        print_json({**sizing.as_dict(), "out": settings.out})
    else:
        _print(sizing, settings.out)
    return 0


def _print(sizing: "Sizing", out: str | None) -> None:
    for line in sizing_lines(sizing):
        print_text(line)
    has_days = sizing.days is not None
    head = ["look", *(["day"] if has_days else []), "units", "p below", "effect that decides"]
    title = "Planned looks" if not sizing.plan.design.is_open_ended else "Some looks; there may be any others"
    print_text("")
    print_table(
        [*head, "stopped by then, with the effect", "and without"],
        [_row(number, look, has_days=has_days) for number, look in enumerate(sizing.looks, 1)],
        title,
    )
    print_text(f"while it runs: mesic compare ab log=LOG.csv plan={out or 'PLAN.json (out=PLAN.json writes it)'}")


def sizing_lines(sizing: "Sizing") -> list[str]:
    """Return what a size says, in sentences."""
    from mesic.report.words import counted, percent

    design, units = sizing.plan.design, sizing.plan.units
    arms = ", ".join(f"{count:,} in {arm}" for arm, count in sizing.by_arm.items())
    clusters = "" if sizing.clusters is None else f", about {sizing.clusters:,} clusters"
    days = "" if sizing.days is None else f", {counted(sizing.days, 'day')} at {design.per_day:,.0f} a day"
    way = "rise" if design.better == "higher" else "fall"
    relative = f" ({percent(design.mde / abs(design.base))} of {design.base:.4g})" if design.base else ""
    lines = [
        f"{units:,} units: {arms}{clusters}{days}",
        f"find a {way} of {design.mde:.4g}{relative} with a chance of {percent(design.power)}; "
        f"a false alarm has one of {percent(design.alpha)}",
    ]
    if len(design.treatments) > 1:
        lines.append(
            f"each of {len(design.treatments)} treatments is held against the control, corrected by Holm's rule"
        )
    if units > sizing.fixed_units:
        more = percent(units / sizing.fixed_units - 1)
        lines.append(
            f"a single look would need {sizing.fixed_units:,}: looking costs {more} more at most, and with the effect "
            f"the test stops after {sizing.expected_units:,} on average"
        )
    lines += [f"guard: {guard.name} {guard.said()}" for guard in design.guards]
    return lines


def _row(number: int, look: "Look", *, has_days: bool) -> list[str]:
    from mesic.report.words import percent

    day = [f"{look.day:,}"] if has_days else []
    least = f"{look.effect:.3g}" if look.effect < float("inf") else "none"
    nominal = f"{look.nominal_p:.2g}"
    return [str(number), *day, f"{look.units:,}", nominal, least, percent(look.stops), percent(look.stops_without)]
