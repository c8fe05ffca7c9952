"""The target static: C and Python answer as the bundle does, and what is wrong with an artefact is found."""

import ast
import inspect
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from tests.plugins.shop import (
    COLUMNS,
    PIPELINES,
    TREES,
    as_float32,
    fitted,
    one_threshold_beside,
    shop,
    swapped_classes,
    truncated,
    with_steps,
    without_text,
)

import mesic
from mesic.deployment import proof
from mesic.errors import CheckFailed, SettingError, UsageError
from mesic.testing.bundles import sealed
from mesic.testing.tables import dataset
from mesic.training.mean import mean_of
from mesic_plugins.targets.program import KERNELS, boosting, scoring
from mesic_plugins.targets.program.program import TEXT_KERNELS
from mesic_plugins.targets.static import Static, c_form, kernels

HAS_C = shutil.which("cc") is not None
needs_c = pytest.mark.skipif(not HAS_C, reason="there is no C compiler cc")
FORMS = ("c", "python") if HAS_C else ("python",)


def proven(bundle, folder, target=None, edge_rows=600):
    target = target or Static(forms=FORMS)
    folder.mkdir()
    target.build(bundle, folder, mesic.Release("1", bundle.digest))
    return proof.proven(target.doors(folder), proof.questions_of(bundle, edge_rows=edge_rows))


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_every_operator_answers_in_every_language_as_in_the_bundle(name, task, tmp_path):
    learner, options, transformers = PIPELINES[name]
    data = without_text(shop(task))
    bundle = sealed(fitted(data, learner, *transformers, **options), data, tmp_path / "bundle", COLUMNS)

    found = proven(bundle, tmp_path / "artefact")

    assert all(door["largest_difference"] <= 1e-12 for door in found["doors"].values())
    assert found["refused"] > 50


def test_what_training_has_not_seen_is_refused_in_every_language_and_named(tmp_path):
    data = without_text(shop())
    bundle = sealed(fitted(data, "tree"), data, tmp_path / "bundle", COLUMNS, keeps_envelope=True)
    strict = mesic.with_envelope(bundle, "strict")
    rows = proof.questions_of(strict, edge_rows=1).rows["end_to_end"][:1] * 3
    cells = [{"town": "Trier"}, {"when": "2099-01-01"}, {"vip": None}]

    found = proven(strict, tmp_path / "artefact")
    answers = (
        Static(forms=["python"])
        .doors(tmp_path / "artefact")["python"]
        .ask([row | own for row, own in zip(rows, cells, strict=True)])
    )

    assert set(found["doors"]) == set(FORMS)
    assert "'Trier', which is none of its levels, 'Bonn', 'Köln', 'Ulm'" in answers[0]["error"]
    assert "'2099-01-01', which is outside of its range, 19" in answers[1]["error"]
    assert "'vip' is missing" in answers[2]["error"]


def test_the_mean_of_members_that_saw_other_columns_classes_and_levels(tmp_path):
    data = without_text(shop("multiclass"))
    few = fitted(data, "tree", rows=np.flatnonzero((data.y != 1) & (data.X["town"] != "Ulm")))
    narrow = fitted(replace(data, X=data.X[["age", "town"]]), "linear")
    members = [few, narrow, fitted(data, "lightgbm", ("dates", {}), **TREES)]

    found = proven(sealed(mean_of(members, [1, 2, 3]), data, tmp_path / "bundle", COLUMNS), tmp_path / "artefact")

    assert set(found["doors"]) == set(FORMS)


def step(op, **arrays):
    return mesic.PortableStep(
        op, {"classes": 2}, {name: np.array(values, dtype=float) for name, values in arrays.items()}
    )


