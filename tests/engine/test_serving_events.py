"""The handler of events: the same service, without a socket."""

import base64
import json

import pyarrow as pa
import pytest
import yaml
from tests.engine.bundles_to_serve import ROW, make_bundle

pytest.importorskip("httptools", reason="the extra serve is not installed")

from mesic.errors import CheckFailed
from mesic.serving.scorer import RowsRefused
from mesic.serving.serverless import Handler


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("zip")
    make_bundle(place / "bundle")
    (place / "serve.yaml").write_text(yaml.safe_dump({"version": "v7", "unknown": "refuse", "max_body_kib": 2}))
    return place


@pytest.fixture(scope="module")
def handler(folder):
    return Handler(folder)


def event(sent, path="/predict", method="POST", **more):
    told = {"http": {"method": method}, "stage": "prod"}
    return {"version": "2.0", "rawPath": path, "requestContext": told, "body": json.dumps(sent), **more}


def asked(handler, sent, **more):
    reply = handler(event(sent, **more))
    return reply["statusCode"], json.loads(reply["body"])


def test_a_row_is_answered_as_the_bundle_answers_it(handler):
    wanted = handler.release.bundle.predict(pa.Table.from_pylist([ROW])).iloc[0].to_dict()

    status, answer = asked(handler, ROW)

    assert (status, answer) == (200, {"bundle": handler.release.digest, "version": "v7", **wanted})
    assert handler.predict(ROW) == wanted


def test_both_formats_of_events_stages_and_coded_bodies_are_read(handler):
    old = {"httpMethod": "POST", "path": "/predict", "body": json.dumps(ROW), "queryStringParameters": {"why": "true"}}
    coded = {"body": base64.b64encode(json.dumps(ROW).encode()).decode(), "isBase64Encoded": True}

    assert "why" in json.loads(handler(old)["body"])
    assert asked(handler, None, path="/prod/predict", **coded)[0] == 200
    assert asked(handler, None, path="/ready", method="GET")[1]["status"] == "ready"
    assert handler(event(None, path="/docs", method="GET"))["headers"]["Content-Type"].startswith("text/html")
    assert handler(event(None, path="/docs", method="HEAD"))["body"] == ""


@pytest.mark.parametrize(
    ("body", "more", "status", "code"),
    [
        ({**ROW, "age": 150}, {}, 422, "ROWS-REFUSED"),
        (ROW, {"path": "/nowhere"}, 404, "NO-SUCH-PATH"),
        ({"age": "x" * 3000}, {}, 413, "LARGE-BODY"),
        (ROW, {"path": "/reload"}, 403, "NO-RELOAD"),
        (None, {"body": "{"}, 400, "MALFORMED-JSON"),
    ],
)
def test_what_is_refused_is_refused_as_by_the_server(handler, body, more, status, code):
    found, answer = asked(handler, body, **more)

    assert (found, answer["error"]["code"]) == (status, code)


def test_callers_need_the_token_that_the_environment_says(folder, monkeypatch):
    monkeypatch.setenv("MESIC_TOKEN", "secret")
    guarded = Handler(folder)

    assert asked(guarded, ROW)[0] == 401
    assert asked(guarded, ROW, headers={"Authorization": "Bearer secret"})[0] == 200


def test_a_row_of_the_program_itself_is_refused_by_an_error(handler):
    with pytest.raises(RowsRefused, match="age"):
        handler.predict({**ROW, "age": 150})


def test_a_bundle_that_was_altered_does_not_start(folder, tmp_path):
    make_bundle(tmp_path / "bundle")
    (tmp_path / "serve.yaml").write_text("{}")
    (tmp_path / "bundle/schema.yaml").write_text("{}")

    with pytest.raises(CheckFailed, match=r"schema\.yaml was altered"):
        Handler(tmp_path)
