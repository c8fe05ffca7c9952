"""Requests and replies as the server's parts hand them to each other."""

import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

import msgspec

JSON, TEXT, HTML = "application/json", "text/plain; version=0.0.4; charset=utf-8", "text/html; charset=utf-8"


@dataclass(slots=True)
class Request:
    """A request that has arrived whole."""

    method: str
    path: str
    query: str
    headers: dict[bytes, bytes]
    body: bytes
    client: str = ""


@dataclass(slots=True)
class Reply:
    """What is sent back."""

    status: int
    body: bytes
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)

    def as_bytes(self, date: str, *, closes: bool, is_head: bool = False) -> bytes:
        """Return the reply as it travels; `closes` says that the connection ends with it."""
        extra = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        ending = "Connection: close\r\n" if closes else ""
        about = f"Date: {date}\r\nContent-Type: {self.kind}\r\nContent-Length: {len(self.body)}\r\n"
        head = f"{_START[self.status]}{about}{extra}{ending}\r\n"
        return head.encode("latin-1") + (b"" if is_head else self.body)


_START = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus}


def encoded(value: Any) -> bytes:
    """Return a value as JSON; floats keep every bit."""
    return msgspec.json.encode(value)


def refusal(status: int, code: str, message: str, problems: Iterable[Mapping[str, Any]] = (), **headers: str) -> Reply:
    """Return a reply that says what was wrong and what is expected; ``_`` in names of headers stands for ``-``."""
    error = {"code": code, "message": message, "problems": list(problems)}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, encoded({"error": error}), headers=named)


def log(event: str, **facts: Any) -> None:
    """Write a line to the log, on stderr: one JSON object."""
    sys.stderr.write(json.dumps({"event": event, **facts}, ensure_ascii=True, default=str) + "\n")
    sys.stderr.flush()
