"""The picture of the zone of solutions: loss over model complexity, and where both bias and variance are low.

References
----------
A. Burkov, Machine Learning Engineering, 2020, chapter 5: the zone of solutions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from mesic.report.svg import WIDE, Drawing, Point, Scale, short, text_width
from mesic.report.trend import one_a_place, trend
from mesic.report.words import counted, known, number
from mesic.report.zone_panel import HEIGHT, draw_panel, has_panel, heights

SEEN, UNSEEN, MEMBER = "var(--b)", "var(--a)", "var(--zone)"
UNSEEN_LINE, SEEN_LINE = f"stroke:{UNSEEN};stroke-width:2.5", f"stroke:{SEEN};stroke-width:2;stroke-dasharray:6 4"
BASELINE_LINE = "stroke:var(--soft);stroke-width:1.5;stroke-dasharray:2 4"
TAKEABLE, ONLY_IN = f"fill:{MEMBER};stroke:var(--paper)", f"fill:var(--paper);stroke:{MEMBER};stroke-width:1.8"
COMPLETE, PRUNED = f"fill:{UNSEEN};stroke:var(--paper)", f"fill:var(--paper);stroke:{UNSEEN};opacity:.8"


@dataclass(frozen=True)
class Dot:
    """A trial as it is drawn."""

    number: Any
    x: float
    loss: float
    error: float
    train: float | None
    in_zone: bool
    look: str
    note: str

    @property
    def is_out(self) -> bool:
        """Whether it was clearly worse on its first folds."""
        return self.look == PRUNED


@dataclass(frozen=True)
class Picture:
    """What every part of the picture needs."""

    drawing: Drawing
    x: Scale
    y: Scale
    dots: Sequence[Dot]
    has_sizes: bool
    is_sweep: bool
    bottom: float

    def at(self, dot: Dot) -> Point:
        """Return where a trial stands."""
        return self.x(dot.x), self.y(dot.loss)


def zone_chart(zone: Mapping[str, Any], width: float = WIDE) -> str:
    """Draw loss and training loss over model complexity, the zone of solutions shaded, the choice marked.

    Below, where they are known, bias and variance over the same complexity.

    Parameters
    ----------
    zone
        As ``zone.json`` holds it; what is missing is left out of the picture.
    width
        ``WIDE`` or ``NARROW``.
    """
    dots, has_sizes = _dots(zone)
    drawing = Drawing(width, 60, "The zone of solutions")
    if not dots:
        drawing.text((8, 34), "No trial came to an end: there is no zone to draw.", css="soft")
        return drawing.svg()
    top = _legend(drawing, zone, dots) + 46
    drawing.height = top + (314 if drawing.is_narrow else 384)
    x, y = _scales(drawing, dots, zone, top, has_sizes)
    panel = HEIGHT + 12 if has_sizes and has_panel(zone.get("trials") or []) else 0.0
    drawing.height += panel
    picture = Picture(drawing, x, y, dots, has_sizes, _is_sweep(zone), y.start + panel)
    _shade(picture, zone)
    drawing.axis_y(y, x.start, x.end)
    drawing.axis_x(x, picture.bottom, picture.bottom)
    _axis_words(picture, zone)
    _baseline(picture, zone)
    _curves(picture)
    _trials(picture)
    _choice(picture, zone)
    if panel:
        drawing.line((x.start, y.start), (x.end, y.start), css="axis")
        draw_panel(drawing, x, y.start + 12, zone["trials"])
    return drawing.svg()


def _dots(zone: Mapping[str, Any]) -> tuple[list[Dot], bool]:
    """Return the trials that have a loss, and whether they can be told apart by size."""
    pruned = [{**trial, "pruned": True} for trial in zone.get("pruned") or []]
    trials = [trial for trial in [*(zone.get("trials") or []), *pruned] if known(trial.get("loss")) is not None]
    sized = [trial for trial in trials if (known(trial.get("complexity")) or 0) > 0]
    shown = [_dot(trial, "complexity" if sized else "number", zone) for trial in sized or trials]
    return sorted(shown, key=lambda dot: dot.x), bool(sized)


def _is_sweep(zone: Mapping[str, Any]) -> bool:
    """Whether one option alone was varied, so that trials lie on a curve rather than scatter."""
    return all(len(trial.get("params") or {}) <= 1 for trial in zone.get("trials") or [])


def _dot(trial: Mapping[str, Any], place: str, zone: Mapping[str, Any]) -> Dot:
    loss, error = known(trial["loss"]) or 0.0, known(trial.get("loss_se"))
    params = ", ".join(f"{name}={_value(value)}" for name, value in (trial.get("params") or {}).items())
    size = f"{number(trial.get('complexity'))} {zone.get('complexity') or ''}".strip()
    spread = "unknown" if error is None else f"{error:.2g}"
    known_by = "told from the best on its first folds" if trial.get("pruned") else f"standard error {spread}"
    note = f"trial {trial.get('number')}: {zone.get('loss') or 'loss'} {loss:.4g} ({known_by}); {size}"
    return Dot(
        trial.get("number"),
        known(trial.get(place)) or 0.0,
        loss,
        error or 0.0,
        known(trial.get("train_loss")),
        bool(trial.get("in_zone")),
        _look_of(trial),
        f"{note}; {params}" if params else note,
    )


def _look_of(trial: Mapping[str, Any]) -> str:
    if trial.get("in_zone"):
        return TAKEABLE if trial.get("takeable", True) else ONLY_IN
    return PRUNED if trial.get("pruned") else COMPLETE


def _value(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _scales(
    drawing: Drawing, dots: Sequence[Dot], zone: Mapping[str, Any], top: float, has_sizes: bool
) -> tuple[Scale, Scale]:
    low, high = _losses_shown(dots, known(zone.get("baseline_loss")))
    y = Scale(low, high, drawing.height - (84 if drawing.is_narrow else 64), top)
    ticks = [
        *y.ticks(56),
        *(heights(zone["trials"]).ticks(56) if has_sizes and has_panel(zone.get("trials") or []) else ()),
    ]
    left = 14 + max(text_width(short(tick)) for tick in ticks)
    first, last = dots[0].x, dots[-1].x
    ends = (first / 1.3, last * 1.3) if has_sizes else (first - 0.6, last + 0.6)
    return Scale(*ends, left, drawing.width - 12, log=has_sizes), y


def _losses_shown(dots: Sequence[Dot], baseline: float | None) -> tuple[float, float]:
    """Return the ends of the loss axis: the zone and what is near it, but no trial that went far astray."""
    best = min(dot.loss for dot in dots)
    reach = best + 6 * (median(dot.loss for dot in dots) - best)
    tops = [dot.loss + dot.error for dot in dots]
    high = max([*(top for top in tops if top <= reach), *(dot.loss for dot in dots if dot.in_zone)] or tops)
    trained = [dot.train for dot in dots if dot.train is not None]
    low = min([*trained, *(dot.loss - dot.error for dot in dots)])
    high = max([high, *(loss for loss in trained if loss <= max(high, reach))])
    span = high - low or abs(high) or 1.0
    if baseline is not None and high < baseline <= high + 0.8 * span:
        high = baseline
    return low - 0.06 * span, high + 0.08 * span


def _legend(drawing: Drawing, zone: Mapping[str, Any], dots: Sequence[Dot]) -> float:
    """Draw what the marks mean, as many to a line as fit; return where the lines end."""
    loss = zone.get("loss") or "loss"
    entries = [("line", UNSEEN_LINE, f"{loss} on rows not seen, ± standard error")]
    if any(dot.train is not None for dot in dots):
        entries.append(("line", SEEN_LINE, f"{loss} on rows trained on"))
    looks = {dot.look for dot in dots}
    entries.append(("dot", TAKEABLE, "in the zone" + (", may be taken" if ONLY_IN in looks else "")))
    entries += [("dot", ONLY_IN, "in the zone")] if ONLY_IN in looks else []
    entries += [("dot", COMPLETE, "outside")] if COMPLETE in looks else []
    entries += [("dot", PRUNED, "outside, by its first folds")] if PRUNED in looks else []
    entries.append(("ring", f"fill:none;stroke:{MEMBER};stroke-width:2.5", "chosen"))
    if known(zone.get("baseline_loss")) is not None:
        entries.append(("line", BASELINE_LINE, "always predicting the same"))
    x, y = 6.0, 18.0
    for kind, style, label in entries:
        wide = 34 + text_width(label) + 14
        if x > 6 and x + wide > drawing.width:
            x, y = 6.0, y + 21
        _mark(drawing, kind, style, (x, y - 4))
        drawing.text((x + 32, y), label)
        x += wide
    return y + 10


def _mark(drawing: Drawing, kind: str, style: str, at: Point) -> None:
    if kind == "line":
        drawing.line(at, (at[0] + 26, at[1]), style=style)
    else:
        drawing.dot((at[0] + 17, at[1]), 7 if kind == "ring" else 5, style)


def _shade(picture: Picture, zone: Mapping[str, Any]) -> None:
    inside = [dot for dot in picture.dots if dot.in_zone]
    if not picture.has_sizes or not inside:
        return
    low, high = picture.x(inside[0].x / 1.06), picture.x(inside[-1].x * 1.06)
    top, bottom = picture.y.end, picture.bottom
    drawing, members = picture.drawing, zone.get("members") or inside
    drawing.box((low, top), (high - low, bottom - top), f"fill:{MEMBER};opacity:.15", radius=0)
    for edge in (low, high):
        drawing.line((edge, top), (edge, bottom), style=f"stroke:{MEMBER};opacity:.55")
    tried = zone.get("of") or sum(len(zone.get(kind) or []) for kind in ("trials", "pruned"))
    said = f"zone of solutions: {len(members)} of {counted(tried, 'trial')}"
    bounds = (picture.x.start, picture.x.end)
    drawing.centred((low + high) / 2, top - 28, said, within=bounds, style=f"fill:{MEMBER};font-weight:600")


def _axis_words(picture: Picture, zone: Mapping[str, Any]) -> None:
    drawing, x, bottom = picture.drawing, picture.x, picture.bottom
    if not picture.has_sizes:
        drawing.centred((x.start + x.end) / 2, bottom + 42, "trials in their order", within=(0, drawing.width))
        return
    size = zone.get("complexity") or "size"
    label = f"model complexity: {size}, log scale"
    drawing.centred((x.start + x.end) / 2, bottom + 42, label, within=(0, drawing.width))
    line, ends, style = bottom + 42, (x.start, x.end), "font-weight:600"
    if drawing.is_narrow:
        line, ends, style = bottom + 66, (2.0, drawing.width - 2), "font-weight:600;font-size:12px"
    drawing.text((ends[0], line), "← too simple: bias", style=style)
    drawing.text((ends[1], line), "too complex: variance →", anchor="end", style=style)


def _baseline(picture: Picture, zone: Mapping[str, Any]) -> None:
    loss, x, y = known(zone.get("baseline_loss")), picture.x, picture.y
    if loss is None:
        return
    if loss <= y.high:
        picture.drawing.line((x.start, y(loss)), (x.end, y(loss)), style=BASELINE_LINE)
        return
    picture.drawing.line((x.start, y.end), (x.end, y.end), style=BASELINE_LINE)
    said = "↑ far above: always predicting the same"
    picture.drawing.text((x.end - 4, y.end + 16), said, anchor="end", css="soft halo")


def _curves(picture: Picture) -> None:
    unseen = [(dot.x, dot.loss) for dot in picture.dots]
    seen = [(dot.x, dot.train) for dot in picture.dots if dot.train is not None]
    if picture.is_sweep:
        _error_band(picture)
    for trials, style in ((seen, SEEN_LINE), (unseen, UNSEEN_LINE)):
        points = one_a_place(trials) if picture.is_sweep else trend(trials, log=picture.has_sizes)
        picture.drawing.curve([(picture.x(x), picture.y(loss)) for x, loss in points], style)


def _error_band(picture: Picture) -> None:
    dots = [dot for dot in picture.dots if not dot.is_out]
    upper = [(picture.x(dot.x), picture.y(dot.loss + dot.error)) for dot in dots]
    lower = [(picture.x(dot.x), picture.y(dot.loss - dot.error)) for dot in dots]
    picture.drawing.area([*upper, *reversed(lower)], f"fill:{UNSEEN};opacity:.12")


def _trials(picture: Picture) -> None:
    drawing, y = picture.drawing, picture.y
    for dot in picture.dots:
        if dot.train is not None:
            drawing.dot((picture.x(dot.x), y(dot.train)), 2.5, f"fill:{SEEN};opacity:.8")
    for dot in sorted(picture.dots, key=lambda dot: dot.in_zone):
        across, height = picture.at(dot)
        colour = MEMBER if dot.in_zone else UNSEEN
        ends = (across, y(dot.loss - dot.error)), (across, y(dot.loss + dot.error))
        drawing.line(*ends, style=f"stroke:{colour};opacity:.35")
        if dot.loss > y.high:
            shape = [(across - 6, height + 9), (across + 6, height + 9), (across, height)]
            drawing.area(shape, f"fill:{colour}")
        else:
            drawing.dot((across, height), 3.5 if dot.is_out else 4.5, dot.look, note=dot.note)


def _choice(picture: Picture, zone: Mapping[str, Any]) -> None:
    chosen = next((dot for dot in picture.dots if dot.number == zone.get("chosen")), None)
    if chosen is None:
        return
    drawing, (across, height) = picture.drawing, picture.at(chosen)
    style = f"stroke:{MEMBER};stroke-width:1.5"
    drawing.line((across, picture.y.end - 4), (across, height - 9), style=style)
    drawing.dot((across, height), 9, f"fill:none;{style};stroke-width:2.5", note=chosen.note)
    said = f"chosen: trial {chosen.number}"
    if picture.has_sizes:
        said += f", {_size_said(chosen.x, zone)}"
    bounds = (picture.x.start, picture.x.end)
    drawing.centred(across, picture.y.end - 9, said, within=bounds, style="font-weight:600")


def _size_said(size: float, zone: Mapping[str, Any]) -> str:
    unit = zone.get("complexity") or ""
    is_option = unit in (zone.get("edges") or {})
    return f"{unit} = {number(size)}" if is_option else f"{number(size)} {unit}".rstrip()
