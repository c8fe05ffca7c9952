"""What a sweep found: a table for people, results.csv, best.yaml, and the picture."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

from mesic.runs.files import write_text
from mesic.sweeping.picture import sweep_chart
from mesic.sweeping.space import Space, key_of, overrides_of
from mesic.sweeping.study import LOST, REASON, RETRY_OF, SECONDS, counted, is_lost, reasons

CSV, BEST, PICTURE = "results.csv", "best.yaml", "sweep.svg"
MOST_SHOWN = 10
STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


def best_trials(study: Study) -> list[FrozenTrial]:
    """Return the best trial, or those of the front of several objectives; none where no trial meets the constraints."""
    if len(study.directions) > 1:
        return list(study.best_trials)
    try:
        return [study.best_trial]
    except ValueError:  # no trial is complete and feasible
        return []


def violation(trial: FrozenTrial) -> float:
    """Return by how much a trial violates its constraints, all together."""
    return sum(max(0.0, float(value)) for value in trial.constraints.values())


def write_results(study: Study, space: Space, fixed: Sequence[str], folder: Path) -> None:
    """Write results.csv, best.yaml and sweep.svg, each all or nothing."""
    write_text(folder / CSV, csv_text(study, space))
    found = [_ready(trial, fixed) for trial in best_trials(study)]
    write_text(folder / BEST, yaml.safe_dump(found, sort_keys=False, allow_unicode=True))
    write_text(folder / PICTURE, sweep_chart(study, [trial.number for trial in best_trials(study)]))


def _ready(trial: FrozenTrial, fixed: Sequence[str]) -> dict[str, Any]:
    return {"trial": trial.number, "values": list(trial.values), "overrides": [*fixed, *drawn_overrides(trial)]}


def drawn_overrides(trial: FrozenTrial) -> list[str]:
    """Return the overrides that the study drew for a trial."""
    return overrides_of({key_of(name): value for name, value in trial.params.items()})


def csv_text(study: Study, space: Space) -> str:
    """Return every trial, also the failed and the lost, as a table of commas."""
    text = io.StringIO()
    rows = [_row(trial, len(study.directions)) for trial in study.get_trials(deepcopy=False)]
    constraints = sorted({name for row in rows for name in row if name.startswith("constraint ")})
    columns = ["trial", "state", *value_names(study), *space.every(), *constraints, "seconds", "reason", "retry_of"]
    writer = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def value_names(study: Study) -> list[str]:
    """Return what the objectives are called: value, or value_0, value_1, ..."""
    count = len(study.directions)
    return ["value"] if count == 1 else [f"value_{place}" for place in range(count)]


def _row(trial: FrozenTrial, objectives: int) -> dict[str, Any]:
    values = trial.values or [None] * objectives
    names = ["value"] if objectives == 1 else [f"value_{place}" for place in range(objectives)]
    state = LOST if is_lost(trial) else STATES.get(trial.state, "running")
    said = {"seconds": SECONDS, "reason": REASON, "retry_of": RETRY_OF}
    told = {column: trial.user_attrs.get(attribute) for column, attribute in said.items()}
    constraints = {f"constraint {name}": value for name, value in trial.constraints.items()}
    return {"trial": trial.number, "state": state, **dict(zip(names, values, strict=True)), **trial.params} | (
        constraints | told
    )


def ranked(study: Study) -> list[FrozenTrial]:
    """Return the complete trials, the best first; those that violate constraints last."""
    sign = -1.0 if study.directions[0] == StudyDirection.MAXIMIZE else 1.0
    front = {trial.number for trial in best_trials(study)}
    done = [trial for trial in counted(study) if trial.state == TrialState.COMPLETE]
    return sorted(done, key=lambda trial: (violation(trial), trial.number not in front, sign * trial.values[0]))


def table_text(study: Study, space: Space, width: int = 120) -> str:
    """Return the best trials as a table for the terminal."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    shown = ranked(study)[:MOST_SHOWN]
    table = Table("trial", *value_names(study), *space.every(), box=box.SIMPLE_HEAD)
    for trial in shown:
        values = [_cell(value) for value in trial.values]
        drawn = [_cell(trial.params.get(name, "")) for name in space.every()]
        table.add_row(f"{trial.number}{' *' if violation(trial) else ''}", *values, *drawn)
    text = io.StringIO()
    Console(file=text, width=width, highlight=False).print(table)
    return text.getvalue().rstrip()


def _cell(value: Any) -> str:
    text = f"{value:.5g}" if isinstance(value, float) else str(value)
    return text.replace("[", r"\[")


def summary_lines(study: Study, fixed: Sequence[str], folder: Path) -> Iterator[str]:
    """Yield what a sweep found, in words."""
    trials = counted(study)
    counts = {said: sum(trial.state == state for trial in trials) for state, said in STATES.items()}
    yield f"{len(trials)} trials: " + ", ".join(f"{count} {said}" for said, count in counts.items() if count)
    for reason, numbers in reasons(study).items():
        yield f"  failed: {reason} (trials {', '.join(map(str, numbers))})"
    found = best_trials(study)
    if found:
        yield from (_best_line(trial, fixed) for trial in found[:MOST_SHOWN])
        if len(found) > MOST_SHOWN:
            yield f"and {len(found) - MOST_SHOWN} more on the front"
    elif nearest := ranked(study)[:1]:
        missed = _missed(nearest[0].constraints)
        yield f"no trial meets the constraints; the nearest is trial {nearest[0].number}, which misses {missed}"
    yield f"{folder}: {CSV}, {BEST}, {PICTURE}"


def _missed(constraints: Mapping[str, float]) -> str:
    return ", ".join(f"{name} by {value:.4g}" for name, value in constraints.items() if value > 0)


def _best_line(trial: FrozenTrial, fixed: Sequence[str]) -> str:
    values = ", ".join(f"{value:.6g}" for value in trial.values)
    return f"best: trial {trial.number}, {values}: {' '.join([*fixed, *drawn_overrides(trial)])}"
