"""What a deployment is at one moment, and what it can become; pure."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from mesic.errors import UsageError

FORMAT = 1


@dataclass(frozen=True)
class Rolling:
    """A roll-out that is under way.

    Parameters
    ----------
    id
        Names it within the deployment: ``"r1"``, ``"r2"``.
    name, distribution
        Of the component, and who provides it.
    options
        Of the component.
    seed
        Decides, with the unit, who is assigned what.
    since
        Seconds since 1970.
    """

    id: str
    name: str
    distribution: str
    options: Mapping[str, Any]
    seed: int
    since: float


@dataclass(frozen=True)
class Deployment:
    """Which version answers, which is tried, and what came before.

    Parameters
    ----------
    current
        The version in use.
    previous
        The one in use before, to which a rollback returns; None: there was none.
    candidate
        The version that is rolled out; None: there is none.
    baseline
        The version that answers held-back units.
    holdback
        Share of the units that the baseline answers.
    unit
        Field of a row that names its unit; None: the header ``X-Unit``, else each request is one.
    rolling
        The roll-out under way; None: there is none.
    rollouts
        How many there have been.
    versions
        What is known of each version that is kept: digest of its bundle, last day, when it was added, classes, proof.
    labels
        What labels that come later are worth, see :class:`mesic.live.labels.Labels`; empty: as is usual.

    Examples
    --------
    >>> one = Deployment("v1", versions={"v1": {}}).with_version("v2", {})
    >>> one.replaced("v2").current, one.replaced("v2").returned().current
    ('v2', 'v1')
    """

    current: str
    previous: str | None = None
    candidate: str | None = None
    baseline: str | None = None
    holdback: float = 0.0
    unit: str | None = None
    rolling: Rolling | None = None
    rollouts: int = 0
    versions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    labels: Mapping[str, Any] = field(default_factory=dict)

    @property
    def used(self) -> list[str]:
        """Versions that answer now, or may at once: each must be loaded."""
        wanted = [self.current, self.candidate, self.baseline if self.holdback else None]
        return list(dict.fromkeys(name for name in wanted if name is not None))

    @property
    def kept(self) -> set[str]:
        """Versions that have a part."""
        return {name for name in (*self.used, self.previous, self.baseline) if name is not None}

    def with_version(self, name: str, facts: Mapping[str, Any]) -> "Deployment":
        """Return the deployment that knows a version more."""
        return replace(self, versions={**self.versions, name: dict(facts)})

    def without_version(self, name: str) -> "Deployment":
        """Return the deployment that has forgotten a version without a part."""
        return replace(self, versions={one: facts for one, facts in self.versions.items() if one != name})

    def held_back(self, share: float | None) -> "Deployment":
        """Return the deployment with another share of held-back units; the baseline is who is in use when it begins."""
        if share is None:
            return self
        baseline = self.baseline if self.holdback else self.current
        return replace(self, holdback=share, baseline=baseline if share else None)

    def rolled_out(self, candidate: str, rolling: Rolling) -> "Deployment":
        """Return the deployment in which a roll-out is under way.

        Raises
        ------
        UsageError
            Another one is.
        """
        self.refuse_rolling()
        return replace(self, candidate=candidate, rolling=rolling, rollouts=self.rollouts + 1)

    def refuse_rolling(self) -> None:
        """Raise UsageError where a roll-out is under way."""
        if self.rolling is not None:
            raise UsageError(
                f"roll-out {self.rolling.id} ({self.rolling.name}) of {self.candidate} is under way: end it with "
                "`mesic deploy promote`, or `mesic deploy rollback`"
            )

    def replaced(self, name: str) -> "Deployment":
        """Return the deployment in which a version is in use, and no roll-out under way."""
        if name == self.current:
            return self.ended()
        return replace(self, current=name, previous=self.current, candidate=None, rolling=None)

    def ended(self) -> "Deployment":
        """Return the deployment without the roll-out; who was in use stays."""
        return replace(self, candidate=None, rolling=None)

    def promoted(self) -> "Deployment":
        """Return the deployment in which the candidate is in use.

        Raises
        ------
        UsageError
            There is none.
        """
        if self.candidate is None:
            raise UsageError(f"there is nothing to promote: {self.current} is in use, and no roll-out under way")
        return self.replaced(self.candidate)

    def returned(self, version: str | None = None) -> "Deployment":
        """Return the deployment after a rollback: of the roll-out under way, else to the version before, or to one.

        Raises
        ------
        UsageError
            There is nothing to return to.
        """
        if version is not None:
            if version not in self.versions:
                raise UsageError(f"no version {version!r} is kept; versions: {', '.join(self.versions)}")
            return self.replaced(version)
        if self.rolling is not None:
            return self.ended()
        if self.previous is None:
            raise UsageError(f"there is nothing to roll back to: {self.current} is the first version")
        return self.replaced(self.previous)

    def as_dict(self) -> dict[str, Any]:
        """Return what the store holds."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> "Deployment":
        """Return what :meth:`as_dict` said.

        Raises
        ------
        UsageError
            It is of another format.
        """
        said = dict(facts)
        if said.pop("format") != FORMAT:
            raise UsageError(f"the deployment has format {facts['format']!r}; this mesic reads {FORMAT}")
        rolling = said.pop("rolling")
        return cls(**said, rolling=None if rolling is None else Rolling(**rolling))
