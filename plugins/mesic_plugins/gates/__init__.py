"""Gates: what speaks against deploying a bundle."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from mesic import hookimpl

if TYPE_CHECKING:
    from mesic import Bundle, Evidence, Objection


@hookimpl
def review_deployment(bundle: "Bundle", evidence: "Evidence") -> "Iterable[Objection]":
    """Object to what the built-in gates look for."""
    return _objections(bundle, evidence)


def _objections(bundle: "Bundle", evidence: "Evidence") -> "Iterator[Objection]":
    from mesic_plugins.gates.answers import unanswered
    from mesic_plugins.gates.baseline import no_better
    from mesic_plugins.gates.expiry import expired
    from mesic_plugins.gates.findings import found
    from mesic_plugins.gates.reuse import used_too_often
    from mesic_plugins.gates.sensitive import sensitive_features

    yield from found(evidence)
    yield from no_better(evidence)
    yield from sensitive_features(bundle, evidence)
    yield from unanswered(evidence)
    yield from used_too_often(evidence)
    yield from expired(evidence)
