"""From fitted components to portable steps."""

from typing import Any

import pandas as pd

from mesic.bundle.portable import PortableStep
from mesic.errors import ComponentError
from mesic.host.registry import Offer, Registry


def codes_step(X: pd.DataFrame) -> PortableStep:
    """Return the first step of every pipeline: which columns, in which order, with which levels."""
    columns = [_column(name, X[name]) for name in X]
    return PortableStep("codes", {"columns": columns}, {})


def _column(name: Any, values: pd.Series) -> dict[str, Any]:
    if values.dtype == "category":
        return {"name": name, "kind": "category", "levels": [str(level) for level in values.cat.categories]}
    return {"name": name, "kind": "number"}


def portable_step(registry: Registry, fitted: Any, offer: Offer) -> PortableStep:
    """Ask every plugin for a portable description of a fitted component; skops where none has one.

    Raises
    ------
    ComponentError
        The component can be described by neither.
    """
    step = registry.manager.hook.to_portable(step=fitted)
    if step is not None:
        return step  # type: ignore[no-any-return]  # a first-result hook is untyped
    return skops_step(fitted, offer)


def skops_step(fitted: Any, offer: Offer) -> PortableStep:
    """Return a component as skops writes it, with the types that reading it will need."""
    from skops import io

    try:
        blob = io.dumps(fitted)
        types = sorted(map(str, io.get_untrusted_types(data=blob)))
    except Exception as error:
        raise ComponentError(
            f"{offer.address} of {offer.provider} has no portable form: to_portable says nothing of "
            f"{type(fitted).__name__}, and skops cannot write it ({type(error).__name__}: {error})"
        ) from error
    return PortableStep("skops", {"component": offer.address, "types": types}, {}, blob=blob)