KNOTS = {"x": [0.0, 0.2, 0.6, 1.0], "y": [0.0, 0.1, 0.9, 1.0]}
AFTER = {
    "binary": [
        [step("log_odds", coef=[[1.3, 0.7]], intercept=[-0.2]), step("decide", threshold=[0.3])],
        [replace(step("isotonic", **KNOTS), arrays={**step("isotonic", **KNOTS).arrays, "start": np.array([0, 4])})],
        [step("temperature", temperature=[1.7]), step("decide", costs=[[0.0, 1.0], [7.0, -2.0]])],
    ],
    "multiclass": [
        [
            step("log_odds", coef=[[1.3, 0.7], [1, 1], [0.5, 2]], intercept=[-0.2, 0, 0.1]),
            step("decide", costs=np.eye(3)),
        ],
        [step("temperature", temperature=[0.6])],
    ],
}


@pytest.mark.parametrize(("task", "number"), [(task, n) for task, all_of in AFTER.items() for n in range(len(all_of))])
def test_calibrated_answers_and_decisions_are_those_of_the_bundle(task, number, tmp_path):
    data = without_text(shop(task))
    model = fitted(data, "lightgbm", **TREES)
    steps = [replace(one, params={"classes": model.classes}) for one in AFTER[task][number]]
    bundle = sealed(replace(model, steps=(*model.steps, *steps)), data, tmp_path / "bundle", COLUMNS)

    found = proven(bundle, tmp_path / "artefact")

    assert all(door["largest_difference"] <= 1e-12 for door in found["doors"].values())


def test_a_decision_without_its_threshold_is_stopped(tmp_path):
    data = without_text(shop())
    model = fitted(data, "lightgbm", **TREES)
    last = mesic.PortableStep("decide", {"classes": 2}, {"threshold": np.array([0.3])})
    bundle = sealed(replace(model, steps=(*model.steps, last)), data, tmp_path / "bundle", COLUMNS)

    with pytest.raises(CheckFailed, match="does not answer as its bundle"):
        proven(bundle, tmp_path / "artefact", Sabotaged(lambda bundle: with_steps(bundle, bundle.fitted.steps[:-1])))


def test_free_text_is_read_in_python_and_refused_by_name_in_c(tmp_path):
    data = shop()
    bundle = sealed(fitted(data, "linear", ("text_counts", {})), data, tmp_path / "bundle", COLUMNS)

    assert proven(bundle, tmp_path / "artefact", Static(forms=["python"]))["doors"]["python"]["score"]["n"] == len(data)
    if HAS_C:
        with pytest.raises(UsageError, match=r"step 'words' in C.*forms=\[python\]"):
            proven(bundle, tmp_path / "other", Static(forms=["c"]))


def test_an_unsupported_step_names_itself_and_the_alternative(tmp_path):
    data = without_text(shop())
    bundle = sealed(fitted(data, "neighbors"), data, tmp_path / "bundle", COLUMNS)

    with pytest.raises(UsageError, match=r"cannot hold the step 'neighbors'.*another learner.*mesic predict"):
        Static(forms=["python"]).build(bundle, tmp_path, mesic.Release("1", "x"))


def test_cells_that_are_known_later_are_refused(tmp_path):
    data = without_text(shop())
    schema = (*COLUMNS[:2], replace(COLUMNS[2], available_at="when"), *COLUMNS[3:])
    bundle = sealed(fitted(data, "linear"), data, tmp_path / "bundle", schema)

    with pytest.raises(UsageError, match="known later"):
        Static(forms=["python"]).build(replace_schema(bundle), tmp_path, mesic.Release("1", "x"))


def replace_schema(bundle):
    columns = [replace(c, role="time") if c.name == "when" else c for c in bundle.schema.columns]
    fitted_ = replace(bundle.fitted, steps=(without_column(bundle.fitted.steps[0], "when"), *bundle.fitted.steps[1:]))
    return replace(bundle, schema=replace(bundle.schema, columns=tuple(columns)), fitted=fitted_)


