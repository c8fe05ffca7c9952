"""docs/configuration.md is compared with the settings and conf/; its commands are run."""

import dataclasses
import re
import types
import typing

import pytest
import yaml
from tests.conftest import CommandLine
from tests.docs.pages import DOCS, ROOT, blocks, sections, tables
from tests.docs.shell import mistakes, typed

from mesic.config.settings import RunSettings, SourceOptions, TunerOptions
from mesic.data.schema import COST, RULES, TOLD, Kind, Role
from mesic.host.kinds import KINDS
from mesic.serving.settings import ServeSettings
from mesic.streaming.settings import StreamOptions
from mesic.verbs.ab.settings import CompareAbSettings, PlanAbSettings
from mesic.verbs.advise.data import AdviseDataSettings
from mesic.verbs.bandit.compare import CompareBanditSettings
from mesic.verbs.bandit.plan import PlanBanditSettings
from mesic.verbs.compare import CompareSettings
from mesic.verbs.data.card import CardSettings
from mesic.verbs.data.diff import DiffSettings
from mesic.verbs.data.label import LabelSettings
from mesic.verbs.data.schema import SchemaSettings
from mesic.verbs.data.trace import TraceSettings
from mesic.verbs.deploy import DeploySettings
from mesic.verbs.live.canary import PlanCanarySettings
from mesic.verbs.live.outcomes import OutcomesSettings
from mesic.verbs.live.promote import PromoteSettings
from mesic.verbs.live.rollback import RollbackSettings
from mesic.verbs.live.status import StatusSettings
from mesic.verbs.log import LogSettings
from mesic.verbs.predict import PredictSettings
from mesic.verbs.report import ReportSettings
from mesic.verbs.reproduce import ReproduceSettings

PAGE = DOCS / "configuration.md"


WORDS = {int: "whole number", float: "number", str: "text", bool: "true or false", typing.Any: "mapping"}
SETTINGS = {
    "run": (("", RunSettings), ("source.", SourceOptions), ("tuner.", TunerOptions)),
    "predict": (("", PredictSettings),),
    "deploy": (("", DeploySettings),),
    "deploy status": (("", StatusSettings),),
    "deploy outcomes": (("", OutcomesSettings),),
    "deploy promote": (("", PromoteSettings),),
    "deploy rollback": (("", RollbackSettings),),
    "plan canary": (("", PlanCanarySettings),),
    "serve": (("", ServeSettings),),
    "data schema": (("", SchemaSettings),),
    "plan ab": (("", PlanAbSettings),),
    "compare": (("", CompareSettings),),
    "compare ab": (("", CompareAbSettings),),
    "plan bandit": (("", PlanBanditSettings),),
    "compare bandit": (("", CompareBanditSettings),),
    "advise data": (("", AdviseDataSettings),),
    "data card": (("", CardSettings),),
    "data diff": (("", DiffSettings),),
    "data label": (("", LabelSettings),),
    "data trace": (("", TraceSettings),),
    "report": (("", ReportSettings),),
    "reproduce": (("", ReproduceSettings),),
    "log": (("", LogSettings),),
}


def type_words(hint):
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        return " or ".join("null" if part is types.NoneType else type_words(part) for part in typing.get_args(hint))
    if origin is list:
        return f"list of {type_words(typing.get_args(hint)[0])}"
    return "mapping" if origin is dict else WORDS[hint]


def allowed_words(facts):
    if facts.get("choices"):
        return ", ".join(map(str, facts["choices"]))
    low, high = facts.get("low"), facts.get("high")
    start = "" if low is None else f"{'above' if facts.get('open_low') else 'from'} {low:.12g}"
    return start + ("" if high is None else f" to {high:.12g}")


def default_of(field):
    return field.default if field.default is not dataclasses.MISSING else field.default_factory()


def default_words(value):
    return "null" if value is None else "must be given" if value == "???" else str(value)


