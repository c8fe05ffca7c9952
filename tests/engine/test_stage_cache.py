"""What the stage cache keeps: by which key, in which form, in how much room; what it never gives out."""

import os
import sys
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from tests.conftest import people

import mesic
from mesic import Finding, PortableStep
from mesic.audit.auditing import audit
from mesic.audit.keeping import CachedAsking
from mesic.caching import code
from mesic.caching.cache import StageCache, Use, stage_cache, told_of
from mesic.caching.code import code_behind
from mesic.caching.entries import Damaged, read, written
from mesic.caching.folder import CacheFolder
from mesic.caching.packing import NotPackable, packed, unpacked
from mesic.config.composition import config_loader
from mesic.config.problems import checked
from mesic.evaluation.view import Evaluation
from mesic.host.components import Component
from mesic.host.kinds import KINDS
from mesic.host.registry import Offer, Provider, installed
from mesic.own import own_key
from mesic.partition.proof import partition
from mesic.runs import plan
from mesic.runs.execution import execute
from mesic.runs.reading import rows_of
from mesic.runs.record import read_record
from mesic.runs.reproduction import reproduce
from mesic.training.part import Part
from mesic.verbs.run import plain

MIB = 2**20


@pytest.fixture
def cache(tmp_path):
    return StageCache(CacheFolder(tmp_path / "cache", 64 * MIB), installed(), 1)


def config_of(path, *said):
    source = ["source=table", f"source.path={path}", "source.target=bought", "learner=tree", "tuner=single"]
    few = ["evaluator=[]", "metrics=[]", "metric=log_loss", *said]
    problems, config = checked(config_loader(), "run", [*source, *few])
    assert problems == []
    return plain(config)


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("people") / "people.csv"
    people(160).to_csv(path, index=False)
    return config_of(path)


@pytest.fixture(scope="module")
def rows(config):
    return rows_of(config, installed(), None)


def part(kind="splitter", name="kfold", **options):
    return Part(installed().find(kind, name), options)


def through(value):
    return unpacked(*read(written(*packed(value))))


def test_rows_come_back_as_they_were(rows):
    again = through(rows)

    assert again.dataset.identified().identity == rows.dataset.identified().identity
    assert again.raw.equals(rows.raw)
    assert again.raw.schema.equals(rows.raw.schema)
    assert again.schema == rows.schema
    assert again.account == rows.account
    assert again.findings == rows.findings
    pd.testing.assert_frame_equal(again.dataset.X, rows.dataset.X)
    pd.testing.assert_frame_equal(again.aside, rows.aside)


def test_bits_numbers_and_texts_come_back_as_they_were():
    numbers = np.array([np.nan, -0.0, 5e-324, np.inf, 0.1])
    frame = pd.DataFrame({"x": numbers, "why": ["kept", None, "a b", "", "é"]}, index=[4, 2, 9, 7, 1])
    value = {"t": (1, None, "x", True, 0.1), 3: [frame, {"deep": numbers}], "f": Finding("A", "info", "b", {"n": 1})}
    again = through(value)

    assert again["t"] == value["t"]
    assert again["f"] == value["f"]
    assert again[3][1]["deep"].tobytes() == numbers.tobytes()
    pd.testing.assert_frame_equal(again[3][0], frame)


@pytest.mark.parametrize(
    "value",
    [object(), {1, 2}, b"x", PortableStep("skops", {}, blob=b"x"), np.array([1j]), pd.to_datetime(["2020"]).to_frame()],
    ids=["object", "set", "bytes", "skops", "complex", "times"],
)  # fmt: skip
def test_what_has_no_written_form_is_refused(value):
    with pytest.raises(NotPackable):
        packed(value)


def test_a_file_can_ask_for_no_other_type():
    with pytest.raises(KeyError):
        unpacked({"of": ["Popen", {"args": "true"}]}, {})


