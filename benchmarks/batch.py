"""Many rows at once: the kernel beside LightGBM, `mesic predict` beside a script, its memory, and kills.

    python benchmarks/batch.py [--only kernel,forests,predict,kills] [--rows 1000000] [--formats csv,parquet]
                               [--pairs 3] [--whole]

``kernel``: 10,000 rows of 30 columns, one thread, CPU seconds, against ``Booster.predict(num_threads=1)`` in the same
process, in turn. ``forests``: the same of forests, and of a mean of models, against the learners' own
``predict_proba`` or ``predict``. ``predict``: whole processes in turn, against pandas, a scikit-learn pipeline and the
same LightGBM model (``peers/pipeline_predict.py``), in chunks as an engineer would write it; with ``--whole`` also read
at once. The answers must be the same to the last bit. ``kills``: kill -9 at random, again and again; the output must be
that of a process that nobody disturbed.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import pyarrow as pa
from measure import cost_of, figure, paired, show
from pyarrow import csv, parquet

PEER = Path(__file__).parent / "peers" / "pipeline_predict.py"
COLUMNS, LEVELS, TRAINING_ROWS, AT_ONCE, MADE = 20, (3, 5, 8, 15, 40), 20_000, 100_000, 1_000_000
KERNEL_ROWS, KERNEL_COLUMNS, KILLED_BATCH = 10_000, 30, 16_384


def table(rows, seed, *, answer=False):
    """Return rows of 20 columns of numbers, some of them missing, and 5 of texts."""
    rng = np.random.default_rng(seed)
    found = {f"x{place}": rng.normal(place, 1 + place, rows).round(4) for place in range(COLUMNS)}
    for place in range(4):
        found[f"x{place}"][rng.random(rows) < 0.05] = np.nan
    codes = [rng.integers(0, count, rows) for count in LEVELS]
    for place, (own, count) in enumerate(zip(codes, LEVELS, strict=True)):
        found[f"c{place}"] = np.array([f"level_{level:02d}" for level in range(count)], dtype=object)[own]
    if answer:
        score = np.nan_to_num(found["x0"]) + np.sin(found["x5"] / 3) + codes[4] % 3 - 1
        score += (found["x7"] > 7) * (codes[1] > 2)
        found["answer"] = np.where(rng.random(rows) < 1 / (1 + np.exp(-score)), "yes", "no")
    return pd.DataFrame(found)


def write(folder, rows, formats):
    """Write the rows to be scored, as files of some formats; a million of them, again and again."""
    writers, pieces = {}, {}
    for start in range(0, rows, AT_ONCE):
        seed = start % MADE + 1
        if seed not in pieces:
            pieces[seed] = pa.Table.from_pandas(table(AT_ONCE, seed), preserve_index=False)
        piece = pieces[seed].slice(0, rows - start)
        for kind in formats:
            if kind not in writers:
                made = csv.CSVWriter if kind == "csv" else parquet.ParquetWriter
                writers[kind] = made(folder / f"input.{kind}", piece.schema)
            writers[kind].write_table(piece)
    for writer in writers.values():
        writer.close()


def learned(folder, trees=300):
    """Return the bundle of a run, its LightGBM model, and its columns for the script."""
    table(TRAINING_ROWS, 0, answer=True).to_parquet(folder / "train.parquet", index=False)
    source = ["source=table", "source.path=train.parquet", "source.target=answer", "source.positive=yes"]
    cost_of(["mesic", "run", *source, "tuner=single", f"learner.n_estimators={trees}", "out=learned"], folder=folder)
    bundle = folder / "learned" / "bundle"
    codes = json.loads(next((bundle / "steps").glob("*-codes/step.json")).read_text())
    (folder / "columns.json").write_text(json.dumps(codes["params"]["columns"]))
    return bundle, next((bundle / "steps").glob("*-lightgbm/text.txt"))


def kernel(folder, asked):
    """Measure CPU seconds of one thread; the bits must be equal."""
    from mesic.bundle.boosting import boosted_trees
    from mesic.kernel.arrays import kernel_arrays
    from mesic.kernel.compiling import compiled
    from mesic.kernel.native import Kernel

    X, rows, y = told(50_000)
    for trees in (100, 300):
        options = {"objective": "binary", "num_leaves": 31, "verbose": -1, "num_threads": 1}
        text = lightgbm.train(options, lightgbm.Dataset(X, y), trees).model_to_string()
        start = time.perf_counter()
        own, peer = Kernel(compiled(), kernel_arrays(boosted_trees(text))), lightgbm.Booster(model_str=text)
        made_s = time.perf_counter() - start
        ways = {"kernel": lambda own=own: own(rows), "lightgbm": lambda peer=peer: peer.predict(rows, num_threads=1)}
        raced(f"kernel, 10,000 rows of 30 columns, {trees} trees of 31 leaves, one thread", ways, made_s=made_s)


def told(count):
    """Return training rows of 30 columns, some of them missing, those to be answered, and what is learned."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(count, KERNEL_COLUMNS))
    X[:, :4][rng.random((count, 4)) < 0.05] = np.nan
    return X, X[:KERNEL_ROWS].copy(), np.nan_to_num(X[:, 0] * X[:, 1] + X[:, 2]) - X[:, 5] ** 2 / 2 > -0.3


