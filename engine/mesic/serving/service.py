"""What is answered to which request; knows nothing of sockets."""

import asyncio
import hmac
import math
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from email.utils import formatdate
from functools import partial
from time import perf_counter
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec
from msgspec.structs import replace

from mesic.errors import CheckFailed, UsageError
from mesic.serving.asking import Asked, Identifier
from mesic.serving.counters import ROUTES, Counters
from mesic.serving.messages import HTML, TEXT, Reply, Request, encoded, log, refusal
from mesic.serving.openapi import description
from mesic.serving.outcomes import Outcomes
from mesic.serving.page import page
from mesic.serving.rates import Rates
from mesic.serving.release import Answer, Release
from mesic.serving.routing import Routed, Router
from mesic.serving.scorer import Row, RowsRefused
from mesic.serving.settings import ServeSettings

ALWAYS_ANSWERED = ("/health", "/ready")
EXTRAS = ("why", "intervals")
NOBODY = Asked(b"", None, 0.0)
Observer = Callable[[Release, Sequence[Row], Sequence[Answer], Asked], None]
PAGE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}


class Held(Protocol):
    """A connection, as far as the service looks at it."""

    def look_at_clock(self, now: float) -> None:
        """End it if its caller is too slow."""

    def stop(self) -> None:
        """End it as soon as no request is under way."""

    def abandon(self, reply: Reply) -> None:
        """Reply to whoever waits, from another thread."""


class Refused(msgspec.Struct):
    """Rows that were not answered, and why."""

    release: Release
    rows: Sequence[Any]
    error: RowsRefused | CheckFailed
    asked: Asked


