"""What is tested: an offered component with its options, made as a run makes it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any

from mesic.config.settings import SourceOptions, TunerOptions
from mesic.errors import ComponentError, UsageError
from mesic.host import registry
from mesic.host.building import build
from mesic.host.components import Component
from mesic.host.kinds import KINDS
from mesic.host.names import did_you_mean
from mesic.host.registry import Offer
from mesic.streaming.settings import StreamOptions

_FITTED = ("task", "seed", "threads")
_TOLD = {  # what a run tells a component of a kind when it makes one
    "sampler": ("task",),
    "metric": ("task",),
    "calibrator": ("task",),
    "tuner": ("seed",),
    "rollout": ("seed",),
    **dict.fromkeys(("transformer", "selector", "learner", "baseline"), _FITTED),
}
_READ_BY_THE_RUN = {"source": SourceOptions, "tuner": TunerOptions, "stream": StreamOptions}


@dataclass(frozen=True, repr=False)
class Subject:
    """A component under test; light, and shown by its address.

    Parameters
    ----------
    offer
        The component and who offers it.
    given
        Options that differ from their defaults.

    Examples
    --------
    >>> samplers = installed("samplers", random={"share": 0.5})
    >>> (random,) = [sampler for sampler in samplers if sampler.name == "random"]
    >>> random, random.options, random.made().share
    (sampler/random, {'share': 0.5}, 0.5)
    """

    offer: Offer
    given: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return self.offer.address

    @classmethod
    def with_defaults(cls, offer: Offer, given: Mapping[str, Any] = MappingProxyType({})) -> "Subject":
        """Return what is offered, with its defaults where nothing else is given.

        Raises
        ------
        UsageError
            An option that is given does not exist, or one without default is not given.
        """
        declared = {option.name: option for option in fields(offer.component.options)}
        if strange := given.keys() - declared.keys():
            raise UsageError(f"{offer.address} has no option {', '.join(sorted(strange))}")
        if lost := [name for name, option in declared.items() if option.default == "???" and name not in given]:
            plural, name = offer.kind.plural, offer.component.name
            raise UsageError(f"{offer.address} needs {', '.join(lost)}: say installed({plural!r}, {name}={{...}})")
        return cls(offer, given)

    @property
    def name(self) -> str:
        """The name that users type."""
        return self.component.name

    @property
    def component(self) -> Component:
        """The declaration."""
        return self.offer.component

    @property
    def options(self) -> dict[str, Any]:
        """The defaults of its options, and what was given in their place."""
        return {**asdict(self.component.options()), **self.given}

    def made(self, task: str = "binary", *, seed: int = 0, threads: int = 1, **more: Any) -> Any:
        """Return the component, told what a run tells its kind; `more` are further options.

        Raises
        ------
        ComponentError
            It cannot be imported or made.
        """
        kind = self.offer.kind.name
        shared = fields(_READ_BY_THE_RUN[kind]) if kind in _READ_BY_THE_RUN else ()
        kept_back = {option.name for option in shared}
        own = {name: value for name, value in self.options.items() if name not in kept_back}
        facts = {"task": task, "seed": seed, "threads": threads}
        return build(self.offer, {**own, **more}, **{name: facts[name] for name in _TOLD.get(kind, ())})


def installed(kind: str, distribution: str = "", /, **options: Mapping[str, Any]) -> list[Subject]:
    """Return everything that is installed of one kind, imported only when it is tested.

    Parameters
    ----------
    kind
        In the plural: ``"learners"``.
    distribution
        Whose components are wanted; by default everyone's.
    **options
        What to set instead of defaults, by component: ``lightgbm={"n_estimators": 20}``. An option without a
        default must be given.

    Raises
    ------
    UsageError
        There is no such kind, component or option, or an option without default was not given.
    ComponentError
        The distribution offers nothing of the kind, or could not be loaded.

    Examples
    --------
    >>> "selector/long_tail" in map(repr, installed("selectors"))
    True
    >>> installed("selektors")
    Traceback (most recent call last):
    ...
    mesic.errors.UsageError: no kind 'selektors'; kinds: sources, ..., rollouts; did you mean 'selectors'?
    """
    found = registry.installed()
    singular = {known.plural: known.name for known in KINDS.values()}
    if kind not in singular:
        raise UsageError(f"no kind {kind!r}; kinds: {', '.join(singular)}{did_you_mean(kind, singular)}")
    offers = [offer for offer in found if offer.kind.name == singular[kind]]
    if strangers := options.keys() - {offer.component.name for offer in offers}:
        raise UsageError(f"options of {', '.join(sorted(strangers))} are given, but no such {kind} are installed")
    if distribution:
        offers = [offer for offer in offers if offer.provider.distribution == distribution]
    if not offers:
        broken = [f"{plugin.provider} is broken: {plugin.error}" for plugin in found.broken]
        raise ComponentError("; ".join([f"{distribution or 'nobody'} offers no {kind}", *broken]))
    return [Subject.with_defaults(offer, options.get(offer.component.name, {})) for offer in offers]
