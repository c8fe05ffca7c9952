"""What `target=onnx`, gRPC and the serverless zip cost, beside C, LightGBM, the usual converter and HTTP.

    python benchmarks/targets.py [--rows N] [--rounds N] [--seconds S] [--converter PYTHON] [--only PART]

The model is that of ``benchmarks/static.py``: 100 trees of 31 leaves on 20 columns of numbers and 10 of levels. PYTHON
is the interpreter of an environment that has the usual converter, skl2onnx with onnxmltools.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import static

import mesic
from mesic.deployment.http_door import served

PEER = Path(__file__).parent / "peers/onnx_converter.py"
MOST_DIFFERENCE = 1e-12
COLD = """
import time
start = time.perf_counter()
from handler import handler
ready, used = time.perf_counter(), time.process_time()
event = {"httpMethod": "POST", "path": "/predict", "body": BODY}
assert handler(event, None)["statusCode"] == 200
first = time.perf_counter()
for _ in range(200): handler(event, None)
print(ready - start, first - ready, (time.perf_counter() - first) / 200, used)
"""


def show(figure: str, **facts: object) -> None:
    print(json.dumps({"figure": figure, **facts}), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--converter")
    parser.add_argument("--only", choices=("onnx", "grpc", "serverless"))
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle = static.learned(folder)
        for part in (onnx, grpc, serverless):
            if said.only in (None, part.__name__):
                part(bundle, folder, said)


def onnx(bundle: mesic.Bundle, folder: Path, said: argparse.Namespace) -> None:
    sys.path.insert(0, str(Path(__file__).parent / "peers"))
    import onnxruntime

    artefact = mesic.deploy(bundle, "onnx", out=folder / "onnx").folder
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession((artefact / "model.onnx").read_bytes(), options)
    table = static.table(said.rows, 1)
    X = table.drop(columns="answer")[bundle.needed]
    fed = {one.name: X[[one.name]].to_numpy(object if one.reading == "level" else float) for one in bundle.inputs}
    expected = bundle.predict(X)
    labels, shares = session.run(None, fed)
    difference = float(np.abs(shares[:, 1] - expected["p_yes"].to_numpy()).max())
    same = bool((labels == expected["prediction"].to_numpy(object)).all())
    own_us = least(lambda: session.run(None, fed), said.rounds) / len(X)
    one = {name: cells[:1] for name, cells in fed.items()}
    peer_us = static.lightgbm_us(bundle, X, said.rounds)
    static_folder = mesic.deploy(bundle, "static", out=folder / "static", options={"forms": ["c"]}).folder
    c_us, _ = static.in_c(static_folder, X, folder, said.rounds)
    facts = {"us_a_row": round(own_us, 3), "us_of_one_row": round(least(lambda: session.run(None, one), 1000), 1)}
    facts |= {"static_c_us": round(c_us, 3), "lightgbm_one_thread_us": round(peer_us, 3)}
    facts |= {"kib": (artefact / "model.onnx").stat().st_size // 1024}
    show("target=onnx, onnxruntime, one thread, a row of 30 columns", rows=len(X), **facts)
    reached = difference <= MOST_DIFFERENCE and same
    show(
        "target=onnx, difference", difference=difference, same_decisions=same, at_most=MOST_DIFFERENCE, reached=reached
    )
    if said.converter:
        table.assign(answer=table["answer"].astype(str)).to_parquet(folder / "rows.parquet")
        command = [said.converter, PEER, folder / "rows.parquet", str(static.TREES), str(said.rounds)]
        done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
        show("skl2onnx and onnxmltools, from its own pipeline", rows=len(X), **json.loads(done.stdout.splitlines()[-1]))


def least(call: Callable[[], object], rounds: int) -> float:
    """Return the processor time of a call in microseconds, the least of some."""
    found = []
    for _ in range(rounds):
        start = time.process_time_ns()
        call()
        found.append((time.process_time_ns() - start) / 1000)
    return min(found)


def grpc(bundle: mesic.Bundle, folder: Path, said: argparse.Namespace) -> None:
    table = static.table(2_000, 2).drop(columns="answer")[bundle.needed]
    rows = json.loads(table.to_json(orient="records"))
    with served({"bundle": str(bundle.folder), "grpc_port": 0}, 60) as told:
        address = told["address"].removeprefix("http://")
        for count in (1, 100):
            batches = [rows[start : start + count] for start in range(0, len(rows) - count + 1, count)]
            with over_http(address, batches) as ask:
                tell(f"HTTP, {count} rows a request, one caller", told, ask, said.seconds)
            with mesic.GrpcClient(told["grpc"]).connected() as client:
                requests = [client.request_of(batch) for batch in batches]
                tell(f"gRPC, {count} rows a call, one caller", told, unary(client, requests), said.seconds)
                tell(
                    f"gRPC stream, {count} rows a message, 64 on the way", told, stream(client, requests), said.seconds
                )


@contextmanager
def over_http(address: str, batches: list[list[dict]]) -> Iterator[Callable[[], int]]:
    bodies = [json.dumps(batch[0] if len(batch) == 1 else {"rows": batch}) for batch in batches]
    caller = http.client.HTTPConnection(address)

    def ask() -> int:
        for body in bodies[:200]:
            caller.request("POST", "/predict", body, {"Content-Type": "application/json"})
            assert caller.getresponse().read()
        return len(bodies[:200])

    yield ask
    caller.close()


def unary(client: mesic.GrpcClient, requests: list) -> Callable[[], int]:
    def ask() -> int:
        for request in requests[:200]:
            client.predict(request)
        return len(requests[:200])

    return ask


def stream(client: mesic.GrpcClient, requests: list) -> Callable[[], int]:
    return lambda: sum(1 for _ in client.stream(iter(requests)))


def tell(name: str, told: dict, ask: Callable[[], int], seconds: float) -> None:
    """Ask for some seconds; show messages a second and the processor time that the server took for each."""
    ask()
    before, start, count = server_cpu_s(told), time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        count += ask()
    wall, used = time.perf_counter() - start, server_cpu_s(told) - before
    show(name, messages_a_second=round(count / wall), server_cpu_us=round(used / count * 1e6, 1))


def server_cpu_s(told: dict) -> float:
    """Return the processor time of the processes that answer: the children of the one that was started."""
    children = Path(f"/proc/{told['pid']}/task/{told['pid']}/children").read_text().split()
    words = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in children]
    return sum(int(own[11]) + int(own[12]) for own in words) / os.sysconf("SC_CLK_TCK")


def serverless(bundle: mesic.Bundle, folder: Path, said: argparse.Namespace) -> None:
    artefact = mesic.deploy(bundle, "server", out=folder / "server", options={"serverless": True}).folder
    place = folder / "unpacked"
    place.mkdir()
    subprocess.run([sys.executable, "-m", "zipfile", "-e", artefact / "serverless.zip", place], check=True)
    row = json.loads(static.table(1, 3).drop(columns="answer").to_json(orient="records"))[0]
    code = f"BODY = {json.dumps(row)!r}\n{COLD}"
    told = []
    for _ in range(said.rounds):
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=place)
        told.append([*map(float, done.stdout.split()), time.perf_counter() - start])
    ready, first, later, used, whole = np.median(np.array(told), axis=0).tolist()
    facts = {
        "import_and_verify_s": round(ready, 3),
        "cpu_s": round(used, 3),
        "process_s": round(whole - 200 * later, 3),
    }
    facts |= {"first_answer_ms": round(first * 1000, 2), "later_answers_us": round(later * 1e6, 1)}
    show("serverless.zip, cold start", zip_kib=(artefact / "serverless.zip").stat().st_size // 1024, **facts)


if __name__ == "__main__":
    main()
