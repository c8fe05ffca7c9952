"""`mesic serve grpc_port=`: real processes, a real client."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest
from tests.engine.bundles_to_serve import ROW, make_bundle
from tests.journeys.served import Served, until

grpc = pytest.importorskip("grpc", reason="the extra grpc is not installed")
pytest.importorskip("httptools", reason="the extra serve is not installed")

from mesic import GrpcClient  # noqa: E402 - after what it needs
from mesic.deployment.grpc_door import answer_of  # noqa: E402

TOKEN = "secret"


class ServedByGrpc(Served):
    """A server with a port for gRPC that is known before it starts, since Served tells that of HTTP only."""

    def __init__(self, folder, bundle, *keys):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.rpc = f"127.0.0.1:{free.getsockname()[1]}"
        super().__init__(folder, bundle, f"grpc_port={self.rpc.rpartition(':')[2]}", *keys, token=TOKEN)

    def client(self, token=TOKEN):
        return GrpcClient(self.rpc, token).connected()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("served") / "bundle")


@pytest.fixture(scope="module")
def server(bundle, tmp_path_factory):
    place = tmp_path_factory.mktemp("server")
    shutil.copytree(bundle.folder, place / "bundle")
    with ServedByGrpc(place, place / "bundle", "max_rows=5", "max_body_kib=4", "version=v7") as served:
        served.bundle = place / "bundle"
        yield served


@pytest.fixture
def client(server):
    with server.client() as made:
        yield made


def wanted(bundle, row=ROW):
    return bundle.predict(pa.Table.from_pylist([row])).iloc[0].to_dict()


def refused(call):
    """Return status, words and refusal of a call that is not answered."""
    with pytest.raises(grpc.RpcError) as failure:
        call()
    error = failure.value
    return error.code().name, error.details(), dict(error.trailing_metadata()).get("mesic-refusal-bin", b"")


def test_one_row_and_many_are_answered_to_the_last_bit(bundle, server, client):
    rows = [{**ROW, "age": age} for age in (0.0, 55.5, None)]

    one = client.predict(client.request_of([ROW]), metadata=client.metadata)
    many = client.predict(client.request_of(rows), metadata=client.metadata)

    assert (one.bundle, one.version) == (bundle.digest, "v7")
    assert answer_of(one.answers[0]) == wanted(bundle)
    assert [answer_of(answer) for answer in many.answers] == [wanted(bundle, row) for row in rows]


def test_what_is_refused_is_told_with_field_and_what_was_expected(server, client):
    request = client.request_of([{**ROW, "age": 150.0}])
    code, words, told = refused(lambda: client.predict(request, metadata=client.metadata))
    problem = type(client.response().refusal).FromString(told).problems[0]

    assert code == "INVALID_ARGUMENT"
    assert "ROWS-REFUSED" in words
    assert (problem.row, problem.field, problem.expected) == (0, "age", "a number from 0 to 120, or null")


def test_a_column_that_is_not_set_is_refused_unless_it_stands_for_a_missing_cell(bundle, server, client):
    row = {name: cell for name, cell in ROW.items() if name != "town"}
    request = client.request_of([row])

    code, words, _ = refused(lambda: client.predict(request, metadata=client.metadata))
    assert code == "INVALID_ARGUMENT"
    assert "'town'" in words

    request.unset_is_missing = True
    answer = client.predict(request, metadata=client.metadata).answers[0]
    assert answer_of(answer) == wanted(bundle, {**ROW, "town": None})


def test_a_field_of_an_older_bundle_is_refused(server, client):
    raw = client.request_of([ROW]).rows[0].SerializeToString() + b"\xfa\xff\xff\x7f\x01x"
    request = client.request()
    request.rows.add().MergeFromString(raw)

    code, words, _ = refused(lambda: client.predict(request, metadata=client.metadata))
    assert (code, "field number" in words) == ("INVALID_ARGUMENT", True)


def test_callers_without_a_token_or_with_too_much_are_sent_away(server, client):
    request, many = client.request_of([ROW]), client.request_of([ROW] * 6)
    large = client.request_of([{**ROW, "town": "x" * 5000}])
    raw = client.channel.unary_unary("/mesic.v1.Predictor/Predict")

    assert refused(lambda: client.predict(request))[0] == "UNAUTHENTICATED"
    assert refused(lambda: client.predict(many, metadata=client.metadata))[0] == "RESOURCE_EXHAUSTED"
    assert refused(lambda: client.predict(large, metadata=client.metadata))[0] == "RESOURCE_EXHAUSTED"
    assert refused(lambda: raw(b"\xff\xff", metadata=client.metadata))[0] == "INVALID_ARGUMENT"
    assert refused(lambda: list(client.stream(iter([request]))))[0] == "UNAUTHENTICATED"


def test_in_a_stream_a_refusal_does_not_end_the_others(bundle, server, client):
    rows = [ROW, {**ROW, "age": 150.0}, {**ROW, "age": 12.0}]
    before = server.metric('mesic_requests_total{route="grpc"')

    replies = list(client.stream((client.request_of([row]) for row in rows), metadata=client.metadata))

    assert [reply.HasField("refusal") for reply in replies] == [False, True, False]
    assert answer_of(replies[2].answers[0]) == wanted(bundle, rows[2])
    assert server.metric('mesic_requests_total{route="grpc"') - before == 3


def test_outcomes_are_for_deployments(client):
    told = client.outcomes_of([{"id": "x", "reward": 1.0}])

    assert refused(lambda: client.outcome(told, metadata=client.metadata))[0] == "UNIMPLEMENTED"
    assert refused(lambda: client.outcome(told))[0] == "UNAUTHENTICATED"


def test_an_answer_tells_who_gave_it_where_the_service_does(bundle):
    from mesic.serving.grpc_contract import Contract
    from mesic.serving.release import Release
    from mesic.serving.settings import ServeSettings

    contract = Contract(Release(bundle, ServeSettings(bundle=str(bundle.folder))))
    marks = {"bundle": "3f", "version": "2", "arm": "candidate", "propensity": 0.05, "id": "x"}
    answer = {"prediction": "yes", "p_no": 0.25, "p_yes": 0.75, "prediction_set": ["yes"]}

    told = contract.response_to({"predictions": [{**answer, **marks}]}).answers[0]

    assert {name: getattr(told, name) for name in marks} == marks
    assert list(told.prediction_set) == ["yes"]


def test_it_tells_its_health(server, client):
    from grpc_health.v1 import health_pb2, health_pb2_grpc

    stub = health_pb2_grpc.HealthStub(client.channel)
    asked = health_pb2.HealthCheckRequest
    assert stub.Check(asked(service="mesic.v1.Predictor")).status == health_pb2.HealthCheckResponse.SERVING
    assert next(iter(stub.Watch(asked()))).status == health_pb2.HealthCheckResponse.SERVING
    assert refused(lambda: stub.Check(asked(service="another")))[0] == "NOT_FOUND"


def test_another_bundle_is_taken_into_use_and_the_end_is_orderly(server, client, tmp_path):
    other = make_bundle(tmp_path / "bundle", "classes")
    shutil.rmtree(server.bundle)
    shutil.copytree(other.folder, server.bundle)
    os.kill(server.process.pid, signal.SIGHUP)

    assert until(lambda: server.events("reloaded"))
    response = client.predict(client.request_of([ROW]), metadata=client.metadata)
    assert response.bundle == other.digest
    assert answer_of(response.answers[0]) == wanted(other)

    assert server.stop() == 0
    assert refused(lambda: client.predict(client.request_of([ROW])))[0] == "UNAVAILABLE"


def test_a_port_that_is_taken_is_refused_in_words(bundle, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        keys = [f"bundle={bundle.folder}", "port=0", f"grpc_port={taken.getsockname()[1]}"]
        done = subprocess.run(
            [sys.executable, "-m", "mesic", "serve", *keys], check=False, capture_output=True, text=True, cwd=tmp_path
        )

    assert done.returncode == 2
    assert "give another" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(Path(tmp_path).glob("mesic-*"))
