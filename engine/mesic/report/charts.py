"""The charts of a run, from plain numbers of its record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mesic.report.error_charts import confusion_chart, histogram_chart, residual_chart
from mesic.report.svg import NARROW, WIDE, Drawing, Scale, short, shortened, text_width
from mesic.report.words import counted, duration, known, number, percent, score_parts
from mesic.report.zone_picture import zone_chart

__all__ = [
    "calibration_chart",
    "classes_chart",
    "confusion_chart",
    "histogram_chart",
    "partition_chart",
    "power_chart",
    "residual_chart",
    "scores_chart",
    "timeline_chart",
    "zone_chart",
]

MOST_ROWS, MOST_FEATURES = 30, 20
TOP = 6.0
TONES = {"done": "var(--a)", "reused": "var(--zone)", "running": "var(--quiet)"}


@dataclass(frozen=True)
class Rows:
    """A chart of named rows: name, mark, value; on a phone name and value stand above the mark."""

    drawing: Drawing
    names: Sequence[str]
    values: Sequence[str]

    @classmethod
    def drawn(cls, width: float, title: str, named: Sequence[tuple[str, str]], *, below: float = 46) -> "Rows":
        """Start a drawing and write each row's name and value."""
        rows = cls(Drawing(width, 0, title), [name for name, _ in named], [value for _, value in named])
        rows.drawing.height = rows.bottom + below
        return rows

    @property
    def pitch(self) -> float:
        """Pixels from row to row."""
        return 44.0 if self.drawing.is_narrow else 30.0

    @property
    def ends(self) -> tuple[float, float]:
        """The pixels that marks lie between."""
        if self.drawing.is_narrow:
            return 8.0, self.drawing.width - 10
        names = max([text_width(name) for name in self.names] or [0.0])
        values = max([text_width(value) for value in self.values] or [0.0])
        return min(names, 190.0) + 16, self.drawing.width - min(values, 260.0) - 18

    @property
    def bottom(self) -> float:
        """Where the rows end."""
        return TOP + self.pitch * len(self.names)

    def axis(self, x: Scale, label: str) -> None:
        """Draw the axis below the rows."""
        self.drawing.axis_x(x, self.bottom, TOP)
        self.drawing.centred((x.start + x.end) / 2, self.bottom + 38, label, within=(0, self.drawing.width))

    def write(self, place: int, *, is_strong: bool = False) -> float:
        """Write a row's name and value; return the height of its mark."""
        drawing, above, style = self.drawing, TOP + self.pitch * place, "font-weight:650" if is_strong else ""
        name, value = self.names[place], self.values[place]
        if drawing.is_narrow:
            drawing.text((2, above + 16), shortened(name, drawing.width - 16 - text_width(value)), style=style)
            drawing.text((drawing.width - 2, above + 16), value, anchor="end", css="soft")
            return above + 31
        left, right = self.ends
        drawing.text((left - 12, above + 19), shortened(name, 190), anchor="end", style=style)
        drawing.text((right + 14, above + 19), value, css="soft")
        return above + 15


def _span(values: Sequence[float], share: float = 0.05) -> tuple[float, float]:
    room = (max(values) - min(values)) * share or abs(values[0]) * share or 1.0
    return min(values) - room, max(values) + room


def _ends(row: Mapping[str, Any], middle: str) -> tuple[float, float, float]:
    """Return low end, value and high end of a row; without an interval the ends are the value."""
    value = known(row.get(middle)) or 0.0
    low, high = known(row.get("low")), known(row.get("high"))
    return value if low is None else low, value, value if high is None else high


def scores_chart(rows: Sequence[Mapping[str, Any]], label: str, width: float = WIDE) -> str:
    """Draw a dot with its interval a row.

    Parameters
    ----------
    rows
        Scores of one metric, each with ``name`` and, for the model's own, ``is_model``.
    label
        What is scored; under the axis.
    width
        ``WIDE`` or ``NARROW``.
    """
    named = [(str(row["name"]), " ".join(_said(row))) for row in rows]
    layout = Rows.drawn(width, label, named)
    values = [end for row in rows if known(row.get("value")) is not None for end in _ends(row, "value")]
    x = Scale(*_span(values or [0.0]), *layout.ends)
    layout.axis(x, label)
    for place, row in enumerate(rows):
        height = layout.write(place, is_strong=bool(row.get("is_model")))
        if known(row.get("value")) is not None:
            colour = "var(--zone)" if row.get("is_model") else "var(--quiet)"
            _interval(layout.drawing, x, height, _ends(row, "value"), colour, note=": ".join(named[place]))
    return layout.drawing.svg()


