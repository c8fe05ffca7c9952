"""How fast a profile of 100,000 rows and 50 columns is made and compared, beside Evidently and NannyML.

    python benchmarks/profile.py [PAIRS] [ROWS]

The peers need older libraries than mesic: each is installed in an environment of its own, by ``pip install
'mesic[benchmark-evidently]'`` and ``'mesic[benchmark-nannyml]'``, and ``MESIC_EVIDENTLY_PYTHON`` and
``MESIC_NANNYML_PYTHON`` name their Pythons. What is timed is fitting and comparing, of the same columns, after a first
turn on few rows; imports and reading are not. Six columns drift, and one pair of columns loses its correlation; each
tool says what it found.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from measure import show

PEERS = Path(__file__).parent / "peers"
NUMBERS, LEVELS = 38, (3, 4, 5, 6, 8, 10, 12, 20, 30, 50, 100, 1000)
DRIFTED = {"n00", "n01", "n02", "n03", "c00", "n04"}
NULL_RUNS, NULL_ROWS = 200, 2_000


def main() -> None:
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    rows = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part, seed in (("before", 0), ("after", 1)):
            table(rows, seed, drifts=part == "after").to_parquet(folder / f"{part}.parquet", index=False)
        for peer, least in (("evidently", 40.0), ("nannyml", 7.0)):
            against(peer, least, folder, pairs)
    alarms = sum(bool(found(table(NULL_ROWS, 2 * n + 10), table(NULL_ROWS, 2 * n + 11))) for n in range(NULL_RUNS))
    share = alarms / NULL_RUNS
    show({"figure": "false alarms of runs without a drift", "share": share, "at_most": 0.05, "reached": share <= 0.05})


def against(peer: str, least: float, folder: Path, pairs: int) -> None:
    """Time both in turn, each in a process of its own, and say what each found."""
    variable = f"MESIC_{peer.upper()}_PYTHON"
    if variable not in os.environ:
        show({"skipped": f"{variable} names no Python that has {peer}"})
        return
    ours, theirs = [], []
    for _ in range(pairs):
        ours.append(told([sys.executable, PEERS / "drift.py", "mesic", folder]))
        theirs.append(told([os.environ[variable], PEERS / "drift.py", peer, folder]))
    ratios = sorted(their["seconds"] / our["seconds"] for our, their in zip(ours, theirs, strict=True))
    named = {side: sorted(set(runs[0]["found"])) for side, runs in (("mesic", ours), (peer, theirs))}
    show(
        {
            "figure": f"profile fitted and compared, times faster than {peer}",
            "ratio": round(statistics.median(ratios), 1),
            "at_least": least,
            "reached": statistics.median(ratios) >= least,
            "mesic": round(statistics.median(our["seconds"] for our in ours), 3),
            "peer": round(statistics.median(their["seconds"] for their in theirs), 3),
            "ratios": [round(ratio, 1) for ratio in ratios],
            "drifts_found": {side: len(DRIFTED & set(columns)) for side, columns in named.items()},
            "others_named": {side: sorted(set(columns) - DRIFTED) for side, columns in named.items()},
        }
    )


def told(command: list[object]) -> dict[str, object]:
    """Run a peer's script and return the JSON object that it printed last."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr[-2000:]}")
    answer: dict[str, object] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


def found(before: pd.DataFrame, after: pd.DataFrame) -> list[object]:
    """Return what mesic says has changed."""
    from mesic import Profile, shifts

    reference = Profile.of(before)
    return list(shifts(reference, reference.counted(after), smallest=0.0))


def table(rows: int, seed: int, *, drifts: bool = False) -> pd.DataFrame:
    """Return numbers of five shapes, with ties and gaps, and categories of 3 to 1,000 levels."""
    rng = np.random.default_rng(seed)
    shapes = (
        lambda: rng.standard_normal(rows),
        lambda: rng.lognormal(0, 1, rows),
        lambda: rng.standard_t(3, rows),
        lambda: rng.poisson(3.0, rows).astype(float),
        lambda: np.where(rng.random(rows) < 0.7, 0.0, rng.exponential(1.0, rows)),
    )
    columns = {f"n{n:02d}": shapes[0 if n < 7 else n % 5]() for n in range(NUMBERS)}
    together = 0.0 if drifts else 0.6
    columns["n06"] = together * columns["n05"] + np.sqrt(1 - together**2) * columns["n06"]
    if drifts:
        columns |= {f"n0{n}": columns[f"n0{n}"] + moved for n, moved in enumerate((0.05, 0.1, 0.3))}
        columns["n03"] = columns["n03"] * 1.15
    columns["n04"][rng.random(rows) < (0.05 if drifts else 0.02)] = np.nan
    frame = pd.DataFrame(columns)
    for place, count in enumerate(LEVELS):
        share = 1 / np.arange(1, count + 1)
        share = share / share.sum() + (np.array([-0.04, 0, 0.04]) if drifts and place == 0 else 0)
        codes = np.searchsorted(share.cumsum()[:-1], rng.random(rows), side="right")
        frame[f"c{place:02d}"] = pd.Categorical.from_codes(codes, categories=[f"v{n}" for n in range(count)])
    return frame


if __name__ == "__main__":
    main()
