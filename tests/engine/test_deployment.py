"""Artefacts: complete or absent, proven, checked again without their bundle; what the bundle says row by row."""

import json
import sys
from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

import mesic
from mesic.data.schema import Column
from mesic.deployment import proof
from mesic.deployment.artefact import load_artefact
from mesic.deployment.edges import EdgeRows
from mesic.deployment.landmarks import landmarks
from mesic.deployment.reference import reference_answers, rows_of
from mesic.errors import CheckFailed, DataError, UsageError
from mesic.host.registry import installed
from mesic.testing import Subject
from mesic.testing.bundles import sealed
from mesic.testing.fitted import fit
from mesic.testing.tables import dataset

TODAY = date(2026, 11, 26)
PYTHON = {"forms": ["python"]}
CODES = ("CARD-MISSING", "NO-BETTER-THAN-BASELINE")  # no run made these bundles
WAIVERS = [{"code": code, "who": "ann", "reason": "made for a test", "until": "2026-12-31"} for code in CODES]


def deployed(bundle, **settings):
    return mesic.deploy(bundle, policy={"waivers": WAIVERS}, today=TODAY, **settings)


def test_what_a_gate_objects_to_is_not_deployed(bundle, tmp_path):
    with pytest.raises(CheckFailed, match="a deployment is refused: 2 to mend or to waive") as refusal:
        mesic.deploy(bundle, out=tmp_path / "artefact", options=PYTHON, today=TODAY)

    assert [problem.partition(":")[0] for problem in refusal.value.problems] == list(CODES)
    assert not (tmp_path / "artefact").exists()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    data = dataset("binary")
    model = fit(Subject(installed().find("baseline", "simple")), data)
    schema = [Column("signal", "number", range=(-9.0, 9.0), misfits="forbidden")]
    return sealed(model, data, tmp_path_factory.mktemp("made") / "bundle", schema)


@pytest.fixture(scope="module")
def artefact(bundle, tmp_path_factory):
    return deployed(bundle, out=tmp_path_factory.mktemp("deployed") / "artefact", options=PYTHON)


def test_the_manifest_tells_version_bundle_target_and_needs(artefact, bundle):
    told = artefact.manifest

    assert told["bundle"] == bundle.digest
    assert told["version"] == bundle.digest[:12]
    assert told["target"]["name"] == "static"
    assert told["requirements"][0].startswith("model.py: Python")
    assert told["cannot"]
    assert told["review"]["verdict"] == "allowed"
    assert set(told["files"]) == {
        "model.py",
        "proof.json",
        *(f"proof/{n}.jsonl.gz" for n in proof.SETS),
        "proof/metric.json",
    }


def test_the_proof_counts_rows_refusals_and_differences(artefact):
    told = artefact.proof

    assert told["rows"]["edge"] >= 10_000
    assert told["rows"]["end_to_end"] == told["rows"]["confidence"] == 90
    assert told["refused"] > 100
    assert told["doors"]["python"]["largest_difference"] == 0
    assert told["doors"]["python"]["score"]["metric"] == "log_loss"


def test_an_artefact_is_checked_again_without_its_bundle(artefact):
    again = load_artefact(artefact.folder).check()

    assert again == artefact.proof


def test_an_altered_artefact_is_refused_and_the_file_named(artefact, tmp_path):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(artefact.folder, copy)
    (copy / "model.py").write_text((copy / "model.py").read_text() + "\n")
    (copy / "more.txt").write_text("x")

    with pytest.raises(CheckFailed, match=r"more.txt was added; model.py was altered"):
        load_artefact(copy)


def test_a_proof_that_fails_leaves_what_was_there(artefact, bundle, tmp_path, monkeypatch):
    out = tmp_path / "artefact"
    first = deployed(bundle, out=out, options=PYTHON, version="1")
    monkeypatch.setattr(proof, "compared", lambda *_: ([0], 1.0))

    with pytest.raises(CheckFailed, match="door python: 1 of 90"):
        deployed(bundle, out=out, options=PYTHON, version="2")

    assert load_artefact(out).manifest == first.manifest
    assert [path.name for path in tmp_path.iterdir()] == ["artefact"]


def test_the_same_deployment_gives_the_same_bytes(artefact, bundle, tmp_path):
    again = deployed(bundle, out=tmp_path / "other", options=PYTHON)

    assert again.manifest == artefact.manifest