def _said(row: Mapping[str, Any]) -> list[str]:
    value, span = score_parts(row)
    return [value, f"({span})"] if span else [value]


def _interval(
    drawing: Drawing, x: Scale, y: float, ends: tuple[float, float, float], colour: str, *, note: str
) -> None:
    low, value, high = ends
    style = f"stroke:{colour};stroke-width:5;stroke-linecap:round;opacity:.4"
    drawing.line((x(low), y), (x(high), y), style=style)
    drawing.dot((x(value), y), 5.5, f"fill:{colour};stroke:var(--paper)", note=note)


def power_chart(features: Sequence[Mapping[str, Any]], label: str, width: float = WIDE) -> str:
    """Draw a bar with its interval a column, in the order given; at most twenty of them."""
    shown = [{**row, "value": row.get("increase")} for row in features[:MOST_FEATURES]]
    layout = Rows.drawn(width, "Power", [(str(row.get("name")), " ".join(_said(row))) for row in shown])
    values = [end for row in shown for end in _ends(row, "value")]
    low, high = min([0.0, *values]), max([0.0, *values])
    x = Scale(low, high + (high - low or 1) * 0.03, *layout.ends)
    layout.axis(x, label)
    for place, row in enumerate(shown):
        note = f"{layout.names[place]}: {layout.values[place]}"
        _bar(layout.drawing, x, layout.write(place), _ends(row, "value"), note=note)
    return layout.drawing.svg()


def _bar(drawing: Drawing, x: Scale, height: float, ends: tuple[float, float, float], *, note: str) -> None:
    least, middle, most = ends
    start, end = sorted((x(0), x(middle)))
    drawing.box(
        (start, height - 6), (end - start, 12), f"fill:var(--a);opacity:{0.8 if least > 0 else 0.35}", note=note
    )
    drawing.line((x(least), height), (x(most), height), style="stroke:var(--ink);stroke-width:1.5")


def calibration_chart(bins: Sequence[Mapping[str, Any]], width: float = WIDE) -> str:
    """Draw observed over predicted with an interval a bin; the diagonal is a model that means what it says."""
    rows = [row for row in bins if known(row.get("predicted")) is not None and known(row.get("observed")) is not None]
    drawing = Drawing(width, 400 if width > NARROW else 340, "Calibration")
    values = [end for row in rows for end in (*_ends(row, "observed"), float(row["predicted"]))] or [0.0, 1.0]
    both = _span(values, 0.03)
    y = Scale(*both, drawing.height - 50, 30)
    x = Scale(*both, 14 + max(text_width(short(tick)) for tick in y.ticks(56)), width - 12)
    drawing.axis_y(y, x.start, x.end)
    drawing.axis_x(x, y.start, y.end)
    drawing.line((x.start, y.start), (x.end, y.end), style="stroke:var(--soft);stroke-dasharray:5 5")
    drawing.text((2, 16), "observed")
    drawing.centred((x.start + x.end) / 2, y.start + 40, "predicted", within=(0, width))
    drawing.path([(x(row["predicted"]), y(row["observed"])) for row in rows], "stroke:var(--a);stroke-width:2")
    for row in rows:
        _calibrated(drawing, row, x, y)
    return drawing.svg()


def _calibrated(drawing: Drawing, row: Mapping[str, Any], x: Scale, y: Scale) -> None:
    low, observed, high = _ends(row, "observed")
    colour = "var(--a)" if agrees(row) else "var(--b)"
    across = x(row["predicted"])
    drawing.line((across, y(low)), (across, y(high)), style=f"stroke:{colour};stroke-width:2")
    said = " ".join(_said({**row, "value": observed}))
    note = f"predicted {number(row['predicted'])}, observed {said}, {counted(row.get('n'), 'row')}"
    drawing.dot((across, y(observed)), 5, f"fill:{colour};stroke:var(--paper)", note=note)


def agrees(row: Mapping[str, Any]) -> bool:
    """Whether what was predicted lies in the interval of what was observed."""
    low, _, high = _ends(row, "observed")
    return low <= float(row["predicted"]) <= high


