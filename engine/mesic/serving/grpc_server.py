"""gRPC beside HTTP: each call is a request to the same service, so that limits, counters and answers are the same."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from time import perf_counter
from typing import Any

import grpc
import msgspec
from google.protobuf.message import DecodeError
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import _async as reflection
from grpc_reflection.v1alpha import reflection_pb2_grpc

from mesic.serving.grpc_contract import SERVICE, Contract
from mesic.serving.messages import Reply, Request, encoded, refusal
from mesic.serving.service import Service

REFUSAL = "mesic-refusal-bin"
CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    401: grpc.StatusCode.UNAUTHENTICATED,
    404: grpc.StatusCode.UNIMPLEMENTED,
    413: grpc.StatusCode.RESOURCE_EXHAUSTED,
    429: grpc.StatusCode.RESOURCE_EXHAUSTED,
    422: grpc.StatusCode.INVALID_ARGUMENT,
    500: grpc.StatusCode.INTERNAL,
    503: grpc.StatusCode.UNAVAILABLE,
}
BETWEEN_LOOKS_S = 0.5


class Predictor:
    """The calls, with the messages of the release that is in use.

    Parameters
    ----------
    service
        Who replies.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self._contract: Contract | None = None

    @property
    def contract(self) -> Contract:
        """The messages of the release in use."""
        release = self.service.release
        assert release is not None  # a worker listens only once it can answer
        if self._contract is None or self._contract.release is not release:
            self._contract = Contract(release)
        return self._contract

    async def predict(self, message: bytes, context: Any) -> bytes:
        """Answer one request."""
        contract = self.contract
        reply = await self._replied(partial(_rows, contract, message), context)
        await _abort_unless_done(contract, reply, context)
        return bytes(contract.response_to(msgspec.json.decode(reply.body)).SerializeToString())

    async def outcome(self, message: bytes, context: Any) -> bytes:
        """Take what came of answers."""
        contract = self.contract
        reply = await self._replied(partial(_outcomes, contract, message), context)
        await _abort_unless_done(contract, reply, context)
        return bytes(contract.taken(**msgspec.json.decode(reply.body)).SerializeToString())

    async def stream(self, messages: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        """Answer requests in order; one that is refused does not end the others."""
        async for message in messages:
            contract = self.contract
            reply = await self._replied(partial(_rows, contract, message), context)
            if reply.status == 401:
                await _abort_unless_done(contract, reply, context)
            told = msgspec.json.decode(reply.body)
            if reply.status == 200:
                yield contract.response_to(told).SerializeToString()
            else:
                response = contract.response(refusal=contract.refusal_of(reply.status, told["error"]))
                yield response.SerializeToString()

    def _client(self, context: Any, headers: Mapping[bytes, bytes]) -> str:
        """Return who asks: the address, or the one that the proxy before us saw."""
        seen = headers.get(b"x-forwarded-for", b"").rpartition(b",")[2].strip().decode("latin-1")
        return (self.service.settings.is_behind_proxy and seen) or _host(context.peer())

    async def _replied(self, read: Callable[[Request], None], context: Any) -> Reply:
        """Return what the service replies to a message that `read` makes a request of, and let it be counted."""
        start = perf_counter()
        headers = {str(name).encode(): _bytes(value) for name, value in context.invocation_metadata() or ()}
        request = Request("POST", "", "", headers, b"", self._client(context, headers))
        headers[b"content-type"] = b"application/json"
        try:
            read(request)
            reply = self.service.reply(request)
        except DecodeError as error:
            reply = refusal(400, "MALFORMED-MESSAGE", f"this is no message of this call: {error}")
        done = reply if isinstance(reply, Reply) else await reply
        request.path = "grpc"
        self.service.replied(request, done, perf_counter() - start)
        return done


def _rows(contract: Contract, message: bytes, request: Request) -> None:
    asked = contract.request.FromString(message)
    rows = contract.rows_of(asked)
    request.path, request.query = "/predict", "intervals=true" if asked.intervals else ""
    request.body = encoded(rows[0] if len(rows) == 1 else {"rows": rows})


def _outcomes(contract: Contract, message: bytes, request: Request) -> None:
    request.path = "/outcome"
    request.body = encoded({"outcomes": contract.outcomes_of(contract.outcomes.FromString(message))})


def _host(peer: str) -> str:
    """Return the address of a caller.

    Examples
    --------
    >>> _host("ipv4:127.0.0.1:5000"), _host("ipv6:%5B::1%5D:5000")
    ('127.0.0.1', '::1')
    """
    return peer.partition(":")[2].rpartition(":")[0].replace("%5B", "").replace("%5D", "").strip("[]")


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


async def _abort_unless_done(contract: Contract, reply: Reply, context: Any) -> None:
    if reply.status == 200:
        return
    error = json.loads(reply.body)["error"]
    is_over = error["code"] == "EXPIRED"
    code = grpc.StatusCode.FAILED_PRECONDITION if is_over else CODES.get(reply.status, grpc.StatusCode.INTERNAL)
    told = contract.refusal_of(reply.status, error).SerializeToString()
    await context.abort(code, f"{error['code']}: {error['message']}", ((REFUSAL, told),))


class Health(health_pb2_grpc.HealthServicer):  # type: ignore[misc]  # it has no type information
    """Says, by the usual protocol, whether the bundle is in use and has not expired."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def _status(self) -> Any:
        service = self.service
        is_ready = service.release is not None and not service.is_expired() and not service.is_stopping
        told = health_pb2.HealthCheckResponse
        return told(status=told.SERVING if is_ready else told.NOT_SERVING)

    async def Check(self, request: Any, context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Say how it is now."""
        if request.service not in ("", SERVICE):
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no {request.service}: there is {SERVICE}")
        return self._status()

    async def Watch(self, request: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802 - the protocol's name
        """Say how it is whenever that changes."""
        last = None
        while True:
            told = await self.Check(request, context)
            if told != last:
                yield told
            last = told
            await asyncio.sleep(BETWEEN_LOOKS_S)


class Reflection(reflection_pb2_grpc.ServerReflectionServicer):  # type: ignore[misc]  # it has no type information
    """Tells callers the messages of the release in use."""

    def __init__(self, predictor: Predictor) -> None:
        self.predictor = predictor

    async def ServerReflectionInfo(self, requests: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        """Answer questions about messages."""
        own = reflection.ReflectionServicer([SERVICE], pool=self.predictor.contract.pool)
        async for reply in own.ServerReflectionInfo(requests, context):
            yield reply


async def started(service: Service, port: int) -> Any:
    """Return a server of gRPC that has started; processes share the port."""
    settings = service.settings
    options = [
        ("grpc.so_reuseport", 1),
        ("grpc.max_receive_message_length", 1024 * settings.max_body_kib),
        ("grpc.max_metadata_size", 1024 * settings.max_header_kib),
        ("grpc.absolute_max_metadata_size", 1024 * settings.max_header_kib),
        ("grpc.max_connection_idle_ms", int(1000 * settings.idle_s)),
    ]
    server = grpc.aio.server(options=options, maximum_concurrent_rpcs=settings.max_connections)
    predictor = Predictor(service)
    handlers = {
        "Predict": grpc.unary_unary_rpc_method_handler(predictor.predict),
        "Outcome": grpc.unary_unary_rpc_method_handler(predictor.outcome),
        "PredictStream": grpc.stream_stream_rpc_method_handler(predictor.stream),
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    health_pb2_grpc.add_HealthServicer_to_server(Health(service), server)
    reflection_pb2_grpc.add_ServerReflectionServicer_to_server(Reflection(predictor), server)
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    server.add_insecure_port(f"{host}:{port}")
    await server.start()
    return server
