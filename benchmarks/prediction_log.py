"""What the log of predictions costs a request, beside the same server without it; and whether it can be answered again.

    python benchmarks/prediction_log.py [--only cost,stream,replay,full] [--rounds 12] [--secs 1] [--rows 100000]

One JSON line a figure. Both servers run at once and are asked in turn, so that what else the machine does meets both;
ratios are medians over the rounds, and of the quietest round of each. Processor time is the server's, the writing
thread included; `loop_us` is that of the thread that answers, and holds on a busy machine. `--only cost` takes two
minutes. The disk that is full is a small tmpfs, for which one must be root.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from serving import as_rows, ask_once, bundle_at, cpu_s, family, load, ours, show, table

KEYS = ("log.caller=address", "log.key=a secret of the benchmark")


def bodies_of(count, rows=1000):
    """Return requests of so many rows each."""
    given = as_rows(table(rows, 1)[0])
    return [json.dumps({"rows": given[place : place + count]}).encode() for place in range(0, rows, count)]


def one_by_one(rows=1000):
    """Return requests of one row, as most callers send it."""
    return [json.dumps(row).encode() for row in as_rows(table(rows, 1)[0])]


def asked(process, port, bodies, callers, seconds):
    """Call a server; return the median time in milliseconds and processor microseconds a request."""
    before = cpu_s(process.pid), loop_s(process.pid)
    seen = load(port, bodies, callers, seconds)
    used, of_loop = cpu_s(process.pid) - before[0], loop_s(process.pid) - before[1]
    times = sorted(seen.times)
    return {
        "p50_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[int(len(times) * 0.99)] * 1000,
        "cpu_s": used,
        "loop_us": of_loop / len(times) * 1e6,
        "requests": len(times),
        "bad": seen.bad,
    }


def loop_s(pid):
    """Return the processor seconds of the first thread of a process and of those that it started."""
    paths = [Path(f"/proc/{one}/task/{one}/schedstat") for one in family(pid)]
    return sum(int(path.read_text().split()[0]) for path in paths) / 1e9


def cost(bundle, arguments):
    """Ask both servers in turn."""
    folder = bundle.folder.parent
    with (
        ours(folder, bundle.folder) as off,
        ours(folder, bundle.folder, f"log.folder={folder / 'log'}", *KEYS) as on,
    ):
        for count, callers in ((1, 1), (1, 8), (100, 1), (100, 8)):
            bodies = one_by_one() if count == 1 else bodies_of(count)
            for server in (off, on):
                asked(*server, bodies, callers, arguments.secs)
            rounds = []
            for number in range(arguments.rounds):
                order = (("off", off), ("on", on)) if number % 2 else (("on", on), ("off", off))
                rounds.append({name: asked(*server, bodies, callers, arguments.secs) for name, server in order})
            told(count, callers, rounds)
        counted = metrics(on[1])
    sizes = [path.stat().st_size for path in (folder / "log").iterdir()]
    show(
        figure="what the log took", bytes_a_row=round(sum(sizes) / counted["mesic_log_rows_total"], 1),
        rows=counted["mesic_log_rows_total"], dropped=counted["mesic_log_dropped_rows_total"],
        errors=counted["mesic_log_errors_total"], files=len(sizes),
    )  # fmt: skip


def told(count, callers, rounds):
    """Print medians, and the median ratio of the pairs."""
    middle, ratio = {}, {}
    for side in ("off", "on"):
        total = {key: sum(one[side][key] for one in rounds) for key in ("cpu_s", "requests", "bad")}
        middle[side] = {
            "p50_ms": round(statistics.median(one[side]["p50_ms"] for one in rounds), 4),
            "least_p50_ms": round(min(one[side]["p50_ms"] for one in rounds), 4),
            "p99_ms": round(statistics.median(one[side]["p99_ms"] for one in rounds), 3),
            "cpu_us": round(total["cpu_s"] / total["requests"] * 1e6, 1),
            "loop_us": round(statistics.median(one[side]["loop_us"] for one in rounds), 1),
            "requests": total["requests"],
            "bad": total["bad"],
        }
    for key in ("p50_ms", "p99_ms", "loop_us"):
        ratio[key] = round(statistics.median(one["on"][key] / one["off"][key] for one in rounds), 3)
    ratio["least_p50_ms"] = round(middle["on"]["least_p50_ms"] / middle["off"]["least_p50_ms"], 3)
    ratio["cpu_us"] = round(middle["on"]["cpu_us"] / middle["off"]["cpu_us"], 3)
    show(
        figure=f"log on and off, {count} rows a request, {callers} callers", **middle, ratio=ratio, at_most=1.05,
        reached=ratio["p50_ms"] <= 1.05,
    )  # fmt: skip


def stream(bundle, arguments):
    """Let the same records flow with a log and without, in turn."""
    folder, rounds = bundle.folder.parent, []
    records = "".join(json.dumps(row) + "\n" for row in as_rows(table(50_000, 7)[0])).encode()
    for number in range(max(3, arguments.rounds // 4)):
        keys = {"off": [], "on": [f"log.folder={folder / f'stream_{number}'}"]}
        rounds.append(
            {side: flowed(bundle, records, keys[side]) for side in (("off", "on"), ("on", "off"))[number % 2]}
        )
    cpu = {side: round(statistics.median(one[side] for one in rounds), 1) for side in ("off", "on")}
    show(
        figure="log of a stream on and off, processor microseconds a record, start and end of the process included",
        **cpu, ratio=round(statistics.median(one["on"] / one["off"] for one in rounds), 3), records=50_000,
    )  # fmt: skip


def flowed(bundle, records, keys):
    """Return the processor microseconds a record of a stream of its own process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "mesic", "serve", f"bundle={bundle.folder}", "stream=stdin", *keys]
    done = subprocess.run(command, input=records, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return used / done.stdout.count(b"\n") * 1e6


def metrics(port):
    """Return what the server counted."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as reply:
        lines = [line for line in reply.read().decode().splitlines() if line.startswith("mesic_log")]
    return {line.partition(" ")[0]: int(line.rpartition(" ")[2]) for line in lines}


def replay(bundle, arguments):
    """Log many rows, one and a hundred a request, then answer them again."""
    folder, place = bundle.folder.parent, bundle.folder.parent / "to_replay"
    frame = as_rows(table(arguments.rows, 5)[0])
    half = arguments.rows // 2
    with ours(folder, bundle.folder, "workers=2", f"log.folder={place}", *KEYS) as (_, port):
        for start in range(0, half, 100):
            ask_once(port, json.dumps({"rows": frame[start : start + 100]}).encode())
        for row in frame[half:]:
            ask_once(port, json.dumps(row).encode())
    start = time.perf_counter()
    command = [sys.executable, "-m", "mesic", "serve", f"bundle={bundle.folder}", "--replay", str(place), "--json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    wall = time.perf_counter() - start
    found = json.loads(done.stdout)
    show(
        figure="answered again", rows=found["rows"], replayed=found["replayed"], differing=found["differing"],
        files=found["files"], wall_s=round(wall, 1), us_a_row=round(wall / found["rows"] * 1e6, 1),
        reached=found["equal"] and found["replayed"] == arguments.rows,
    )  # fmt: skip


def full(bundle, arguments):
    """Fill the disk of the log and make room again, while requests go on."""
    folder, place = bundle.folder.parent, bundle.folder.parent / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(place)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        show(figure="a full disk", skipped="a tmpfs cannot be mounted here")
        return
    try:
        with ours(folder, bundle.folder, f"log.folder={place}", "log.buffer_rows=5000", "log.flush_s=0.2") as server:
            bodies = bodies_of(100)
            seen = [asked(*server, bodies, 4, 3), metrics(server[1])]
            for path in place.iterdir():
                path.unlink()
            time.sleep(1)
            after = [asked(*server, bodies, 4, 0.2), metrics(server[1])]
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)
    written = [one["mesic_log_rows_total"] for one in (seen[1], after[1])]
    show(
        figure="a full disk", requests=seen[0]["requests"], bad=seen[0]["bad"] + after[0]["bad"],
        errors=seen[1]["mesic_log_errors_total"], dropped=seen[1]["mesic_log_dropped_rows_total"],
        written=written[0], written_with_room_again=written[1],
        reached=not seen[0]["bad"] and seen[1]["mesic_log_errors_total"] > 0 and written[1] > written[0],
    )  # fmt: skip


PARTS = {"cost": cost, "stream": stream, "replay": replay, "full": full}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--secs", type=float, default=1.0)
    parser.add_argument("--rows", type=int, default=100_000)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        bundle = bundle_at(Path(name) / "bundle")
        for part in arguments.only.split(","):
            PARTS[part](bundle, arguments)


if __name__ == "__main__":
    main()
