"""A bundle that a stranger sealed anew, digests and all: refused in words; nothing crashes, nothing runs."""

import json
import os
import pickle
import re
import shutil
import subprocess
import sys

import lightgbm
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.engine.bundles_to_serve import CODES, COLUMNS, ROW, booster, make_bundle

from mesic.bundle.booster_text import refuse_strange_booster, trees_only
from mesic.bundle.bundle import load_bundle
from mesic.bundle.soundness import refuse_strange_steps
from mesic.bundle.step import PortableStep
from mesic.errors import CheckFailed, MesicError
from mesic.runs.files import file_digest, json_digest

TEXT, CODES_AT = "steps/01-lightgbm/text.txt", "steps/00-codes"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory):
    return make_bundle(tmp_path_factory.mktemp("sealed") / "bundle").folder


def seal(folder, **facts):
    """Make the digests agree with what lies there, as anybody can."""
    path = folder / "manifest.json"
    body = {key: value for key, value in json.loads(path.read_text()).items() if key != "digest"} | facts
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "manifest.json")
    body["files"] = {file.relative_to(folder).as_posix(): file_digest(file) for file in files}
    path.write_text(json.dumps(body | {"digest": json_digest(body)}))


def said(folder, place, **changes):
    path = folder / place / "step.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def replaced(pattern, value):
    return lambda text: re.sub(pattern, value, text, count=1, flags=re.MULTILINE)