def declared(settings, prefix=""):
    """Yield key, field and type of every setting but groups, those of nested settings under their own key."""
    hints = typing.get_type_hints(settings)
    for field in (field for field in dataclasses.fields(settings) if prefix or field.name not in KINDS):
        if dataclasses.is_dataclass(hints[field.name]):
            yield from declared(hints[field.name], f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", field, hints[field.name]


@pytest.mark.parametrize("verb", SETTINGS)
def test_every_key_is_on_the_page_and_no_other(verb):
    said = [row[:4] for table in tables(sections(PAGE, 2)[f"Keys of `mesic {verb}`"]) for row in table[1:]]
    keys = [entry for prefix, settings in SETTINGS[verb] for entry in declared(settings, prefix)]

    assert said == [
        [key, type_words(hint), default_words(default_of(field)), allowed_words(field.metadata)]
        for key, field, hint in keys
    ]


def test_the_keys_of_every_stream_are_on_the_page():
    (table,) = tables(sections(PAGE, 2)["Keys that every stream has"])
    keys = list(declared(StreamOptions, "stream."))

    assert [row[:4] for row in table[1:]] == [
        [key, type_words(hint), default_words(default_of(field)), allowed_words(field.metadata)]
        for key, field, hint in keys
    ]


def flat(node, prefix=""):
    for key, value in node.items():
        if isinstance(value, dict) and value:
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@pytest.mark.parametrize("verb", SETTINGS)
def test_the_shipped_configuration_has_these_keys_and_defaults(verb):
    shipped = yaml.safe_load((ROOT / "conf" / f"{verb.replace(' ', '_')}.yaml").read_text())
    own = dict(flat({key: value for key, value in shipped.items() if key not in ("defaults", "hydra")}))
    wanted = {key: default_of(field) for key, field, _ in declared(SETTINGS[verb][0][1])}

    if verb == "run":
        assert own.pop("out") == "runs/${now:%Y-%m-%d}/${now:%H-%M-%S}"
        assert wanted.pop("out") == "runs/<date>/<time>"
    assert own == wanted


def test_the_groups_and_their_defaults_are_those_of_conf():
    (table,) = tables(sections(PAGE, 3)["Groups"])
    defaults = yaml.safe_load((ROOT / "conf" / "run.yaml").read_text())["defaults"]
    chosen = {group: name for entry in defaults if isinstance(entry, dict) for group, name in entry.items()}
    of_run = [kind for kind in KINDS.values() if kind.of_run]
    said = [[kind.name, "yes" if kind.is_list else "no", chosen[kind.name]] for kind in of_run]

    assert [[*row[:2], yaml.safe_load(row[2])] for row in table[1:]] == said


def test_every_environment_variable_is_on_the_page():
    code = "\n".join(path.read_text() for path in (ROOT / "engine").rglob("*.py"))
    (table,) = tables(sections(PAGE, 2)["Environment variables"])
    read = set(re.findall(r"\"(MESIC_[A-Z_]+|GOMP_\w+|XDG_\w+)\"", code))

    assert {row[0] for row in table[1:]} == read


def test_the_rules_of_a_schema_are_on_the_page():
    (table,) = tables(sections(PAGE, 2)["schema.yaml"])
    said = {row[0]: row[1].split(", ") for row in table[1:]}

    assert set(said) == {
        "kind",
        "role",
        *RULES,
        "available_at",
        ", ".join(f"`{name}`" for name in TOLD),
        "sensitive",
        COST,
    }
    assert said["kind"] == list(typing.get_args(Kind))
    assert said["role"] == list(typing.get_args(Role))


def test_the_commands_of_the_page_work_as_written(tmp_path):
    for block in (block for block in blocks(PAGE) if block.file):
        (tmp_path / block.file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / block.file).write_text(block.text)
    ends = typed(CommandLine(tmp_path), [line for block in blocks(PAGE, "bash") for line in block.lines])

    assert len(ends) > 12
    assert mistakes(ends) == {}
    assert not (tmp_path / "runs").exists()
    assert [end.out for line, end in ends.items() if "--resolve" in line] == ["runs/lightgbm-0\n"]
