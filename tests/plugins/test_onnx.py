"""The target onnx: one model answers as the bundle does, and what is wrong with it is found."""

from dataclasses import replace

import numpy as np
import pytest
from tests.plugins.test_static import AFTER, COLUMNS, PIPELINES, TREES, fitted, replace_schema, shop, step, without_text

import mesic
from mesic.deployment import proof
from mesic.errors import CheckFailed, SettingError, UsageError
from mesic.testing.bundles import sealed
from mesic.training.mean import mean_of

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")
ort = pytest.importorskip("onnxruntime", reason="the extra onnx is not installed")

from mesic_plugins.targets.onnx import Onnx  # noqa: E402 - after what it needs


def proven(bundle, folder, target=None, edge_rows=300):
    folder.mkdir()
    target = target or Onnx()
    target.build(bundle, folder, mesic.Release("1", bundle.digest))
    return proof.proven(target.doors(folder), proof.questions_of(bundle, edge_rows=edge_rows))


def largest(found):
    return max(door["largest_difference"] for door in found["doors"].values())


CASES = {name: one for name, one in PIPELINES.items() if name != "dates and hashes"}
CASES["dates"] = ("lightgbm", TREES, [("dates", {"circular": True})])


@pytest.mark.parametrize("name", CASES)
def test_every_operator_answers_as_in_the_bundle(name, tmp_path):
    learner, options, transformers = CASES[name]
    data = without_text(shop("multiclass"))
    bundle = sealed(fitted(data, learner, *transformers, **options), data, tmp_path / "bundle", COLUMNS)

    found = proven(bundle, tmp_path / "artefact")

    assert largest(found) <= 1e-12
    assert found["refused"] > 20


def test_the_mean_of_members_that_saw_other_columns_classes_and_levels(tmp_path):
    data = without_text(shop("multiclass"))
    few = fitted(data, "tree", rows=np.flatnonzero((data.y != 1) & (data.X["town"] != "Ulm")))
    narrow = fitted(replace(data, X=data.X[["age", "town"]]), "linear")
    members = [few, narrow, fitted(data, "lightgbm", ("dates", {}), **TREES)]
    bundle = sealed(mean_of(members, [1, 2, 3]), data, tmp_path / "bundle", COLUMNS)

    assert largest(proven(bundle, tmp_path / "artefact")) <= 1e-12


@pytest.fixture(scope="module")
def boosted():
    """Return rows, and a model of trees for two classes and one for three."""
    data = {task: without_text(shop(task)) for task in AFTER}
    return data, {task: fitted(data[task], "lightgbm", **TREES) for task in AFTER}


@pytest.mark.parametrize(("task", "number"), [(task, n) for task, all_of in AFTER.items() for n in range(len(all_of))])
def test_calibrated_answers_and_decisions_are_those_of_the_bundle(task, number, boosted, tmp_path):
    data, model = (one[task] for one in boosted)
    steps = [replace(one, params={"classes": model.classes}) for one in AFTER[task][number]]
    bundle = sealed(replace(model, steps=(*model.steps, *steps)), data, tmp_path / "bundle", COLUMNS)

    assert largest(proven(bundle, tmp_path / "artefact")) <= 1e-12


@pytest.fixture(scope="module")
def decided(boosted, tmp_path_factory):
    """Return a bundle that answers from a threshold on."""
    data, model = (one["binary"] for one in boosted)
    steps = (*model.steps, step("decide", threshold=[0.3]))
    return sealed(replace(model, steps=steps), data, tmp_path_factory.mktemp("decided") / "bundle", COLUMNS)


def test_many_rows_at_once_are_answered_as_each_by_itself(decided, tmp_path):
    Onnx().build(decided, tmp_path, mesic.Release("2.5", decided.digest))
    session = ort.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    table = {"age": [31.0, np.nan], "when": [15_000.25, np.nan], "vip": [1.0, 0.0]}
    fed = {name: np.array(cells).reshape(-1, 1) for name, cells in table.items()}
    fed |= {"town": np.array([["Ulm"], ["Bonn"]], dtype=object), "code": np.array([["30"], [""]], dtype=object)}

    labels, shares = session.run(None, fed)
    alone = [session.run(None, {name: cells[[row]] for name, cells in fed.items()}) for row in range(2)]

    assert [one[0][0] for one in alone] == labels.tolist()
    assert [one[1][0].tolist() for one in alone] == shares.tolist()
    assert session.get_modelmeta().custom_metadata_map["version"] == "2.5"


