"""A door that speaks gRPC: a client that learns the messages from the server itself, as any other can."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from mesic.deployment.http_door import served
from mesic.deployment.target import Row
from mesic.errors import CheckFailed

SERVICE, CONNECT_S = "mesic.v1.Predictor", 10.0
Answer = dict[str, Any]


class GrpcClient:
    """A client of ``mesic serve grpc_port=``.

    Parameters
    ----------
    address
        Such as ``127.0.0.1:8081``.
    token
        Sent as metadata.

    Examples
    --------
    Calls are made with messages of :attr:`request`; see :meth:`request_of`::

        with GrpcClient("127.0.0.1:8081").connected() as client:
            client.predict(client.request_of([{"age": 31, "town": None}]))
    """

    def __init__(self, address: str, token: str | None = None) -> None:
        self.address, self.metadata = address, [("authorization", f"Bearer {token}")] if token else []

    @contextmanager
    def connected(self) -> Iterator["GrpcClient"]:
        """Connect, and ask the server for its messages."""
        import grpc
        from google.protobuf.descriptor_pool import DescriptorPool
        from google.protobuf.message_factory import GetMessageClass

        with grpc.insecure_channel(self.address) as channel:
            pool = DescriptorPool()
            pool.AddSerializedFile(_described(channel))
            methods = pool.FindServiceByName(SERVICE).methods_by_name
            self.request, self.response, self.outcomes, taken = (
                GetMessageClass(message)
                for name in ("Predict", "Outcome")
                for message in (methods[name].input_type, methods[name].output_type)
            )
            row = methods["Predict"].input_type.fields_by_name["rows"].message_type
            self.fields = {one.json_name: one for one in row.fields if one.name != "others"}
            self.channel = channel
            told = _serialized(self.request, self.response)
            self.predict = channel.unary_unary(f"/{SERVICE}/Predict", **told)
            self.stream = channel.stream_stream(f"/{SERVICE}/PredictStream", **told)
            self.outcome = channel.unary_unary(f"/{SERVICE}/Outcome", **_serialized(self.outcomes, taken))
            yield self

    def outcomes_of(self, told: Sequence[Mapping[str, Any]]) -> Any:
        """Return what came of answers as a message: ``id``, or ``request_id`` and ``row``; ``label``, or ``reward``."""
        request = self.outcomes()
        for one in told:
            message = request.outcomes.add()
            for name, value in one.items():
                if name == "label":
                    _set_other(message.label, value)
                else:
                    setattr(message, name, value)
        return request

    def request_of(self, rows: Sequence[Row]) -> Any:
        """Return a request: cells in typed fields where they fit, in ``others`` where they do not or are missing."""
        request = self.request()
        for row in rows:
            message = request.rows.add()
            for name, cell in row.items():
                own = self.fields.get(name)
                if own is not None and _fits(own, cell):
                    setattr(message, own.name, cell)
                else:
                    _set_other(message.others[name], cell)
        return request


def _serialized(request: Any, response: Any) -> dict[str, Any]:
    return {"request_serializer": request.SerializeToString, "response_deserializer": response.FromString}


def _described(channel: Any) -> bytes:
    """Return the file that describes the service, by the server's reflection."""
    from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest
    from grpc_reflection.v1alpha.reflection_pb2_grpc import ServerReflectionStub

    asked = iter([ServerReflectionRequest(file_containing_symbol=SERVICE)])
    (reply,) = ServerReflectionStub(channel).ServerReflectionInfo(asked, wait_for_ready=True, timeout=CONNECT_S)
    (file,) = reply.file_descriptor_response.file_descriptor_proto
    return bytes(file)


def _fits(own: Any, cell: Any) -> bool:
    kinds = {own.TYPE_DOUBLE: (int, float), own.TYPE_BOOL: (bool,), own.TYPE_STRING: (str,)}
    return isinstance(cell, kinds[own.type]) and (own.type != own.TYPE_DOUBLE or not isinstance(cell, bool))


def _set_other(message: Any, cell: Any) -> None:
    if isinstance(cell, bool):
        message.truth = cell
    elif isinstance(cell, (int, float)):
        message.number = cell
    elif isinstance(cell, str):
        message.text = cell
    else:
        message.SetInParent()


@dataclass(frozen=True)
class GrpcDoor:
    """A server that is started with keys of ``mesic serve``, asked by gRPC, and ended.

    Each row travels by itself in one stream; then those that were answered do in calls of many, with the same answers.

    Parameters
    ----------
    keys
        What is typed behind ``mesic serve``; ports are any that are free.
    rows_a_call
        Rows of a call of many.
    tolerance
        By how much a score may differ from the bundle's.
    timeout_s
        How long the server may take to be ready, or to answer a call.
    """

    keys: Mapping[str, Any] = field(default_factory=dict)
    rows_a_call: int = 200
    tolerance: float = 0.0
    timeout_s: float = 120.0

    def ask(self, rows: Sequence[Row]) -> list[Answer]:
        """Return an answer a row.

        Raises
        ------
        CheckFailed
            The server does not start, says that the fault is its own, or answers rows otherwise in company.
        """
        import grpc

        with served({**self.keys, "grpc_port": 0}, self.timeout_s) as told:
            try:
                with GrpcClient(told["grpc"]).connected() as client:
                    requests = (client.request_of([row]) for row in rows)
                    alone = [_alone(response) for response in client.stream(requests)]
                    self._refuse_otherwise(client, rows, alone)
                    return alone
            except grpc.RpcError as error:
                raise CheckFailed(f"the server does not answer: {error.code().name}: {error.details()}") from error

    def _refuse_otherwise(self, client: GrpcClient, rows: Sequence[Row], alone: Sequence[Answer]) -> None:
        kept = [number for number, answer in enumerate(alone) if "error" not in answer]
        for start in range(0, len(kept), self.rows_a_call):
            numbers = kept[start : start + self.rows_a_call]
            response = client.predict(client.request_of([rows[number] for number in numbers]), timeout=self.timeout_s)
            for number, message in zip(numbers, response.answers, strict=True):
                if answer_of(message) != alone[number]:
                    raise CheckFailed(f"row {number} is answered otherwise among others than by itself")


def _alone(response: Any) -> Answer:
    if not response.HasField("refusal"):
        return answer_of(response.answers[0])
    refusal = response.refusal
    if refusal.status != 422:
        raise CheckFailed(f"the server says {refusal.status}: {refusal.message}")
    return {"error": refusal.message}


def answer_of(message: Any) -> Answer:
    """Return an answer as a row of ``mesic predict`` holds it."""
    if not message.probabilities:
        return {"prediction": message.value}
    return {
        "prediction": message.prediction,
        **{f"p_{label}": share for label, share in message.probabilities.items()},
    }
