"""What `target=device` answers in Node.js and Python, how fast, how large it is, and what kill -9 leaves of updates.

    python benchmarks/device.py [ROWS] [KILLS]

The model is that of `benchmarks/static.py`: 100 trees of 31 leaves on 20 columns of numbers and 10 of levels. Rows are
read from JSON before the clock starts. Peers: C of `target=static` and LightGBM's own predictor on one thread, in the
same run; m2cgen's JavaScript, where it is installed (extra benchmark-device), of a model of the same size that takes
levels for numbers, which are ready.
"""

import base64
import gzip
import json
import lzma
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import static

import mesic
from mesic_plugins.targets.device import engines

SLOWEST_ROWS = 5_000
IN_NODE = """
import { open } from "./mesic_device.js"; import { readFileSync } from "node:fs";
const began = process.cpuUsage(), model = await open(readFileSync("model.mesic")), spent = process.cpuUsage(began);
const opened_ms = (spent.user + spent.system) / 1000;
const rows = readFileSync(process.argv[1], "utf8").trim().split("\\n").map(JSON.parse), answers = [];
let best = Infinity;
for (let round = 0; round < 5; round++) {
  const start = process.cpuUsage();
  answers.length = 0;
  for (const row of rows) answers.push(model.predict(row).p_yes);
  const used = process.cpuUsage(start);
  best = Math.min(best, (used.user + used.system) / rows.length);
}
console.log(JSON.stringify({ us: best, opened_ms, answers }));
"""
IN_PYTHON = """
import json, sys, time; sys.path.insert(0, "."); import mesic_device
began = time.process_time(); model = mesic_device.opened(open("model.mesic", "rb").read())
opened_ms = 1000 * (time.process_time() - began)
rows, best = [json.loads(line) for line in open(sys.argv[1])], 1e9
for _ in range(3):
    start = time.process_time()
    answers = [model.predict(row)["p_yes"] for row in rows]
    best = min(best, (time.process_time() - start) / len(rows) * 1e6)
print(json.dumps({"us": best, "opened_ms": opened_ms, "answers": answers}))
"""
IN_M2CGEN = """
const { score } = await import("./m2cgen.mjs"); import { readFileSync } from "node:fs";
const rows = readFileSync(process.argv[1], "utf8").trim().split("\\n").map(JSON.parse);
let best = Infinity, sum = 0;
for (let round = 0; round < 5; round++) {
  const start = process.cpuUsage();
  for (const row of rows) sum += score(row)[1];
  const used = process.cpuUsage(start);
  best = Math.min(best, (used.user + used.system) / rows.length);
}
console.log(JSON.stringify({ us: best }));
"""
UPDATING = {  # both say that they are ready once every file was taken
    "python": """
import sys, pathlib; sys.path.insert(0, "."); import mesic_device
files = [pathlib.Path(name).read_bytes() for name in sys.argv[2:]]
for number in range(10**9):
    for file in files: mesic_device.update(sys.argv[1], file, is_forced=True)
    if not number: print("ready", flush=True)
""",
    "node": """
import { update } from "./mesic_device.js"; import { folderStore } from "./mesic_device_cli.js";
import { readFileSync } from "node:fs";
const [folder, ...names] = process.argv.slice(1), store = folderStore(folder);
const files = names.map(name => readFileSync(name));
for (let number = 0; ; number++) {
  for (const file of files) await update(store, file, { force: true });
  if (!number) console.log("ready");
}
""",
}


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    kills = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = static.learned(folder)
        artefact = mesic.deploy(bundle, "device", out=folder / "artefact", options={"engine": "node"})
        c_form = mesic.deploy(bundle, "static", out=folder / "static", options={"forms": ["c"]})
        speed(folder, bundle, artefact.folder, c_form.folder, rows)
        sizes(bundle, artefact.folder, c_form.folder)
        other = changed(folder)
        deltas(artefact.folder, other)
        flipped_bits(artefact.folder)
        for reader in UPDATING:
            struck_down(folder, artefact.folder, other, reader, kills)


