"""What is settled before a test starts: arms, the outcome, the effect looked for, the looks, the horizon."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mesic.ab.guards import Guard
from mesic.ab.proportions import TESTS
from mesic.ab.spending import OBRIEN_FLEMING, POCOCK
from mesic.errors import SettingError

FORMAT = 1
ALWAYS_VALID = "always_valid"
SPENDINGS = (OBRIEN_FLEMING, POCOCK, ALWAYS_VALID)
BETTER = ("higher", "lower")


@dataclass(frozen=True)
class Columns:
    """What the columns of a log are called; None where there is none."""

    unit: str = "unit"
    arm: str = "arm"
    time: str | None = "time"
    outcome: str = "outcome"
    denominator: str | None = None
    covariate: str | None = None
    cluster: str | None = None


@dataclass(frozen=True)
class Design:
    """What a test asks, and how surely it shall be answered.

    Parameters
    ----------
    base
        The control's level: a share, or a mean.
    mde
        The smallest effect worth finding, above 0, in the outcome's own unit.
    sd
        Standard deviation of a unit's outcome; None for yes or no.
    arms, shares
        Names, the control first, and planned shares of the units.
    better
        ``"higher"`` or ``"lower"``: what is wished of the outcome.
    alpha, power
        Chance of a false alarm in all, two-sided; chance to find `mde`.
    spending, looks
        How looks are allowed for, and how many there are until the horizon; with ``"always_valid"`` there may be any
        others, and power is that of these.
    test
        Of yes or no: ``"g"``, ``"z"`` or ``"exact"``.
    guards
        What may not be harmed.
    correlation
        Of the covariate with the outcome, known from earlier; 0 without.
    cluster_size, intra_cluster
        Units assigned together, on average, and the correlation among them.
    per_day
        Units a day, in all arms; None where it is not known.
    window_days
        How long after its first exposure a unit's outcome counts; None: until the look.
    columns
        Of the log.

    Raises
    ------
    SettingError
        Values that cannot work, or do not go together.
    """

    base: float
    mde: float
    sd: float | None = None
    arms: tuple[str, ...] = ("control", "treatment")
    shares: tuple[float, ...] = ()
    better: str = "higher"
    alpha: float = 0.05
    power: float = 0.8
    spending: str = OBRIEN_FLEMING
    looks: int = 5
    test: str = "g"
    guards: tuple[Guard, ...] = ()
    correlation: float = 0.0
    cluster_size: float = 1.0
    intra_cluster: float = 0.0
    per_day: float | None = None
    window_days: float | None = None
    columns: Columns = field(default_factory=Columns)

    def __post_init__(self) -> None:
        if not self.shares:
            object.__setattr__(self, "shares", tuple(1 / len(self.arms) for _ in self.arms))
        self._check_choices()
        self._check_arms()
        self._check_effect()

    def _check_choices(self) -> None:
        for name, allowed in (("better", BETTER), ("spending", SPENDINGS), ("test", TESTS)):
            if getattr(self, name) not in allowed:
                raise SettingError(name, getattr(self, name), f"one of {', '.join(allowed)}")
        for name in ("alpha", "power"):
            if not 0 < getattr(self, name) < 1:
                raise SettingError(name, getattr(self, name), "a chance between 0 and 1")
        if self.power <= self.alpha:
            raise SettingError("power", self.power, f"a chance above alpha={self.alpha:g}")
        if self.looks < 1:
            raise SettingError("looks", self.looks, "a whole number from 1")
        if not -1 < self.correlation < 1:
            raise SettingError("correlation", self.correlation, "a correlation between -1 and 1")
        if self.cluster_size < 1 or not 0 <= self.intra_cluster <= 1:
            raise SettingError(
                "intra_cluster", self.intra_cluster, "a correlation from 0 to 1, and cluster_size from 1"
            )

    def _check_arms(self) -> None:
        if len(self.arms) < 2 or len(set(self.arms)) < len(self.arms):
            raise SettingError("arms", list(self.arms), "two names or more, all different, the control first")
        if len(self.shares) != len(self.arms) or min(self.shares) <= 0 or abs(sum(self.shares) - 1) > 1e-6:
            raise SettingError("shares", list(self.shares), f"{len(self.arms)} shares above 0 that add up to 1")

    def _check_effect(self) -> None:
        if not self.mde > 0:
            raise SettingError("mde", self.mde, "an effect above 0; better=lower says that a fall is looked for")
        if self.sd is not None and not self.sd > 0:
            raise SettingError("sd", self.sd, "a standard deviation above 0, or null for yes or no")
        if self.is_proportion and not (0 < self.base < 1 and 0 < self.base + self.wished < 1):
            allowed = "shares between 0 and 1 with and without mde; for amounts also give sd"
            raise SettingError("base", self.base, allowed)

    @property
    def is_proportion(self) -> bool:
        """Whether the outcome is yes or no."""
        return self.sd is None

    @property
    def wished(self) -> float:
        """The effect that is looked for, with its sign."""
        return self.mde if self.better == "higher" else -self.mde

    @property
    def share(self) -> dict[str, float]:
        """Planned shares by arm."""
        return dict(zip(self.arms, self.shares, strict=True))

    @property
    def treatments(self) -> tuple[str, ...]:
        """Every arm but the control."""
        return self.arms[1:]

    @property
    def is_open_ended(self) -> bool:
        """Whether looks need no horizon."""
        return self.spending == ALWAYS_VALID


@dataclass(frozen=True)
class Plan:
    """A design with its horizon.

    Parameters
    ----------
    design
        What the test asks.
    units
        How many units, in all arms, are needed.
    """

    design: Design
    units: int

    def pair_units(self, treatment: str) -> int:
        """Return how many units of the control and of a treatment are needed together."""
        share = self.design.share
        return max(2, round(self.units * (share[self.design.arms[0]] + share[treatment])))

    def look_units(self, treatment: str) -> list[int]:
        """Return at how many units of the control and of a treatment each planned look is.

        Examples
        --------
        >>> Plan(Design(base=0.05, mde=0.005, looks=4), units=60_000).look_units("treatment")
        [15000, 30000, 45000, 60000]
        """
        looks, units = self.design.looks, self.pair_units(treatment)
        return sorted({max(2, -(-units * look // looks)) for look in range(1, looks + 1)})

    def as_dict(self) -> dict[str, Any]:
        """Return what a plan's file holds."""
        design = dataclasses.asdict(self.design)
        design |= {name: list(design[name]) for name in ("arms", "shares", "guards")}
        return {"format": FORMAT, "units": self.units, "design": design}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Plan":
        """Return the plan that a file holds.

        Raises
        ------
        SettingError
            It is no plan of this format, or its values cannot work.

        Examples
        --------
        >>> plan = Plan(Design(base=0.05, mde=0.005, guards=(Guard("late", 0.01, False),)), units=60_000)
        >>> Plan.of(plan.as_dict()) == plan
        True
        """
        try:
            if facts["format"] != FORMAT:
                raise SettingError("plan", facts["format"], f"a plan of format {FORMAT}")
            said = dict(facts["design"])
            said["guards"] = tuple(Guard(**guard) for guard in said["guards"])
            said |= {
                "arms": tuple(said["arms"]),
                "shares": tuple(said["shares"]),
                "columns": Columns(**said["columns"]),
            }
            return cls(Design(**said), int(facts["units"]))
        except (KeyError, TypeError) as error:
            raise SettingError("plan", f"without {error}", "a file that `mesic plan ab out=` wrote") from error
