"""A person opens the page of a parameter file; a browser gives the bundle's answers."""

import json
import re
import runpy
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.plugins.shop import COLUMNS, TREES, fitted, shop, without_text

import mesic
from mesic.deployment import proof
from mesic.errors import CheckFailed
from mesic.testing.bundles import sealed
from mesic_plugins.targets.device import Device, browser_door, engines

browsing = SimpleNamespace(**runpy.run_path(str(Path(__file__).parents[1] / "engine" / "test_report_in_browser.py")))

pytestmark = pytest.mark.skipif(engines.browser() is None, reason="no chromium is installed to open the page with")
ROW = {"age": "31", "when": "2011-03-04", "vip": "true", "town": "Ulm", "code": "2"}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a bundle and its artefact."""
    folder, data = tmp_path_factory.mktemp("device"), without_text(shop("multiclass"))
    bundle = sealed(fitted(data, "lightgbm", ("dates", {}), **TREES), data, folder / "bundle", COLUMNS)
    (folder / "artefact").mkdir()
    Device(engine="browser").build(bundle, folder / "artefact", mesic.Release("1.5", bundle.digest))
    return bundle, folder / "artefact"


def test_a_browser_gives_the_answers_of_the_bundle(made):
    bundle, artefact = made

    found = proof.proven(
        Device(engine="browser", forms=["js"]).doors(artefact), proof.questions_of(bundle, edge_rows=3000)
    )

    assert set(found["doors"]) == {"browser"}
    assert found["doors"]["browser"]["largest_difference"] <= 1e-12
    assert found["refused"] > 300


def test_a_browser_that_cannot_open_the_file_says_why(made, tmp_path):
    artefact = tmp_path / "artefact"
    artefact.mkdir()
    Device(engine="browser").build(made[0], artefact, mesic.Release("1", made[0].digest))
    path = artefact / "public" / "model.mesic"
    path.write_bytes(path.read_bytes()[:-1] + b"\0")

    with pytest.raises(CheckFailed, match="the browser does not answer: Broken: this file was altered"):
        Device(engine="browser", forms=["js"]).doors(artefact)["browser"].ask([ROW])


STORING = """<!doctype html><script type="module">
let said = [];
try {
  const { indexedDBStore, load, update } = await import("./mesic_device.js"), store = indexedDBStore("proof");
  const fetched = async name => (await fetch(name)).arrayBuffer();
  const first = await fetched("./first"), second = await fetched("./second");
  const told = async () => {
    const model = await load(indexedDBStore("proof"));
    return [model.facts.serial, model.note];
  };
  await update(store, first);
  await update(store, second);
  said.push(await told());
  said.push(await update(store, first).then(() => "taken", error => error.message));
  await store.set("current.mesic", new Uint8Array(second).slice(0, 999));
  said.push(await told());
} catch (error) { said.push(String(error)); }
await fetch("./answers", { method: "POST", body: JSON.stringify(said) });
</script>"""


def test_a_browser_keeps_updates_and_falls_back(made, tmp_path):
    bundle, artefact = made
    pages = {
        "/": ("text/html", STORING.encode()),
        "/mesic_device.js": ("text/javascript", (artefact / "public" / "mesic_device.js").read_bytes()),
    }
    for serial, name in ((1, "first"), (2, "second")):
        (tmp_path / name).mkdir()
        target = Device(forms=["python"], serial=serial)
        target.build(bundle, tmp_path / name, mesic.Release("1", bundle.digest))
        pages[f"/{name}"] = ("application/octet-stream", (tmp_path / name / "public" / "model.mesic").read_bytes())

    said = json.loads(browser_door.sent_back(engines.browser(), pages, 60.0))

    assert said[0] == [2, None]
    assert "an older one is not taken" in said[1]
    assert said[2][0] == 1
    assert "current.mesic: this file was altered" in said[2][1]


def document(artefact, tmp_path, row):
    address = (artefact / "public" / "index.html").as_uri() + "#" + "&".join(f"{k}={v}" for k, v in row.items())
    looks = [f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000", "--dump-dom"]
    return unescape(browsing.browse(*looks, address))


def test_a_person_is_answered_from_a_disk(made, tmp_path):
    bundle, artefact = made
    wanted = proof.reference_answers(bundle, [{**ROW, "vip": True}])[0]

    shown = document(artefact, tmp_path, ROW).partition('<section id="answer"')[2].partition("</section>")[0]

    assert f'id="decision">{wanted["prediction"]}<' in shown
    cells = re.findall(r"<td>([^<]*)</td><td>([\d.]+)</td>", shown)
    assert cells == [(label, f"{wanted[f'p_{label}']:.4f}") for label in bundle.classes]


def test_a_wrong_field_is_marked_and_counted(made, tmp_path):
    told = document(made[1], tmp_path, {**ROW, "age": "200"})

    assert 'aria-invalid="true"' in told
    assert "column 'age' holds \"200\", which is outside of its range" in told
    assert json.loads(re.search(r'<pre id="counts">(.*?)</pre>', told, re.DOTALL)[1])["refused"] == {
        "range": {"age": 1}
    }


def test_nothing_sticks_out_on_a_phone_and_nothing_is_fetched(made, tmp_path):
    text = (made[1] / "public" / "index.html").read_text(encoding="utf-8")

    seen = browsing.open_page(tmp_path, text, width=380)

    assert (seen["width"], seen["fetched"]) == (380, [])
    assert seen["needed"] <= 380
