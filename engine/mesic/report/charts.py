"""The charts of a run, from plain numbers of its record."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import median
from typing import Any

from mesic.report.svg import Drawing, Scale, short

WIDTH = 720.0
LEFT, RIGHT = 64.0, 700.0
LOSS, TRAIN = "stroke:var(--a);stroke-width:2.5", "stroke:var(--b);stroke-width:2;stroke-dasharray:5 4"


def zone_chart(zone: Mapping[str, Any]) -> str:
    """Draw loss and training loss over model complexity, the zone of solutions shaded, the choice marked."""
    trials = [
        t for t in zone.get("trials", []) if t.get("complexity") and t["complexity"] > 0 and t["loss"] is not None
    ]
    drawing = Drawing(WIDTH, 420, "The zone of solutions")
    if not trials:
        drawing.text(LEFT, 60, "No trial has a complexity to draw the zone over.", css="soft")
        return drawing.svg()
    trials = sorted(trials, key=lambda trial: (trial["complexity"], trial["number"]))
    x, y = _zone_scales(trials, zone)
    _shade(drawing, zone, x, y)
    drawing.axis_x(x, y.start, f"model complexity ({zone.get('complexity') or 'size'}, log scale)", y.end)
    drawing.axis_y(y, x.start, f"{zone.get('loss', 'loss')} a row", x.end)
    _baseline(drawing, zone, x, y)
    _curves(drawing, trials, x, y)
    _trials(drawing, trials, zone, x, y)
    drawing.text(x.start + 8, y.end + 16, "too simple: bias", css="soft")
    drawing.text(x.end - 8, y.end + 16, "too complex: variance", anchor="end", css="soft")
    _zone_legend(drawing)
    return drawing.svg()


def _zone_scales(trials: Sequence[Mapping[str, Any]], zone: Mapping[str, Any]) -> tuple[Scale, Scale]:
    sizes = [trial["complexity"] for trial in trials]
    losses = [trial["loss"] + trial["loss_se"] for trial in trials]
    losses += [trial["loss"] - trial["loss_se"] for trial in trials]
    losses += [trial["train_loss"] for trial in trials if trial["train_loss"] is not None]
    baseline = zone.get("baseline_loss")
    span = max(losses) - min(losses) or abs(max(losses)) or 1.0
    if baseline is not None and baseline < max(losses) + 2 * span:
        losses.append(baseline)
    span = max(losses) - min(losses) or span
    x = Scale(min(sizes) / 1.25, max(sizes) * 1.25, LEFT, RIGHT, log=True)
    return x, Scale(min(losses) - 0.05 * span, max(losses) + 0.12 * span, 330, 50)


def _shade(drawing: Drawing, zone: Mapping[str, Any], x: Scale, y: Scale) -> None:
    edges = zone.get("complexity_edges")
    if not edges:
        return
    low, high = x(edges[0] / 1.06), x(edges[1] * 1.06)
    drawing.box(low, y.end, max(high - low, 10), y.start - y.end, "fill:var(--zone);opacity:.16")
    middle = min(max((low + high) / 2, x.start + 60), x.end - 60)
    style = "fill:var(--zone);font-weight:600"
    drawing.text(
        middle, y.start - 10, f"zone: {len(zone['members'])} of {len(zone['trials'])}", anchor="middle", style=style
    )


def _baseline(drawing: Drawing, zone: Mapping[str, Any], x: Scale, y: Scale) -> None:
    loss = zone.get("baseline_loss")
    if loss is not None and loss <= y.high:
        drawing.line(x.start, y(loss), x.end, y(loss), "stroke:var(--soft);stroke-dasharray:2 4")
        drawing.text(x.start + 8, y(loss) - 6, "always predicting the same", css="soft")


def _curves(drawing: Drawing, trials: Sequence[Mapping[str, Any]], x: Scale, y: Scale) -> None:
    for key, style in (("loss", LOSS), ("train_loss", TRAIN)):
        points = _medians([(t["complexity"], t[key]) for t in trials if t[key] is not None])
        if len(points) > 1:
            drawing.path([(x(size), y(loss)) for size, loss in points], f"{style};opacity:.75")


def _medians(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Thin scattered points out to a line: medians of at most eight neighbourhoods."""
    size = max(1, -(-len(points) // 8))
    groups = [points[start : start + size] for start in range(0, len(points), size)]
    return [(median(x for x, _ in group), median(y for _, y in group)) for group in groups]


def _trials(drawing: Drawing, trials: Sequence[Mapping[str, Any]], zone: Mapping[str, Any], x: Scale, y: Scale) -> None:
    for trial in trials:
        where, note = x(trial["complexity"]), _trial_note(trial)
        if trial["train_loss"] is not None:
            drawing.dot(where, y(trial["train_loss"]), 2.5, "fill:var(--b);opacity:.7")
        error = trial["loss_se"]
        drawing.line(where, y(trial["loss"] - error), where, y(trial["loss"] + error), "stroke:var(--a);opacity:.6")
        colour = "var(--zone)" if trial["in_zone"] else "var(--a)"
        drawing.dot(where, y(trial["loss"]), 4.5, f"fill:{colour};stroke:var(--paper)", note)
    chosen = next((trial for trial in trials if trial["number"] == zone.get("chosen")), None)
    if chosen:
        where, height = x(chosen["complexity"]), y(chosen["loss"])
        drawing.dot(where, height, 10, "fill:none;stroke:var(--zone);stroke-width:2.5", _trial_note(chosen))
        side = -1 if where > (x.start + x.end) / 2 else 1
        anchor = "end" if side < 0 else "start"
        drawing.text(where + side * 15, height - 11, "chosen", anchor=anchor, style="font-weight:600")


def _trial_note(trial: Mapping[str, Any]) -> str:
    params = ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in trial["params"].items()
    )
    return f"trial {trial['number']}: loss {trial['loss']:.4g} (standard error {trial['loss_se']:.2g}); {params}"


def _zone_legend(drawing: Drawing) -> None:
    drawing.path([(LEFT, 400), (LEFT + 26, 400)], LOSS)
    drawing.text(LEFT + 34, 404, "rows not seen, with standard error")
    drawing.path([(LEFT + 300, 400), (LEFT + 326, 400)], TRAIN)
    drawing.text(LEFT + 334, 404, "rows trained on")


def interval_chart(rows: Sequence[Mapping[str, Any]], title: str, label: str) -> str:
    """Draw a dot with its interval a row; `rows` hold ``name``, ``value``, ``low``, ``high``."""
    rows = [row for row in rows if row["value"] is not None]
    drawing = Drawing(WIDTH, 70 + 26 * len(rows), title)
    if not rows:
        return Drawing(WIDTH, 30, title).svg()
    ends = [row[end] if row[end] is not None else row["value"] for row in rows for end in ("low", "high")]
    ends += [row["value"] for row in rows]
    span = max(ends) - min(ends) or abs(max(ends)) or 1.0
    x = Scale(min(ends) - 0.04 * span, max(ends) + 0.04 * span, 220, RIGHT)
    bottom = 20 + 26 * len(rows)
    drawing.axis_x(x, bottom, label, 10)
    for place, row in enumerate(rows):
        y = 24 + 26 * place
        name = str(row["name"])
        drawing.text(210, y + 4, name if len(name) <= 28 else name[:27] + "…", anchor="end")
        colour = "var(--zone)" if row.get("is_model") else "var(--a)"
        low, high = (row[end] if row[end] is not None else row["value"] for end in ("low", "high"))
        drawing.line(x(low), y, x(high), y, f"stroke:{colour};stroke-width:3;opacity:.5")
        drawing.dot(x(row["value"]), y, 5, f"fill:{colour}", f"{name}: {row['value']:.4g} ({low:.4g} to {high:.4g})")
    return drawing.svg()


def calibration_chart(bins: Sequence[Mapping[str, Any]], title: str) -> str:
    """Draw observed over predicted with an interval a bin, and the diagonal of a model that means what it says."""
    drawing = Drawing(WIDTH, 400, title)
    values = [b[key] for b in bins for key in ("predicted", "observed", "low", "high") if b[key] is not None]
    if not values:
        return Drawing(WIDTH, 30, title).svg()
    x = Scale(min(values), max(values), LEFT, RIGHT)
    y = Scale(min(values), max(values), 340, 40)
    drawing.axis_x(x, 340, f"predicted {title}", 40)
    drawing.axis_y(y, LEFT, "observed", RIGHT)
    drawing.line(x(x.low), y(y.low), x(x.high), y(y.high), "stroke:var(--soft);stroke-dasharray:4 4")
    drawing.path([(x(b["predicted"]), y(b["observed"])) for b in bins], "stroke:var(--a);stroke-width:2")
    for b in bins:
        if b["low"] is not None and b["high"] is not None:
            drawing.line(x(b["predicted"]), y(b["low"]), x(b["predicted"]), y(b["high"]), "stroke:var(--a)")
        note = f"predicted {b['predicted']:.4g}, observed {b['observed']:.4g}, {b['n']:,} rows"
        drawing.dot(x(b["predicted"]), y(b["observed"]), 4.5, "fill:var(--a)", note)
    return drawing.svg()


def histogram(edges: Sequence[float], counts: Sequence[int], title: str, label: str) -> str:
    """Draw how often values fall between the edges."""
    drawing = Drawing(WIDTH, 260, title)
    x, y = Scale(edges[0], edges[-1], LEFT, RIGHT), Scale(0, max([*counts, 1]), 200, 30)
    drawing.axis_x(x, 200, label, 30)
    drawing.axis_y(y, LEFT, "rows", RIGHT)
    for (low, high), count in zip(pairwise(edges), counts, strict=True):
        note = f"{low:.4g} to {high:.4g}: {count:,} rows"
        drawing.box(x(low) + 0.5, y(count), x(high) - x(low) - 1, 200 - y(count), "fill:var(--a)", note)
    return drawing.svg()


def timeline_chart(activities: Sequence[Mapping[str, Any]]) -> str:
    """Draw a bar a stage, from its start to its end."""
    stages = [a for a in activities if a.get("event") == "start" and a.get("stage") != "run"]
    drawing = Drawing(WIDTH, 60 + 24 * len(stages), "Timeline")
    if not stages:
        return drawing.svg()
    end = max(a.get("start_s", 0) + (a.get("wall_s") or 0) for a in stages)
    x, bottom = Scale(0, end or 1, 120, RIGHT - 70), 12 + 24 * len(stages)
    drawing.axis_x(x, bottom, "seconds since the start", 8)
    for place, activity in enumerate(stages):
        start, wall = activity.get("start_s", 0), activity.get("wall_s") or 0
        colour = "var(--a)" if activity.get("outcome") == "done" else "var(--b)"
        drawing.text(112, 26 + 24 * place, str(activity["stage"]), anchor="end")
        drawing.box(x(start), 14 + 24 * place, max(x(start + wall) - x(start), 2), 16, f"fill:{colour}")
        drawing.text(x(start + wall) + 6, 26 + 24 * place, f"{wall:.2f} s", css="soft")
    return drawing.svg()


def shares_chart(parts: Mapping[str, int], title: str) -> str:
    """Draw how many rows stand in each part."""
    drawing, total = Drawing(WIDTH, 70, title), sum(parts.values()) or 1
    x = 0.0
    for place, (name, count) in enumerate(parts.items()):
        width = WIDTH * count / total
        style = f"fill:var({('--a', '--b', '--zone')[place % 3]});opacity:.8"
        drawing.box(x, 8, width - 2, 28, style, f"{name}: {count:,} rows")
        drawing.text(min(x + 2, WIDTH - 130), 56, f"{name}: {short(count)} rows")
        x += width
    return drawing.svg()
