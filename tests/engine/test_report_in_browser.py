"""A person opens the report: nothing is cut off, nothing is fetched, dark is dark."""

import json
import re
import runpy
import shutil
import subprocess
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import pytest

from mesic.report.charts import zone_chart
from mesic.report.page import render

samples = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("report_samples.py"))))
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for found in map(shutil.which, BROWSERS) if found), None)
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
]
LIGHT, DARK = 1, 0

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed to open the report with")

# The page stands in a frame, as a window cannot be as narrow as a phone. A page from a file may not be looked into
# from outside, so it measures itself and tells its frame.
MEASURE = """<script>
addEventListener("load", () => {
  for (const fold of document.querySelectorAll("details")) fold.open = OPEN;
  const root = document.documentElement, style = (one, what) => one && getComputedStyle(one)[what];
  const shown = [...document.querySelectorAll("svg")].filter(one => style(one, "display") !== "none");
  const text = shown.flatMap(one => [...one.querySelectorAll("text")].map(word =>
    [parseFloat(style(word, "fontSize")) * one.getBoundingClientRect().width / one.viewBox.baseVal.width, one, word]));
  const cut = text.filter(([, one, word]) => {
    const box = word.getBoundingClientRect(), frame = one.getBoundingClientRect();
    return box.left < frame.left - 2 || box.right > frame.right + 2;
  });
  parent.postMessage(JSON.stringify({
    width: root.clientWidth, needed: root.scrollWidth,
    fetched: performance.getEntriesByType("resource").map(entry => entry.name),
    paper: style(document.body, "backgroundColor"), ink: style(document.body, "color"),
    drawings: shown.length, smallest: Math.min(...text.map(([size]) => size)),
    cut: cut.map(([,, word]) => word.textContent),
  }), "*");
});
</script>"""
FRAME = """<!doctype html><body style="margin:0"><iframe src="page.html" style="border:0;width:{width}px;height:800px">
</iframe><script>addEventListener("message", event => document.title = event.data)</script>"""


