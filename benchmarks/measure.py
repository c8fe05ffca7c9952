"""Time whole processes in turn, ours and a peer's, and print ratios: this is what every benchmark here shares."""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

DATA = Path(os.environ.get("MESIC_BENCHMARK_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@dataclass(frozen=True)
class Cost:
    """What one process took: wall and CPU seconds, and its peak resident memory in MiB."""

    wall_s: float
    cpu_s: float
    peak_mib: float


def cost_of(command: Sequence[object], *, folder: Path | None = None) -> Cost:
    """Run a command to its end, output thrown away; a command that fails stops the benchmark."""
    with tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        process = subprocess.Popen(list(map(str, command)), cwd=folder, stdout=subprocess.DEVNULL, stderr=errors)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            said = errors.read().decode(errors="replace")[-2000:]
            sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}:\n{said}")
    return Cost(wall, used.ru_utime + used.ru_stime, _mib(used))


def _mib(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def paired(
    ours: Sequence[object], peer: Sequence[object], *, pairs: int, folder: Path | None = None
) -> list[tuple[Cost, Cost]]:
    """Run two commands in turn after one warm-up of each; return the cost of every pair."""
    for command in (ours, peer):
        cost_of(command, folder=folder)
    return [(cost_of(ours, folder=folder), cost_of(peer, folder=folder)) for _ in range(pairs)]


def figure(name: str, costs: Sequence[tuple[Cost, Cost]], of: str, *, most: float, **more: object) -> dict[str, object]:
    """Return one figure: the median of the ratios, pair by pair, beside what is asked."""
    ratios = sorted(getattr(ours, of) / getattr(peer, of) for ours, peer in costs)
    ratio = statistics.median(ratios)
    medians = {
        side: round(statistics.median(getattr(pair[place], of) for pair in costs), 4)
        for place, side in enumerate(("mesic", "peer"))
    }
    return {
        "figure": name,
        "ratio": round(ratio, 3),
        "at_most": most,
        "reached": ratio <= most,
        "unit": of,
        **medians,
        "ratios": [round(ratio, 3) for ratio in ratios],
        **more,
    }


def show(facts: Mapping[str, object]) -> None:
    """Print one JSON line."""
    print(json.dumps(facts), flush=True)


def data_file(name: str) -> Path:
    """Return a table of the benchmarks' data folder; where there is none, skip the benchmark and say what to set."""
    path = DATA / name
    if not path.exists():
        show({"skipped": f"{path} does not exist: set MESIC_BENCHMARK_DATA to the folder that holds {name}"})
        sys.exit(0)
    return path
