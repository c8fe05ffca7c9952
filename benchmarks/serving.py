"""What an answer costs in process and over HTTP, beside the tutorial's server; and what reloads, kills and garbage do.

    python benchmarks/serving.py [--venv FOLDER] [--mlflow FOLDER] [--only in_process,http,turmoil,garbage]
                                 [--requests 100000] [--secs 4]

`--venv` is an environment that holds fastapi, uvicorn, scikit-learn, lightgbm, pandas, pyarrow; `--mlflow` one with the
extra benchmark-mlflow; without them the peers are skipped. One JSON line a figure. Processor time is the server's, from
/proc: on a busy machine it tells more than wall time. All traffic stays on 127.0.0.1.
"""

import argparse
import asyncio
import json
import math
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

NUMBERS, LEVELS = 20, (3, 4, 5, 6, 8, 10, 15, 20, 30, 40)
ROWS, TREES = 20_000, 300
TICKS = os.sysconf("SC_CLK_TCK")
PEERS = Path(__file__).parent / "peers"


def show(**figure):
    print(json.dumps(figure), flush=True)


def table(rows, seed):
    """Return 20 columns of numbers, four with missing cells, and 10 of text; and the answer."""
    rng = np.random.default_rng(seed)
    data = {}
    for place in range(NUMBERS):
        x = rng.normal(place, 1 + place, rows) if place % 2 else rng.lognormal(0.2 * (place % 5), 1, rows)
        if place < 4:
            x[rng.random(rows) < 0.05] = np.nan
        data[f"number_{place:02d}"] = x
    codes = [rng.integers(0, count, rows) for count in LEVELS]
    for place, code in enumerate(codes):
        data[f"text_{place:02d}"] = np.array([f"level_{c:02d}" for c in code], dtype=object)
    z = (
        0.4 * np.nan_to_num(data["number_01"] - 1)
        + 0.5 * np.sin(data["number_05"] / 3)
        + 0.3 * np.log1p(data["number_04"])
    )
    z += 0.4 * (codes[9] % 3 - 1) + 0.5 * ((codes[4] > 3) ^ (data["number_07"] > 7)) - 0.6
    return pd.DataFrame(data), rng.random(rows) < 1 / (1 + np.exp(-z))


def bundle_at(folder, seed=0):
    """Write a bundle of one LightGBM of 300 trees with 31 leaves."""
    import lightgbm

    from mesic.bundle.bundle import load_bundle, write_bundle
    from mesic.bundle.step import PortableStep
    from mesic.data.schema import Column, Schema
    from mesic.training.fitted import Fitted

    X, y = table(ROWS, seed)
    columns, coded = [], X.copy()
    for name in X:
        if name.startswith("text"):
            levels = sorted(X[name].unique())
            columns.append({"name": name, "kind": "category", "levels": levels})
            coded[name] = X[name].map({level: float(code) for code, level in enumerate(levels)})
        else:
            columns.append({"name": name, "kind": "number"})
    options = {"objective": "binary", "num_leaves": 31, "verbose": -1, "num_threads": 1}
    model = lightgbm.train(options, lightgbm.Dataset(coded.to_numpy(np.float64), y.astype(float)), TREES)
    steps = (
        PortableStep("codes", {"columns": columns}),
        PortableStep("lightgbm", {"classes": 2}, text=model.model_to_string()),
    )
    schema = Schema(tuple(Column(column["name"], column["kind"]) for column in columns))
    fitted = Fitted(steps, np.arange(2), 2, 1)
    facts = {"task": "binary", "classes": ["no", "yes"], "target": "answer", "metric": "log_loss"}
    facts["acceptable"] = {"low": None, "high": None}
    rows = pa.Table.from_pandas(X.head(50), preserve_index=False)
    write_bundle(folder, fitted, schema, facts, {"end_to_end.parquet": rows})
    truth = pa.array(np.where(y[:50], "yes", "no"))
    config = {"metric": None, "metrics": None, "plugins": {"prefer": {}}}
    assets = {"confidence.parquet": rows.append_column("answer", truth), "config.json": config}
    for name, cells in load_bundle(folder).predict(rows).items():
        rows = rows.append_column(f"expected {name}", pa.array(cells))
    write_bundle(folder, fitted, schema, facts, {"end_to_end.parquet": rows, **assets})
    return load_bundle(folder)


