"""What a stream costs beside a plain script and HTTP; what kills do to its answers; whether its memory stays flat.

    python benchmarks/stream.py [--only cost,kills,memory] [--rows 45312] [--kills 50] [--records 1000000]

One JSON line a figure. The plain script reads a line, makes a data frame of it and asks the bundle, as tutorials do.
"""

import argparse
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import pyarrow as pa
from serving import as_rows, bundle_at, ours, show, table

NAIVE_ROWS, HTTP_ROWS, LONGEST_S = 300, 3000, 120.0


def written(path, frame, start=0):
    """Write rows as records that are named by their number."""
    with path.open("a") as file:
        for number, row in enumerate(as_rows(frame), start):
            file.write(json.dumps({"order": number, **row}) + "\n")


def started(folder, bundle, *keys):
    command = [sys.executable, "-m", "mesic", "serve", f"bundle={bundle}", "stream=file", "stream.path=in.jsonl",
               "stream.output=out.jsonl", "stream.id=order", *keys]  # fmt: skip
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL)


def processor_s(pid):
    """Return the seconds of processor time that a process took until now."""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def cost(folder, bundle, arguments):
    """Measure records a second of a stream, of the plain script, of one row a request."""
    frame, _ = table(20_000, 1)
    written(folder / "in.jsonl", frame)
    process = started(folder, bundle.folder)
    begun = time.perf_counter()
    while not (folder / "out.jsonl").exists() or not (folder / "out.jsonl").stat().st_size:
        time.sleep(0.005)
    first, used = time.perf_counter(), processor_s(process.pid)
    while (folder / "out.jsonl").read_bytes().count(b"\n") < len(frame):
        time.sleep(0.02)
    stream_s, stream_cpu = time.perf_counter() - first, processor_s(process.pid) - used
    process.send_signal(signal.SIGTERM)
    process.wait(30)
    lines = (folder / "in.jsonl").read_text().splitlines()[:NAIVE_ROWS]
    begun_naive, cpu = time.perf_counter(), time.process_time()
    for line in lines:
        row = json.loads(line)
        json.dumps(bundle.predict(pd.DataFrame([row])).iloc[0].to_dict())
    naive_s, naive_cpu = (time.perf_counter() - begun_naive) / NAIVE_ROWS, (time.process_time() - cpu) / NAIVE_ROWS
    with ours(folder, bundle.folder, "unknown=ignore") as (server, port):
        caller, rows = http.client.HTTPConnection("127.0.0.1", port), [json.loads(line) for line in lines]
        begun_http, used = time.perf_counter(), processor_s(server.pid)
        for number in range(HTTP_ROWS):
            caller.request("POST", "/predict", json.dumps(rows[number % NAIVE_ROWS]))
            caller.getresponse().read()
        http_s = (time.perf_counter() - begun_http) / HTTP_ROWS
    show(
        figure="records a second, one process", stream=round(len(frame) / stream_s), plain_script=round(1 / naive_s),
        http_one_row=round(1 / http_s), stream_cpu_us=round(stream_cpu / len(frame) * 1e6, 1),
        plain_cpu_us=round(naive_cpu * 1e6), times_plain=round(naive_cpu * len(frame) / stream_cpu),
        start_to_first_answer_s=round(first - begun, 2),
    )  # fmt: skip


def kills(folder, bundle, arguments):
    """Kill it at random, over and over; then compare every id with the batch."""
    frame, _ = table(arguments.rows, 2)
    written(folder / "in.jsonl", frame)
    out, chance = folder / "out.jsonl", random.Random(0)
    size_a_kill, answering = len(frame) * 200 // arguments.kills, 0
    for number in range(arguments.kills):
        before = out.stat().st_size if out.exists() else 0
        process = started(folder, bundle.folder, "stream.batch=64", "stream.commit_s=0.05")
        if number % 5:  # while it answers
            wanted = chance.randrange(1, size_a_kill)
            until = time.monotonic() + LONGEST_S
            while (
                process.poll() is None
                and (out.stat().st_size if out.exists() else 0) < before + wanted
                and time.monotonic() < until
            ):
                time.sleep(0.001)
        else:  # at any moment of its start
            time.sleep(chance.random() * 2)
        if process.poll() is not None:
            sys.exit(f"the stream ended by itself with {process.returncode}, before kill {number + 1}")
        process.kill()
        process.wait()
        answering += (out.stat().st_size if out.exists() else 0) > before
    process = started(folder, bundle.folder, "stream.follow=false")
    status = process.wait()
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    expected = bundle.predict(pa.Table.from_pandas(frame, preserve_index=False)).to_dict("records")
    same = sum({n: line.get(n) for n in want} == want for line, want in zip(lines, expected, strict=False))
    ids = len({line["id"] for line in lines})
    show(
        figure="kill -9 at random", kills=arguments.kills, while_it_answered=answering, rows=len(frame), status=status,
        answers=len(lines), ids_present=ids, answered_twice=len(lines) - ids, equal_to_batch=same,
        reached=status == 0 and len(lines) == ids == same == len(frame),
    )  # fmt: skip


def memory(folder, bundle, arguments):
    """Let many records flow, and look at the memory as they do."""
    frame, _ = table(20_000, 3)
    process, sizes = started(folder, bundle.folder), []
    for start in range(0, arguments.records, len(frame)):
        written(folder / "in.jsonl", frame, start)
        if start % 100_000 == 0 and start:
            sizes.append(_memory_kib(process.pid))
    while json.loads((folder / "out.jsonl.checkpoint").read_text())["records"] < arguments.records:
        time.sleep(1)
    sizes.append(_memory_kib(process.pid))
    process.send_signal(signal.SIGTERM)
    show(
        figure="memory while records flow", records=arguments.records, status=process.wait(60),
        mib_after_100000=round(sizes[0] / 1024, 1), mib_at_the_end=round(sizes[-1] / 1024, 1),
        largest_mib=round(max(sizes) / 1024, 1),
    )  # fmt: skip


def _memory_kib(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="cost,kills,memory")
    parser.add_argument("--rows", type=int, default=45_312)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--records", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        bundle = bundle_at(Path(name, "bundle"))
        for figure in arguments.only.split(","):
            folder = Path(name, figure)
            folder.mkdir()
            {"cost": cost, "kills": kills, "memory": memory}[figure](folder, bundle, arguments)


if __name__ == "__main__":
    main()
