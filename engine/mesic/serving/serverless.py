"""Requests that a platform hands over as events: the same service as behind ``mesic serve``, without a socket."""

import base64
import json
import mmap
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mesic.serving.counters import Counters, shared_memory_size
from mesic.serving.messages import Reply, Request, refusal
from mesic.serving.release import Answer, load_release
from mesic.serving.scorer import Row
from mesic.serving.sealed_rows import refuse_difference, sealed_rows
from mesic.serving.service import Service
from mesic.serving.settings import ServeSettings

TOKEN = "MESIC_TOKEN"  # noqa: S105 - the variable's name
OURS = ("version", "expires", "unknown", "envelope", "max_rows", "max_body_kib")


class OneAtATime(Service):
    """A service that a platform asks one request at a time: nothing waits behind another."""

    def _is_late(self, now: float) -> bool:  # noqa: ARG002 - as every service
        return False


class Handler:
    """Answers events of AWS Lambda as an API gateway (formats 1.0 and 2.0) or a function URL hands them over.

    Parameters
    ----------
    folder
        Holds ``bundle/`` and ``serve.yaml``. Callers must send what the environment's ``MESIC_TOKEN`` says, if it does.

    Raises
    ------
    MesicError
        The bundle was altered, or does not answer its end-to-end rows as on the day of training.
    """

    def __init__(self, folder: Path) -> None:
        import yaml

        said: Mapping[str, Any] = yaml.safe_load((folder / "serve.yaml").read_text(encoding="utf-8"))
        keys = {name: said[name] for name in OURS if name in said}
        settings = ServeSettings(bundle=str(folder / "bundle"), token=os.environ.get(TOKEN) or None, **keys)
        self.release = load_release(str(settings.bundle), settings)
        self.service = OneAtATime(settings, Counters(mmap.mmap(-1, shared_memory_size(1)), 0))
        self.service.use(self.release)
        if not self.service.is_expired():
            self._check()

    def _check(self) -> None:
        token = self.service.settings.token
        headers = {b"authorization": f"Bearer {token}".encode()} if token else {}
        for number, row, wanted in sealed_rows(self.release):
            reply = self._replied(Request("POST", "/predict", "", headers, json.dumps(row).encode()))
            refuse_difference(self.release, number, reply.status, json.loads(reply.body), wanted)

    def predict(self, row: Row) -> Answer:
        """Return the decision for a row, for callers within the program.

        Raises
        ------
        RowsRefused
            A field is missing, or breaks the schema.
        """
        return self.release.answer(row)

    def __call__(self, event: Mapping[str, Any], context: object = None) -> dict[str, Any]:  # noqa: ARG002 - AWS's shape
        """Return the reply to an event, as the platform wants it."""
        request = request_of(event)
        limit = self.service.settings.max_body_kib
        if len(request.body) > 1024 * limit:
            reply = refusal(413, "LARGE-BODY", f"the body is larger than {limit} KiB: send rows in several requests")
        else:
            reply = self._replied(request)
        self.service.replied(request, reply, 0.0)
        headers = {"Content-Type": reply.kind, **reply.headers}
        return {
            "statusCode": reply.status,
            "headers": headers,
            "body": "" if request.method == "HEAD" else reply.body.decode(),
            "isBase64Encoded": False,
        }

    def _replied(self, request: Request) -> Reply:
        reply = self.service.reply(request)
        assert isinstance(reply, Reply)  # only /reload is answered later, and there is none without a supervisor
        return reply


def request_of(event: Mapping[str, Any]) -> Request:
    """Return an event as a request.

    Examples
    --------
    >>> request_of({"httpMethod": "GET", "path": "/health", "headers": {"Accept": "*/*"}, "body": None})
    Request(method='GET', path='/health', query='', headers={b'accept': b'*/*'}, body=b'', client='')
    >>> told = {"http": {"method": "POST"}, "stage": "prod"}
    >>> request_of({"rawPath": "/prod/predict", "requestContext": told, "body": "e30=", "isBase64Encoded": True})
    Request(method='POST', path='/predict', query='', headers={}, body=b'{}', client='')
    """
    told = event.get("requestContext") or {}
    stage = f"/{told.get('stage', '')}/"
    path = str(event.get("rawPath") or event.get("path") or "/")
    if "rawPath" in event and path.startswith(stage):
        path = "/" + path.removeprefix(stage)
    query = event.get("rawQueryString") or urlencode(event.get("queryStringParameters") or {})
    method = str(event.get("httpMethod") or told.get("http", {}).get("method", "GET"))
    headers = {str(name).lower().encode(): str(value).encode() for name, value in (event.get("headers") or {}).items()}
    body = event.get("body") or ""
    is_coded = event.get("isBase64Encoded")
    return Request(method, path, str(query), headers, base64.b64decode(body) if is_coded else str(body).encode())