def without_column(step, name):
    return replace(step, params={"columns": [c for c in step.params["columns"] if c["name"] != name]})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("objective=poisson\n", "objective 'poisson'"),
        ("objective=regression sqrt\n", "regression sqrt"),
        ("average_output\nobjective=regression\n", "mode rf"),
        ("objective=regression\n\nTree=0\nnum_leaves=1\nleaf_value=1\nis_linear=1\n", "linear leaves"),
    ],
)
def test_a_foreign_lightgbm_model_is_refused_in_words(text, said):
    with pytest.raises(UsageError, match=said):
        boosting.boosted("num_tree_per_iteration=1\nmax_feature_idx=0\n" + text)


def test_thresholds_of_float32_are_moved_to_where_rounding_turns():
    rng = np.random.default_rng(0)
    for threshold in [*rng.normal(size=200), 1e-40, 3.4e38, -3.5e38, 0.0, float(np.float32(0.1))]:
        limit = scoring.as_float64(threshold)
        beyond = np.nextafter(limit, np.inf)
        with np.errstate(over="ignore"):
            assert float(np.float32(limit)) <= threshold < float(np.float32(beyond))


def test_options_that_cannot_work_are_refused():
    for options, said in (
        ({"forms": ["cobol"]}, "forms"),
        ({"prefix": "1x"}, "prefix"),
        ({"prefix": "while"}, "prefix"),
        ({"compiler": "no_such_compiler"}, r"forms=\[python\]"),
    ):
        with pytest.raises(SettingError, match=said):
            Static(**options)


def test_every_language_has_every_kernel_with_the_same_constants_in_the_same_order():
    in_c = c_form.parts("kernels.c")
    for name, spec in KERNELS.items():
        wanted = [one[2:] for one in spec.split()]
        handed = ["row", "texts"] if name in (*TEXT_KERNELS, "mean") else ["row"]
        assert list(inspect.signature(getattr(kernels, name)).parameters) == [*handed, *wanted], name
        if name != "words":
            own = [p for p in c_form.parameters(name) if p not in ("in", "out", "texts", "width")]
            assert [p for p in own if not p.endswith("_count")] == wanted, name
            assert name in in_c


@needs_c
def test_the_c_file_calls_nothing_beyond_mathematics_and_strings(tmp_path):
    data = without_text(shop())
    bundle = sealed(fitted(data, "lightgbm", ("dates", {}), **TREES), data, tmp_path / "bundle", COLUMNS)
    Static(forms=["c"], prefix="shop").build(bundle, tmp_path, mesic.Release("1", bundle.digest))

    command = ["cc", "-std=c99", "-O2", "-c", "-o", tmp_path / "shop.o", tmp_path / "shop.c"]
    subprocess.run(command, check=True)
    names = subprocess.run(["nm", tmp_path / "shop.o"], check=True, capture_output=True, text=True).stdout
    wanted = set(re.findall(r" U (?!shop_)(\w+)", names)) - {"_GLOBAL_OFFSET_TABLE_", "__stack_chk_fail"}
    given = set(re.findall(r" [TRD] (\w+)", names))

    assert wanted <= {"exp", "log", "log1p", "rint", "memcpy", "memcmp", "strlen", "memset"}
    assert all(name.startswith("shop_") for name in given)


def test_the_python_file_needs_no_site_packages(tmp_path):
    data = without_text(shop())
    bundle = sealed(fitted(data, "lightgbm", ("dates", {}), **TREES), data, tmp_path / "bundle", COLUMNS)
    Static(forms=["python"]).build(bundle, tmp_path, mesic.Release("2.5", bundle.digest))
    imported = {
        name.partition(".")[0]
        for one in ast.walk(ast.parse((tmp_path / "model.py").read_text()))
        for name in (
            [a.name for a in one.names]
            if isinstance(one, ast.Import)
            else [one.module]
            if isinstance(one, ast.ImportFrom)
            else []
        )
    }
    words = [sys.executable, "-I", "-S", tmp_path / "model.py", "--version"]

    assert imported <= sys.stdlib_module_names
    assert json.loads(subprocess.run(words, check=True, capture_output=True).stdout)["version"] == "2.5"


