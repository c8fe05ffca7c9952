"""``mesic plan``: is machine learning worth it here, and what would it take; nothing is run and nothing written."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mesic.config.keys import key_lines
from mesic.config.launch import launch, parsed
from mesic.config.settings import RunSettings
from mesic.console import finding_lines, print_json, print_table, print_text, progress
from mesic.errors import ConfigError, UsageError

SHORT_S = 0.1


def main(arguments: list[str], *, as_json: bool) -> int:
    """Plan a run; return the exit status."""
    args = parsed(arguments)
    if args.help:
        print_text(
            "Keys of `mesic run`; `mesic list KIND/NAME` has those of a component; "
            "`mesic plan ab --help` and `mesic plan bandit --help` those of an A/B test and of a bandit.\n"
        )
        print_text("\n".join(key_lines(RunSettings)) + "\n")
    if args.cfg or args.info or args.help or args.hydra_help or args.shell_completion:
        launch("plan", arguments, lambda _: None, look=lambda _: None)
        return 0
    if args.multirun:
        raise UsageError("mesic plan plans one run: leave out -m")
    from mesic.config.composition import config_loader
    from mesic.config.problems import checked
    from mesic.verbs.run import plain

    problems, config = checked(config_loader(), "plan", args.overrides)
    if problems:
        raise ConfigError(problems)
    said = _planned(plain(config))
    if as_json:
        print_json(said)
    else:
        _print(said)
    return 0


def _planned(config: Mapping[str, Any]) -> dict[str, Any]:
    from mesic.host.registry import installed
    from mesic.planning.efficiency import efficiency
    from mesic.planning.estimate import estimate
    from mesic.planning.growth import growth_findings
    from mesic.planning.loops import loop_findings
    from mesic.planning.pilot import pilot
    from mesic.planning.questions import answers
    from mesic.runs.plan import import_components
    from mesic.runs.resources import available_cores, limited_threads

    threads = config["resources"]["threads"] or available_cores()
    with limited_threads(threads), progress("mesic plan") as say:
        import_components(installed(), config)
        found = pilot(config, installed(), threads=threads, say=say)
        said = answers(found, config)
        say("growth")
        grown, loops = efficiency(found, config)
        cost = estimate(found, config, Path("runs"), grown)
    slow = (*growth_findings(grown), *loop_findings(loops))
    return {
        "rows": len(found.dataset),
        "train": int(found.split.train.size),
        "test": int(found.split.test.size),
        "task": found.dataset.task,
        "learner": found.recipe.learner.name,
        "answers": [answer.as_dict() for answer in said],
        "findings": [finding.as_dict() for finding in (*found.findings, *found.audited.findings, *slow)],
        "growth": [one.as_dict() for one in grown],
        "loops": [loop.as_dict() for loop in loops],
        "estimate": cost.as_dict(),
    }


def _print(said: Mapping[str, Any]) -> None:
    print_text(
        f"{said['rows']:,} rows, a {said['task']} task: {said['train']:,} to learn from, {said['test']:,} to test on, "
        "which nobody has looked at\n"
    )
    rows = [[one["question"], one["answer"], one["why"]] for one in said["answers"]]
    print_table(
        ["question", "answer", "why"], rows, f"Is it worth it? (a pilot with learner={said['learner']}, out of fold)"
    )
    if said["growth"]:
        print_table(
            ["step", "CPU time", "grows like"], [_growth_row(one) for one in said["growth"]], "What a fit takes"
        )
    for line in finding_lines(said["findings"]):
        print_text(line)
    found = said["estimate"]
    stages = ", ".join(f"{stage} {seconds:.2g} s" for stage, seconds in found["stages"].items() if seconds >= 0.05)
    cost = "" if found["cost"] is None else f", {found['cost']:.2f} at costs.hour"
    print_text(f"\n`mesic run` would take about {found['seconds']:.3g} s{cost}, by {found['based_on']}: {stages}")


def _growth_row(one: Mapping[str, Any]) -> list[str]:
    from mesic.report.words import duration

    seconds = one["cpu_s"][-1]
    takes = f"{duration(seconds) if seconds >= SHORT_S else f'{1000 * seconds:.2g} ms'} on {one['rows'][-1]:,} rows"
    if one["exponent"] is None:
        return [one["step"], takes, one["why"]]
    return [one["step"], takes, f"n^{one['exponent']:.2f} ({one['low']:.2f} to {one['high']:.2f})"]