def told(figure: str, **facts: object) -> None:
    print(json.dumps({"figure": figure, **facts}), flush=True)


def asked(artefact: Path, code: str, *words: object) -> dict[str, object]:
    """Return what a script says that runs beside the reader, in Node.js or Python."""
    is_python = "import json" in code
    command = [sys.executable, "-I", "-S", "-c"] if is_python else [str(engines.node()), "--input-type=module", "-e"]
    done = subprocess.run(
        [*command, code, *map(str, words)], cwd=artefact / "public", check=True, capture_output=True, text=True
    )
    found: dict[str, object] = json.loads(done.stdout)
    return found


def speed(folder: Path, bundle: mesic.Bundle, artefact: Path, c_form: Path, rows: int) -> None:
    X = static.table(rows, 1).drop(columns="answer")[bundle.needed]
    expected = bundle.predict(X)
    c_us, _ = static.in_c(c_form, X, folder, 5)
    peer_us = static.lightgbm_us(bundle, X, 5)
    for reader, code, count in (("Node.js", IN_NODE, rows), ("Python", IN_PYTHON, min(rows, SLOWEST_ROWS))):
        (folder / "rows.jsonl").write_text(lines(X[:count]))
        found = asked(artefact, code, folder / "rows.jsonl")
        scores, wanted = np.array(found["answers"]), expected[:count]
        same = float(np.mean((scores > 0.5) == (wanted["prediction"] == "yes").to_numpy()))
        told(
            f"target=device, {reader}, one row of 30 columns",
            rows=count,
            trees=static.TREES,
            us_a_row=round(found["us"], 2),
            static_c_us=round(c_us, 2),
            lightgbm_one_thread_us=round(peer_us, 2),
            opened_cpu_ms=round(found["opened_ms"], 1),
            same_decisions=same,
            largest_difference=float(np.abs(scores - wanted["p_yes"]).max()),
        )
    peer(folder, artefact, X)


def lines(X: pd.DataFrame) -> str:
    cells = X.astype(object).where(X.notna(), None)
    return "".join(json.dumps(row) + "\n" for row in cells.to_dict("records"))


def peer(folder: Path, artefact: Path, X: pd.DataFrame) -> None:
    """Measure m2cgen's JavaScript of a model of the same size."""
    try:
        import m2cgen
    except ImportError:
        told("m2cgen's JavaScript", skipped="m2cgen is not installed: pip install 'mesic[benchmark-device]'")
        return
    training = static.table(static.TRAINING_ROWS, 0)
    model = lightgbm.LGBMClassifier(n_estimators=static.TREES, num_leaves=31, verbose=-1, n_jobs=1)
    model.fit(coded(training.drop(columns="answer")), training["answer"])
    sys.setrecursionlimit(10_000)
    text = m2cgen.export_to_javascript(model)
    (artefact / "public" / "m2cgen.mjs").write_text(text + "\nexport { score };\n")
    (folder / "rows.jsonl").write_text(
        "".join(json.dumps(row) + "\n" for row in coded(X).fillna(0).to_numpy().tolist())
    )
    found = asked(artefact, IN_M2CGEN, folder / "rows.jsonl")
    told("m2cgen's JavaScript, numbers only, no missing cells", us_a_row=round(found["us"], 2), bytes=len(text))


def coded(X: pd.DataFrame) -> pd.DataFrame:
    return X.apply(lambda own: own.str[1:].astype(float) if own.name.startswith("c") else own)


