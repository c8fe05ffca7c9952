"""One experiment, its stages in order. Read this first.

``source -> partition -> audit -> baselines -> search in the zone -> selection, examined -> fit -> decisions -> the test
part, opened once -> bundle``, then the report.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from mesic.caching.cache import StageCache, Use, told_of
from mesic.findings import Finding
from mesic.host.registry import notify
from mesic.report.page import render
from mesic.runs import beginning, deciding, evaluating, fitting, sealing, searching, selecting
from mesic.runs.files import write_text
from mesic.runs.record import PAGE
from mesic.runs.resources import release_free_memory
from mesic.runs.stages import Stage, Store, run_stage
from mesic.runs.state import Experiment
from mesic.runs.timeline import Activity, read_timeline

Work = Callable[[Experiment, Activity], None]


def carry_out(run: Experiment) -> None:
    """Do every stage, or those of a check; what a stage found is on disk before the next one starts."""
    stages: tuple[tuple[str, Work], ...] = (
        ("read", beginning.read),
        ("partition", beginning.divide),
        ("audit", beginning.audit_rows),
    )
    learning: tuple[tuple[str, Work], ...] = (
        ("baselines", beginning.cross_fit_baselines),
        ("search", searching.search_zone),
        *((("selection", selecting.examine_selection),) if run.config.get("selector") else ()),
        ("fit", fitting.fit),
        *((("decide", deciding.decide),) if deciding.is_asked(run.config) else ()),
        ("evaluate", evaluating.evaluate),
        ("bundle", sealing.pack),
    )
    for name, work in stages + (learning if run.record.facts["verb"] == "run" else ()):
        _stage(run, name, work)
    Store(run.folder / "stages").clear()
    run.record.digest_files()
    run.record.add(digests=run.digests)


def _stage(run: Experiment, name: str, work: Work) -> None:
    run.say(name)
    release_free_memory()
    run.memory.check(f"starting to {name}")
    with _booked(run, name) as activity:
        run_stage(run.registry, Stage(name, lambda: _done(run, name, work, activity)))
    run.record.save()


@contextmanager
def _booked(run: Experiment, name: str) -> Iterator[Activity]:
    with run.timeline.activity(name) as activity:
        yield activity
    line = read_timeline(run.folder)[-1]
    for deaf in notify(run.registry, "stage_finished", activity=line):
        run.record.find(deaf_finding(deaf.provider.entry_point, deaf.error))


def write_report(run: Experiment) -> None:
    """Draw the page, from record and timeline alone."""
    write_text(run.folder / PAGE, render(run.record.facts, read_timeline(run.folder)))


def _done(run: Experiment, name: str, work: Work, activity: Activity) -> bool:
    """Do a stage's work; a first-result hook needs an answer."""
    before = 0 if run.cache is None else len(run.cache.uses)
    work(run, activity)
    if run.cache is not None:
        activity.cache = told_of(run.cache.uses[before:])
        _tell_cache(run, run.cache, name, run.cache.uses[before:])
    return True


def _tell_cache(run: Experiment, cache: StageCache, stage: str, uses: Sequence[Use]) -> None:
    """Say in the record what a stage had of the cache."""
    run.record.find(*cache.findings)
    said = run.record.facts.setdefault("cache", {"folder": str(cache.folder.path), "stages": {}})
    if told := told_of(uses):
        said["stages"][stage] = {"cached": not told["misses"], **told, "uses": [use.facts() for use in uses]}


def deaf_finding(plugin: str, error: str) -> Finding:
    """Say that a plugin could not hear of a moment."""
    return Finding("PLUGIN-FAILED", "warning", f"plugin {plugin!r} failed to listen: {error}", {}, "mend or disable it")