def test_a_changed_byte_is_seen_wherever_it_is():
    content = written({"a": 1}, {"b": np.arange(100)})
    for place in range(0, len(content), 97):
        with pytest.raises(Damaged):
            read(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
    with pytest.raises(Damaged):
        read(content[:-1])


def test_the_least_recently_used_go_first_and_what_is_in_use_stays(tmp_path):
    folder = CacheFolder(tmp_path / "c", 10_000)
    for number, key in enumerate("abcde"):
        folder.save(key, bytes(2000))
        os.utime(tmp_path / "c" / f"{key}.arrow", (number, number))
    folder.load("a")
    folder.save("f", bytes(2000))

    kept = {key for key in "abcdef" if folder.load(key)}
    assert kept == {"a", "d", "e", "f"}


def test_what_is_larger_than_a_quarter_is_not_kept(tmp_path):
    folder = CacheFolder(tmp_path / "c", 10_000)
    folder.save("a", bytes(2501))

    assert folder.load("a") is None


def test_what_a_killed_process_left_goes_when_it_is_old_and_is_never_read(tmp_path):
    folder = CacheFolder(tmp_path, 10_000)
    (tmp_path / ".a.1.0.new").write_bytes(b"half")
    (tmp_path / ".b.1.0.new").write_bytes(b"half")
    old = time.time() - 7200
    os.utime(tmp_path / ".a.1.0.new", (old, old))
    folder.save("c", b"x")

    assert folder.load("a") is None
    assert {path.name for path in tmp_path.glob("*.new")} | {path.name for path in tmp_path.glob(".*.new")} == {
        ".b.1.0.new"
    }


def test_the_folder_is_its_owners_alone_and_no_part_of_a_repository(tmp_path):
    folder = CacheFolder(tmp_path / "deep" / "c", 10_000)
    folder.save("a", b"x")

    assert (tmp_path / "deep" / "c").stat().st_mode & 0o77 == 0
    assert (tmp_path / "deep" / "c" / "a.arrow").stat().st_mode & 0o77 == 0
    assert (tmp_path / "deep" / "c" / ".gitignore").read_text() == "*\n"


def asked(cache, depends=("rows",), told=None, what="partition"):
    """Ask for a stage; return whether it was made."""
    made = []
    cache.of(what, list(depends), [told or part()], lambda: made.append(1) or ("result",))
    return bool(made)


def test_the_same_is_made_once(cache):
    assert [asked(cache), asked(cache)] == [True, False]
    assert told_of(cache.uses) == {"hits": 1, "misses": 1, "saved_s": round(cache.uses[1].seconds, 4)}


@pytest.mark.parametrize(
    "other",
    [
        {"depends": ["other rows"]},
        {"what": "audit"},
        {"told": part(folds=7)},
        {"told": part(name="hash")},
        {"told": Part(replace(part().offer, provider=replace(part().offer.provider, version="9")), {})},
        {"told": Part(replace(part().offer, component=replace(part().offer.component, traits=frozenset({"weights"}))))},
    ],
    ids=["rows", "stage", "option", "component", "version", "trait"],
)
def test_anything_that_a_stage_depends_on_makes_another_key(cache, other):
    asked(cache)

    assert asked(cache, **other)


def test_threads_and_versions_are_part_of_the_key(cache, monkeypatch):
    asked(cache)
    assert asked(replace(cache, threads=2))

    monkeypatch.setattr("mesic.caching.cache._circumstances", lambda: "other libraries")
    assert asked(cache)


def test_who_does_not_say_that_it_is_deterministic_is_asked_each_time(cache):
    told = part("selector", "cost_aware")

    assert [asked(cache, told=told), asked(cache, told=told)] == [True, True]
    assert cache.uses[0].why == "selector/cost_aware does not say that it is deterministic"


def test_a_damaged_entry_is_made_again_and_said(cache, tmp_path):
    asked(cache)
    (path,) = (tmp_path / "cache").glob("*.arrow")
    path.write_bytes(path.read_bytes()[:-9])

    assert [asked(cache), asked(cache)] == [True, False]
    assert [finding.code for finding in cache.findings] == ["CACHE-DAMAGED"]


def test_what_a_stranger_sealed_anew_is_not_taken(cache, tmp_path):
    mine = replace(cache, secret=b"mine", uses=[], findings=[])
    asked(mine)
    (path,) = (tmp_path / "cache").glob("*.arrow")
    path.write_bytes(written(*read(path.read_bytes(), b"mine"), b"theirs"))

    assert [asked(mine), asked(mine)] == [True, False]
    assert [finding.code for finding in mine.findings] == ["CACHE-DAMAGED"]


def test_a_users_key_is_made_once_for_its_owner_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    keys = {own_key(), own_key()}

    assert {len(key) for key in keys} == {32}
    assert len(keys) == 1
    assert (tmp_path / "state" / "mesic" / "key").stat().st_mode & 0o77 == 0
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "another"))
    assert own_key() not in keys