def as_rows(frame):
    """Return rows as a caller has them."""

    def told(cell):
        return None if isinstance(cell, float) and math.isnan(cell) else cell

    return [{name: told(cell) for name, cell in row.items()} for row in frame.to_dict("records")]


def in_process(bundle, arguments):
    """Answer rows as dicts, one after the other, all different; compare every bit with the batch code."""
    from mesic.data.account import RowAccount
    from mesic.serving.release import Release
    from mesic.serving.settings import ServeSettings

    frame, _ = table(10_000, 1)
    rows, release = as_rows(frame), Release(bundle, ServeSettings(bundle=str(bundle.folder)))
    wanted = bundle.scores(pa.Table.from_pandas(frame, preserve_index=False), RowAccount())
    given = np.array([release.scorer.row(row) for row in rows])
    batch = release.scorer.rows(rows)
    times, used = [], []
    for _ in range(5):
        start = time.process_time_ns()
        for row in rows[:2000]:
            began = time.perf_counter_ns()
            release.answer(row)
            times.append(time.perf_counter_ns() - began)
        used.append((time.process_time_ns() - start) / 2000)
    p50, p99 = (round(float(np.percentile(times, share)) / 1000, 2) for share in (50, 99))
    show(
        figure="in process, one row from a dict to a decision",
        p50_us=p50, p99_us=p99, cpu_us=round(statistics.median(used) / 1000, 2), at_most=25, reached=p50 <= 25,
        differing_rows=int((given != wanted).any(axis=1).sum() + (batch != wanted).any(axis=1).sum()), rows=len(rows),
    )  # fmt: skip
    frames = [frame.iloc[[place]] for place in range(50)]
    start = time.perf_counter()
    for one in frames:
        bundle.predict(one)
    show(figure="in process, the same by the batch code", p50_us=round((time.perf_counter() - start) / 50 * 1e6))


def ours(folder, bundle, *keys):
    """Serve a bundle with mesic."""
    return mesic_serve(folder, f"bundle={bundle}", *keys)


@contextmanager
def mesic_serve(folder, *keys):
    """Serve with mesic; yield process and port."""
    command = [sys.executable, "-m", "mesic", "serve", "port=0", "--json", *keys]
    with (folder / "serve.log").open("a") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)
    told = process.stdout.readline()
    if not told:
        sys.exit((folder / "serve.log").read_text()[-2000:])
    try:
        yield process, int(json.loads(told)["address"].rpartition(":")[2])
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@contextmanager
def naive(folder, venv):
    """Serve with the tutorial's server; yield process and port."""
    command = ["uvicorn", "--port", "{port}", "--no-access-log", "naive_server:app"]
    with peer(folder, venv, command) as served:
        yield served


