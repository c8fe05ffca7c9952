"""The target device: both readers answer as the bundle does, refuse what was altered, and take updates whole."""

import ast
import importlib.util
import json
import re
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
from tests.plugins.shop import (
    COLUMNS,
    PIPELINES,
    TREES,
    fitted,
    one_threshold_beside,
    shop,
    without_text,
)

import mesic
from mesic.deployment import proof
from mesic.errors import CheckFailed, ComponentError, SettingError, UsageError
from mesic.testing.bundles import sealed
from mesic.testing.tables import dataset
from mesic.training.mean import mean_of
from mesic_plugins.targets.device import Device, engines, javascript_reader, reader
from mesic_plugins.targets.device.file_form import PREAMBLE
from mesic_plugins.targets.program import KERNELS

NODE = engines.node()
needs_node = pytest.mark.skipif(NODE is None, reason="there is no Node.js to run JavaScript with")
FORMS = ("js", "python") if NODE else ("python",)
LINEAR = "linear", {}, []


def build(bundle, folder, release=None, **options):
    folder.mkdir(parents=True)
    target = Device(**{"forms": FORMS, "engine": "node", **options})
    built = target.build(bundle, folder, release or mesic.Release("1", bundle.digest))
    return target, built


def proven(bundle, folder, target=None, edge_rows=600):
    target = target or Device(forms=FORMS, engine="node")
    folder.mkdir()
    target.build(bundle, folder, mesic.Release("1", bundle.digest))
    return proof.proven(target.doors(folder), proof.questions_of(bundle, edge_rows=edge_rows))