def test_without_a_key_nothing_is_taken_or_kept(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("MESIC_CACHE", str(tmp_path / "cache"))
    made = stage_cache({"enabled": True, "folder": None, "most_mib": 1}, installed(), 1)

    assert [asked(made), asked(made)] == [True, True]
    assert [finding.code for finding in made.findings] == ["CACHE-UNWRITABLE"]
    assert not (tmp_path / "cache").exists()


def test_a_step_that_only_skops_describes_is_not_read_from_an_entry():
    step = {"op": "skops", "params": {"dict": []}, "arrays": {"dict": []}, "text": "", "blob": {"bytes": "PK"}}

    assert unpacked({"of": ["PortableStep", step]}, {}).blob == b""


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path):
    (tmp_path / "file").write_text("")
    cache = StageCache(CacheFolder(tmp_path / "file" / "cache", MIB), installed(), 1)

    assert [asked(cache), asked(cache)] == [True, True]
    assert [finding.code for finding in cache.findings] == ["CACHE-UNWRITABLE"]


@pytest.mark.parametrize(
    ("said", "variable", "folder"),
    [
        ({}, None, ".mesic/cache"),
        ({}, "/there", "/there"),
        ({"folder": "/mine"}, "/there", "/mine"),
        ({}, "off", None),
        ({"enabled": False}, None, None),
    ],
)
def test_where_it_lies(monkeypatch, said, variable, folder):
    monkeypatch.delenv("MESIC_CACHE", raising=False) if variable is None else monkeypatch.setenv(
        "MESIC_CACHE", variable
    )
    found = stage_cache({"enabled": True, "folder": None, "most_mib": 1} | said, installed(), 1)

    assert (None if found is None else str(found.folder.path)) == folder
    assert stage_cache(None, installed(), 1) is None


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A package of some modules, as old as the process; returns what digests the code behind one of them."""
    monkeypatch.syspath_prepend(tmp_path)
    files = {
        "house/__init__.py": "",
        "house/door.py": "def use():\n    from . import handle\n",
        "house/handle.py": "import screws\n",
        "house/roof.py": "a = 1\n",
        "house/colours.json": "{}",
        "screws.py": "",
    }
    (tmp_path / "house").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)

    def digest(module):
        for kept in (code_behind, code._imported, code._places, code._data_files):
            kept.cache_clear()
        return code_behind(module)

    yield tmp_path, digest
    sys.modules.pop("house", None)
    digest("json")


@pytest.mark.parametrize(
    "name", ["house/__init__.py", "house/door.py", "house/handle.py", "house/colours.json", "screws.py"]
)
def test_the_code_behind_a_module_is_whatever_it_leads_to(house, name):
    folder, digest = house
    before = digest("house.door").digest
    (folder / name).write_text((folder / name).read_text() + "\n")

    assert digest("house.door").digest != before


def test_code_that_it_does_not_lead_to_does_not_count(house):
    folder, digest = house
    before = digest("house.door").digest
    (folder / "house/roof.py").write_text("a = 2\n")

    assert digest("house.door").digest == before


def test_who_imports_by_a_name_that_stands_nowhere_leads_to_the_whole_package(house):
    folder, digest = house
    (folder / "house/door.py").write_text("from importlib import import_module\nimport_module('house.' + 'roof')\n")
    before = digest("house.door").digest
    (folder / "house/roof.py").write_text("a = 2\n")

    assert digest("house.door").digest != before


def test_code_that_cannot_be_seen_is_none():
    assert code_behind("no_such_module_at_all") is None


def test_code_that_was_changed_while_the_process_ran_is_not_what_runs(house, monkeypatch):
    folder, digest = house
    monkeypatch.setattr(code, "_STARTED", time.time() + 10)
    seen = digest("house.door")
    assert seen.is_what_runs()
    os.utime(folder / "house/door.py", (1, 1))
    assert not seen.is_what_runs()

    monkeypatch.setattr(code, "_STARTED", mesic._STARTED)
    assert not digest("house.door").is_what_runs()


def test_what_is_changed_in_rows_takes_their_identity_away(rows):
    dataset = rows.dataset.identified()
    view = dataset.view(np.arange(5))

    assert len({dataset.identity, view.identity, dataset.view(np.arange(6)).identity, ""}) == 4
    assert replace(dataset, y=dataset.y).identity == replace(view, y=view.y).identity == ""


@pytest.mark.parametrize("changed", ["cell", "level", "order of levels", "order of columns", "target", "kind"])
def test_the_identity_of_rows_is_of_all_that_they_say(rows, changed):
    dataset = rows.dataset
    X, city = dataset.X, dataset.X["city"]
    other = {
        "cell": {"X": X.assign(age=X["age"].where(X.index != 3, 1.0))},
        "level": {"X": X.assign(city=city.cat.rename_categories({"Bern": "Basel"}))},
        "order of levels": {"X": X.assign(city=city.cat.reorder_categories(city.cat.categories[::-1]))},
        "order of columns": {"X": X[X.columns[::-1]]},
        "target": {"y": 1 - dataset.y},
        "kind": {"kinds": {**dataset.kinds, "age": "time"}},
    }[changed]

    assert replace(dataset, **other).identified().identity != dataset.identified().identity


class Priced:
    """An auditor that asks for a price, or does not."""

    calls = 0

    def __init__(self, asks=True):
        self.asks = asks

    def audit(self, view):
        Priced.calls += 1
        price = view.pricing.score() if self.asks else None
        return Evaluation({"level": view.pricing.level, "value": None if price is None else price.value})


@pytest.mark.parametrize(("asks", "calls"), [(True, [1, 1, 2, 2]), (False, [1, 1, 1, 1])])
def test_an_auditor_depends_on_the_learner_where_it_asked_for_a_price(cache, config, rows, monkeypatch, asks, calls):
    monkeypatch.setattr(code, "_STARTED", time.time() + 10)
    dataset = rows.dataset.identified()
    component = Component("priced", f"{__name__}:Priced", "asks for prices")
    provider = Provider("own", __name__, "own", "1")
    auditor = Part(Offer(KINDS["auditor"], component, provider), {})
    monkeypatch.setattr(Priced.__init__, "__defaults__", (asks,))
    monkeypatch.setattr(Priced, "calls", 0)
    registry = installed()
    split = partition(plan.build(part().offer, {}), dataset, seed=0)[0]
    everything, found = plan.named_part(registry, config, "sampler", "everything"), []
    for name in ("tree", "tree", "naive_bayes", "naive_bayes"):
        recipe = plan.recipe_of(registry, config, task="binary", classes=2, threads=1)
        recipe = recipe.plain(plan.named_part(registry, config, "learner", name), everything)
        asking = CachedAsking(cache, [dataset.identity, "split"], recipe.facts(), recipe.parts)
        metric = plan.price_metric_of(registry, config, "binary")
        audit([auditor], dataset, rows.schema, split, recipe, metric, level=0.9, seed=0, asked=asking)
        found.append(Priced.calls)

    assert found == calls


def test_a_run_is_the_same_with_a_cache_that_is_empty_full_or_not_there(config, tmp_path, monkeypatch):
    monkeypatch.setenv("MESIC_CACHE", str(tmp_path / "cache"))
    said = {**config, "transformer": {"target_encoding": {**options_of("transformer", "target_encoding")}}}
    made = {name: execute(said, tmp_path / name) for name in ("first", "second")}
    left = sorted((tmp_path / "cache").iterdir())
    verdict = reproduce(tmp_path / "second", tmp_path / "again")

    stages = made["second"]["cache"]["stages"]
    assert {name: told["cached"] for name, told in stages.items()} == dict.fromkeys(
        ("read", "partition", "audit", "baselines", "search", "fit"), True
    )
    assert not any(told["hits"] for told in made["first"]["cache"]["stages"].values())
    assert verdict.status == "identical"
    assert made["first"]["digests"] == made["second"]["digests"]
    assert "cache" not in read_record(tmp_path / "again")
    assert sorted((tmp_path / "cache").iterdir()) == left


def options_of(kind, name):
    return {"name": name, **installed().find(kind, name).component.options().__dict__}


def test_other_parts_are_never_served_what_was_learned_from_these(config, tmp_path, monkeypatch):
    """With another seed other rows are the test part: what was prepared from them must not come back."""
    monkeypatch.setenv("MESIC_CACHE", str(tmp_path / "cache"))
    said = {**config, "transformer": {"target_encoding": options_of("transformer", "target_encoding")}}
    execute(said, tmp_path / "a")
    other = execute({**said, "splitter": options_of("splitter", "holdout") | {"test_share": 0.4}}, tmp_path / "b")

    hits = {name: told["hits"] for name, told in other["cache"]["stages"].items()}
    assert hits == {"read": 1, "partition": 0, "audit": 0, "baselines": 0, "search": 0, "fit": 0}


def test_uses_are_told_with_what_they_saved():
    uses = [Use("a", "k", is_hit=True, seconds=2.0), Use("b", "", is_hit=False, seconds=1.0, why="no")]

    assert told_of(uses) == {"hits": 1, "misses": 1, "saved_s": 2.0}
    assert uses[1].facts() == {"what": "b", "key": "", "cached": False, "seconds": 1.0, "why": "no"}
    assert told_of([]) is None


def test_a_table_of_arrow_comes_back():
    table = pa.table({"a": pa.array(["x", None]).dictionary_encode(), "b": [1.5, None]})

    assert through(table).equals(table)
