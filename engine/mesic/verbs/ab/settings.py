"""The keys of ``mesic plan ab`` and ``mesic compare ab``, and the design that they say."""

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mesic.errors import SettingError, UsageError
from mesic.host.components import option

if TYPE_CHECKING:
    from mesic.ab.plan import Design

SIZE = re.compile(r"\s*(\+?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(%?)\s*")
NOT_OF_THE_DESIGN = ("log", "plan", "out")


@dataclass
class PlanAbSettings:
    """The keys of ``mesic plan ab``."""

    base: float = option("???", "the control's level: a share, or a mean")
    mde: str = option("???", "smallest effect worth finding: 0.005 in the outcome's own unit, or 10% of base")
    sd: float | None = option(None, "standard deviation of a unit's outcome; null: yes or no", low=0, open_low=True)
    better: str = option("higher", "which way is better", choices=("higher", "lower"))
    arms: list[str] = option(["control", "treatment"], "names, the control first")
    shares: list[float] = option([], "planned shares of the units, by arm; []: equal ones")
    alpha: float = option(0.05, "chance of a false alarm in all, two-sided", low=1e-6, high=0.5)
    power: float = option(0.8, "chance to find mde", low=0.01, high=0.9999)
    spending: str = option(
        "obrien_fleming",
        "how looks are allowed for; always_valid: look whenever you like, without a horizon",
        choices=("obrien_fleming", "pocock", "always_valid"),
    )
    looks: int = option(5, "looks until the horizon, evenly spaced by units; 1: none before the end", low=1, high=500)
    test: str = option("g", "of yes or no; exact wherever fewer than 5 are expected", choices=("g", "z", "exact"))
    guards: list[str] = option([], "what may not be harmed: COLUMN:LIMIT, such as latency_ms:+5% or orders:-0.01")
    correlation: float = option(0.0, "of the covariate with the outcome, for CUPED", low=-0.999, high=0.999)
    cluster_size: float = option(1.0, "units that are assigned together, on average", low=1)
    intra_cluster: float = option(0.0, "correlation of the outcome within clusters", low=0, high=1)
    per_day: float | None = option(None, "units a day, in all arms", low=0, open_low=True)
    window_days: float | None = option(None, "days from first exposure that count; null: until the look", low=0)
    unit: str = option("unit", "column of the log: who was exposed")
    arm: str = option("arm", "column: to what")
    time: str | None = option("time", "column: when; null: the rows stand in the order of time")
    outcome: str = option("outcome", "column: what came of it")
    denominator: str | None = option(None, "column: what the outcome is divided by, such as sessions")
    covariate: str | None = option(None, "column: what was known of a unit before, for CUPED")
    cluster: str | None = option(None, "column: with whom a unit was assigned")
    out: str | None = option(None, "file for the plan, .json; never over another")


@dataclass
class CompareAbSettings(PlanAbSettings):
    """The keys of ``mesic compare ab``."""

    log: str = option("???", "the log: a row an exposure or an outcome; formats as of source=table")
    plan: str | None = option(None, "a plan that `mesic plan ab out=` wrote; null: what is said here")
    base: float | None = option(None, "the control's level, where there is no plan")  # type: ignore[assignment]
    mde: str | None = option(None, "smallest effect worth finding, where there is no plan")  # type: ignore[assignment]
    out: str | None = option(None, "file for the page, .html")


def design_of(settings: PlanAbSettings) -> "Design":
    """Return the design that the keys say.

    Raises
    ------
    SettingError
        A value that cannot work.
    """
    from mesic.ab.guards import Guard
    from mesic.ab.plan import Columns, Design

    said = dataclasses.asdict(settings)
    columns = Columns(**{field.name: said[field.name] for field in dataclasses.fields(Columns)})
    others = {field.name for field in dataclasses.fields(Design)} - {"columns"}
    kept: dict[str, Any] = {name: value for name, value in said.items() if name in others}
    kept |= {"arms": tuple(map(str, settings.arms)), "shares": tuple(settings.shares)}
    guards = tuple(Guard.parsed(text) for text in settings.guards)
    return Design(**{**kept, "mde": effect_size(settings.mde, settings.base), "guards": guards, "columns": columns})


def effect_size(text: str | float, base: float) -> float:
    """Return an effect in the outcome's own unit.

    Examples
    --------
    >>> effect_size("10%", 0.05), effect_size(0.005, 0.05)
    (0.005, 0.005)
    """
    found = SIZE.fullmatch(str(text))
    if found is None or not float(found[1]):
        allowed = "an effect above 0, such as 0.005, or 10% of base; better=lower says that a fall is looked for"
        raise SettingError("mde", text, allowed)
    return float(found[1]) * (abs(base) / 100 if found[2] else 1.0)


def refuse_beside_plan(settings: CompareAbSettings) -> None:
    """Refuse keys that a plan settles.

    Raises
    ------
    UsageError
        One was given.
    """
    fresh = CompareAbSettings()
    said = [field.name for field in dataclasses.fields(fresh) if field.name not in NOT_OF_THE_DESIGN]
    changed = [name for name in said if getattr(settings, name) != getattr(fresh, name)]
    if changed:
        raise UsageError(f"plan={settings.plan} settles {', '.join(changed)}: leave them out, or plan another test")
