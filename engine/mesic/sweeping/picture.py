"""The picture of a sweep: every trial in its order, and the best so far; or the front of two objectives."""

from collections.abc import Sequence
from dataclasses import dataclass

from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from mesic.report.svg import WIDE, Drawing, Point, Scale

TRIAL, BEST, CROSS = "fill:var(--a);opacity:.75", "var(--zone)", "stroke:var(--b);stroke-width:1.5"
UNMET = "fill:none;stroke:var(--quiet);stroke-width:1.5"
HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 380.0, 70.0, 20.0, 40.0, 60.0


@dataclass(frozen=True)
class Axes:
    """Where things stand in the picture."""

    drawing: Drawing
    x: Scale
    y: Scale

    def at(self, x: float, y: float) -> Point:
        """Return where a point stands."""
        return self.x(x), self.y(y)


def sweep_chart(study: Study, best: Sequence[int]) -> str:
    """Draw a study, standalone.

    Parameters
    ----------
    study
        With one objective the values over the trials are drawn, with more the second over the first.
    best
        The numbers of the trials that are marked.
    """
    drawing = Drawing(WIDE, HEIGHT, "The sweep")
    trials = study.get_trials(deepcopy=False)
    done = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    if not done:
        drawing.height = 60
        drawing.text((8, 34), "No trial came to an end: there is nothing to draw.", css="soft")
        return drawing.svg()
    several = len(study.directions) > 1
    points = {trial.number: (trial.values[0] if several else trial.number, trial.values[several]) for trial in done}
    last = float(trials[-1].number)
    axes = _axes(drawing, list(points.values()) + ([] if several else [(0.0, done[0].value), (last, done[0].value)]))
    _words(axes, several=several)
    if not several:
        _ends(axes, trials)
        _record_line(axes, done, study.directions[0])
    for trial in done:
        style = UNMET if any(value > 0 for value in trial.constraints.values()) else TRIAL
        drawing.dot(axes.at(*points[trial.number]), 4.5, style, note=_note(trial))
    for number in best:
        drawing.dot(
            axes.at(*points[number]), 8, f"fill:none;stroke:{BEST};stroke-width:2.5", note=f"best: trial {number}"
        )
    return drawing.svg()


def _axes(drawing: Drawing, points: Sequence[tuple[float, float]]) -> Axes:
    across, up = [point[0] for point in points], [point[1] for point in points]
    pad = (max(up) - min(up)) * 0.06 or abs(max(up)) * 0.1 or 1.0
    wide = (max(across) - min(across)) * 0.03 or 1.0
    x = Scale(min(across) - wide, max(across) + wide, LEFT, drawing.width - RIGHT)
    y = Scale(min(up) - pad, max(up) + pad, drawing.height - BOTTOM, TOP)
    drawing.axis_y(y, x.start, x.end)
    drawing.axis_x(x, y.start, y.start)
    return Axes(drawing, x, y)


def _words(axes: Axes, *, several: bool) -> None:
    drawing, middle = axes.drawing, (axes.x.start + axes.x.end) / 2
    across, up = ("value_0", "value_1") if several else ("trial", "value")
    drawing.centred(middle, axes.y.start + 42, across, within=(0, drawing.width))
    drawing.text((6, 18), up)
    said = "ringed: the front" if several else "ringed: best · hollow: misses a constraint · ticks: pruned or failed"
    drawing.text((axes.x.end, 18), said, anchor="end", css="soft")


def _ends(axes: Axes, trials: Sequence[FrozenTrial]) -> None:
    """Mark trials without a value on the axis."""
    for trial in trials:
        if trial.state in (TrialState.PRUNED, TrialState.FAIL):
            across = axes.x(trial.number)
            axes.drawing.line((across, axes.y.start), (across, axes.y.start - 9), style=CROSS)


def _record_line(axes: Axes, done: Sequence[FrozenTrial], direction: StudyDirection) -> None:
    better = max if direction == StudyDirection.MAXIMIZE else min
    points: list[Point] = []
    record: float | None = None
    for trial in done:
        if any(value > 0 for value in trial.constraints.values()):
            continue
        fresh = trial.values[0] if record is None else better(record, trial.values[0])
        if record is not None and fresh != record:
            points.append(axes.at(trial.number, record))
        points.append(axes.at(trial.number, fresh))
        record = fresh
    if len(points) > 1:
        axes.drawing.path(points, f"stroke:{BEST};stroke-width:2")


def _note(trial: FrozenTrial) -> str:
    values = ", ".join(f"{value:.5g}" for value in trial.values)
    return f"trial {trial.number}: {values}; " + ", ".join(f"{name}={value}" for name, value in trial.params.items())
