"""``mesic log``: show a run's timeline; add human work with its hours and cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mesic.config.verb import configured
from mesic.console import print_json, print_table, print_text
from mesic.errors import SettingError, UsageError
from mesic.host.components import option


@dataclass
class LogSettings:
    """The keys of ``mesic log``."""

    run: str = option("???", "the run's folder")
    activity: str | None = option(None, "what was done; null: show the timeline")
    hours: float | None = option(None, "hours that it took", low=0, unit="h")
    cost: float | None = option(None, "what it cost", low=0)
    who: str | None = option(None, "who did it; null: the user of this machine")
    by: str | None = option(None, "sums by this", choices=("stage", "who", "day"))


def main(arguments: list[str], *, as_json: bool) -> int:
    """Show or extend a timeline; return the exit status."""
    settings = configured("log", arguments, LogSettings)
    if settings is None:
        return 0
    from mesic.runs.timeline import FILE, Timeline, current_user, read_timeline

    folder = Path(settings.run)
    if not (folder / FILE).is_file() and settings.activity is None:
        raise UsageError(f"run={folder} has no {FILE}; give the folder that `mesic run` named")
    if settings.activity is not None:
        if not folder.is_dir():
            raise SettingError("run", str(folder), "the folder of a run")
        who = settings.who or current_user()
        line = Timeline(folder).note(settings.activity, who=who, hours=settings.hours, cost=settings.cost)
        if as_json:
            print_json(line)
        else:
            print_text(f"booked: {settings.activity} ({who}, {settings.hours or 0:g} h, cost {settings.cost or 0:g})")
        return 0
    activities = read_timeline(folder)
    _show(sums(activities, settings.by) if settings.by else activities, settings.by, as_json=as_json)
    return 0


def _show(activities: Sequence[Mapping[str, Any]], by: str | None, *, as_json: bool) -> None:
    if as_json:
        print_json({"activities": list(activities)})
        return
    first = by or "activity"
    rows = [
        [
            str(line.get("stage")),
            str(line.get("time", ""))[:19].replace("T", " "),
            _number(line.get("wall_s"), "s"),
            _number(line.get("cpu_s"), "s"),
            _number(line.get("peak_mib"), "MiB"),
            _number(line.get("hours"), "h"),
            _number(line.get("cost"), ""),
            str(line.get("outcome", "")),
        ]
        for line in activities
    ]
    print_table([first, "start (UTC)", "wall", "CPU", "peak", "hours", "cost", "outcome"], rows)


def _number(value: float | None, unit: str) -> str:
    return "" if value is None else f"{value:,.4g} {unit}".strip()


def sums(activities: Sequence[Mapping[str, Any]], by: str) -> list[dict[str, Any]]:
    """Return wall and CPU seconds, hours and cost summed by stage, person or day.

    Examples
    --------
    >>> work = [{"stage": "label", "who": "ada", "hours": 2.0}, {"stage": "label", "who": "ada", "hours": 1.5}]
    >>> sums(work, "who")[0]["hours"]
    3.5
    """
    totals: dict[str, dict[str, Any]] = {}
    for line in (line for line in activities if line["stage"] != "run"):  # a run holds its stages
        label = str(line.get("time", ""))[:10] if by == "day" else str(line.get(by) or "machine")
        total = totals.setdefault(label, {"stage": label, "outcome": ""})
        for key in ("wall_s", "cpu_s", "hours", "cost"):
            if line.get(key) is not None:
                total[key] = total.get(key, 0.0) + line[key]
    return list(totals.values())