class Service:
    """Replies to requests with the release in use.

    Parameters
    ----------
    settings
        Limits, and the token that callers must send.
    counters
        Where requests are counted.
    reload
        Takes the bundle into use that lies at ``bundle=`` now; None where callers may not ask for it.

    Attributes
    ----------
    observers
        Told of rows that were answered: by what, the rows, the answers, who asked. ``release.scorer.taken`` and
        ``release.told`` hold what became of them, until the next request.
    refusal_observers
        Told of rows that were refused.
    """

    def __init__(
        self,
        settings: ServeSettings,
        counters: Counters,
        reload: Callable[[], Awaitable[Reply]] | None = None,
    ) -> None:
        self.settings, self.counters, self.reload = settings, counters, reload
        self.release: Release | None = None
        self.router: Router | None = None
        self.outcomes: Outcomes | None = None
        self.observers: list[Observer] = []
        self.refusal_observers: list[Callable[[Refused], None]] = []
        is_named = settings.log.folder or settings.deployment
        self.identifier = Identifier(settings.log.caller if settings.log.folder else None) if is_named else None
        self.connections: set[Held] = set()
        self.is_stopping = False
        self.date = formatdate(usegmt=True)
        self._token = f"Bearer {settings.token}".encode() if settings.token else None
        self._rates = None if settings.rate is None else Rates(counters.rates, settings.rate, counters.seed)
        self._turn: float | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._routes: dict[str, tuple[str, Callable[[Request], Reply | Awaitable[Reply]], bool]] = {
            "/predict": ("POST", self._predict, True),
            "/health": ("GET", self._health, False),
            "/ready": ("GET", self._ready, False),
            "/model": ("GET", self._model, True),
            "/metrics": ("GET", self._metrics, True),
            "/docs": ("GET", self._docs, False),
            "/openapi.json": ("GET", self._openapi, True),
            "/reload": ("POST", self._reload, True),
            "/outcome": ("POST", self._outcome, True),
        }

    def use(self, release: Release, router: Router | None = None) -> None:
        """Answer with a release from the next request on; where a router chooses among several, it is the usual one."""
        if self.release is not None and release is not self.release:
            self.counters.add("mesic_reloads_total")
        self.release, self.router = release, router

    @property
    def kept_headers(self) -> Collection[bytes]:
        """Names of the headers that only the log of predictions, and labels, read."""
        return self.identifier.headers if self.identifier else ()

    def is_expired(self) -> bool:
        """Return whether the last day of the bundle in use has passed."""
        return self.release is not None and self.release.is_expired(time.time())

    def look_at_clock(self) -> None:
        """Set the date of replies, and end the connections of callers who are too slow; called now and then."""
        self.date, now = formatdate(usegmt=True), perf_counter()
        for connection in list(self.connections):
            connection.look_at_clock(now)

    def opened(self, connection: Held) -> None:
        """Take note of a connection."""
        self.connections.add(connection)
        self.counters.add("mesic_connections_total")
        self.counters.set("mesic_connections", len(self.connections))

    def closed(self, connection: Held) -> None:
        """Forget a connection."""
        self.connections.discard(connection)
        self.counters.set("mesic_connections", len(self.connections))

    def abandon(self, reply: Reply) -> None:
        """Reply to everybody who waits, from another thread, as no answer comes back; the process ends then."""
        for connection in list(self.connections):
            connection.abandon(reply)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something beside; it is kept until it has ended."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def replied(self, request: Request | None, reply: Reply, seconds: float) -> None:
        """Count a reply; each that is the server's fault leaves a line in the log."""
        path = request.path if request else "other"
        self.counters.request(path if path in ROUTES else "other", reply.status, seconds)
        if reply.status >= 500:
            log("refused", status=reply.status, path=path, reply=reply.body[:500].decode(errors="replace"))

    def reply(self, request: Request) -> Reply | Awaitable[Reply]:
        """Return the reply to a request, or what will be it."""
        if self._rates is not None and (wait_s := self._wait_s(self._rates, request)):
            told = f"more than {self.settings.rate:g} requests a second: send fewer, or several rows in each"
            return refusal(429, "TOO-MANY-REQUESTS", told, Retry_After=str(math.ceil(wait_s)))
        route = self._routes.get(request.path)
        if route is None:
            return refusal(
                404, "NO-SUCH-PATH", f"there is no {request.path[:200]}: there are {', '.join(self._routes)}"
            )
        method, handler, is_guarded = route
        if request.method != method and (request.method, method) != ("HEAD", "GET"):
            return refusal(405, "WRONG-METHOD", f"{request.path} takes {method}, not {request.method}", Allow=method)
        if is_guarded and not self._is_allowed(request):
            wanted = "send the header 'Authorization: Bearer TOKEN' with the right token"
            return refusal(401, "NO-TOKEN", wanted, WWW_Authenticate="Bearer")
        try:
            return handler(request)
        except Exception as error:  # noqa: BLE001 - one request that goes wrong must not end the others
            log("failed", path=request.path, error=f"{type(error).__name__}: {error}")
            return refusal(500, "FAILED", "the server failed to answer; its log says why")

    def _wait_s(self, rates: Rates, request: Request) -> float:
        return 0.0 if request.path in ALWAYS_ANSWERED else rates.wait_s(request.client)

    def _is_allowed(self, request: Request) -> bool:
        if self._token is None:
            return True
        return hmac.compare_digest(request.headers.get(b"authorization", b""), self._token)

    def _is_late(self, now: float) -> bool:
        """Return whether so much work lies ahead of a request that it is better asked again.

        What has arrived is worked off in turns of the loop; the time since a turn began is what a request has waited.
        """
        if self._turn is None:
            self._turn = now
            asyncio.get_running_loop().call_soon(self._end_turn)
        return now - self._turn > self.settings.queue_s

    def _end_turn(self) -> None:
        self._turn = None
        if self.router is not None:
            self.router.settle()

    def _predict(self, request: Request) -> Reply:
        began = perf_counter()
        if self._is_late(began):
            return refusal(503, "BUSY", "too many requests wait: try again", Retry_After="1")
        release = self.release
        if release is None or self.is_expired():
            return self._unready(release)
        kind = request.headers.get(b"content-type", b"application/json").split(b";")[0].strip().lower()
        if kind != b"application/json":
            return refusal(415, "NO-JSON", f"the body is {kind.decode('latin-1')!r}: send application/json")
        try:
            body = msgspec.json.decode(request.body)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            return refusal(400, "MALFORMED-JSON", f"the body is no JSON: {error}")
        if type(body) is not dict:
            message = 'the body is no object: send one row, such as {"FIELD": VALUE}, or {"rows": [ROW, ...]}'
            return refusal(422, "NO-OBJECT", message)
        try:
            asked = NOBODY if self.identifier is None else self.identifier.asked(request, began)
        except UsageError as error:
            return refusal(400, "WRONG-ID", str(error))
        is_many = len(body) == 1 and type(body.get("rows")) is list
        try:
            wanted = _wanted(request.query)
            if self.router is not None:
                return self._routed(self.router, body, wanted, request, asked)
            return (self._many if is_many else self._one)(release, body, wanted, asked)
        except UsageError as error:
            return refusal(400, "WRONG-QUERY", str(error))
        except (RowsRefused, CheckFailed) as error:
            refused = Refused(release, body["rows"] if is_many else [body], error, asked)
            return self._refused(refused)

    def _refused(self, refused: Refused) -> Reply:
        """Take note of rows that are not answered."""
        for observer in self.refusal_observers:
            observer(refused)
        error = refused.error
        if isinstance(error, CheckFailed):
            return refusal(500, "NO-DECISION", str(error))
        self.counters.add("mesic_refused_fields_total", len(error.problems))
        return refusal(422, "ROWS-REFUSED", str(error), (problem.as_dict() for problem in error.problems))

    def _one(self, release: Release, row: Row, wanted: Collection[str], asked: Asked) -> Reply:
        answer = release.answer(row, intervals="intervals" in wanted)
        self._count(release, [row], [answer], asked)
        told = answer | {"why": release.reasons(row, answer)} if "why" in wanted else answer
        return Reply(200, release.head + asked.head + encoded(told)[1:])

    def _many(self, release: Release, body: Mapping[str, Any], wanted: Collection[str], asked: Asked) -> Reply:
        rows: list[Any] = body["rows"]
        if refused := self._refused_many(rows, wanted):
            return refused
        answers = release.answers(rows, intervals="intervals" in wanted)
        self._count(release, rows, answers, asked)
        return Reply(200, release.head + asked.head + encoded({"predictions": answers})[1:])

    def _refused_many(self, rows: Sequence[Any], wanted: Collection[str]) -> Reply | None:
        if "why" in wanted:
            raise UsageError("why=true is for one row: send it by itself")
        if len(rows) > self.settings.max_rows:
            most = self.settings.max_rows
            return refusal(413, "MANY-ROWS", f"{len(rows)} rows are more than {most}: send them in several requests")
        return None

    def _routed(
        self, router: Router, body: dict[str, Any], wanted: Collection[str], request: Request, asked: Asked
    ) -> Reply:
        """Reply while a deployment has several versions."""
        if len(body) == 1 and type(body.get("rows")) is list:
            return self._refused_many(body["rows"], wanted) or self._many_routed(
                router, body["rows"], wanted, request.headers, asked
            )
        row = router.without_unit(body)

        def produce(release: Release) -> tuple[Answer, Answer]:
            return _told(release, row, wanted)

        routed, (answer, told), seconds = router.answered(router.chosen(request.headers, body), produce)
        self._count(routed.release, [row], [answer], _asked_of(routed, asked))
        router.noted(routed, [request.body if row is body else row], [answer], seconds=seconds)
        name = router.named(routed, answer, request_id=asked.request_id)
        return Reply(200, router.head(routed, name) + asked.head + encoded(told)[1:])

    def _many_routed(
        self,
        router: Router,
        rows: list[Any],
        wanted: Collection[str],
        headers: Mapping[bytes, bytes],
        asked: Asked,
    ) -> Reply:
        intervals = "intervals" in wanted
        found: list[Answer] = [{}] * len(rows)
        asking, rows = rows, [router.without_unit(row) for row in rows]
        try:
            for routed, places in router.groups(headers, asking):
                own = [rows[place] for place in places]
                by, answers, _ = router.answered(routed, partial(_answers, own, intervals=intervals))
                self._count(by.release, own, answers, _asked_of(by, asked))
                router.noted(by, own, answers)
                for place, answer in zip(places, answers, strict=True):
                    name = router.named(by, answer, request_id=asked.request_id, row=place)
                    found[place] = {**router.marks(by, name), **answer}
        except RowsRefused:
            router.current.answers(rows)  # raises with the rows' own numbers
            raise
        return Reply(200, b"{" + asked.head + encoded({"predictions": found})[1:])

    def _count(
        self,
        release: Release,
        rows: Sequence[Row],
        answers: Sequence[Answer],
        asked: Asked,
    ) -> None:
        """Take note of answers: the one place that all of them pass."""
        self.counters.add("mesic_rows_total", len(rows))
        if release.abstains:
            self.counters.add("mesic_abstained_total", sum("abstained" in answer for answer in answers))
        if release.cache is not None:
            hits, misses = release.cache.news()
            self.counters.add("mesic_cache_hits_total", hits)
            self.counters.add("mesic_cache_misses_total", misses)
            if hits:
                asked = replace(asked, is_kept=True)
        for observer in self.observers:
            observer(release, rows, answers, asked)

    def _unready(self, release: Release | None) -> Reply:
        if release is None:
            return refusal(503, "NOT-READY", "the bundle is not verified yet: try again", Retry_After="1")
        last = release.facts()["expires"]
        return refusal(503, "EXPIRED", f"the bundle expired: its last day was {last}; take a newer one into use")

    def _health(self, request: Request) -> Reply:  # noqa: ARG002 - as every route
        return Reply(200, encoded({"status": "ok"}))

    def _ready(self, request: Request) -> Reply:  # noqa: ARG002 - as every route
        release = self.release
        if self.is_stopping:
            return refusal(503, "STOPPING", "the server is about to end")
        if release is None or self.is_expired():
            return self._unready(release)
        return Reply(200, release.head + encoded({"status": "ready"})[1:])

    def _model(self, request: Request) -> Reply:  # noqa: ARG002 - as every route
        if self.release is None:
            return self._unready(None)
        told = {"deployment": self.router.facts()} if self.router else {}
        return Reply(200, encoded(self.release.facts() | told))

    def _metrics(self, request: Request) -> Reply:  # noqa: ARG002 - as every route
        return Reply(200, self.counters.text().encode(), TEXT)

    def _docs(self, request: Request) -> Reply:  # noqa: ARG002 - as every route
        return Reply(200, page().encode(), HTML, dict(PAGE_HEADERS))

    def _openapi(self, request: Request) -> Reply:  # noqa: ARG002 - as every route
        if self.release is None:
            return self._unready(None)
        return Reply(200, encoded(self._description(self.release)))

    def _description(self, release: Release) -> dict[str, Any]:
        told = {"is_logged": self.identifier is not None, "takes_outcomes": self.outcomes is not None}
        return description(release, has_token=self._token is not None, **told)

    def _outcome(self, request: Request) -> Reply | Awaitable[Reply]:
        if self.outcomes is None:
            return refusal(404, "NO-DEPLOYMENT", "outcomes are counted where deployment= is served")
        return self.outcomes.reply(request)

    def _reload(self, request: Request) -> Reply | Awaitable[Reply]:  # noqa: ARG002 - as every route
        if self._token is None or self.reload is None:
            return refusal(403, "NO-RELOAD", "without token= only SIGHUP takes another bundle into use")
        return self.reload()


