"""What an auditor has said of the same rows, taken again: of the learner it depends only where it asked for a price."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from mesic.audit.auditing import ask
from mesic.audit.pricing import Pricing
from mesic.audit.view import AuditView
from mesic.caching.cache import StageCache
from mesic.evaluation.view import Evaluation
from mesic.runs.resources import Clock
from mesic.training.part import Part

_WITHOUT_LEARNER = ("level", "seed", "fold")


@dataclass
class _Watched:
    """Prices as :class:`Pricing` does, and knows whether anything that depends on the learner was asked of it."""

    pricing: Pricing
    was_asked: bool = field(default=False, init=False)

    def __getattr__(self, name: str) -> Any:
        self.was_asked = self.was_asked or name not in _WITHOUT_LEARNER
        return getattr(self.pricing, name)


@dataclass(frozen=True)
class CachedAsking:
    """Asks an auditor, or takes what it has said.

    Parameters
    ----------
    cache
        Where that is kept.
    inputs
        Digests of the rows and of their parts.
    recipe
        What prices a suspicion, as JSON holds it.
    parts
        Its components, and the metric.
    """

    cache: StageCache
    inputs: Sequence[str]
    recipe: Mapping[str, Any]
    parts: Sequence[Part]

    def __call__(self, part: Part, view: AuditView) -> Evaluation:
        """Return what an auditor says."""
        watched = _Watched(view.pricing)
        asked = replace(view, pricing=cast("Pricing", watched))
        clock, made = Clock.started(), list[Evaluation]()

        def answer() -> Evaluation | None:
            made.append(ask(part, asked))
            return None if watched.was_asked else made[0]

        what, columns = f"auditor {part.name}", [list(map(str, view.X.columns)), list(map(str, view.suspects.columns))]
        depends = [*self.inputs, columns, list(view.ignored), view.level, view.pricing.seed]
        said = self.cache.of(what, depends, [part], answer)
        if said is not None:
            return said
        took_s = clock.wall_s() if made else 0.0
        priced = [*depends, self.recipe]
        return self.cache.of(
            what, priced, [part, *self.parts], lambda: made[0] if made else ask(part, view), took_s=took_s
        )
