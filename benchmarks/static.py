"""What `target=static` answers in C, and how fast, beside LightGBM's own predictor on one thread.

    python benchmarks/static.py [ROWS] [ROUNDS]

The model is learned by ``mesic run`` on 10,000 rows: 100 trees of 31 leaves on 20 columns of numbers and 10 of levels.
Rows are read before the clock starts on both sides; C starts from text levels, LightGBM from codes that are ready.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd

import mesic

TRAINING_ROWS, NUMBERS, LEVELS, TREES = 10_000, 20, 10, 100
MOST_US, MOST_DIFFERENCE = 2.0, 1e-12
DRIVER = r"""
#include "model.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return now.tv_sec + now.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    long rows = atol(argv[2]), rounds = atol(argv[3]), row, round;
    size_t all = (size_t)rows * MODEL_COLUMNS;
    double *numbers = malloc(all * sizeof *numbers), *scores = malloc((size_t)rows * sizeof *scores), best = 1e9;
    char (*texts)[8] = malloc(all * 8);
    model_cell *cells = malloc(all * sizeof *cells);
    FILE *file = fopen(argv[1], "rb");
    size_t place;
    if (argc != 5 || !fread(numbers, sizeof *numbers, all, file)) return 1;
    for (place = 0; place < all; place++) {
        int is_level = place % MODEL_COLUMNS >= 20;
        sprintf(texts[place], "l%d", is_level ? (int)numbers[place] : 0);
        cells[place].kind = is_level ? MODEL_TEXT : MODEL_NUMBER;
        cells[place].number = numbers[place];
        cells[place].text = texts[place];
    }
    for (round = 0; round < rounds; round++) {
        double start = seconds();
        for (row = 0; row < rows; row++) {
            model_answer answer;
            if (model_predict(cells + row * MODEL_COLUMNS, 0, &answer) != MODEL_OK) return 2;
            scores[row] = answer.scores[1];
        }
        start = seconds() - start;
        if (start < best) best = start;
    }
    fwrite(scores, sizeof *scores, (size_t)rows, fopen(argv[4], "wb"));
    printf("%.9f\n", best / rows * 1e6);
    return 0;
}
"""


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = learned(folder)
        start = time.perf_counter()
        artefact = mesic.deploy(bundle, "static", out=folder / "artefact")
        built_s = time.perf_counter() - start
        X = table(rows, 1).drop(columns="answer")[bundle.needed]
        expected = bundle.predict(X)
        c_us, scores = in_c(artefact.folder, X, folder, rounds)
        peer_us = lightgbm_us(bundle, X, rounds)
        proven = sum(artefact.proof["rows"].values())
    difference = float(np.abs(scores - expected["p_yes"].to_numpy()).max())
    same = float(np.mean((scores > 0.5) == (expected["prediction"] == "yes").to_numpy()))
    facts = {
        "figure": "target=static, C, one row of 30 columns",
        "rows": rows,
        "trees": TREES,
        "us_a_row": round(c_us, 3),
    }
    facts |= {"at_most": MOST_US, "lightgbm_one_thread_us": round(peer_us, 3), "ratio": round(c_us / peer_us, 2)}
    print(json.dumps(facts | {"reached": c_us <= MOST_US}))
    facts = {"figure": "target=static, C, largest difference of a probability", "difference": difference}
    facts |= {
        "at_most": MOST_DIFFERENCE,
        "same_decisions": same,
        "reached": difference <= MOST_DIFFERENCE and same == 1,
    }
    print(json.dumps(facts))
    facts = {"figure": "mesic deploy target=static, wall time with the proof", "seconds": round(built_s, 1)}
    print(json.dumps(facts | {"proven_rows": proven}))


def table(rows: int, seed: int) -> pd.DataFrame:
    """Return rows of numbers, some of them missing, and of levels."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({f"x{place}": rng.normal(size=rows) for place in range(NUMBERS)})
    for place in range(4):
        X[f"x{place}"] = X[f"x{place}"].mask(rng.random(rows) < 0.1)
    for place in range(LEVELS):
        X[f"c{place}"] = np.char.add("l", rng.integers(0, 5 + place, rows).astype(str))
    score = X.x0.fillna(0) * X.x4 + X.x5 - X.x6**2 / 2 + (X.c0 == "l1") - (X.c9 == "l2")
    return X.assign(answer=np.where(rng.random(rows) < 1 / (1 + np.exp(-score)), "yes", "no"))


def learned(folder: Path) -> mesic.Bundle:
    options = ["learner=lightgbm", f"learner.n_estimators={TREES}", "tuner=single", "zone.prefer=best"]
    quick = ["evaluator=[]", "auditor=[]", "baseline=[]", "source.positive=yes"]
    data = table(TRAINING_ROWS, 0)
    run = mesic.run(data, target="answer", overrides=[*options, *quick], out=folder / "run")
    return mesic.load_bundle(run.folder / "bundle")


def in_c(artefact: Path, X: pd.DataFrame, folder: Path, rounds: int) -> tuple[float, np.ndarray]:
    """Return the CPU microseconds that a row takes in C, and the probabilities."""
    (folder / "driver.c").write_text(DRIVER)
    numbers = X.apply(lambda column: column.str[1:].astype(float) if column.name.startswith("c") else column)
    numbers.to_numpy(dtype=np.float64).tofile(folder / "rows.bin")
    files = [artefact / "model.c", folder / "driver.c"]
    options = ["-std=gnu99", "-ffp-contract=off", "-O2", f"-I{artefact}"]
    subprocess.run(["cc", *options, "-o", folder / "driver", *files, "-lm"], check=True)
    words = [folder / "driver", folder / "rows.bin", str(len(X)), str(rounds), folder / "scores.bin"]
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return float(done.stdout), np.fromfile(folder / "scores.bin")


def lightgbm_us(bundle: mesic.Bundle, X: pd.DataFrame, rounds: int) -> float:
    """Return the CPU microseconds that a row takes in LightGBM, all rows at once on one thread."""
    coded, model = bundle.fitted.steps[0].params["columns"], bundle.fitted.steps[-1]
    columns = [pd.Categorical(X[c["name"]], c["levels"]).codes if "levels" in c else X[c["name"]] for c in coded]
    matrix = np.column_stack(columns).astype(np.float64)
    booster = lightgbm.Booster(model_str=model.text)
    found = []
    for _ in range(rounds):
        start = time.process_time()
        booster.predict(matrix, num_threads=1)
        found.append((time.process_time() - start) / len(X) * 1e6)
    return min(found)


if __name__ == "__main__":
    main()