def browse(*arguments):
    """Return the document that the browser ends up with."""
    done = subprocess.run([CHROMIUM, *QUIET, *arguments], check=False, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


def open_page(folder, text, *, width=1280, scheme=LIGHT, unfolded=False):
    """Return what a browser measures of a page."""
    script = MEASURE.replace("OPEN", "true" if unfolded else "false")
    (folder / "page.html").write_text(text.replace("</body>", f"{script}</body>"), encoding="utf-8")
    (folder / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    looks = [f"--user-data-dir={folder / 'profile'}", f"--blink-settings=preferredColorScheme={scheme}"]
    measured = ["--window-size=1400,900", "--virtual-time-budget=5000", "--dump-dom"]
    document = browse(*looks, *measured, (folder / "frame.html").as_uri())
    title = re.search(r"<title>(.*?)</title>", document, flags=re.DOTALL)
    assert title, document
    return json.loads(unescape(title.group(1)))


def brightness(colour):
    return sum(map(float, re.findall(r"[\d.]+", colour)[:3])) / 3


@pytest.mark.parametrize("unfolded", [False, True], ids=["folded", "unfolded"])
@pytest.mark.parametrize("width", [380, 768, 1280])
@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_nothing_sticks_out_at_any_width_and_nothing_is_fetched(tmp_path, task, width, unfolded):
    record = getattr(samples, task)()

    seen = open_page(tmp_path, render(record, samples.timeline()), width=width, unfolded=unfolded)

    assert seen["width"] == width
    assert seen["needed"] <= seen["width"]
    assert seen["fetched"] == []
    assert seen["cut"] == []


@pytest.mark.parametrize("width", [380, 1280])
def test_words_in_drawings_can_be_read_at_any_width(tmp_path, width):
    seen = open_page(tmp_path, render(samples.binary(), samples.timeline()), width=width)

    assert seen["drawings"] == 9
    assert seen["smallest"] >= 11


def test_names_without_a_space_do_not_widen_a_phone(tmp_path):
    record = samples.binary()
    long = "a_name_without_any_space" * 12
    record["data"] |= {"target": long, "path": long}
    record["model"] |= {"learner": long, "options": {long: long}}
    record["run"] |= {"name": long, "command": [long]}
    record["findings"][0] |= {"code": long, "message": long, "fix": long}
    record["data"]["columns"][0] |= {"name": long, "levels": [long]}
    record["evaluations"]["errors"]["labels"] = [long, long]
    record["partition"]["proof"] = {long: True}

    seen = open_page(tmp_path, render(record, samples.timeline()), width=380, unfolded=True)

    assert seen["needed"] <= 380


def test_dark_is_dark_and_light_is_light(tmp_path):
    text = render(samples.binary(), samples.timeline())

    light, dark = (open_page(tmp_path, text, scheme=scheme) for scheme in (LIGHT, DARK))

    assert brightness(light["paper"]) > 240 > 80 > brightness(light["ink"])
    assert brightness(dark["paper"]) < 40 < 200 < brightness(dark["ink"])


def test_an_empty_record_is_a_page_all_the_same(tmp_path):
    seen = open_page(tmp_path, render({}, []), width=380)

    assert seen["needed"] <= 380
    assert seen["drawings"] == 0


def test_the_zone_picture_is_shown_on_its_own(tmp_path):
    picture = tmp_path / "zone.svg"
    picture.write_text(zone_chart(samples.u_shape()), encoding="utf-8")
    document = browse(f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", picture.as_uri())

    assert "zone of solutions" in document
    assert "parsererror" not in document


DRIVE = """<script>
addEventListener("load", () => {
  const picture = document.querySelector("#zone-of-solutions svg.chart.wide");
  document.documentElement.style.scrollBehavior = "auto";
  picture.scrollIntoView();
  const tip = document.querySelector(".tip");
  const marks = () => [...picture.querySelectorAll("circle[data-note]")].map(one => [one, one.getBoundingClientRect()]);
  const at = (kind, x, y, buttons = 0) => picture.dispatchEvent(
    new PointerEvent(kind, { clientX: x, clientY: y, buttons, pointerType: "mouse", bubbles: true }));
  const press = key => picture.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  const wide = () => picture.viewBox.baseVal.width;
  const seen = { titles: picture.querySelectorAll("title").length, whole: wide(), idle: tip.hidden };
  const [mark, box] = marks()[3];
  at("pointermove", box.x + 1, box.y + 1);
  Object.assign(seen, { said: tip.textContent, note: mark.dataset.note, marked: mark.classList.contains("pointed") });
  const tipped = tip.getBoundingClientRect();
  seen.inside = tipped.left >= 0 && tipped.right <= innerWidth && tipped.top >= 0 && tipped.bottom <= innerHeight;
  at("pointerleave", 0, 0);
  seen.left = tip.hidden;
  press("ArrowRight"); seen.first = tip.textContent;
  press("ArrowRight"); seen.second = tip.textContent;
  at("pointerdown", box.x - 50, box.y - 40, 1);
  at("pointermove", box.x + 50, box.y + 40, 1);
  at("pointerup", box.x + 50, box.y + 40);
  seen.close = wide();
  const [, larger] = marks()[3], frame = picture.getBoundingClientRect();
  seen.kept = larger.left > frame.left && larger.right < frame.right && Math.abs(larger.width - box.width) < 2;
  press("Escape");
  seen.again = wide();
  parent.postMessage(JSON.stringify(seen), "*");
});
</script>"""


def test_a_chart_can_be_looked_at_closer(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "MEASURE", DRIVE)
    seen = open_page(tmp_path, render(samples.binary(), samples.timeline()))

    assert (seen["idle"], seen["titles"]) == (True, 0)
    assert seen["said"] == seen["note"] != ""
    assert re.match(r"trial \d+: log loss 0\.\d+ \(standard error", seen["said"])
    assert seen["marked"]
    assert seen["inside"]
    assert seen["left"]
    assert seen["first"] != seen["second"]
    assert seen["close"] < seen["whole"] / 3
    assert seen["kept"]
    assert seen["again"] == seen["whole"]


def test_without_javascript_every_mark_says_the_same(tmp_path):
    refused = """<head><meta http-equiv="Content-Security-Policy" content="script-src 'none'">"""
    text = render(samples.binary(), samples.timeline()).replace("<head>", refused)
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    document = browse(f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", (tmp_path / "page.html").as_uri())

    assert len(re.findall(r"<title>trial \d+: log loss", document)) > 20
    assert 'class="tip"' not in document
    assert 'class="hint"' not in document


def test_the_largest_page_stays_below_three_megabytes():
    record = samples.multiclass()
    record["zone"] = samples.u_shape(2000)
    record["git"]["diff"] = "+ a line that was changed\n" * 20_000
    record["data"]["columns"] *= 250
    record["evaluations"]["feature_audit"] = samples.feature_audit([f"column {number}" for number in range(500)])

    assert len(render(record, samples.timeline()).encode()) < 3_000_000
