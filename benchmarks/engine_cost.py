"""What the engine costs beside a straight script that reads, encodes, folds, fits and measures the same.

    python benchmarks/engine_cost.py [PAIRS]

The script (``peers/straight_run.py``) fits the same baselines and the same boosted trees on five folds and on all
training rows. It has no types to infer, no proofs, no intervals, no evaluators, no bundle and no report.
"""

import sys
import tempfile
from pathlib import Path

from measure import Cost, data_file, figure, paired, show

SCRIPT = Path(__file__).parent / "peers" / "straight_run.py"
LEAKS = ["dep_time", "dep_delay", "arr_time", "air_time"]
MOST_SECONDS_MORE = 1.0


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    flights = measured("nyc_flights.parquet", "arr_delay", LEAKS, pairs)
    show(figure("run on nyc_flights, wall time", flights, "wall_s", most=1.10))
    show(figure("run on nyc_flights, peak memory", flights, "peak_mib", most=1.30))
    churn = measured("telco_churn.csv", "Churn", ["customerID"], pairs)
    show(figure("run on telco_churn, wall time", churn, "wall_s", most=1.50))
    more = sorted(ours.wall_s - peer.wall_s for ours, peer in churn)
    median = more[len(more) // 2]
    facts = {"figure": "run on telco_churn, seconds more", "seconds": round(median, 2), "at_most": MOST_SECONDS_MORE}
    show(facts | {"reached": median <= MOST_SECONDS_MORE})


def measured(table: str, target: str, drop: list[str], pairs: int) -> list[tuple[Cost, Cost]]:
    """Run mesic with tuning off, and the script, in turn."""
    path = data_file(table)
    with tempfile.TemporaryDirectory() as folder:
        source = ["source=table", f"source.path={path}", f"source.target={target}", f"source.ignore=[{','.join(drop)}]"]
        ours = ["mesic", "run", *source, "tuner=single", "resources.threads=2", "out=${now:%H-%M-%S-%f}"]
        peer = [sys.executable, SCRIPT, path, target, folder, "--drop", ",".join(drop), "--threads", "2"]
        return paired(ours, peer, pairs=pairs, folder=Path(folder))


if __name__ == "__main__":
    main()