def classes_chart(counts: Mapping[str, Mapping[str, Any]], width: float = WIDE) -> str:
    """Draw how the rows of each part divide into classes; at most thirty of them, the largest first.

    Parameters
    ----------
    counts
        Rows by class, by part: ``{"train": {"No": 4139}, "test": {"No": 1035}}``.
    width
        ``WIDE`` or ``NARROW``.
    """
    train, test = counts.get("train") or {}, counts.get("test") or {}
    totals = {name: (train.get(name) or 0) + (test.get(name) or 0) for name in [*train, *test]}
    shown = sorted(totals, key=lambda name: (-totals[name], name))[:MOST_ROWS]
    whole = sum(totals.values()) or 1
    said = [(str(name), f"{counted(totals[name], 'row')} ({percent(totals[name] / whole)})") for name in shown]
    layout = Rows.drawn(width, "Classes", said, below=6)
    x = Scale(0, max([*totals.values(), 1]), *layout.ends)
    for place, name in enumerate(shown):
        height, first = layout.write(place), train.get(name) or 0
        _piece(layout.drawing, x, (0, first), height, "var(--a)")
        _piece(layout.drawing, x, (first, totals[name]), height, "var(--b)")
    return layout.drawing.svg()


def partition_chart(facts: Mapping[str, Any], width: float = WIDE) -> str:
    """Draw which rows train, validate and test: the whole, then a bar a fold.

    Folds that cover the training part validate in turn, those of a time where they stand; others are drawn as
    training before validation.
    """
    rows, folds = facts.get("rows") or {}, list(facts.get("folds") or [])[:MOST_ROWS]
    train, test = rows.get("train") or 0, rows.get("test") or 0
    parts = [(fold.get("train") or 0, fold.get("validate") or 0) for fold in folds]
    named = [("all rows", _sum(train, test)), *((f"fold {n}", _sum(*part)) for n, part in enumerate(parts, 1))]
    layout = Rows.drawn(width, "Partition", named, below=6)
    x, drawing = Scale(0, sum(rows.values()) or 1, *layout.ends), layout.drawing
    height = layout.write(0, is_strong=True)
    start, later = _starts(facts.get("place") or {}, train)
    _piece(drawing, x, (start, start + train), height, "var(--a)")
    _piece(drawing, x, (later, later + test), height, "var(--b)")
    before = 0
    takes_turns = all("before" not in fold for fold in folds) and all(sum(part) >= train for part in parts)
    for place, (fold, (fit, validate)) in enumerate(zip(folds, parts, strict=True), 1):
        height = layout.write(place)
        start, later = (0, before % (train or 1)) if takes_turns else _starts(fold, fit)
        _piece(drawing, x, (start, train if takes_turns else start + fit), height, "var(--a)", opacity=0.45)
        _piece(drawing, x, (later, later + validate), height, "var(--zone)")
        before += validate
    return drawing.svg()


def _starts(place: Mapping[str, Any], fit: float) -> tuple[float, float]:
    """Return where a bar begins, and where what comes after it does."""
    before = place.get("before") or 0
    return before, before + fit + (place.get("between") or 0)


def _sum(first: float, second: float) -> str:
    return f"{short(first)} + {short(second)}"


def _piece(drawing: Drawing, x: Scale, rows: tuple[float, float], y: float, colour: str, *, opacity: float = 1) -> None:
    size = (x(rows[1]) - x(rows[0]), 14.0)
    drawing.box((x(rows[0]), y - 7), size, f"fill:{colour};opacity:{opacity:g}", note=counted(rows[1] - rows[0], "row"))


def timeline_chart(activities: Sequence[Mapping[str, Any]], width: float = WIDE) -> str:
    """Draw a bar a stage, from its start to its end, with what became of it."""
    spans = [(known(a.get("start_s")) or 0.0, known(a.get("wall_s")) or 0.0) for a in activities]
    layout = Rows.drawn(width, "Timeline", [(str(a.get("stage")), _outcome(a)) for a in activities])
    x = Scale(0, max([start + wall for start, wall in spans] or [0]) or 1, *layout.ends)
    layout.axis(x, "seconds since the start")
    for place, (activity, (start, wall)) in enumerate(zip(activities, spans, strict=True)):
        height = layout.write(place)
        style = f"fill:{TONES.get(str(activity.get('outcome') or 'done'), 'var(--block)')}"
        note = f"{layout.names[place]}: {layout.values[place]}"
        layout.drawing.box((x(start), height - 7), (max(x(start + wall) - x(start), 3), 14), style, note=note)
    return layout.drawing.svg()


def _outcome(activity: Mapping[str, Any]) -> str:
    outcome, wall = str(activity.get("outcome") or "done"), activity.get("wall_s")
    if outcome == "done":
        return duration(wall)
    return outcome if known(wall) is None else f"{outcome}, {duration(wall)}"
