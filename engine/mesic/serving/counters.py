"""What the processes count, in memory that they share: a slot a process, each written by one, summed by any."""

import mmap
from collections.abc import Iterator

from mesic.serving.lateness import Marks
from mesic.serving.rates import SLOTS

_GET = ("/health", "/ready", "/model", "/metrics", "/docs", "/openapi.json")
ROUTES = ("/predict", *_GET, "/reload", "/outcome", "grpc", "other")
STATUSES = (200, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 422, 429, 431, 500, 503)
BOUNDS_S = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
TOTALS = {
    "mesic_rows_total": ("counter", "rows answered"),
    "mesic_abstained_total": ("counter", "rows without a decision, as the model does not know"),
    "mesic_connections_total": ("counter", "connections accepted"),
    "mesic_connections": ("gauge", "connections open now"),
    "mesic_refused_fields_total": ("counter", "fields that broke the schema"),
    "mesic_cache_hits_total": ("counter", "rows whose answer was kept"),
    "mesic_cache_misses_total": ("counter", "rows whose answer was not kept"),
    "mesic_reloads_total": ("counter", "bundles taken into use after the first"),
    "mesic_starts_total": ("counter", "starts of answering processes"),
    "mesic_log_rows_total": ("counter", "rows written to the log of predictions"),
    "mesic_log_dropped_rows_total": ("counter", "rows that the log lost, as it could not be written in time"),
    "mesic_log_errors_total": ("counter", "times that the log could not be written"),
}
_REQUESTS = len(ROUTES) * len(STATUSES)
_TOTAL_AT = {name: _REQUESTS + place for place, name in enumerate(TOTALS)}
_BUCKETS_AT = _REQUESTS + len(TOTALS)
_SUM_AT = _BUCKETS_AT + len(BOUNDS_S) + 1
_MARKS_AT = _SUM_AT + 1
WIDTH = _MARKS_AT + 2
_ROUTE_AT = {route: place * len(STATUSES) for place, route in enumerate(ROUTES)}
_STATUS_AT = {status: place for place, status in enumerate(STATUSES)}


def shared_memory_size(slots: int) -> int:
    """Return the bytes that the counters of so many processes take."""
    return 8 * (WIDTH * slots + SLOTS + 1)


def marks_of(memory: mmap.mmap, slot: int) -> Marks:
    """Return what the process of a slot says of itself."""
    start = slot * WIDTH + _MARKS_AT
    return Marks(memoryview(memory).cast("d")[start : start + 2])


class Counters:
    r"""The counters of one process, and the sums of all.

    Parameters
    ----------
    memory
        What :func:`shared_memory_size` says, zeros at first; a process that follows another counts on.
    slot
        The place of this process, from 0.

    Examples
    --------
    >>> counters = Counters(mmap.mmap(-1, shared_memory_size(1)), 0)
    >>> counters.request("/predict", 200, 0.0002)
    >>> counters.add("mesic_rows_total", 3)
    >>> print("\n".join(line for line in counters.text().splitlines() if "status=" in line or line.endswith(" 3")))
    mesic_requests_total{route="/predict",status="200"} 1
    mesic_rows_total 3
    """

    def __init__(self, memory: mmap.mmap, slot: int) -> None:
        every = memoryview(memory).cast("d")
        self._all, self.rates = every[: -SLOTS - 1], every[-SLOTS - 1 : -1]
        self.seed = bytes(memory[-8:])  # of the digests of callers; the supervisor draws it
        self._own = self._all[slot * WIDTH : (slot + 1) * WIDTH]
        self.set("mesic_connections", 0)
        self.marks = marks_of(memory, slot)

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered within so many seconds of its last byte."""
        own = self._own
        own[_ROUTE_AT.get(route, _ROUTE_AT["other"]) + _STATUS_AT[status]] += 1
        if route == "/predict":
            place = _BUCKETS_AT
            for bound in BOUNDS_S:
                if seconds <= bound:
                    break
                place += 1
            own[place] += 1
            own[_SUM_AT] += seconds

    def add(self, name: str, count: float = 1) -> None:
        """Add to a total."""
        self._own[_TOTAL_AT[name]] += count

    def set(self, name: str, value: float) -> None:
        """Set what this process has now."""
        self._own[_TOTAL_AT[name]] = value

    def sum(self, place: int) -> float:
        """Return what all processes have counted at a place."""
        return sum(self._all[place::WIDTH])

    def total(self, name: str) -> float:
        """Return what all processes have counted of a total."""
        return self.sum(_TOTAL_AT[name])

    def text(self) -> str:
        """Return everything in Prometheus' text format, version 0.0.4."""
        return "\n".join([*self._requests(), *self._totals(), *self._seconds(), ""])

    def _requests(self) -> Iterator[str]:
        yield "# HELP mesic_requests_total requests answered"
        yield "# TYPE mesic_requests_total counter"
        for route, start in _ROUTE_AT.items():
            for status, place in _STATUS_AT.items():
                if count := self.sum(start + place):
                    yield f'mesic_requests_total{{route="{route}",status="{status}"}} {count:.0f}'

    def _totals(self) -> Iterator[str]:
        for name, (kind, words) in TOTALS.items():
            yield f"# HELP {name} {words}"
            yield f"# TYPE {name} {kind}"
            yield f"{name} {self.total(name):.0f}"

    def _seconds(self) -> Iterator[str]:
        name, count = "mesic_predict_seconds", 0.0
        yield f"# HELP {name} time from a request's last byte to its answer"
        yield f"# TYPE {name} histogram"
        for place, bound in enumerate((*BOUNDS_S, float("inf"))):
            count += self.sum(_BUCKETS_AT + place)
            yield f'{name}_bucket{{le="{bound:g}"}} {count:.0f}'.replace('"inf"', '"+Inf"')
        yield f"{name}_sum {self.sum(_SUM_AT):.6f}"
        yield f"{name}_count {count:.0f}"