def sizes(bundle: mesic.Bundle, artefact: Path, c_form: Path) -> None:
    content = (artefact / "public" / "model.mesic").read_bytes()
    head = int.from_bytes(content[12:16], "little")
    as_json = content[16 : 16 + head] + base64.b64encode(content[16 + head :])
    text = bundle.fitted.steps[-1].text.encode()
    files = {
        "model.mesic": content,
        "the same as JSON and base 64": as_json,
        "C of target=static": (c_form / "model.c").read_bytes(),
        "LightGBM's text": text,
        "reader in JavaScript": (artefact / "public" / "mesic_device.js").read_bytes(),
    }
    told(
        "target=device, sizes in bytes, as they are and deflated",
        **{name: [len(own), len(gzip.compress(own, 9, mtime=0))] for name, own in files.items()},
    )


def changed(folder: Path) -> Path:
    """Return the artefact of a model that learned 500 rows more."""
    static.TRAINING_ROWS += 500
    (folder / "more").mkdir()
    bundle = static.learned(folder / "more")
    return mesic.deploy(bundle, "device", out=folder / "other", options={"engine": "node"}).folder


def deltas(artefact: Path, other: Path) -> None:
    """Measure what a delta would save: what is new in a file for a compressor that has seen the old one."""
    old, new = ((path / "public" / "model.mesic").read_bytes() for path in (artefact, other))
    alone = len(lzma.compress(new))
    told(
        "target=device, a delta after 5 % more training rows",
        whole_bytes=alone,
        delta_bytes=len(lzma.compress(old + new)) - len(lzma.compress(old)),
        method="LZMA of the new file, alone and behind the old one",
    )


def flipped_bits(artefact: Path, count: int = 3000) -> None:
    content = (artefact / "public" / "model.mesic").read_bytes()
    places = np.random.default_rng(0).choice(8 * len(content), count, replace=False).tolist()
    code = """
import json, sys; sys.path.insert(0, "."); import mesic_device
content, refused = open("model.mesic", "rb").read(), 0
for bit in json.load(open(sys.argv[1])):
    altered = bytearray(content); altered[bit // 8] ^= 1 << bit % 8
    try: mesic_device.opened(altered)
    except mesic_device.Broken: refused += 1
print(json.dumps({"refused": refused}))
"""
    (artefact.parent / "bits.json").write_text(json.dumps(places))
    told(
        "target=device, files with one flipped bit", files=count, **asked(artefact, code, artefact.parent / "bits.json")
    )


def struck_down(folder: Path, artefact: Path, other: Path, reader: str, kills: int) -> None:
    """Strike updates down, each at a random moment; what is left must open and answer as one of the two files."""
    device, rng = folder / f"device of {reader}", random.Random(0)
    names = [str(path / "public" / "model.mesic") for path in (artefact, other)]
    digests = {Path(name).read_bytes()[-32:] for name in names}
    shower = [sys.executable, "-I", "-S", "mesic_device.py", "show", str(device)]
    command = (
        [sys.executable, "-I", "-S", "-c"] if reader == "python" else [engines.node(), "--input-type=module", "-e"]
    )
    words = [*command, UPDATING[reader], str(device), *names]
    subprocess.run(
        [*shower[:-2], "update", str(device), names[0]], cwd=artefact / "public", check=True, capture_output=True
    )
    found = {"right": 0, "fell_back": 0, "left_temporary": 0}
    for _ in range(kills):
        process = subprocess.Popen(words, cwd=artefact / "public", stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(rng.uniform(0.02, 0.1))
        process.kill()
        process.communicate()
        done = subprocess.run(shower, cwd=artefact / "public", check=False, capture_output=True, text=True)
        is_right = done.returncode == 0 and bytes.fromhex(json.loads(done.stdout)["digest"]) in digests
        found["right"] += is_right
        found["fell_back"] += "previous.mesic answers" in done.stderr
        found["left_temporary"] += any(path.name.startswith(".fresh-") for path in device.iterdir())
    told(
        f"target=device, updates by {reader} struck down by kill -9",
        kills=kills,
        **found,
        reached=found["right"] == kills,
    )


if __name__ == "__main__":
    main()