def raced(name, ways, times=15, **facts):
    """Ask the kernel and its peer in turn, on one thread, and print the ratio of their CPU seconds."""
    (own, peer), taken = ways, {name: [] for name in ways}
    answers = {name: way() for name, way in ways.items()}
    for _ in range(times):
        for one, way in ways.items():
            before = time.thread_time()
            way()
            taken[one].append(time.thread_time() - before)
    ratio = statistics.median([other / mine for mine, other in zip(taken[own], taken[peer], strict=True)])
    difference = float(np.abs(answers[own] - answers[peer]).max())
    show({
        "figure": name, "times_as_fast": round(ratio, 2), "at_least": 3, "unit": "CPU seconds",
        **{f"{one}_ms": round(statistics.median(values) * 1000, 2) for one, values in taken.items()},
        "largest_difference": difference, "same_bits": answers[own].tobytes() == answers[peer].tobytes(),
        "reached": ratio >= 3 and difference == 0, **{key: round(value, 3) for key, value in facts.items()},
    })  # fmt: skip


def forests(folder, asked):
    """Measure forests, deep and shallow, and the mean of two models; the bits must be equal."""
    from mesic.bundle.matrix import Matrix
    from mesic.bundle.portable import compile_pipeline
    from mesic.bundle.step import PortableStep
    from mesic.kernel.choosing import Chooser
    from mesic_plugins.learners import to_portable
    from mesic_plugins.learners.extra_trees import extra_trees
    from mesic_plugins.learners.random_forest import random_forest

    X, rows, y = told(TRAINING_ROWS)
    matrix, models = Matrix(rows, tuple(f"x{place}" for place in range(KERNEL_COLUMNS))), {}
    noisy = np.where(np.random.default_rng(1).random(len(y)) < 0.2, ~y, y)
    for name, made, target in (
        ("random_forest, two classes", random_forest(), y),
        ("random_forest, two classes, a fifth of the answers wrong", random_forest(), noisy),
        ("extra_trees, two classes", extra_trees(), y),
        ("random_forest, a value", random_forest(task="regression"), X[:, 5] + X[:, 6] ** 2),
    ):
        models[name] = model = made.fit(X, target)
        step, chooser = to_portable(model), Chooser()
        start = time.thread_time()
        run = compile_pipeline([step], others=chooser.estimators)
        made_s = time.thread_time() - start
        ask = model.predict_proba if step.params["classes"] else model.predict
        ways = {"kernel": lambda run=run: run(matrix), "learner": lambda ask=ask: ask(rows)}
        which = f"{name}, {len(step.arrays['value']) / 100:,.0f} leaves a tree"
        raced(f"{which}, 100 trees, 10,000 rows of 30 columns", ways, made_s=made_s)
        if step.params["classes"]:
            interpreter = compile_pipeline([step])
            raced(
                f"{which}, beside the interpreter",
                {"kernel": ways["kernel"], "interpreter": lambda i=interpreter: i(matrix)},
                5,
            )
    options = {"objective": "binary", "num_leaves": 31, "verbose": -1, "num_threads": 1}
    booster, forest = lightgbm.train(options, lightgbm.Dataset(X, y), 100), models["random_forest, two classes"]
    members = ((PortableStep("lightgbm", {"classes": 2}, text=booster.model_to_string()),), (to_portable(forest),))
    weights = {"weight": np.array([0.5, 0.5])}
    mean = PortableStep("mean", {"classes": 2, "present": [[0, 1], [0, 1]]}, weights, members=members)
    run = compile_pipeline([mean], others=Chooser().estimators)

    def naive():
        answer = booster.predict(rows, num_threads=1)
        return 0.5 * np.stack([1 - answer, answer], axis=1) + 0.5 * forest.predict_proba(rows)

    raced("mean of LightGBM and random_forest, 100 trees each", {"kernel": lambda: run(matrix), "learners": naive})


