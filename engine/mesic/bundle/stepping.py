"""From fitted components to portable steps."""

import re
from collections.abc import Collection
from io import BytesIO
from pathlib import PurePath
from typing import Any
from zipfile import ZipFile, ZipInfo

import pandas as pd

from mesic.bundle.portable import PortableStep
from mesic.errors import ComponentError
from mesic.host.registry import Offer, Registry


def codes_step(X: pd.DataFrame, texts: Collection[str] = ()) -> PortableStep:
    """Return the first step of every pipeline: which columns, in which order, with which levels.

    The columns `texts` keep whatever levels later rows have: a transformer reads their letters.
    """
    columns = [{"name": name, "kind": "text"} if name in texts else _column(name, X[name]) for name in X]
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
        blob = repacked(io.dumps(fitted))
        types = sorted(map(str, io.get_untrusted_types(data=blob)))
    except Exception as error:
        raise ComponentError(
            f"{offer.address} of {offer.provider} has no portable form: to_portable says nothing of "
            f"{type(fitted).__name__}, and skops cannot write it ({type(error).__name__}: {error})"
        ) from error
    return PortableStep(
        "skops",
        {
            "component": offer.address,
            "distribution": offer.provider.distribution,
            "types": types,
            "adds": "adds" in offer.component.traits,
        },
        {},
        blob=blob,
    )


def repacked(blob: bytes) -> bytes:
    """Return what skops wrote without what differs from call to call: times of files and addresses of objects."""
    packed = BytesIO()
    with ZipFile(BytesIO(blob)) as old, ZipFile(packed, "w") as new:
        known: dict[str, str] = {}
        texts = {name: old.read(name) for name in old.namelist()}
        schema = texts["schema.json"].decode()
        for address in re.findall(r'"__id__": (\d+)', schema):
            known.setdefault(address, str(len(known) + 1))
        schema = re.sub(r'"__id__": (\d+)', lambda found: f'"__id__": {known[found[1]]}', schema)
        files: dict[str, str] = {}
        for name in re.findall(r'"file": "([^"]+)"', schema):
            files.setdefault(name, f"{len(files):04d}{PurePath(name).suffix}")
        for name, place in files.items():
            schema = schema.replace(f'"{name}"', f'"{place}"')
        texts["schema.json"] = schema.encode()
        for name, content in sorted((files.get(name, name), content) for name, content in texts.items()):
            new.writestr(ZipInfo(name), content)
    return packed.getvalue()