def test_columns_may_be_called_as_they_like_but_as_what_comes_out(tmp_path):
    data = without_text(shop())
    odd = dict(zip(data.X.columns, ["/v1", "c1", "v1", "a b\n", "Größe"], strict=True))
    renamed = replace(
        data, X=data.X.rename(columns=odd), kinds={odd[name]: kind for name, kind in data.kinds.items() if name in odd}
    )
    bundle = sealed(fitted(renamed, "linear", ("binning", {})), renamed, tmp_path / "odd")
    assert largest(proven(bundle, tmp_path / "artefact")) <= 1e-12

    clash = replace(data, X=data.X.rename(columns={"age": "prediction"}))
    bundle = sealed(fitted(clash, "linear"), clash, tmp_path / "clash")
    with pytest.raises(UsageError, match="'prediction': rename it"):
        Onnx().build(bundle, tmp_path, mesic.Release("1", "x"))


class Sabotaged(Onnx):
    """Builds a model that is altered."""

    def __init__(self, edit):
        super().__init__()
        self.edit = edit

    def build(self, bundle, folder, release):
        super().build(bundle, folder, release)
        path = folder / "model.onnx"
        model = onnx.load(path)
        self.edit(model)
        altered = model.SerializeToString()
        assert altered != path.read_bytes()
        path.write_bytes(altered)


def constants(model, wanted):
    return next(one for one in model.graph.initializer if wanted(one))


def one_threshold_beside(model):
    """Move the first threshold of a number by one unit in its last place."""
    trees = next(node for node in model.graph.node if node.op_type == "TreeEnsemble")
    splits = next(one.t for one in trees.attribute if one.name == "nodes_splits")
    values = onnx.numpy_helper.to_array(splits).copy()
    place = np.flatnonzero(values != 0.5)[0]
    values[place] = np.nextafter(values[place], np.inf)
    splits.CopyFrom(onnx.numpy_helper.from_array(values, splits.name))


def wrong_threshold(model):
    own = constants(model, lambda one: onnx.numpy_helper.to_array(one).tolist() == 0.3)
    own.CopyFrom(onnx.numpy_helper.from_array(np.array(0.7), own.name))


def swapped_classes(model):
    own = constants(model, lambda one: one.data_type == onnx.TensorProto.STRING)
    own.string_data[:] = own.string_data[::-1]


@pytest.mark.parametrize("edit", [one_threshold_beside, wrong_threshold, swapped_classes])
def test_a_model_that_was_altered_is_stopped(edit, decided, tmp_path):
    with pytest.raises(CheckFailed, match="does not answer as its bundle"):
        proven(decided, tmp_path / "artefact", Sabotaged(edit), edge_rows=1500)


def test_what_has_no_form_is_refused_by_name(tmp_path):
    data = shop()
    release = mesic.Release("1", "x")
    for said, bundle in (
        ("hashing", fitted(data, "linear", ("hashing", {"columns": ["town"]}))),
        ("text_counts", fitted(data, "linear", ("text_counts", {}))),
        ("neighbors", fitted(without_text(data), "neighbors")),
    ):
        with pytest.raises(UsageError, match=f"target=onnx cannot hold the step.*{said}"):
            Onnx().build(sealed(bundle, data, tmp_path / said, COLUMNS), tmp_path, release)

    schema = (*COLUMNS[:2], replace(COLUMNS[2], available_at="when"), *COLUMNS[3:])
    later = sealed(fitted(without_text(data), "linear"), without_text(data), tmp_path / "later", schema)
    with pytest.raises(UsageError, match="known later"):
        Onnx().build(replace_schema(later), tmp_path, release)
    with pytest.raises(SettingError, match="prefix"):
        Onnx(prefix="1x")