# What stands in a table, and what a CSV says of it; both doors read the CSV as `mesic predict` does.
def test_a_csv_is_answered_as_mesic_predict_answers_it(tmp_path, monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    data = without_text(shop())
    bundle = sealed(fitted(data, "linear", ("dates", {})), data, tmp_path / "bundle", COLUMNS)
    Static(forms=FORMS).build(bundle, tmp_path, mesic.Release("1", bundle.digest))
    table = data.X.assign(when=pd.to_datetime(data.X["when"], unit="D").dt.round("us"), more='x, "y"\nz')
    table.to_csv(tmp_path / "rows.csv", index=False)
    expected = bundle.predict(pd.read_csv(tmp_path / "rows.csv", dtype=str))
    programs = {"python": [sys.executable, "-I", "-S", tmp_path / "model.py"]}
    if HAS_C:
        files = [tmp_path / "model.c", tmp_path / "model_main.c"]
        subprocess.run(["cc", "-std=c99", "-o", tmp_path / "program", *files, "-lm"], check=True)
        programs["c"] = [tmp_path / "program"]

    for command in programs.values():
        with (tmp_path / "rows.csv").open("rb") as rows, (tmp_path / "answers.csv").open("wb") as answers:
            subprocess.run(command, stdin=rows, stdout=answers, check=True)
        found = pd.read_csv(tmp_path / "answers.csv")
        assert found["prediction"].tolist() == expected["prediction"].tolist()
        np.testing.assert_allclose(found["p_label 1"], expected["p_label 1"], rtol=0, atol=1e-12)
        assert found["error"].isna().all()
    read, write = os.pipe()
    os.close(read)  # as where `head` has seen enough
    with (tmp_path / "rows.csv").open("rb") as rows, os.fdopen(write, "wb") as answers:
        done = subprocess.run(programs["python"], stdin=rows, stdout=answers, stderr=subprocess.PIPE, check=False)
    assert done.stderr == b""


@dataclass(frozen=True)
class Sabotaged:
    """Builds what is wrong with a bundle that is not the one that is sealed, or with files that are altered."""

    bundle_of: object = None
    edit: object = None
    form: str = "python"

    def build(self, bundle, folder, release):
        Static(forms=[self.form]).build(self.bundle_of(bundle) if self.bundle_of else bundle, folder, release)
        if self.edit:
            path = folder / ("model.py" if self.form == "python" else "model.c")
            altered = self.edit(path.read_text())
            assert altered != path.read_text()
            path.write_text(altered)

    def doors(self, folder):
        return Static(forms=[self.form]).doors(folder)


def swapped_order(bundle):
    """Scale before filling, where filling comes first."""
    steps = list(bundle.fitted.steps)
    place = next(place for place, step in enumerate(steps) if step.op == "impute")
    steps[place], steps[place + 1] = steps[place + 1], steps[place]
    return with_steps(bundle, steps)


def decimal_comma(text):
    return text.replace(
        "out.write(json.dumps(found, ensure_ascii=False)",
        'out.write(re.sub(r"(\\d)\\.(\\d)", r"\\1,\\2", json.dumps(found))',
    )


def reads_decimal_comma(text):
    return text.replace(
        "cell = float(cell) if NUMBER",
        'cell = cell.replace(".", "").replace(",", ".")\n        cell = float(cell) if NUMBER',
    )


def dropped_column(text):
    return text.replace(
        "                numbers.append(read)", '            numbers.append(BLANK if column[0] == "age" else read)'
    )


def blanks_as_zero(text):
    return text.replace(
        "        numbers, texts = [], []\n",
        "        numbers, texts = [], []\n        row = {k: 0 if v is None else v for k, v in row.items()}\n",
    )


def local_time(text):
    return text.replace("return 0\n    digits = zone", "return 7200\n    digits = zone")


def cached(text):
    """Answer from a cache whose key is too short."""
    return text.replace(
        "        self.refuse_expired(today)\n        return self.answer(*self.cells_of(row))",
        '        self.refuse_expired(today)\n        key = str(row.get("age"))[:2]\n        if key not in CACHE:\n'
        "            CACHE[key] = self.answer(*self.cells_of(row))\n        return CACHE[key]",
    ).replace("CLASSES =", "CACHE = {}\nCLASSES =", 1)


SABOTAGES = {
    "wrong order of preprocessing": ("linear", Sabotaged(swapped_order)),
    "swapped classes": ("lightgbm", Sabotaged(swapped_classes)),
    "float32": ("lightgbm", Sabotaged(as_float32)),
    "float32 in C": (
        "lightgbm",
        Sabotaged(
            edit=lambda text: text.replace("double value, const double *edges", "float value, const double *edges"),
            form="c",
        ),
    ),
    "one threshold, one unit beside": ("lightgbm", Sabotaged(one_threshold_beside)),
    "one threshold, in C": ("lightgbm", Sabotaged(one_threshold_beside, form="c")),
    "truncated model": ("lightgbm", Sabotaged(truncated)),
    "truncated model in C": ("lightgbm", Sabotaged(truncated, form="c")),
    "answers with a decimal comma": ("lightgbm", Sabotaged(edit=decimal_comma)),
    "reads a decimal comma": ("lightgbm", Sabotaged(edit=reads_decimal_comma)),
    "dropped column": ("lightgbm", Sabotaged(edit=dropped_column)),
    "missing cells as zero": ("lightgbm", Sabotaged(edit=blanks_as_zero)),
    "time zone": ("lightgbm", Sabotaged(edit=local_time)),
    "stale cache": ("lightgbm", Sabotaged(edit=cached)),
}


@pytest.fixture(scope="module")
def sealed_models(tmp_path_factory):
    data = without_text(shop())
    folder = tmp_path_factory.mktemp("sealed")
    made = {name: fitted(data, name, **(TREES if name == "lightgbm" else {})) for name in ("lightgbm", "linear")}
    bundles = {name: sealed(model, data, folder / name, COLUMNS) for name, model in made.items()}
    old = shop(seed=9)
    bundles["old"] = sealed(fitted(without_text(old), "lightgbm", **TREES), without_text(old), folder / "old", COLUMNS)
    return bundles


@pytest.mark.parametrize("name", SABOTAGES)
def test_a_sabotaged_artefact_is_stopped(name, sealed_models, tmp_path):
    model, target = SABOTAGES[name]
    if target.form == "c" and not HAS_C:
        pytest.skip("there is no C compiler cc")

    with pytest.raises(CheckFailed, match="does not answer as its bundle"):
        proven(sealed_models[model], tmp_path / "artefact", target)


def test_the_model_of_another_day_is_stopped_and_rows_are_named(sealed_models, tmp_path):
    target = Sabotaged(lambda _: sealed_models["old"])

    with pytest.raises(CheckFailed, match=r"end_to_end rows differ:\n\s+row \d+ \{.*\"age\".*is answered"):
        proven(sealed_models["lightgbm"], tmp_path / "artefact", target)


@pytest.mark.parametrize("model", ["lightgbm", "linear", "old"])
def test_nothing_that_is_right_is_stopped(model, sealed_models, tmp_path):
    for form in FORMS:
        proven(sealed_models[model], tmp_path / form, Sabotaged(form=form), edge_rows=3000)


def test_hostile_names_reach_every_language(tmp_path):
    data = dataset("multiclass")
    bundle = sealed(fitted(data, "tree"), data, tmp_path / "bundle")

    assert set(proven(bundle, tmp_path / "artefact")["doors"]) == set(FORMS)