def python_of(folder):
    """Return the Python reader of an artefact, as those who import it have it."""
    spec = importlib.util.spec_from_file_location("mesic_device", folder / "public" / "mesic_device.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def in_node(folder, script):
    """Return what a script prints that has the reader as `mesic` and the file's bytes as `bytes`."""
    head = (
        'import * as mesic from "./mesic_device.js"; import { readFileSync } from "node:fs";\n'
        'const bytes = new Uint8Array(readFileSync("model.mesic"));\n'
    )
    command = [NODE, "--input-type=module", "-e", head + script]
    done = subprocess.run(command, cwd=folder / "public", check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def sealed_models(tmp_path_factory):
    folder, data = tmp_path_factory.mktemp("sealed"), without_text(shop())
    made = {name: fitted(data, name, **(TREES if name == "lightgbm" else {})) for name in ("lightgbm", "linear")}
    return {name: sealed(model, data, folder / name, COLUMNS) for name, model in made.items()}


@pytest.fixture(scope="module")
def artefact(sealed_models, tmp_path_factory):
    folder = tmp_path_factory.mktemp("artefact") / "it"
    build(sealed_models["lightgbm"], folder)
    return folder


@pytest.mark.parametrize("name", PIPELINES)
def test_every_operator_answers_in_both_readers_as_in_the_bundle(name, tmp_path):
    learner, options, transformers = PIPELINES[name]
    data = without_text(shop("multiclass"))
    bundle = sealed(fitted(data, learner, *transformers, **options), data, tmp_path / "bundle", COLUMNS)

    found = proven(bundle, tmp_path / "artefact")

    assert set(found["doors"]) == {{"js": "node"}.get(form, form) for form in FORMS}
    assert all(door["largest_difference"] <= 1e-12 for door in found["doors"].values())
    assert found["refused"] > 50


@pytest.mark.parametrize("transformer", ["text_counts", "hashing"])
def test_free_text_is_read_by_its_letters_in_both_readers(transformer, tmp_path):
    data = shop()
    bundle = sealed(fitted(data, "linear", (transformer, {})), data, tmp_path / "bundle", COLUMNS)

    found = proven(bundle, tmp_path / "artefact")

    assert all(door["score"]["n"] == len(data) for door in found["doors"].values())


def test_the_mean_of_members_calibrated_with_a_threshold(tmp_path):
    data = without_text(shop())
    members = [fitted(data, "linear"), fitted(data, "lightgbm", ("dates", {}), **TREES)]
    model = mean_of(members, [1, 2])
    params = {"classes": model.classes}
    knots = {"start": [0, 4], "x": [0, 0.2, 0.6, 1], "y": [0, 0.1, 0.9, 1]}
    after = [
        mesic.PortableStep("isotonic", params, {name: np.array(values) for name, values in knots.items()}),
        mesic.PortableStep("log_odds", params, {"coef": np.array([[1.3, 0.7]]), "intercept": np.array([-0.2])}),
        mesic.PortableStep("temperature", params, {"temperature": np.array([1.7])}),
        mesic.PortableStep("decide", params, {"costs": np.array([[0.0, 1.0], [7.0, -2.0]])}),
    ]
    bundle = sealed(replace(model, steps=(*model.steps, *after)), data, tmp_path / "bundle", COLUMNS)

    found = proven(bundle, tmp_path / "artefact")

    assert all(door["largest_difference"] <= 1e-12 for door in found["doors"].values())


def test_hostile_names_reach_both_readers(tmp_path):
    data = dataset("multiclass")

    proven(sealed(fitted(data, "tree"), data, tmp_path / "bundle"), tmp_path / "artefact")


def test_a_value_that_the_cells_decide_is_the_same_in_both_readers(tmp_path):
    data = dataset("regression")
    model = fitted(data, "linear")
    step = mesic.PortableStep("draw", {"classes": 0, "seed": 2**63 + 5}, {"value": np.arange(7.0)})

    drawn = replace(model, steps=(model.steps[0], step))
    proven(sealed(drawn, data, tmp_path / "bundle"), tmp_path / "artefact")


@needs_node
def test_a_row_is_refused_for_the_same_column_and_reason_in_both_readers(sealed_models, artefact):
    rows = [*proof.questions_of(sealed_models["lightgbm"], edge_rows=3000).rows["edge"]]
    rows += [{**rows[0], "town": "Ulm", "age": 31.0, "when": when} for when in ("2024-01-05T", "2024 May", 7, "31.12.")]
    rows += [{**rows[0], "age": [1]}, {**rows[0], "age": {"a": 1}}]

    python, node = (door.ask(rows) for door in Device(engine="node").doors(artefact).values())

    reasons = [(answer.get("column"), answer.get("reason")) for answer in python]
    assert reasons == [(answer.get("column"), answer.get("reason")) for answer in node]
    assert {reason for _, reason in reasons if reason} == {
        *("not_given", "missing", "misfit", "moment", "range", "level", "several_values"),
    }


@needs_node
def test_numbers_as_levels_have_one_spelling_in_both_readers(artefact):
    numbers = [3.0, 0.5, 1e16, 1e-7, 123456.789, -17.0, 1e22, 1.5e-5, 2.5e-310, 0.0001, 1e300, -0.1, 4503599627370497.5]
    texts = ["+007", "-0", "1e5", "1E400", ".5", "-.5e-7", "5.", "inf", "0x10", "9" * 40]
    module = python_of(artefact)

    script = (
        javascript_reader.module() + "\nprocess.stdout.write(JSON.stringify(CELLS.map(cell => spelt(cell, 'number'))));"
    )
    command = [NODE, "--input-type=module", "-e", script.replace("CELLS", json.dumps([*numbers, *texts]))]
    in_javascript = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)

    assert in_javascript == [module.spelt(cell, "number", {}) for cell in [*numbers, *texts]]


def test_both_readers_have_every_kernel_with_the_same_constants():
    text = (javascript_reader.HOME / "kernels.js").read_text()
    for name, spec in KERNELS.items():
        wanted = {one[2:] for one in spec.split()}
        found = re.search(rf"^  {name}\(row, out(?:, (\{{[^}}]*\}}|constants))?(?:, texts)?\) {{", text, re.MULTILINE)
        assert found, name
        own = wanted if found[1] == "constants" else set(re.findall(r"\w+", found[1] or ""))
        assert own <= wanted, name
    assert set(reader.KERNELS) == set(KERNELS)


def test_the_python_reader_needs_python_3_8_and_its_library_only(artefact):
    tree = ast.parse((artefact / "public" / "mesic_device.py").read_text(), feature_version=(3, 8))
    imports = [one for one in ast.walk(tree) if isinstance(one, (ast.Import, ast.ImportFrom))]
    names = {
        name
        for one in imports
        for name in ([a.name for a in one.names] if isinstance(one, ast.Import) else [one.module])
    }

    assert names <= sys.stdlib_module_names


# What may be given away holds no cell of the data but what the pipeline itself tells.
def test_no_row_of_the_data_is_given_away(sealed_models, tmp_path):
    data = without_text(shop())
    build(sealed_models["linear"], tmp_path / "artefact", forms=["python"])
    content = (tmp_path / "artefact" / "public" / "model.mesic").read_bytes()
    size = PREAMBLE.unpack_from(content)[2]

    rows = json.loads(content[PREAMBLE.size : PREAMBLE.size + size])["self_test"]["rows"]

    ages, moments = set(data.X["age"].dropna()), set(data.X["when"])
    assert len(rows) == 24
    assert sum(row[0] in ages for row in rows if row[0] is not None) < 6  # by chance, and at 0 and 120
    assert not any(row[1] in moments for row in rows)


@pytest.mark.parametrize("form", FORMS)
def test_a_file_with_one_flipped_bit_is_refused(form, artefact):
    content = (artefact / "public" / "model.mesic").read_bytes()
    places = [0, 8, 12, 16, len(content) - 1, len(content) - 33, len(content) - 100, len(content) - 130]
    bits = [8 * place for place in places] + np.random.default_rng(0).integers(0, 8 * len(content), 60).tolist()
    if form == "python":
        module, refused = python_of(artefact), []
        for bit in bits:
            altered = bytearray(content)
            altered[bit // 8] ^= 1 << bit % 8
            with pytest.raises(module.Broken):
                module.opened(altered)
            refused.append(True)
        assert module.opened(content).facts["version"] == "1"
        with pytest.raises(module.Broken):
            module.opened(content[:-1])
    else:
        script = """
        const refused = [];
        for (const bit of BITS) {
          const altered = bytes.slice();
          altered[bit >> 3] ^= 1 << (bit & 7);
          refused.push(await mesic.open(altered).then(() => false, error => error instanceof mesic.Broken));
        }
        refused.push(await mesic.open(bytes.slice(0, -1)).then(() => false, error => error instanceof mesic.Broken));
        refused.push((await mesic.open(bytes)).facts.version === "1");
        console.log(JSON.stringify(refused));
        """
        refused = in_node(artefact, script.replace("BITS", json.dumps(bits)))
    assert all(refused)
    assert len(refused) >= len(bits)


def test_what_is_whole_but_of_another_format_or_other_answers_is_refused(artefact):
    module = python_of(artefact)
    content = (artefact / "public" / "model.mesic").read_bytes()[:-32]

    def resealed(text):
        return text + module.hashlib.sha256(text).digest()

    answered, other = (b'"answers":[["label %d"' % code for code in ((0, 1) if b'[["label 0"' in content else (1, 0)))
    for old, new, said in (
        (b"MESICDEV\x01", b"MESICDEV\x02", "format 2.*newer reader"),
        (b'"kernel":"flush"', b'"kernel":"blush"', "no kernel 'blush'.*newer reader"),
        (b'"blanks":', b'"flanks":', "cannot be read"),
        (answered, other, "answers otherwise here than where it was made: row 0"),
    ):
        assert old in content
        with pytest.raises(module.Broken, match=said):
            module.opened(resealed(content.replace(old, new)))


COMMA = 'function comma(cell) { return typeof cell === "string" ? cell.replace(",", ".") : cell; }'


@dataclass(frozen=True)
class Sabotaged:
    """Builds what is wrong with a bundle that is not the one that is sealed, or with a reader that is altered."""

    bundle_of: object = None
    edit: tuple = ()
    model: str = "lightgbm"

    def build(self, bundle, folder, release):
        Device(forms=["js"], engine="node").build(self.bundle_of(bundle) if self.bundle_of else bundle, folder, release)
        if self.edit:
            path = folder / "public" / "mesic_device.js"
            text = path.read_text()
            assert self.edit[0] in text
            path.write_text(text.replace(*self.edit) + COMMA)

    def doors(self, folder):
        return Device(forms=["js"], engine="node").doors(folder)


def edited(old, new, model="lightgbm"):
    return Sabotaged(edit=(old, new), model=model)


SABOTAGES = {
    "one threshold, one unit beside": Sabotaged(one_threshold_beside),
    "the last tree lost": edited("last = root.length;", "last = root.length - 1;"),
    "float32": edited(
        "countBelow(edges, row[features[j]], start", "countBelow(edges, Math.fround(row[features[j]]), start"
    ),
    "no space around": edited('text.replace(SPACE_AROUND, "")', "text"),
    "reads a decimal comma": edited("function readNumber(cell) {", "function readNumber(cell) { cell = comma(cell);"),
    "what Number takes for a number": edited("NUMBER.test(cell) ? numberOf(cell) : NaN;", "Number(cell);"),
    "missing cells as zero": edited('return reading === "text" ? null : NaN;', "return 0;", "linear"),
    "dropped column": edited("else numbers[place] = read;", 'else numbers[place] = name === "age" ? NaN : read;'),
    "time zone": edited('if (!zone || zone === "Z") return 0;', 'if (!zone || zone === "Z") return 7200;'),
    "Date.parse": edited("const found = MOMENT", "return Date.parse(cell) / 864e5; const found = MOMENT"),
    "a column that lacks is missing": edited("? row[name] : undefined;", "? row[name] : null;"),
    "stale cache": edited("= this.scoresOf(cells), code", "= this.old ??= this.scoresOf(cells).slice(), code"),
}


@needs_node
@pytest.mark.parametrize("name", SABOTAGES)
def test_a_sabotaged_artefact_is_stopped(name, sealed_models, tmp_path):
    with pytest.raises(CheckFailed, match=r"does not answer as its bundle|answers otherwise here"):
        proven(sealed_models[SABOTAGES[name].model], tmp_path / "artefact", SABOTAGES[name], edge_rows=1500)


@needs_node
def test_a_file_is_checked_by_its_own_rows_before_it_answers(sealed_models, tmp_path):
    edit = ("out[1] = 1 / (1 + Math.exp(-slope * row[0]));", "out[1] = 0.5;")

    with pytest.raises(CheckFailed, match="answers otherwise here than where it was made: row 0 of its own test"):
        proven(sealed_models["lightgbm"], tmp_path / "artefact", Sabotaged(edit=edit))


def test_a_file_that_is_too_large_is_refused_with_the_sizes_of_its_parts(sealed_models, tmp_path):
    with pytest.raises(
        CheckFailed, match=r"takes \d\.\d KiB, and target.max_kib=2 .*constants of forest \d\.\d.*fewer"
    ):
        build(sealed_models["lightgbm"], tmp_path / "artefact", max_kib=2)

    _, built = build(sealed_models["lightgbm"], tmp_path / "other", max_kib=100)
    assert sum(built.facts["sizes"].values()) == built.facts["file_bytes"]


def test_what_has_no_form_is_refused_by_name(tmp_path):
    data = without_text(shop())
    bundle = sealed(fitted(data, "neighbors"), data, tmp_path / "bundle", COLUMNS)

    with pytest.raises(UsageError, match=r"target=device cannot hold the step 'neighbors'.*another learner"):
        build(bundle, tmp_path / "artefact", forms=["python"])


@pytest.mark.parametrize(
    ("options", "said"),
    [({"forms": ["rust"]}, "forms"), ({"prefix": "../model"}, "prefix"), ({"prefix": ""}, "prefix")],
)
def test_options_that_cannot_work_are_refused(options, said):
    with pytest.raises(SettingError, match=said):
        Device(**options)


def test_javascript_that_nothing_can_run_is_not_deployed(sealed_models, tmp_path, monkeypatch):
    monkeypatch.setattr(engines.shutil, "which", lambda name: None)
    monkeypatch.setattr(engines, "find_spec", lambda name: None)

    for engine, said in (("auto", "no Node.js or Chromium"), ("browser", "no Chromium"), ("both", "no Node.js and no")):
        with pytest.raises(ComponentError, match=rf"{said}.*mesic\[device\].*forms=\[python\]"):
            build(sealed_models["linear"], tmp_path / engine, forms=["js"], engine=engine)
    build(sealed_models["linear"], tmp_path / "python", forms=["python"])


def counted(folder, rows, form):
    """Return the counts of rows that a reader answered, as its program tells them."""
    command = {
        "python": [sys.executable, "-I", "-S", "mesic_device.py"],
        "js": [NODE, "mesic_device_cli.js"],
    }[form]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    words = ["answer", "model.mesic", "--summary=summary.json"]
    done = subprocess.run(
        [*command, *words], cwd=folder / "public", check=False, input=lines, capture_output=True, text=True
    )
    assert done.returncode == 3, done.stderr
    return json.loads((folder / "public" / "summary.json").read_text())


@pytest.mark.parametrize("form", FORMS)
def test_what_is_counted_is_the_same_in_both_readers_and_holds_no_cell(form, sealed_models, tmp_path):
    bundle = sealed_models["linear"]
    build(bundle, tmp_path / "artefact")
    good = {"age": 37.125, "when": "2011-03-04", "vip": None, "town": "Ulm", "code": "seen by nobody"}
    rows = [
        *[good] * 40,
        *[{**good, "age": 36.875}] * 5,
        *[{**good, "age": 121.5}] * 3,
        {**good, "town": "Elsewhere"},
        {"age": 1},
    ]

    told = counted(tmp_path / "artefact", rows, form)

    expected = bundle.predict(mesic_table(rows[:45]))
    assert (told["rows"], told["answered"]) == (50, 45)
    assert told["refused"] == {"level": {"town": 1}, "not_given": {"when": 1}, "range": {"age": 3}}
    assert told["blank"] == {"age": 0, "when": 0, "vip": 45, "town": 0, "code": 45}
    assert told["decisions"] == {label: int((expected["prediction"] == label).sum()) for label in bundle.classes}
    for label in bundle.classes:
        wanted = np.histogram(expected[f"p_{label}"], [-1, *told["score_edges"], 2])[0]
        assert told["scores"][f"p_{label}"] == [*wanted.tolist(), 0]
    text = json.dumps(told)
    assert not any(cell in text for cell in ("37.125", "36.875", "121.5", "2011", "seen by", "Elsewhere", "Ulm"))


def mesic_table(rows):
    import pandas as pd

    return pd.DataFrame(rows)[["age", "when", "vip", "town", "code"]].astype({"vip": float})


def test_counts_of_few_rows_are_not_told(artefact):
    model = python_of(artefact).opened((artefact / "public" / "model.mesic").read_bytes())
    row = {"age": 31, "when": None, "vip": 1, "town": "Ulm", "code": "2"}
    for _ in range(19):
        model.predict(row)

    assert model.summary()["rows"] is None
    assert "decisions" not in model.summary()
    model.predict(row)
    assert model.summary()["rows"] == 20
    model.forget()
    assert model.summary(least=0)["rows"] == 0
