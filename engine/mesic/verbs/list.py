"""``mesic list``: components with their options, types, defaults and provider; one in full."""

from typing import Any

from mesic.config.keys import key_lines, options_of
from mesic.console import print_json, print_text, tell
from mesic.errors import UsageError
from mesic.host.components import TRAITS, Choice, Range
from mesic.host.kinds import KINDS
from mesic.host.names import did_you_mean
from mesic.host.registry import Offer, Registry, installed

USAGE = """\
mesic list [KIND | KIND/NAME] [--plugins] [--json]

  mesic list                   every component
  mesic list learner           those of one kind
  mesic list learner/lightgbm  one in full: options, types, defaults, search space
  mesic list --plugins         who offers what, and what is broken"""


def main(arguments: list[str], *, as_json: bool) -> int:
    """List what is installed; return the exit status."""
    if {"-h", "--help"} & set(arguments):
        print_text(USAGE)
        return 0
    wants_plugins = "--plugins" in arguments
    places = [text for text in arguments if text != "--plugins"]
    if len(places) > 1 or any(place.startswith("-") for place in places):
        raise UsageError(f"cannot list {' '.join(places)}\n{USAGE}")
    registry = installed()
    place = places[0] if places else ""
    if wants_plugins:
        _show_plugins(registry, as_json=as_json)
    elif "/" in place:
        _show_one(_one(registry, place), as_json=as_json)
    else:
        _show_all(registry, place, as_json=as_json)
    return 0


def _one(registry: Registry, place: str) -> Offer:
    kind, _, name = place.partition("/")
    return registry.find(_kind(kind), name)


def _kind(word: str) -> str:
    plurals = {kind.plural: kind.name for kind in KINDS.values()}
    if word in KINDS or word in plurals:
        return plurals.get(word, word)
    raise UsageError(f"no kind {word!r}{did_you_mean(word, KINDS) or '; kinds: ' + ', '.join(KINDS)}")


def _show_all(registry: Registry, word: str, *, as_json: bool) -> None:
    wanted = {_kind(word)} if word else set(KINDS)
    offers = [offer for offer in registry if offer.kind.name in wanted]
    if as_json:
        broken = [{"plugin": str(plugin.provider), "error": plugin.error} for plugin in registry.broken]
        print_json({"components": [described(offer) for offer in offers], "broken": broken})
        return
    print_text(f"{'component':<32} {'summary':<62} from")
    for kind in KINDS.values():
        for offer in (offer for offer in offers if offer.kind.name == kind.name):
            print_text(f"{offer.address:<32} {offer.component.summary:<62} {offer.provider}")
    _warn_of_broken(registry)


def _warn_of_broken(registry: Registry) -> None:
    for plugin in registry.broken:
        tell(f"broken: {plugin.provider} ({plugin.provider.entry_point}): {plugin.error}")


def _show_plugins(registry: Registry, *, as_json: bool) -> None:
    offers = list(registry)
    rows = [
        {
            "entry_point": p.entry_point,
            "module": p.module,
            "distribution": p.distribution,
            "version": p.version,
        }
        | {"components": [o.address for o in offers if o.provider == p]}
        for p in registry.providers.values()
    ]
    broken = [
        {"entry_point": b.provider.entry_point, "from": str(b.provider), "error": b.error} for b in registry.broken
    ]
    if as_json:
        print_json({"plugins": rows, "broken": broken})
        return
    for row in rows:
        offered = ", ".join(row["components"]) or "hooks only"
        print_text(f"{row['entry_point']:<16} {row['distribution']} {row['version']:<10} {offered}")
    _warn_of_broken(registry)


def described(offer: Offer) -> dict[str, Any]:
    """Return everything that is declared of a component, JSON-able."""
    component = offer.component
    return {
        "kind": offer.kind.name,
        "name": component.name,
        "summary": component.summary,
        "provider": {"distribution": offer.provider.distribution, "version": offer.provider.version},
        "target": component.target,
        "tasks": list(component.tasks),
        "traits": sorted(component.traits),
        "options": list(options_of(component.options)),
        "space": {name: span_words(span) for name, span in component.space.items()},
        "reference": component.reference,
    }


def span_words(span: Range | Choice) -> str:
    """Say a search range in words.

    Examples
    --------
    >>> span_words(Range(4, 256, log=True, complexity=1))
    '4 to 256, log; more is more complex'
    """
    if isinstance(span, Choice):
        return "one of " + ", ".join(map(str, span.values))
    direction = {1: "; more is more complex", -1: "; less is more complex"}.get(span.complexity, "")
    return f"{span.low:g} to {span.high:g}{', log' if span.log else ''}{direction}"


def _show_one(offer: Offer, *, as_json: bool) -> None:
    facts = described(offer)
    if as_json:
        print_json(facts)
        return
    print_text(f"{offer.address}: {facts['summary']}\nfrom {offer.provider}, {facts['target']}")
    print_text(f"tasks: {', '.join(facts['tasks'])}")
    for trait in facts["traits"]:
        print_text(f"  {trait}: {TRAITS[trait]}")
    print_text("\noptions" if facts["options"] else "\nno options")
    prefix = f"{offer.kind.name}.{offer.component.name}" if offer.kind.is_list else offer.kind.name
    for line in key_lines(offer.component.options, f"{prefix}."):
        print_text(line)
    if facts["space"]:
        print_text("\nsearched by default")
    for name, words in facts["space"].items():
        print_text(f"  {name}: {words}")
    if facts["reference"]:
        print_text(f"\n{facts['reference']}")
