"""What callers are told before there is a server: its descriptions in OpenAPI and in gRPC's own language."""

from typing import Any

from mesic.bundle.bundle import Bundle
from mesic.serving.openapi import description
from mesic.serving.release import Release
from mesic.serving.settings import ServeSettings


def openapi_of(bundle: Bundle, version: str, *, unknown: str = "refuse") -> dict[str, Any]:
    """Return the OpenAPI document of a server that answers with a bundle, with or without a token.

    Parameters
    ----------
    bundle
        What answers.
    version
        What it is called.
    unknown
        ``refuse`` or ``ignore``: fields that the schema does not know.

    Raises
    ------
    MesicError
        The server cannot answer with the bundle.
    """
    release = Release(bundle, ServeSettings(bundle=str(bundle.folder), version=version, unknown=unknown))
    document = description(release, has_token=True)
    return document | {"security": [{}, *document["security"]]}


def proto_of(bundle: Bundle) -> str:
    """Return the file ``predictor.proto`` of a server that answers with a bundle.

    Raises
    ------
    MesicError
        The server cannot answer with the bundle, or two columns cannot be told apart.
    """
    from mesic.serving.grpc_contract import Contract

    return Contract(Release(bundle, ServeSettings(bundle=str(bundle.folder)))).text()
