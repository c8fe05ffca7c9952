"""How fast `mesic predict` scores a million rows, beside pandas and LightGBM alone, and in how much memory.

    python benchmarks/predict_throughput.py [PAIRS] [ROWS]

The model is learned by ``mesic run`` on 20,000 rows; the script predicts with the same LightGBM model, taken from
the bundle. Memory is what ``mesic predict`` holds beyond a process that has imported the same modules.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from measure import cost_of, figure, paired, show

SCRIPT = Path(__file__).parent / "peers" / "straight_predict.py"
COLUMNS, TRAINING_ROWS, ROWS_AT_ONCE = 30, 20_000, 100_000
MOST_MIB = 500
IMPORTS = "import numpy, pandas, pyarrow.parquet, pyarrow.csv, sklearn, lightgbm, hydra, mesic.bundle.scoring"


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        table(TRAINING_ROWS, 0).to_parquet(folder / "train.parquet", index=False)
        write(folder / "input.parquet", rows)
        source = ["source=table", "source.path=train.parquet", "source.target=answer", "source.positive=yes"]
        cost_of(["mesic", "run", *source, "tuner=single", "out=learned"], folder=folder)
        model = next((folder / "learned" / "bundle" / "steps").glob("*-lightgbm/text.txt"))
        ours = ["mesic", "predict", "bundle=learned/bundle", "input=input.parquet", "output=ours.parquet", "threads=2"]
        peer = [sys.executable, SCRIPT, model, "input.parquet", "peer.parquet"]
        costs = paired(ours, peer, pairs=pairs, folder=folder)
        difference = differing(folder)
        bare = cost_of([sys.executable, "-c", IMPORTS]).peak_mib
    speed = figure("mesic predict, wall time", costs, "wall_s", most=1.0, rows=rows, columns=COLUMNS)
    show(speed | {"rows_per_s": round(rows / speed["mesic"]), "largest_difference": difference})
    most = max(ours.peak_mib for ours, _ in costs) - bare
    facts = {"figure": "mesic predict, memory above the interpreter with its imports", "mib": round(most)}
    show(facts | {"at_most": MOST_MIB, "reached": most <= MOST_MIB, "peer_mib": round(costs[0][1].peak_mib - bare)})


def table(rows: int, seed: int) -> pd.DataFrame:
    """Return rows of numbers whose first columns decide the answer."""
    rng = np.random.default_rng(seed)
    X = pd.DataFrame(rng.normal(size=(rows, COLUMNS)), columns=[f"x{place}" for place in range(COLUMNS)])
    chance = 1 / (1 + np.exp(-(X.x0 * X.x1 + X.x2 - X.x3**2 / 2)))
    return X.assign(answer=np.where(rng.random(rows) < chance, "yes", "no"))


def write(path: Path, rows: int) -> None:
    """Write the rows to be scored, in pieces as a real file has them."""
    import pyarrow as pa
    from pyarrow import parquet

    pieces = range(0, rows, ROWS_AT_ONCE)
    tables = (table(min(ROWS_AT_ONCE, rows - start), start + 1).drop(columns="answer") for start in pieces)
    first = pa.Table.from_pandas(next(tables), preserve_index=False)
    with parquet.ParquetWriter(path, first.schema) as writer:
        writer.write_table(first)
        for piece in tables:
            writer.write_table(pa.Table.from_pandas(piece, preserve_index=False))


def differing(folder: Path) -> float:
    """Return the largest difference of the two outputs; labels that differ stop the benchmark."""
    ours, peer = (pd.read_parquet(folder / f"{side}.parquet") for side in ("ours", "peer"))
    if not (ours.prediction.astype(str) == peer.prediction.astype(str)).all():
        sys.exit("mesic and the script predicted different labels")
    return float((ours.p_yes - peer.p_yes).abs().max())


if __name__ == "__main__":
    main()