def _asked_of(routed: Routed, asked: Asked) -> Asked:
    return replace(asked, arm=routed.arm, propensity=routed.propensity)


def _told(release: Release, row: Row, wanted: Collection[str]) -> tuple[Answer, Answer]:
    """Return the answer to a row, and what is told of it."""
    intervals = "intervals" in wanted
    if "why" not in wanted:
        answer = release.answer(row, intervals=intervals)
        return answer, answer
    why = {"why": release.reasons(row, release.answer(row, intervals=intervals))}
    answer = release.answer(row, intervals=intervals)  # the last thing, for the log looks at what was taken
    return answer, answer | why


def _answers(rows: Sequence[Row], release: Release, *, intervals: bool) -> list[Answer]:
    return release.answers(rows, intervals=intervals)


def _wanted(query: str) -> Collection[str]:
    """Return what an answer is to hold beside the decision.

    Raises
    ------
    UsageError
        The query says something else.
    """
    if not query:
        return ()
    said = dict(parse_qsl(query, keep_blank_values=True))
    for name, value in said.items():
        if name not in EXTRAS or value not in ("true", "false"):
            raise UsageError(
                f"the query says {name[:50]}={value[:50]}: give {' or '.join(f'{one}=true' for one in EXTRAS)}"
            )
    return [name for name, value in said.items() if value == "true"]
