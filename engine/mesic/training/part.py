"""A component with its options, as the configuration names it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from mesic.host.registry import Offer


@dataclass(frozen=True)
class Part:
    """A component with its options, as the configuration names it."""

    offer: Offer
    options: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name that users type."""
        return self.offer.component.name

    @property
    def traits(self) -> frozenset[str]:
        """What the component declares that it can do."""
        return self.offer.component.traits

    def serves(self, trait: str) -> bool:
        """Return whether it does for all columns what a trait says."""
        return trait in self.traits and not self.options.get("columns")

    def with_options(self, changed: Mapping[str, Any]) -> "Part":
        """Return the part with some options changed."""
        return replace(self, options={**self.options, **changed})
