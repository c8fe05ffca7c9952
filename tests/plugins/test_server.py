"""The target server: what lies in its folder answers over HTTP as the bundle does."""

import json
import sys
import zipfile
from dataclasses import replace

import numpy as np
import pytest
import yaml

import mesic
from mesic.deployment import proof
from mesic.errors import CheckFailed, SettingError
from mesic.host.registry import installed
from mesic.testing.bundles import sealed
from mesic.testing.fitted import fit
from mesic.testing.subjects import Subject
from mesic.testing.tables import dataset

pytest.importorskip("httptools", reason="the extra serve is not installed")

THRESHOLD = mesic.PortableStep("decide", {"classes": 2}, {"threshold": np.array([0.3])})


@pytest.fixture(scope="module")
def data():
    return dataset("binary")


@pytest.fixture(scope="module")
def model(data):
    fitted = fit(Subject(installed().find("learner", "linear")), data)
    return replace(fitted, steps=(*fitted.steps, THRESHOLD))


@pytest.fixture(scope="module")
def bundle(model, data, tmp_path_factory):
    return sealed(model, data, tmp_path_factory.mktemp("sealed") / "bundle")


@pytest.fixture(scope="module")
def questions(bundle):
    return proof.questions_of(bundle, edge_rows=300)


def server(**options):
    return Subject(installed().find("target", "server"), options).made()


def built(bundle, folder, **options):
    folder.mkdir()
    made = server(**options)
    made.build(bundle, folder, mesic.Release("1.0", bundle.digest))
    return made


def test_the_folder_says_how_it_is_served_and_what_pip_must_install(bundle, tmp_path):
    built(bundle, tmp_path / "art", port=9000, workers=2)

    keys = yaml.safe_load((tmp_path / "art/serve.yaml").read_text())
    lines = (tmp_path / "art/requirements.txt").read_text().splitlines()
    row = json.loads((tmp_path / "art/openapi.json").read_text())["components"]["schemas"]["Row"]

    named = {"version": "1.0", "expires": None, "unknown": "ignore", "envelope": "open"}
    assert keys == {**named, "port": 9000, "grpc_port": None, "workers": 2}
    assert f"numpy=={np.__version__}" in lines
    assert any(line.startswith("mesic[serve]==") for line in lines)
    assert row["required"] == bundle.needed


def test_a_server_of_a_strict_bundle_is_strict_and_says_what_is_expected(model, data, tmp_path):
    strict = mesic.with_envelope(sealed(model, data, tmp_path / "bundle", keeps_envelope=True), "strict")
    built(strict, tmp_path / "art")

    fields = json.loads((tmp_path / "art/openapi.json").read_text())["components"]["schemas"]["Row"]["properties"]
    numbers = [one.name for one in strict.inputs if one.reading == "number" and np.isfinite(one.low)]
    assert yaml.safe_load((tmp_path / "art/serve.yaml").read_text())["envelope"] == "strict"
    assert numbers
    assert all({"minimum", "maximum"} <= set(fields[name]) for name in numbers)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda steps: [*steps[:-1], replace(THRESHOLD, arrays={"threshold": np.array([0.7])})],
        lambda steps: [*steps[:-2], swapped(steps[-2]), steps[-1]],
    ],
    ids=["wrong threshold", "swapped classes"],
)
def test_a_bundle_that_is_whole_but_another_is_stopped(wrong, model, data, questions, tmp_path):
    other = sealed(replace(model, steps=tuple(wrong(model.steps))), data, tmp_path / "bundle")
    made = built(other, tmp_path / "art")

    with pytest.raises(CheckFailed, match="door http"):
        proof.proven(made.doors(tmp_path / "art"), questions)


def swapped(step):
    """Turn a linear step for two classes around."""
    return replace(step, arrays={name: -array for name, array in step.arrays.items()})


def test_a_bundle_that_was_altered_does_not_start(bundle, tmp_path):
    made = built(bundle, tmp_path / "art")
    (tmp_path / "art/bundle/schema.yaml").write_text("{}")

    with pytest.raises(CheckFailed, match=r"does not start.*schema.yaml was altered"):
        made.doors(tmp_path / "art")["http"].ask([])


def test_a_zip_answers_events_as_the_bundle_with_nothing_but_its_requirements(bundle, questions, tmp_path):
    made = built(bundle, tmp_path / "art", serverless=True)

    found = proof.proven({"serverless": made.doors(tmp_path / "art")["serverless"]}, questions)

    assert found["doors"]["serverless"]["largest_difference"] == 0
    names = zipfile.ZipFile(tmp_path / "art/serverless.zip").namelist()
    assert {"handler.py", "serve.yaml", "bundle/manifest.json"} <= set(names)
    assert not [name for name in names if name.startswith(("art", "mesic"))]


def test_a_zip_whose_requirements_lack_a_package_does_not_answer(bundle, tmp_path):
    made = built(bundle, tmp_path / "art", serverless=True)
    path = tmp_path / "art/requirements-serverless.txt"
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.startswith("msgspec")))

    with pytest.raises(CheckFailed, match="msgspec is not among the requirements"):
        made.doors(tmp_path / "art")["serverless"].ask([])


def test_an_image_runs_as_nobody_asks_for_its_health_and_holds_what_the_manifest_lists(bundle, tmp_path):
    built(bundle, tmp_path / "art", dockerfile=True, port=9000)
    lines = (tmp_path / "art/Dockerfile").read_text().splitlines()
    starts = [line.split()[0] for line in lines if line[:1].isupper()]
    entry = json.loads(next(line for line in lines if line.startswith("ENTRYPOINT")).partition(" ")[2])

    assert starts.count("FROM") == 2
    assert "USER 10001:10001" in lines
    assert {"HEALTHCHECK", "EXPOSE", "STOPSIGNAL"} <= set(starts)
    assert entry[:3] == ["mesic", "serve", "artefact=/artefact"]
    assert f"FROM python:{sys.version_info.major}.{sys.version_info.minor}-slim" in lines
    kept = [line for line in (tmp_path / "art/.dockerignore").read_text().splitlines() if line[:1] not in ("", "#")]
    assert kept == [".git", "**/__pycache__", "**/.DS_Store"]


def test_a_server_of_grpc_ships_its_messages_and_answers_by_them(bundle, questions, tmp_path):
    pytest.importorskip("grpc", reason="the extra grpc is not installed")
    made = built(bundle, tmp_path / "art", grpc_port=8081)

    found = proof.proven({"grpc": made.doors(tmp_path / "art")["grpc"]}, questions)

    assert found["doors"]["grpc"]["largest_difference"] == 0
    text = (tmp_path / "art/predictor.proto").read_text()
    assert all(f"json_name = {json.dumps(name, ensure_ascii=False)}" in text for name in bundle.needed)
    assert "\nmesic[grpc]==" in (tmp_path / "art/requirements.txt").read_text()


def test_a_wheel_that_is_none_is_refused():
    with pytest.raises(SettingError, match="wheels"):
        server(wheels=["nowhere.whl"])
