"""``mesic check``: all problems at once, before any work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mesic.console import print_json, print_text
from mesic.errors import CheckFailed, ComponentError, ConfigError, MesicError, SettingError

USAGE = """\
mesic check [run overrides] | schema=FILE | bundle=DIR [policy=FILE] [target=NAME] | artefact=DIR [trust=true]
            | card=DIR | plugins
            | package=DISTRIBUTION [schema=FILE]

  mesic check source=table source.path=t.csv source.target=y -m seed=1,2   a configuration, or a sweep's
  mesic check schema=schema.yaml     a schema file
  mesic check bundle=RUN/bundle      every digest, the end-to-end rows answered again, and what speaks against deploying
  mesic check bundle=RUN/bundle policy=policy.yaml   the same with waivers, approver and the like from a file
  mesic check artefact=DIR           every digest, and the proof made again: each door asked each row
  mesic check artefact=DIR trust=true   the same where it was built elsewhere: its programs are run
  mesic check card=RUN/card          nobody edited it, and its data are as they were
  mesic check plugins                every installed component can be imported, and its declaration holds
  mesic check package=acme-ml        every component of a distribution keeps every promise of its kind
  mesic check package=acme-ml schema=schema.yaml   the same on rows as a project's schema describes them"""


def main(arguments: list[str], *, as_json: bool) -> int:
    """Check what the arguments name; exit status as of what is wrong."""
    if {"-h", "--help"} & set(arguments):
        print_text(USAGE)
        return 0
    what, work = _chosen(arguments)
    try:
        told = _checked(work())
    except MesicError as error:
        if as_json:
            problems = getattr(error, "problems", [str(error)])
            print_json({"checked": what, "ok": False, "problems": problems})
            return error.exit_status
        raise
    if as_json:
        print_json({"checked": what, "ok": not told.problems, "problems": told.problems, **told.more})
    else:
        print_text(f"{what}: {told.text}")
    return CheckFailed.exit_status if told.problems else 0


@dataclass(frozen=True)
class Checked:
    """What a check came to: what people read, the problems, and what ``--json`` has beside them."""

    text: str
    problems: list[str] = field(default_factory=list)
    more: Mapping[str, Any] = field(default_factory=dict)


def _checked(told: str | Checked) -> Checked:
    return Checked(told) if isinstance(told, str) else told


def _chosen(arguments: list[str]) -> tuple[str, Callable[[], str | Checked]]:
    said = dict(argument.partition("=")[::2] for argument in arguments)
    if said.get("package") and len(said) == len(arguments) and said.keys() <= {"package", "schema"}:
        return f"package {said['package']}", lambda: check_package(**said)
    if said.get("bundle") and len(said) == len(arguments) and said.keys() <= {"bundle", "policy", "target"}:
        return f"bundle {said['bundle']}", lambda: check_bundle(**said)
    if said.get("artefact") and len(said) == len(arguments) and said.keys() <= {"artefact", "trust"}:
        return f"artefact {said['artefact']}", lambda: check_artefact(
            Path(said["artefact"]), said.get("trust", "false")
        )
    if len(arguments) == 1:
        word, _, path = arguments[0].partition("=")
        if word == "schema" and path:
            return f"schema {path}", lambda: check_schema(Path(path))
        if word == "card" and path:
            return f"card {path}", lambda: check_card(Path(path))
        if arguments[0] == "plugins":
            return "plugins", check_plugins
    return "configuration", lambda: check_configuration(arguments)


def check_configuration(arguments: list[str]) -> str:
    """Raise ConfigError with every problem of a run's configuration."""
    from mesic.config.launch import parsed
    from mesic.config.problems import problems_of

    args = parsed(arguments)
    problems = problems_of("run", args.overrides, sweep=args.multirun)
    if problems:
        raise ConfigError(problems)
    return "no problem found"


def check_schema(path: Path) -> str:
    """Raise UsageError where a schema file cannot work."""
    from mesic.data.schema import load_schema

    return f"{len(load_schema(path).columns)} columns, all rules can be kept"


def check_bundle(bundle: str, policy: str = "", target: str = "") -> Checked:
    """Review a bundle; raise CheckFailed where it was altered, or answers its end-to-end rows differently."""
    from mesic.bundle.bundle import load_bundle
    from mesic.reviewing.reviews import review
    from mesic.reviewing.telling import review_lines

    loaded = load_bundle(Path(bundle))
    rows = loaded.check_end_to_end()
    found = review(loaded, target, policy=policy or None)
    files = len(loaded.manifest["files"])
    told = f"{files} files as sealed, {rows} end-to-end rows answered alike ({loaded.digest[:12]})"
    lines = "\n".join([told, *review_lines(found)])
    problems = [f"{objection.code}: {objection.message}" for objection in found.blocking]
    return Checked(lines, problems, {"review": found.as_dict()})


def check_artefact(folder: Path, trust: str = "false") -> str:
    """Raise CheckFailed where an artefact was altered, has expired, or answers otherwise than its bundle did.

    One that was not built here is asked only with `trust`: its doors are programs.
    """
    from mesic.deployment.artefact import load_artefact
    from mesic.deployment.known import is_known

    if trust not in ("true", "false"):
        raise SettingError("trust", trust, "true or false")
    artefact = load_artefact(folder)
    if trust == "false" and not is_known(str(artefact.manifest["digest"])):
        raise CheckFailed(
            f"artefact {folder} has the files that its maker sealed, but was not built here, and to ask it is to run "
            "its programs: add trust=true where you trust who made it"
        )
    proof = artefact.check()
    rows, doors = sum(proof["rows"].values()), ", ".join(proof["doors"])
    return f"{len(artefact.manifest['files'])} files as built, {rows:,} rows answered alike by {doors}"


def check_card(folder: Path) -> str:
    """Raise CheckFailed where a card is stale, UsageError where somebody edited it."""
    from mesic.card.folder import check_card

    return check_card(folder)


def check_package(package: str, schema: str = "") -> str:
    """Raise CheckFailed where a distribution's component breaks a promise, ComponentError where nothing is offered."""
    from mesic.testing.package import check_package

    return check_package(package, Path(schema) if schema else None)


def check_plugins() -> str:
    """Raise ComponentError where a plugin or a component of one is broken."""
    from mesic.host.building import load_target
    from mesic.host.registry import installed

    registry = installed()
    offers = list(registry)
    problems = [f"{plugin.provider} ({plugin.provider.entry_point}): {plugin.error}" for plugin in registry.broken]
    for offer in offers:
        try:
            load_target(offer)
        except ComponentError as error:
            problems.append(str(error))
    names: dict[tuple[str, str], list[str]] = {(o.kind.name, o.component.name): [] for o in offers}
    for offer in offers:
        names[offer.kind.name, offer.component.name].append(str(offer.provider))
    problems += [f"{k}/{n} is offered by {' and '.join(p)}" for (k, n), p in names.items() if len(p) > 1]
    if problems:
        raise CheckFailed("\n  ".join(["broken:", *problems]))
    return f"{len(offers)} components of {len(registry.providers)} plugins can be imported"
