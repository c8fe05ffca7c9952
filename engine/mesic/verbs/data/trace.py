"""``mesic data trace``: what became of one row, and why."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mesic.config.verb import configured
from mesic.console import print_json, print_text
from mesic.host.components import option


@dataclass
class TraceSettings:
    """The keys of ``mesic data trace``."""

    run: str = option("???", "the folder of a run or a check")
    row: int | None = option(None, "its number in the source, from 0", low=0)
    key: str | None = option(None, "or what it holds in the column that source.key declares")


def main(arguments: list[str], *, as_json: bool) -> int:
    """Say what became of a row; return the exit status."""
    settings = configured("data trace", arguments, TraceSettings)
    if settings is None:
        return 0
    from mesic.runs.tracing import trace

    found = trace(Path(settings.run), row=settings.row, key=settings.key)
    if as_json:
        print_json({"run": settings.run, **asdict(found), "is_learned_from": found.is_learned_from})
        return 0
    for line in trace_lines(found):
        print_text(line)
    return 0


def trace_lines(found: Any) -> list[str]:
    """Return a trace as people read it."""
    from mesic.report.words import counted

    used = "is learned from" if found.is_learned_from else "is not learned from"
    lines = [f"row {found.row} {used}: {found.why}"]
    if found.folds:
        lines.append(f"  validates fold {' and '.join(map(str, found.folds))}")
    if found.times is not None and (found.times, found.weight) not in ((0, 0.0), (1, 1.0)):
        lines.append(f"  seen {counted(found.times, 'time')} by the final fit, standing for {found.weight:.4g} rows")
    if found.twins:
        lines.append(f"  says the same as row{'s' * (len(found.twins) > 1)} {', '.join(map(str, found.twins))}")
    for answer in found.answers:
        shares = ", ".join(f"{name} {value:.3g}" for name, value in answer.items() if name.startswith("p_"))
        said = f"predicted {_said(answer['prediction'])}" + (f" ({shares})" if shares else "")
        lines.append(f"  {answer['part']}: {said}, target {_said(answer['target'])}, loss {answer['loss']:.4g}")
    for finding in found.findings:
        facts = ", ".join(f"{name} {_said(value)}" for name, value in finding.items() if name not in ("code", "row"))
        lines.append(f"  named by {finding['code']}" + (f": {facts}" if facts else ""))
    return lines


def _said(value: Any) -> str:
    return repr(value) if isinstance(value, str) else f"{value:.6g}"