def predict(folder, asked):
    """Measure whole processes."""
    bundle, model = learned(folder)
    formats = asked.formats.split(",")
    write(folder, asked.rows, formats)
    for kind in formats:
        ours = ["mesic", "predict", f"bundle={bundle}", f"input=input.{kind}", f"output=ours.{kind}", "threads=2"]
        peer = [sys.executable, PEER, model, "columns.json", f"input.{kind}", f"peer.{kind}"]
        if asked.pairs > 1:
            costs = paired(ours, peer, pairs=asked.pairs, folder=folder)
        else:
            costs = [(cost_of(ours, folder=folder), cost_of(peer, folder=folder))]
        facts = {"rows": asked.rows, "difference": differing(folder, kind), "mib": round(costs[-1][0].peak_mib)}
        facts["peer_mib"] = round(costs[-1][1].peak_mib)
        for of in ("wall_s", "cpu_s"):
            show(figure(f"mesic predict, {kind}, beside a pipeline in chunks", costs, of, most=1 / 3, **facts))
        if asked.whole:
            naive = cost_of([*peer, "--chunk", "0"], folder=folder)
            own = costs[-1][0]
            show({
                "figure": f"mesic predict, {kind}, beside a pipeline that reads it whole",
                "wall_ratio": round(own.wall_s / naive.wall_s, 3), "cpu_ratio": round(own.cpu_s / naive.cpu_s, 3),
                "rows": asked.rows, "mib": round(own.peak_mib), "peer_mib": round(naive.peak_mib),
            })  # fmt: skip


def differing(folder, kind):
    """Return the largest difference of the two outputs; labels that differ stop the benchmark."""
    read = pd.read_csv if kind == "csv" else pd.read_parquet
    ours, peer = (read(folder / f"{side}.{kind}") for side in ("ours", "peer"))
    if not (ours.prediction.astype(str) == peer.prediction.astype(str)).all():
        sys.exit("mesic and the script predicted different labels")
    return float((ours.p_yes - peer.p_yes).abs().max())


def kills(folder, asked):
    """Kill a process when some more parts are done, six times; then compare the bytes of the one that comes through."""
    bundle, _ = learned(folder)
    write(folder, asked.rows, ["csv", "parquet"])
    chance, step = random.Random(3), max(1, asked.rows // KILLED_BATCH // 8)
    for kind, suffix in (("csv", "parquet"), ("parquet", "csv"), ("csv", "csv"), ("parquet", "parquet")):
        command = ["mesic", "predict", f"bundle={bundle}", f"input=input.{kind}", f"batch={KILLED_BATCH}"]
        cost_of([*command, f"output=whole.{suffix}"], folder=folder)
        output, whole, killed = folder / f"p.{suffix}", folder / f"whole.{suffix}", 0
        for _ in range(6):
            process = subprocess.Popen([*command, f"output={output.name}"], cwd=folder, stdout=subprocess.DEVNULL)
            wanted = done(output) + chance.randint(0, step)
            while process.poll() is None and done(output) < wanted:
                time.sleep(0.001)
            time.sleep(chance.random() * 0.05)
            killed += process.poll() is None
            process.kill()
            process.wait()
            if output.exists() and output.read_bytes() != whole.read_bytes():
                sys.exit("half an output was seen")
        last = subprocess.run(
            [*command, f"output={output.name}", "--json"], cwd=folder, capture_output=True, text=True, check=True
        )
        kept, same = json.loads(last.stdout)["kept_rows"], output.read_bytes() == whole.read_bytes()
        output.unlink()
        show({
            "figure": f"kill -9, {kind} to {suffix}", "rows": asked.rows, "kills": killed, "kept_rows": kept,
            "same": same, "reached": same and killed == 6 and kept > 0,
        })  # fmt: skip


def done(output):
    """Return how many parts of an output lie beside it."""
    folder = output.with_name(f".{output.name}.parts")
    return len(list(folder.glob("*"))) if folder.is_dir() else 0


PARTS = {"kernel": kernel, "forests": forests, "predict": predict, "kills": kills}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--formats", default="csv,parquet")
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--whole", action="store_true", help="also a script that reads the file at once")
    asked = parser.parse_args()
    for part in asked.only.split(","):
        with tempfile.TemporaryDirectory() as name:
            PARTS[part](Path(name), asked)


if __name__ == "__main__":
    main()
