"""What it takes to check, read and fingerprint a table: nyc_flights, 336,776 rows of 19 columns.

    python benchmarks/data.py [PAIRS]

The peer of reading is the reader library alone, ``pyarrow.csv``, on the same file in the same process.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
from measure import cost_of, data_file, show
from pyarrow import csv, parquet

from mesic.data.account import RowAccount
from mesic.data.coercion import coerce_table
from mesic.data.identity import table_digest
from mesic.data.reading import infer_schema
from mesic.host.building import build
from mesic.host.registry import installed

MOST_SECONDS, MOST_MIB = 30.0, 1_500e6 / 2**20
LEAST_MB_A_SECOND, MOST_TIMES_THE_READER = 300.0, 1.3


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    path = data_file("nyc_flights.parquet")
    with tempfile.TemporaryDirectory() as folder:
        check(path, Path(folder))
        table = parquet.read_table(path)
        digest(table, pairs)
        file = Path(folder, "flights.csv")
        csv.write_csv(table, file)
        reading(file, pairs)


def check(path: Path, folder: Path) -> None:
    """Check the table with every auditor, in a process of its own."""
    said = ["data", "check", "source=table", f"source.path={path}", "source.target=arr_delay", "out=checked"]
    cost = cost_of([sys.executable, "-m", "mesic", *said], folder=folder)
    show(
        {
            "figure": "data check with everything on",
            "wall_s": round(cost.wall_s, 1),
            "at_most_s": MOST_SECONDS,
            "peak_mib": round(cost.peak_mib),
            "at_most_mib": round(MOST_MIB),
            "reached": cost.wall_s <= MOST_SECONDS and cost.peak_mib <= MOST_MIB,
        }
    )


def digest(table: pa.Table, times: int) -> None:
    """Fingerprint typed columns; the memory is that of the Arrow table that they come from."""
    schema = infer_schema(table)
    typed = {n: cells.values for n, cells in coerce_table(table, schema.columns, RowAccount(), "read").items()}
    seconds = statistics.median(timed(lambda: table_digest(typed)) for _ in range(times))
    speed = table.nbytes / 1e6 / seconds
    show(
        {
            "figure": "digest of a table",
            "mb_a_second": round(speed),
            "at_least": LEAST_MB_A_SECOND,
            "reached": speed >= LEAST_MB_A_SECOND,
            "mb": round(table.nbytes / 1e6, 1),
            "seconds": round(seconds, 4),
        }
    )


def reading(file: Path, pairs: int) -> None:
    """Read a CSV through the source and by the reader alone, in turn."""
    offer = installed().find("source", "table")

    def ours() -> object:
        return pa.Table.from_batches(build(offer, {"path": str(file)}).batches(65_536))

    def theirs() -> object:
        return csv.read_csv(file)

    ours(), theirs()
    ratios = sorted(timed(ours) / timed(theirs) for _ in range(pairs))
    ratio = statistics.median(ratios)
    show(
        {
            "figure": "a CSV read, times the reader alone",
            "ratio": round(ratio, 3),
            "at_most": MOST_TIMES_THE_READER,
            "reached": ratio <= MOST_TIMES_THE_READER,
            "mb": round(file.stat().st_size / 1e6, 1),
            "ratios": [round(one, 3) for one in ratios],
        }
    )


def timed(work: Callable[[], object]) -> float:
    """Return the wall seconds of one call."""
    start = time.monotonic()
    work()
    return time.monotonic() - start


if __name__ == "__main__":
    main()
