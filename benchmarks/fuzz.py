"""What schemathesis finds in a server: requests made from its own description, valid and broken.

    python benchmarks/fuzz.py --venv FOLDER [--secs 120] [--seed 1]

`--venv` is an environment with the extra benchmark-fuzz. One JSON line: cases, replies by status, findings by their
code. Reached: no 5xx, the process that began still answers, every reply has a status and a form that the description
tells. Two kinds of findings are no failures and counted apart: a description cannot say that why=true is for one row,
nor which texts are numbers within a range (ST202), and a row is read more kindly than its narrowest type says (ST201).
"""

import argparse
import re
import subprocess
import tempfile
from pathlib import Path

from serving import bundle_at, family, ours, show

NO_FAILURES = {"ST201", "ST202"}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", required=True)
    parser.add_argument("--secs", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bundle_at(folder / "bundle")
        with ours(folder, folder / "bundle", "token=t") as (process, port):
            workers = family(process.pid)[1:]
            said = fuzzed(arguments, port)
            statuses, alive = statuses_of(port), family(process.pid)[1:] == workers
    findings = {code: int(count) for code, count in re.findall(r"(ST\d+) [^\n:]*: (\d+)\n", said)}
    cases = re.search(r"(\d+) generated", said)
    failures = sum(count for code, count in findings.items() if code not in NO_FAILURES)
    server_errors = sum(count for status, count in statuses.items() if status >= 500)
    show(
        figure="requests made from the description", cases=int(cases[1]) if cases else 0, statuses=statuses,
        findings=findings, alive=alive, reached=alive and bool(cases) and not failures and not server_errors,
    )  # fmt: skip


def fuzzed(arguments, port):
    """Return what schemathesis says."""
    program = Path(arguments.venv).absolute() / "bin" / "schemathesis"
    limits = ["--max-time", str(arguments.secs), "--seed", str(arguments.seed), "--no-shrink", "--continue-on-failure"]
    command = [str(program), "run", f"http://127.0.0.1:{port}/openapi.json", "-H", "Authorization: Bearer t", *limits]
    with tempfile.TemporaryDirectory() as folder:
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stdout


def statuses_of(port):
    """Return how many replies had each status, as the server counts."""
    from urllib.request import Request, urlopen

    request = Request(f"http://127.0.0.1:{port}/metrics", headers={"Authorization": "Bearer t"})
    found = {}
    for status, count in re.findall(r'status="(\d+)"} (\d+)', urlopen(request).read().decode()):
        found[int(status)] = found.get(int(status), 0) + int(count)
    return found


if __name__ == "__main__":
    main()