@contextmanager
def mlflow(folder, venv):
    """Serve with MLflow's scoring server; yield process and port."""
    model = folder / "mlflow_model"
    if not model.exists():
        environment = peer_environment(folder)
        command = [venv / "bin" / "python", "mlflow_model.py", model]
        done = subprocess.run(
            list(map(str, command)), cwd=PEERS, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(done.stderr[-2000:])
    serve = ["mlflow", "models", "serve", "-m", str(model), "--env-manager", "local", "-h", "127.0.0.1"]
    with peer(folder, venv, [*serve, "-p", "{port}"]) as served:
        yield served


def peer_environment(folder):
    """Return what a peer finds its table by."""
    X, y = table(ROWS, 0)
    X.assign(answer=y).to_parquet(folder / "naive.parquet", index=False)
    told = {"NAIVE_TABLE": str(folder / "naive.parquet"), "NAIVE_TREES": str(TREES), "MLFLOW_DISABLE_TELEMETRY": "true"}
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | told


@contextmanager
def peer(folder, venv, module):
    """Start a module of another environment that serves at ``{port}``; yield process and port once it is ready."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = peer_environment(folder)
    environment["PATH"] = f"{venv / 'bin'}{os.pathsep}{environment['PATH']}"  # MLflow calls uvicorn by its name
    command = [str(venv / "bin" / "python"), "-m", *(word.format(port=port) for word in module)]
    with (folder / "peer.log").open("w") as log:
        process = subprocess.Popen(command, cwd=PEERS, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        for _ in range(1200):
            if process.poll() is not None:
                sys.exit((folder / "peer.log").read_text()[-2000:])
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        time.sleep(1)
        yield process, port
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # MLflow leaves a child
        process.wait(30)


def family(pid):
    """Return a process and those that it started."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(one for child in children for one in family(int(child)))]


def cpu_s(pid):
    """Return the processor seconds of a process and those that it started."""
    fields = [Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split() for one in family(pid)]
    return sum(int(field[11]) + int(field[12]) for field in fields) / TICKS


class Caller(asyncio.Protocol):
    """Sends one request after the other, each when the last was answered."""

    def __init__(self, requests, load):
        self.requests, self.load, self.heard, self.place = requests, load, b"", random.randrange(len(requests))

    def connection_made(self, transport):
        """Begin."""
        self.transport = transport
        self.send()

    def send(self):
        """Send the next request."""
        self.place = (self.place + 1) % len(self.requests)
        self.began = time.perf_counter()
        self.transport.write(self.requests[self.place])

    def data_received(self, data):
        """Take a part of a reply; send the next request when it is whole."""
        self.heard += data
        head, ended, body = self.heard.partition(b"\r\n\r\n")
        if not ended or len(body) < int(re.search(rb"(?i)content-length: *(\d+)", head)[1]):
            return
        self.load.times.append(time.perf_counter() - self.began)
        self.load.bad += not head.startswith(b"HTTP/1.1 200")
        self.heard = b""
        if time.perf_counter() < self.load.end:
            self.send()
        else:
            self.transport.close()

    def connection_lost(self, error):
        """Count the callers that are left."""
        self.load.open -= 1
        if not self.load.open:
            self.load.done.set()


class Load:
    """What callers saw."""

    def __init__(self, callers, seconds):
        self.times, self.bad, self.open, self.end = [], 0, callers, time.perf_counter() + seconds
        self.done = asyncio.Event()


def load(port, bodies, callers, seconds, path="/predict"):
    """Call a server in a closed loop; return what the callers saw."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: "
    requests = [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]

    async def run():
        seen, loop = Load(callers, seconds), asyncio.get_running_loop()
        for _ in range(callers):
            await loop.create_connection(lambda: Caller(requests, seen), "127.0.0.1", port)
        await asyncio.wait_for(seen.done.wait(), seconds + 60)
        return seen

    try:
        import uvloop

        return uvloop.run(run())
    except ImportError:
        return asyncio.run(run())


def measured(process, port, bodies, callers, seconds, path="/predict"):
    load(port, bodies, callers, 1, path)
    before, start = cpu_s(process.pid), time.perf_counter()
    seen = load(port, bodies, callers, seconds, path)
    wall, used = time.perf_counter() - start, cpu_s(process.pid) - before
    return {
        "cpu_us": round(used / len(seen.times) * 1e6, 1),
        "per_s": round(len(seen.times) / wall),
        "p50_ms": round(float(np.percentile(seen.times, 50)) * 1000, 3),
        "p99_ms": round(float(np.percentile(seen.times, 99)) * 1000, 3),
        "bad": seen.bad,
    }


CASES = ((1, 1), (1, 8), (100, 8))


def over_http(bundle, arguments):
    """Measure processor time a request, one row and a hundred, one caller and eight, beside the peers' servers."""
    folder = bundle.folder.parent
    rows = as_rows(table(1000, 1)[0])
    found = {}
    with ours(folder, bundle.folder) as served:
        found["mesic"] = seen_by_callers(served, rows, "rows", arguments.secs)
    if arguments.venv:
        with naive(folder, Path(arguments.venv).absolute()) as served:
            found["naive"] = seen_by_callers(served, rows, "rows", arguments.secs)
    if arguments.mlflow:
        with mlflow(folder, Path(arguments.mlflow).absolute()) as served:
            found["mlflow"] = seen_by_callers(served, rows, "dataframe_records", arguments.secs, "/invocations")
    for case in CASES:
        tell_case(case, {name: one[case] for name, one in found.items()})


def seen_by_callers(served, rows, word, seconds, path="/predict"):
    """Return what was measured of a server in every case."""
    bodies = {
        1: [json.dumps({word: [row]}).encode() for row in rows],
        100: [json.dumps({word: rows[place : place + 100]}).encode() for place in range(0, 1000, 100)],
    }
    return {(count, callers): measured(*served, bodies[count], callers, seconds, path) for count, callers in CASES}


def tell_case(case, found):
    """Show what was measured in one case, each peer beside mesic."""
    count, callers = case
    own, least = found["mesic"], 50 if count == 1 else 8
    figure = {"figure": f"over HTTP, {count} rows a request, {callers} callers", "mesic": own}
    if len(found) == 1:
        show(
            **figure, peer="skipped: give --venv with fastapi, uvicorn, ..., or --mlflow with mlflow, lightgbm, pandas"
        )
    for name, peer_found in found.items():
        if name != "mesic":
            ratio, faster = peer_found["cpu_us"] / own["cpu_us"], own["per_s"] / peer_found["per_s"]
            show(
                **figure, peer=name, of_peer=peer_found, cpu_ratio=round(ratio, 1), per_s_ratio=round(faster, 1),
                at_least=least, reached=ratio >= least, p99_not_above=own["p99_ms"] <= peer_found["p99_ms"],
            )  # fmt: skip


class Turmoil:
    """Requests that go on while bundles change and processes are killed; each answer is compared."""

    def __init__(self, port, rows, answers, requests):
        self.port, self.rows, self.answers = port, rows, answers
        self.left, self.lost, self.wrong, self.refused, self.right = requests, 0, 0, 0, 0
        self.lock, self.seen = threading.Lock(), set()

    def take(self):
        """Return the number of the next request, below 0 when all are taken."""
        with self.lock:
            self.left -= 1
            return self.left

    def count(self, what):
        """Count what became of a request."""
        with self.lock:
            setattr(self, what, getattr(self, what) + 1)


def turmoil(bundle, arguments):
    """100,000 requests, 50 reloads between two bundles, 20 kill -9; from a kill to the next right answer."""
    folder = bundle.folder.parent
    other = bundle_at(folder / "other", seed=3)
    frame = table(200, 1)[0]
    rows = [json.dumps(row).encode() for row in as_rows(frame)]
    answers = {one.digest: one.predict(frame)["p_yes"].tolist() for one in (bundle, other)}
    place = folder / "current"
    shutil.copytree(bundle.folder, place)
    reloads, kills, down = 0, 0, []
    with ours(folder, place, "workers=2", "token=t") as (process, port):
        seen, start = Turmoil(port, rows, answers, arguments.requests), time.monotonic()
        threads = calling(seen)
        chance, next_kill = random.Random(5), 0
        while reloads < arguments.reloads or kills < arguments.kills:
            if reloads < arguments.reloads:
                fresh = folder / "fresh"
                shutil.copytree((other, bundle)[reloads % 2].folder, fresh)
                shutil.rmtree(place)
                fresh.rename(place)
                reloads += reload(port) == 200
            if kills < arguments.kills and reloads >= next_kill:
                victim = chance.choice(family(process.pid)[1:])
                next_kill += arguments.reloads / arguments.kills
                os.kill(victim, signal.SIGKILL)
                kills += 1
                wait_for_two(process.pid, victim)
            if not any(thread.is_alive() for thread in threads):
                seen.left = 1000  # requests go on until the last reload
                threads = calling(seen)
        for thread in threads:
            thread.join()
        wall = time.monotonic() - start
    with ours(folder, place, "workers=1") as (process, port):
        for _ in range(5):
            os.kill(family(process.pid)[1], signal.SIGKILL)
            began = time.monotonic()
            ask_once(port, rows[0])
            down.append(time.monotonic() - began)
    show(
        figure="requests while bundles change and processes are killed",
        requests=seen.right + seen.wrong + seen.refused + seen.lost, reloads=reloads, kills=kills, right=seen.right,
        wrong=seen.wrong, refused=seen.refused, lost=seen.lost, lost_at_most=4 * kills, bundles_seen=len(seen.seen),
        reached=seen.wrong == 0 and seen.lost <= 4 * kills and seen.refused == 0, wall_s=round(wall, 1),
    )  # fmt: skip
    show(
        figure="from kill -9 of the only process to a right answer",
        seconds=round(statistics.median(down), 2), most=round(max(down), 2), at_most=3, reached=max(down) < 3,
    )  # fmt: skip


def calling(seen):
    """Return callers that have begun."""
    threads = [threading.Thread(target=call, args=(seen,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    return threads


def call(seen):
    """Go on calling with the token until all requests are taken."""
    head = "POST /predict HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nContent-Length: "
    caller = None
    while (number := seen.take()) >= 0:
        place = number % len(seen.rows)
        try:
            caller = caller or socket.create_connection(("127.0.0.1", seen.port), timeout=60)
            caller.sendall(f"{head}{len(seen.rows[place])}\r\n\r\n".encode() + seen.rows[place])
            status, answer = reply_of(caller)
        except (OSError, ValueError):
            seen.count("lost")
            caller = caller and caller.close()
            continue
        if status != 200:
            seen.count("refused")
        elif answer["p_yes"] != seen.answers[answer["bundle"]][place]:
            seen.count("wrong")
        else:
            seen.seen.add(answer["bundle"])
            seen.count("right")


def reply_of(caller):
    """Return status and body of a reply."""
    heard = b""
    while b"\r\n\r\n" not in heard:
        heard += caller.recv(65_536) or nothing()
    head, _, body = heard.partition(b"\r\n\r\n")
    size = int(re.search(rb"(?i)content-length: *(\d+)", head)[1])
    while len(body) < size:
        body += caller.recv(65_536) or nothing()
    return int(head.split()[1]), json.loads(body)


def nothing():
    raise ConnectionError("the connection ended")


def ask_once(port, row):
    with socket.create_connection(("127.0.0.1", port), timeout=60) as caller:
        head = (
            f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(row)}\r\n\r\n"
        )
        caller.sendall(head.encode() + row)
        return reply_of(caller)


def reload(port):
    with socket.create_connection(("127.0.0.1", port), timeout=120) as caller:
        caller.sendall(b"POST /reload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer t\r\nContent-Length: 0\r\n\r\n")
        try:
            return reply_of(caller)[0]
        except (OSError, ValueError):
            return 0  # the process that was asked was killed


def wait_for_two(parent, victim):
    """Wait until as many processes are there again."""
    while victim in family(parent) or len(family(parent)) < 3:
        time.sleep(0.01)


def garbage(bundle, arguments):
    """Raw bytes that are somewhat like requests: no process ends, memory stays, every 5xx is in the log."""
    folder = bundle.folder.parent
    rows = [json.dumps(row).encode() for row in as_rows(table(20, 1)[0])]
    chance, seen, lock = random.Random(11), {}, threading.Lock()
    with ours(folder, bundle.folder, "request_s=2") as (process, port):
        workers = family(process.pid)[1:]
        before = resident(workers[0])

        def throw(seed, count):
            own = random.Random(seed)
            for _ in range(count):
                status = thrown(port, spoilt(own, rows))
                with lock:
                    for one in status or ["none"]:
                        seen[one] = seen.get(one, 0) + 1

        seeds = [chance.randrange(2**32) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(throw, seeds, [arguments.requests // 4] * 4))
        grown = resident(workers[0]) - before
        alive = family(process.pid)[1:] == workers and ask_once(port, rows[0])[0] == 200
    failures = sum(count for status, count in seen.items() if status != "none" and int(status) >= 500)
    show(
        figure="raw bytes", requests=arguments.requests, failures=failures, grown_mib=round(grown, 1), alive=alive,
        statuses={str(key): seen[key] for key in sorted(seen, key=str)}, reached=alive and not failures and grown < 50,
    )  # fmt: skip


def resident(pid):
    """Return the MiB of memory that a process holds."""
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def spoilt(own, rows):
    """Return a request with some bytes changed, taken out, put in, or ended too early."""
    body = own.choice(rows)
    data = bytearray(b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n")
    data += f"Content-Length: {len(body)}\r\n\r\n".encode() + body
    for _ in range(own.randint(0, 4)):
        place, action = own.randrange(len(data)), own.randrange(5)
        if action == 0:
            data[place] = own.randrange(256)
        elif action == 1:
            del data[place : place + own.randint(1, 30)]
        elif action == 2:
            data[place:place] = own.randbytes(own.randint(1, 30))
        elif action == 3:
            data[place:place] = data[: own.randint(1, 90)]
        else:
            del data[place + 1 :]
        data = data or bytearray(b"x")
    return bytes(data)


def thrown(port, data):
    """Send bytes, end, and return the statuses that come back."""
    heard = b""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as caller:
            caller.sendall(data)
            caller.shutdown(socket.SHUT_WR)
            while part := caller.recv(65_536):
                heard += part
    except OSError:
        pass
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) [A-Z]", heard)]


PARTS = {"in_process": in_process, "http": over_http, "turmoil": turmoil, "garbage": garbage}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv")
    parser.add_argument("--mlflow")
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--reloads", type=int, default=50)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--secs", type=float, default=4)
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    with tempfile.TemporaryDirectory() as name:
        bundle = bundle_at(Path(name) / "bundle")
        for part in arguments.only.split(","):
            PARTS[part](bundle, arguments)


if __name__ == "__main__":
    main()