def test_a_folder_of_something_else_is_left_alone(bundle, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")

    with pytest.raises(UsageError, match="holds something else"):
        deployed(bundle, out=tmp_path, options=PYTHON)
    assert (tmp_path / "mine.txt").read_text() == "mine"


@pytest.mark.parametrize("expires", ["2026-11-25", "soon"])
def test_a_last_day_that_cannot_work_is_refused(bundle, tmp_path, expires):
    with pytest.raises(UsageError, match=f"expires={expires} cannot work"):
        deployed(bundle, out=tmp_path / "a", options=PYTHON, expires=expires)


def test_the_reference_answers_as_the_bundle_does(bundle):
    table = parquet.ParquetFile(bundle.folder / "end_to_end.parquet").read().select(bundle.needed)
    schema = {one.name: one for one in bundle.schema.columns}

    found = reference_answers(bundle, rows_of(table, bundle.inputs, schema))

    assert found == bundle.predict(table).to_dict("records")


def test_the_reference_refuses_row_by_row_what_the_bundle_refuses_as_a_table(bundle):
    schema = {one.name: one for one in bundle.schema.columns}
    table = parquet.ParquetFile(bundle.folder / "end_to_end.parquet").read().select(bundle.needed)
    rows = rows_of(table, bundle.inputs, schema)[:4]
    rows[1]["signal"] = 9.5
    rows[2]["signal"] = "9,5"
    del rows[3]["signal"]

    found = ["error" in answer for answer in reference_answers(bundle, rows)]
    alone = table.slice(1, 1).set_column(table.column_names.index("signal"), "signal", pa.array([9.5]))

    assert found == [False, True, True, True]
    with pytest.raises(DataError, match="signal"):
        bundle.predict(alone)


def test_edge_rows_are_the_same_for_the_same_bundle_and_walk_past_every_threshold(bundle):
    base = [dict.fromkeys(bundle.needed, 0.0)]
    rows = EdgeRows(bundle, base).rows(2_000)

    assert rows == EdgeRows(bundle, base).rows(2_000)
    for name, values in landmarks(bundle).items():
        seen = {row.get(name) for row in rows if isinstance(row.get(name), float)}
        for value in values:
            assert {value, np.nextafter(value, -np.inf), np.nextafter(value, np.inf)} <= seen, name
    assert any(values.size for values in landmarks(bundle).values())


def test_thresholds_behind_scaled_columns_are_told_in_raw_numbers(tmp_path):
    data = dataset("regression", ["missing"])
    bundle = sealed(fit(Subject(installed().find("learner", "tree"), {"max_depth": 2}), data), data, tmp_path / "b")
    scaled = mesic.PortableStep(
        "scale",
        {},
        {name: np.full(len(bundle.needed), value) for name, value in
         {"center": 5.0, "scale": 2.0, "low": -np.inf, "high": np.inf}.items()},
    )  # fmt: skip
    first, *rest = bundle.fitted.steps
    moved = replace(bundle, fitted=replace(bundle.fitted, steps=(first, scaled, *rest)))
    before, after = landmarks(bundle), landmarks(moved)

    assert any(values.size for values in before.values())
    for name, values in before.items():
        np.testing.assert_allclose(after[name], values * 2 + 5)


def test_answers_are_compared_by_decision_refusal_and_score():
    same = {"prediction": "a", "p_a": 0.5}

    assert proof.compared([same], [{"prediction": "b", "p_a": 0.5}], 1.0)[0] == [0]
    assert proof.compared([same], [{"error": "no"}], 1.0)[0] == [0]
    assert proof.compared([{"error": "no"}], [same], 1.0)[0] == [0]
    assert proof.compared([same], [{"prediction": "a"}], 1.0)[0] == [0]
    assert proof.compared([same], [{"prediction": "a", "p_a": float("nan")}], 1.0)[0] == [0]
    assert proof.compared([same], [{"prediction": "a", "p_a": 0.5 + 2e-12}], 1e-12)[0] == [0]
    assert proof.compared([{"prediction": 1e6}], [{"prediction": 1e6 + 1e-7}], 1e-12) == (
        [],
        pytest.approx(1e-13, rel=0.1),
    )


def test_a_metric_that_leaves_its_range_stops_the_artefact(bundle, artefact):
    questions = proof.Questions.load(artefact.folder / "proof")
    worse = replace(questions, metric={**questions.metric, "acceptable": {"low": 5.0, "high": 6.0}})
    target = installed().find("target", "static")

    with pytest.raises(CheckFailed, match=r"log_loss is 0\.\d+ on the confidence set, not from 5.0 to 6.0"):
        proof.proven(Subject(target, PYTHON).made().doors(artefact.folder), worse)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import sys; sys.exit(7)", "status 7"),
        ("print('no json')", "no JSON"),
        ("print('{}')", "1 answers to 2 rows"),
    ],
)
def test_a_door_that_fails_says_how(code, said):
    with pytest.raises(CheckFailed, match=said):
        mesic.ProcessDoor([sys.executable, "-c", code]).ask([{}, {}])


def test_infinity_goes_through_a_door_as_a_number_that_is_too_large():
    echo = "import sys, json; [print(json.dumps({'prediction': str(json.loads(line)['x'])})) for line in sys.stdin]"

    found = mesic.ProcessDoor([sys.executable, "-c", echo]).ask([{"x": float("inf")}, {"x": -float("inf")}])

    assert [answer["prediction"] for answer in found] == ["inf", "-inf"]


def test_an_artefact_that_has_expired_is_refused_when_it_is_checked(artefact):
    old = replace(artefact, manifest={**artefact.manifest, "expires": "2027-01-31"})

    assert old.check(date(2027, 1, 31))
    with pytest.raises(CheckFailed, match="expired: its last day was 2027-01-31"):
        old.check(date(2027, 2, 1))


def test_what_was_waived_and_by_whom_is_told_with_the_proof(artefact):
    from mesic.verbs.deploy import lines_of

    told = list(lines_of(artefact))

    assert told[0].endswith(f"static {artefact.manifest['version']}, {artefact.manifest['size_bytes']:,} bytes")
    assert "  waived  CARD-MISSING, by ann: made for a test" in told
    assert any(line.startswith("  warning TEST-USES-UNKNOWN: ") for line in told)
    assert any(line.startswith("  door    python: same decisions; scores differ by 0.0e+00") for line in told)


def test_a_manifest_is_json(artefact):
    assert json.loads((artefact.folder / "manifest.json").read_text())["digest"] == artefact.manifest["digest"]