SPOILT = {
    "a column before the first": replaced(r"^split_feature=\S+", "split_feature=-5"),
    "a column behind the last": replaced(r"^split_feature=\S+", "split_feature=900000000"),
    "a child that is its own parent": replaced(r"^left_child=\S+", "left_child=0"),
    "a child behind the last": replaced(r"^left_child=\S+", "left_child=100000000"),
    "a leaf before the first": replaced(r"^left_child=\S+", "left_child=-100000000"),
    "fewer leaves than told": replaced(r"^num_leaves=\d+", "num_leaves=2"),
    "leaves without end": replaced(r"^num_leaves=\d+", "num_leaves=2000000000"),
    "no leaves": replaced(r"^num_leaves=\d+", "num_leaves=0"),
    "sets of levels that are not there": replaced(r"^num_cat=\d+", "num_cat=100000"),
    "a set of levels beyond the last": replaced(r"^decision_type=\S+", "decision_type=1"),
    "classes without end": replaced(r"^num_class=\d+", "num_class=2000000000"),
    "trees a round": replaced(r"^num_tree_per_iteration=\d+", "num_tree_per_iteration=100000"),
    "no trees a round": replaced(r"^num_tree_per_iteration=\d+", "num_tree_per_iteration=0"),
    "columns without names": replaced(r"^max_feature_idx=\d+", "max_feature_idx=2000000000"),
    "a tree beyond the end": replaced(r"^tree_sizes=\d+", "tree_sizes=999999999"),
    "a tree before the start": replaced(r"^tree_sizes=\d+", "tree_sizes=-999"),
    "an objective of many classes": replaced(r"^objective=.*$", "objective=multiclass num_class:2000000000"),
    "an objective of a stranger": replaced(r"^objective=.*$", "objective=custom"),
    "linear leaves": replaced(r"^is_linear=0", "is_linear=1"),
    "a word for a number": replaced(r"^shrinkage=\S+", "shrinkage=x"),
    "a letter for a number": replaced(r"^leaf_value=\S+", "leaf_value=e"),
    "more thresholds than nodes": replaced(r"^threshold=", "threshold=" + "1 " * 1000),
    "a word twice": replaced(r"^num_leaves=", "num_leaves=15\nnum_leaves="),
    "an end too early": lambda text: text[: len(text) // 2],
    "nothing": lambda text: "",
    "a byte that ends texts": replaced(r"^leaf_count=", "leaf_count=\0"),
}


def resized(text):
    """Return a text whose sizes of trees agree with it, but for those that were changed."""
    if "Tree=" not in text or re.search(r"^tree_sizes=(9{9}|-9)", text, re.MULTILINE):
        return text
    blocks = text.encode().split(b"Tree=")[1:]
    blocks[-1] = blocks[-1].partition(b"end of trees")[0]
    sizes = b" ".join(b"%d" % (len(block) + 5) for block in blocks)
    return re.sub(r"(?m)^tree_sizes=.*$", f"tree_sizes={sizes.decode()}", text)


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_booster_that_would_lead_astray_never_reaches_lightgbm(spoil):
    refuse_strange_booster(resized(BOOSTER.text), 2)

    with pytest.raises(CheckFailed, match="LightGBM"):
        refuse_strange_booster(resized(spoil(BOOSTER.text)), 2)


BOOSTER = booster("binary")


def trained(X, y, **options):
    told = {"verbose": -1, "num_threads": 1, "num_leaves": 7, "min_data_in_leaf": 5, **options}
    return lightgbm.train(told, lightgbm.Dataset(X, y, categorical_feature=[3]), 12)


@pytest.mark.parametrize(
    ("classes", "options"),
    [
        (2, {"objective": "binary"}),
        (2, {"objective": "binary", "boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.5}),
        (2, {"objective": "cross_entropy"}),
        (3, {"objective": "multiclass", "num_class": 3}),
        (0, {"objective": "quantile", "alpha": 0.3}),
        (0, {"objective": "regression", "reg_sqrt": True}),
        (0, {"objective": "poisson", "min_data_in_leaf": 10_000}),
    ],
    ids=str,
)
def test_boosters_of_every_kind_are_taken_and_answer_the_same_without_their_tail(classes, options):
    rng = np.random.default_rng(3)
    X = np.column_stack([rng.normal(size=(500, 3)), rng.integers(0, 30, 500)])
    y = {0: np.abs(X[:, 0]), 2: X[:, 0] + X[:, 3] % 3 > 1, 3: X[:, 3] % 3}[classes].astype(float)
    model = trained(X, y, **options)
    text = model.model_to_string()

    refuse_strange_booster(text, classes)

    again = lightgbm.Booster(model_str=trees_only(text))
    assert (again.predict(X) == model.predict(X)).all()
    assert "parameters" not in trees_only(text)


def evil_metadata(folder):
    """Hide a pickle where old versions of Arrow looked for one."""

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(folder.parent / "pwned"),)

    table = parquet.read_table(folder / "end_to_end.parquet")
    told = {b"ARROW:extension:name": b"arrow.py_extension_type", b"ARROW:extension:metadata": pickle.dumps(Evil())}
    field = pa.field("age", pa.float64(), metadata=told)
    parquet.write_table(table.set_column(0, field, table.column(0)), folder / "end_to_end.parquet")


def bomb(folder):
    lists = "".join(f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9))
    (folder / "schema.yaml").write_text(f"a: &a [x,x,x]\n{lists}format: 1\ncolumns: {{x: *j}}\n")


def write(name, data):
    return lambda folder: (folder / name).write_bytes(data)


ATTACKS = {
    "JSON that nests": write(f"{CODES_AT}/step.json", b'{"op": ' + b"[" * 200_000),
    "a step of nobody": lambda folder: said(folder, CODES_AT, op="os.system"),
    "a step of no word": lambda folder: said(folder, CODES_AT, op=["codes"]),
    "no parameters": lambda folder: said(folder, CODES_AT, params=None),
    "columns of the wrong kind": lambda folder: said(folder, CODES_AT, params={"columns": "abc"}),
    "a column of no schema": lambda folder: said(
        folder, CODES_AT, params={"columns": [{"name": "z", "kind": "number"}]}
    ),
    "an array elsewhere": lambda f: said(f, CODES_AT, arrays={"../../schema": {"type": "<f8", "shape": [1]}}),
    "an array of objects": lambda f: said(f, CODES_AT, arrays={"x": {"type": "O", "shape": [1]}}),
    "an array without end": lambda f: said(f, CODES_AT, arrays={"x": {"type": "S2000000000", "shape": [1]}}),
    "members without end": lambda folder: said(folder, CODES_AT, members=[10**9]),
    "classes without end": lambda folder: said(folder, "steps/01-lightgbm", params={"classes": 10**30}),
    "classes as text": lambda folder: said(folder, "steps/01-lightgbm", params={"classes": "2"}),
    "other classes": lambda folder: said(folder, "steps/01-lightgbm", params={"classes": 0}),
    "a schema that calls": write("schema.yaml", b"!!python/object/apply:os.mkdir [pwned]"),
    "a schema that explodes": bomb,
    "a schema that nests": write("schema.yaml", b"a: " + b"[" * 3_000),
    "another schema": write("schema.yaml", b"format: 1\ncolumns: {x: {kind: number}}\n"),
    "a file that is no step": write("steps/99", b"x"),
    "a link": lambda folder: (folder / "card.md").symlink_to("/etc/passwd"),
    "a link to a folder": lambda folder: (folder / "more").symlink_to("/etc"),
    "a pipe": lambda folder: os.mkfifo(folder / "more.json"),
    "rows without answers": lambda folder: parquet.write_table(
        parquet.read_table(folder / "end_to_end.parquet").drop_columns(["expected prediction"]),
        folder / "end_to_end.parquet",
    ),
    "no rows": write("end_to_end.parquet", b"PAR1junkPAR1"),
}
MANIFESTS = [
    {"classes": 5}, {"classes": [1, 2]}, {"classes": ["a", "a"]}, {"present": [7]}, {"present": ["a"]}, {"target": 5},
    {"classes": ["a", "b", "c"], "present": [0, 1, 2]}, {"classes": ["a"]}, {"steps": "none"},
]  # fmt: skip


def asked(folder):
    bundle = load_bundle(folder)
    bundle.predict(pa.Table.from_pylist([ROW]))
    return bundle.check_end_to_end()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_whatever_a_stranger_seals_is_refused_in_words(sealed, tmp_path, attack):
    folder = tmp_path / "bundle"
    shutil.copytree(sealed, folder)
    attack(folder)
    if not any(path.is_fifo() for path in folder.iterdir()):
        seal(folder)

    with pytest.raises(MesicError):
        asked(folder)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("facts", MANIFESTS, ids=str)
def test_a_manifest_that_says_what_cannot_be_is_refused(sealed, tmp_path, facts):
    folder = tmp_path / "bundle"
    shutil.copytree(sealed, folder)
    seal(folder, **facts)

    with pytest.raises(CheckFailed):
        asked(folder)


def test_a_pickle_in_the_metadata_of_a_table_and_one_beside_it_stay_asleep(sealed, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(sealed, folder)
    evil_metadata(folder)
    (folder / "model.pkl").write_bytes(b"cos\nmkdir\n(S'" + str(tmp_path / "pwned").encode() + b"'\ntR.")
    seal(folder)

    assert asked(folder) == 1
    assert not (tmp_path / "pwned").exists()


def test_a_table_that_tells_billions_of_rows_is_not_unpacked(sealed, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(sealed, folder)
    table = pa.table({"age": pa.array(np.zeros(2_000_000))})
    parquet.write_table(table, folder / "end_to_end.parquet")
    assert (folder / "end_to_end.parquet").stat().st_size < 100_000
    seal(folder)

    with pytest.raises(CheckFailed, match="2,000,000 rows"):
        load_bundle(folder).check_end_to_end()


def test_trees_that_go_round_are_refused():
    arrays = {
        "feature": np.array([0, 0, -1]), "threshold": np.zeros(3), "left": np.array([1, 0, -1]),
        "right": np.array([2, 2, 0]), "missing_left": np.zeros(3, bool), "root": np.array([0]),
        "value": np.ones((1, 1)),
    }  # fmt: skip
    with pytest.raises(CheckFailed, match="no trees"):
        refuse_strange_steps((CODES, PortableStep("trees", {"classes": 0}, arrays)), 0)


def test_the_first_crash_of_lightgbm_is_one_no_more(sealed, tmp_path):
    folder = tmp_path / "bundle"
    shutil.copytree(sealed, folder)
    path = folder / TEXT
    path.write_text(replaced(r"^tree_sizes=\d+", "tree_sizes=999999999")(path.read_text()))
    seal(folder)

    done = subprocess.run(
        [sys.executable, "-m", "mesic", "check", f"bundle={folder}"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1  # it was -11
    assert "tree 0 is not where its size says" in done.stderr


def test_columns_named_by_a_stranger_are_data_in_generated_programs(tmp_path):
    static = pytest.importorskip("mesic_plugins.targets.static.target")
    from dataclasses import replace

    from mesic.deployment.target import Release

    bad = '*/ int x = system("touch pwned"); /* """ \'\'\' ??/ \\\n#include "x"\n__import__("os").mkdir("pwned")\n'
    columns = tuple(replace(column, name=bad + column.name) for column in COLUMNS)
    coded = [{**column, "name": bad + column["name"]} for column in CODES.params["columns"]]
    steps = [PortableStep("codes", {"columns": coded}), booster("binary")]
    row = {bad + name: cell for name, cell in ROW.items()}
    bundle = make_bundle(tmp_path / "bundle", steps=steps, columns=columns, rows=(row,))
    out = tmp_path / "out"
    out.mkdir()

    target = static.Static()
    target.build(bundle, out, Release("1", bundle.digest))

    wanted = bundle.predict(pa.Table.from_pylist([row])).prediction[0]
    for door in target.doors(out).values():
        assert door.ask([row])[0]["prediction"] == wanted
    assert not list(tmp_path.rglob("pwned"))
