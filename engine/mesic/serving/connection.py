"""One connection of a caller: bytes in, whole requests on, replies out, in order; nothing of it grows without bound."""

import asyncio
import os
import socket
from collections import deque
from collections.abc import Awaitable
from contextlib import suppress
from time import perf_counter
from typing import Any

import httptools

from mesic.serving.messages import Reply, Request, log, refusal
from mesic.serving.service import Service

KEPT = frozenset((b"authorization", b"content-type", b"content-length", b"expect", b"x-forwarded-for", b"x-unit"))
MOST_HEADERS = 100
MOST_PATH = 2048
LINGER_S, LINGER_BYTES = 2.0, 2**24
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(asyncio.Protocol):
    """Reads requests off a connection and writes what the service replies.

    Parameters
    ----------
    service
        Who replies.
    """

    def __init__(self, service: Service) -> None:
        self.service, self.settings = service, service.settings
        self.kept = KEPT.union(service.kept_headers)
        self.parser = httptools.HttpRequestParser(self)
        self.waiting: deque[tuple[Request, bool]] = deque()
        self.is_busy = self.is_lingering = self.is_paused = self.is_asking = False
        self.last = perf_counter()
        self.discarded = self.unheaded = 0
        self.refused = 0.0
        self.on_message_begin()
        self.began: float | None = None

    def connection_made(self, transport: Any) -> None:
        """Take the connection, or send it away where there are too many."""
        self.transport = transport
        address = transport.get_extra_info("peername")
        self.client = str(address[0]) if isinstance(address, tuple) else ""
        self.service.opened(self)
        if len(self.service.connections) > self.settings.max_connections:
            self._refuse(refusal(503, "TOO-MANY-CONNECTIONS", "too many connections: try again", Retry_After="1"))

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection."""
        self.service.closed(self)

    def eof_received(self) -> bool:
        """Keep the connection only while a reply is on its way."""
        return self.is_busy or bool(self.waiting)

    def pause_writing(self) -> None:
        """Read no more from a caller who does not take what was sent."""
        self.is_paused = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on with what waits, then with reading."""
        self.is_paused = False
        self.last = perf_counter()
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived; whole requests are answered within."""
        self.last = perf_counter()
        if self.is_lingering:
            self._discard(len(data))
            return
        self.began = self.began or self.last
        self.unheaded += len(data)
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._refuse(refusal(400, "MALFORMED-REQUEST", f"this is no HTTP request: {error}"))
        if self.is_heading and self.unheaded > 1024 * self.settings.max_header_kib:
            self._refuse_header()

    def on_message_begin(self) -> None:
        """Begin a request."""
        self.url, self.size, self.header_bytes, self.headers_seen = b"", 0, 0, 0
        self.headers: dict[bytes, bytes] = {}
        self.body: list[bytes] = []
        self.is_heading = True
        self.began = perf_counter()

    def on_url(self, part: bytes) -> None:
        """Take a part of the target."""
        self.url += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header; those that nothing reads are only counted."""
        self.header_bytes += len(name) + len(value)
        self.headers_seen += 1
        name = name.lower()
        if name in self.kept:
            self.headers[name] = value

    def on_headers_complete(self) -> None:
        """Refuse what is too large before it has come."""
        self.is_heading = False
        if self.is_lingering:
            return
        if self.header_bytes > 1024 * self.settings.max_header_kib or self.headers_seen > MOST_HEADERS:
            self._refuse_header()
        elif len(self.url) > MOST_PATH:
            self._refuse(refusal(414, "LONG-TARGET", f"the target is longer than {MOST_PATH} bytes"))
        elif int(self.headers.get(b"content-length", b"0") or b"0") > 1024 * self.settings.max_body_kib:
            self._refuse_body()
        elif self.parser.should_upgrade():
            self._refuse(refusal(400, "NO-UPGRADE", "this server speaks HTTP/1.1 and nothing else"))
        elif self.headers.get(b"expect", b"").lower() == b"100-continue":
            self.transport.write(CONTINUE)

    def on_body(self, part: bytes) -> None:
        """Take a part of the body."""
        self.size += len(part)
        if self.size > 1024 * self.settings.max_body_kib:
            self._refuse_body()
        elif not self.is_lingering:
            self.body.append(part)

    def on_message_complete(self) -> None:
        """Answer a request that has arrived whole, or let it wait for the one before."""
        self.is_heading, self.unheaded, arrived = True, 0, self.began
        self.began = None
        if self.is_lingering or self.transport.is_closing():
            return
        try:
            url = httptools.parse_url(self.url)
            path, query = url.path.decode("latin-1"), (url.query or b"").decode("latin-1")
        except (httptools.HttpParserError, AttributeError):
            self.began = arrived
            self._refuse(refusal(400, "MALFORMED-TARGET", "the target is no path such as /predict"))
            return
        method, client = self.parser.get_method().decode(), self._client()
        request = Request(method, path, query, self.headers, b"".join(self.body), client)
        is_old = self.parser.get_http_version() == "1.0"
        keeps = self.parser.should_keep_alive() and not is_old and not self.service.is_stopping
        if self.is_busy or self.is_paused:
            self.waiting.append((request, keeps))
            return
        self._answer(request, keeps=keeps)

    def _client(self) -> str:
        """Return who asks: the address, or the one that the proxy before us saw."""
        if not self.settings.is_behind_proxy:
            return self.client
        told = self.headers.get(b"x-forwarded-for", b"").rpartition(b",")[2].strip()
        return told.decode("latin-1") or self.client

    def _answer(self, request: Request, *, keeps: bool) -> None:
        start = perf_counter()
        self.is_asking = True
        reply = self.service.reply(request)
        self.is_asking = False
        if isinstance(reply, Reply):
            self._send(reply, request, start, keeps=keeps)
            return
        self.is_busy = True
        self.transport.pause_reading()
        self.service.spawn(self._answer_later(reply, request, start, keeps=keeps))

    async def _answer_later(self, reply: Awaitable[Reply], request: Request, start: float, *, keeps: bool) -> None:
        self._send(await reply, request, start, keeps=keeps)
        self.is_busy = False
        self._go_on()

    def _go_on(self) -> None:
        """Answer what waits, then read on, as long as the caller takes the answers."""
        while self.waiting and not self.is_busy and not self.is_paused and not self.transport.is_closing():
            request, keeps = self.waiting.popleft()
            self._answer(request, keeps=keeps)
        if not self.is_busy and not self.is_paused and not self.transport.is_closing():
            self.transport.resume_reading()

    def _send(self, reply: Reply, request: Request, start: float, *, keeps: bool) -> None:
        self.last = perf_counter()
        self.service.replied(request, reply, self.last - start)
        if not self.transport.is_closing():
            self.transport.write(reply.as_bytes(self.service.date, closes=not keeps, is_head=request.method == "HEAD"))
        if not keeps:
            self.transport.close()

    def _refuse_header(self) -> None:
        limit = self.settings.max_header_kib
        self._refuse(refusal(431, "LARGE-HEADER", f"the header is larger than {limit} KiB or {MOST_HEADERS} fields"))

    def _refuse_body(self) -> None:
        limit = self.settings.max_body_kib
        self._refuse(refusal(413, "LARGE-BODY", f"the body is larger than {limit} KiB: send rows in several requests"))

    def _refuse(self, reply: Reply) -> None:
        """Send a refusal and end the connection, but so that the caller can read it: what still comes is discarded."""
        if self.is_lingering:
            return
        self.is_lingering, self.body = True, []
        self.refused = perf_counter()
        self.service.replied(None, reply, 0.0)
        if self.transport.is_closing():
            return
        self.transport.write(reply.as_bytes(self.service.date, closes=True))
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _discard(self, count: int) -> None:
        self.discarded += count
        if self.discarded > LINGER_BYTES:
            self.transport.abort()

    def look_at_clock(self, now: float) -> None:
        """End the connection of a caller who is too slow; called now and then."""
        if self.is_lingering:
            if now - self.refused > LINGER_S:
                self.transport.abort()
        elif self.is_busy:
            return
        elif self.is_paused:
            if now - self.last > self.settings.request_s:
                log("slow-reader", waited_s=round(now - self.last, 1))
                self.transport.abort()
        elif self.began is not None:
            if now - self.began > self.settings.request_s:
                limit = f"the request did not arrive within {self.settings.request_s:g} s"
                self._refuse(refusal(408, "SLOW-REQUEST", limit))
        elif now - self.last > self.settings.idle_s:
            self.transport.close()

    def abandon(self, reply: Reply) -> None:
        """Reply to whoever waits, past the loop, which does not turn; for another thread, before the process ends."""
        about = self.transport.get_extra_info("socket")
        with suppress(OSError, AttributeError), socket.socket(fileno=os.dup(about.fileno())) as end:
            is_waiting = self.is_asking or self.is_busy or bool(self.waiting)
            with suppress(BlockingIOError):
                while end.recv(2**20, socket.MSG_DONTWAIT):  # what is left unread would cost the caller the reply
                    is_waiting = True
            if is_waiting:
                end.send(reply.as_bytes(self.service.date, closes=True), socket.MSG_DONTWAIT)
            end.shutdown(socket.SHUT_WR)

    def stop(self) -> None:
        """End the connection as soon as no request is under way."""
        if not self.is_busy and self.began is None:
            self.transport.close()
