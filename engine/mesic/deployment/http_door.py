"""A door that is a server: ``mesic serve`` as processes of its own, asked over HTTP by a caller like any other."""

import http.client
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from mesic.deployment.target import Row
from mesic.errors import CheckFailed

HEADERS = {"Content-Type": "application/json"}
BELONGS_TO_ANSWER = ("prediction", "p_")
NOT_OURS = ("HYDRA", "MESIC_CONF", "MESIC_DEBUG")
Answer = dict[str, Any]


@dataclass(frozen=True)
class HttpDoor:
    """A server that is started with keys of ``mesic serve``, asked, and ended.

    Each row is sent in a request of its own, then those that were answered in requests of many: the answers must be the
    same. A request with a refused row among others must be refused, and no other row blamed.

    Parameters
    ----------
    keys
        What is typed behind ``mesic serve``; the port is any that is free.
    rows_a_request
        Rows of a request of many, at most `max_rows`.
    tolerance
        By how much a score may differ from the bundle's.
    timeout_s
        How long the server may take to be ready, or to answer a request.
    """

    keys: Mapping[str, Any]
    rows_a_request: int = 200
    tolerance: float = 0.0
    timeout_s: float = 120.0

    def ask(self, rows: Sequence[Row]) -> list[Answer]:
        """Return an answer a row.

        Raises
        ------
        CheckFailed
            The server does not start, says that the fault is its own, or answers rows otherwise in company.
        """
        with served(self.keys, self.timeout_s) as told:
            host, _, port = told["address"].removeprefix("http://").rpartition(":")
            caller = http.client.HTTPConnection(host, int(port), timeout=self.timeout_s)
            try:
                alone = [_alone(caller, row) for row in rows]
                for start in range(0, len(rows), self.rows_a_request):
                    _refuse_otherwise(caller, rows, alone, range(start, min(start + self.rows_a_request, len(rows))))
            except (OSError, http.client.HTTPException, ValueError) as error:
                raise CheckFailed(f"the server does not answer: {error!r}") from error
            finally:
                caller.close()
        return alone


def _alone(caller: http.client.HTTPConnection, row: Row) -> Answer:
    status, told = _posted(caller, sendable(row))
    return {"error": told["error"]["message"]} if status == 422 else own_answer(told)


def _refuse_otherwise(
    caller: http.client.HTTPConnection, rows: Sequence[Row], alone: Sequence[Answer], numbers: Sequence[int]
) -> None:
    """Raise CheckFailed where rows are answered otherwise in one request than each by itself."""
    refused = {number for number in numbers if "error" in alone[number]}
    if refused:
        status, told = _posted(caller, {"rows": [sendable(rows[number]) for number in numbers]})
        blamed = {numbers[problem["row"]] for problem in told["error"]["problems"]} if status == 422 else set()
        if not blamed or blamed - refused:
            raise CheckFailed(
                f"of rows {numbers[0]} to {numbers[-1]} in one request {sorted(blamed)[:3]} are refused, "
                f"each by itself {sorted(refused)[:3]}"
            )
    kept = [number for number in numbers if number not in refused]
    _, told = _posted(caller, {"rows": [sendable(rows[number]) for number in kept]})
    for number, answer in zip(kept, map(own_answer, told.get("predictions", ())), strict=True):
        if answer != alone[number]:
            raise CheckFailed(f"row {number} is answered {answer} among others, {alone[number]} by itself")


def _posted(caller: http.client.HTTPConnection, body: object) -> tuple[int, dict[str, Any]]:
    """Return status and reply; raise CheckFailed where the server is at fault."""
    caller.request("POST", "/predict", json.dumps(body, ensure_ascii=False).encode(), HEADERS)
    reply = caller.getresponse()
    told: dict[str, Any] = json.loads(reply.read())
    if reply.status not in (200, 422):
        raise CheckFailed(f"the server says {reply.status}: {told['error']['message']}")
    return reply.status, told


def sendable(row: Row) -> dict[str, Any]:
    """Return a row as JSON can hold it: an infinity is the text of one.

    Examples
    --------
    >>> sendable({"age": float("-inf"), "town": None})
    {'age': '-inf', 'town': None}
    """
    return {
        name: str(cell) if isinstance(cell, float) and not math.isfinite(cell) else cell for name, cell in row.items()
    }


def own_answer(told: Mapping[str, Any]) -> Answer:
    """Return of a reply what a row of ``mesic predict`` holds.

    Examples
    --------
    >>> own_answer({"bundle": "3f", "prediction": "a", "p_a": 1.0})
    {'prediction': 'a', 'p_a': 1.0}
    """
    return {name: value for name, value in told.items() if name.startswith(BELONGS_TO_ANSWER)}


@contextmanager
def served(keys: Mapping[str, Any], timeout_s: float) -> Iterator[dict[str, Any]]:
    """Let a server run with keys of ``mesic serve``; give what it says of itself, and its ``pid``.

    Raises
    ------
    CheckFailed
        It ends instead, or takes too long.
    """
    typed = [f"{name}={json.dumps(value)}" for name, value in {**keys, "host": "127.0.0.1", "port": 0}.items()]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(NOT_OURS)}
    with tempfile.TemporaryDirectory() as empty, Path(empty, "log").open("w+", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603 - our own words
            [sys.executable, "-m", "mesic", "serve", *typed, "--json"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environment,
            cwd=empty,
        )
        assert process.stdout is not None
        late = threading.Timer(timeout_s, process.kill)
        late.start()
        try:
            line = process.stdout.readline()
            late.cancel()
            if not line:
                raise CheckFailed(f"the server does not start: {_last_words(log)}")
            yield {**json.loads(line), "pid": process.pid}
        finally:
            late.cancel()
            _ended(process)


def _last_words(log: IO[str]) -> str:
    log.seek(0)
    lines = [line.strip() for line in log.read().splitlines() if not line.startswith("{")]
    return " ".join(lines) or "it was given up"


def _ended(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
