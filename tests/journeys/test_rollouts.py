"""Deployments that answer: real processes, a bad version, kills, and nobody is answered wrongly."""

import json
import os
import random
import signal
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from tests.conftest import CommandLine, install_module
from tests.engine.bundles_to_serve import CODES, COLUMNS, ROW, booster, make_bundle, sure
from tests.journeys.served import Served, is_alive, until

from mesic import GrpcClient
from mesic.data.schema import Column
from mesic.deployment import server_proof
from mesic.deployment.grpc_door import answer_of
from mesic.deployment.server_proof import proven_as_server
from mesic.live.deploying import Wanted, deploy_live
from mesic.live.deployment import Rolling
from mesic.live.judging import begin
from mesic.live.ledger import Ledger, changed, seen_in
from mesic.live.status import status_of
from mesic.runs.environment import environment_lock

pytest.importorskip("httptools", reason="the extra serve is not installed")
if find_spec("grpc"):
    import grpc
pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks at processes under /proc")

POLICY = """waivers:
  - {code: CARD-MISSING, who: test, reason: a made-up bundle, until: 2099-01-01}
  - {code: NO-BETTER-THAN-BASELINE, who: test, reason: a made-up bundle, until: 2099-01-01}
"""
NARROW = (Column("age", "number", range=(0.0, 50.0)), *COLUMNS[1:])
GRPC = ["grpc_port=0"] if find_spec("grpc") and find_spec("grpc_reflection") else []
SURE = {
    "confidence": sure([{**ROW, "age": age} for age in (5.0, 20.0, 35.0, 49.0)], ["no", "yes", "no", "yes"]),
    "acceptable": {"low": None, "high": None},
}


class Live(Served):
    """``mesic serve deployment=``, asked as its callers do."""

    def __init__(self, folder, live, *keys, site=None):
        self.more = (
            {"PYTHONPATH": os.pathsep.join(filter(None, [str(site), os.environ.get("PYTHONPATH")]))} if site else {}
        )
        super().__init__(folder, None, f"deployment={live}", *(keys or ["workers=2"]))

    def says(self, **change):
        return self.predict({**ROW, **change})


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with three bundles: old, new, and one that refuses rows above an age of 50."""
    folder = tmp_path_factory.mktemp("live")
    (folder / "policy.yaml").write_text(POLICY)
    bundles = {
        "old": make_bundle(folder / "old", **SURE),
        "new": make_bundle(folder / "new", steps=[CODES, booster("binary", 3)], **SURE),
        "narrow": make_bundle(folder / "narrow", steps=[CODES, booster("binary", 4)], columns=NARROW, **SURE),
    }
    for bundle in bundles.values():  # the commands find these proofs: the whole one takes seconds
        assert proven_as_server(bundle, edge_rows=100)["is_new"]
    done = CommandLine(folder)("deploy", "bundle=old", "deployment=live", "version=old", "policy=policy.yaml")
    assert done.status == 0, done.err
    return folder, bundles


@pytest.fixture(scope="module")
def server(place):
    with Live(place[0], place[0] / "live") as served:
        yield served


def deploy(place, name, rollout, **options):
    folder = place[0]
    wanted = Wanted(folder / name, rollout, options, version=name, policy=str(folder / "policy.yaml"))
    return deploy_live(folder / "live", wanted)


def status(place):
    return status_of(place[0] / "live")


def scores(bundles, ages):
    """Return what each bundle answers to rows of these ages."""
    rows = pa.Table.from_pylist([{**ROW, "age": age} for age in ages])
    return {name: bundles[name].predict(rows) for name in ("old", "new")}


def follows(server, live, workers=2):
    """Return whether every process that answers does what the deployment says now."""
    generation = status_of(live)["generation"]
    return sum(event["generation"] == generation for event in server.events("following")) == workers


def test_a_version_that_fails_is_taken_back_by_itself_and_nobody_is_answered_wrongly(place, server):
    rng = random.Random(5)
    ages = [rng.randint(0, 49) for _ in range(40)] + [rng.randint(51, 90) for _ in range(40)]
    wanted = {name: bundle for name, bundle in place[1].items() if name != "new"}

    deploy(place, "narrow", "canary", share=0.5, beside=0.0)
    assert until(lambda: follows(server, place[0] / "live"))
    answers = [(age, server.says(age=float(age))) for age in ages]

    assert until(lambda: status(place)["rollout"] is None)
    for age, answer in answers:
        row = pa.Table.from_pylist([{**ROW, "age": float(age)}])
        assert answer["p_yes"] == wanted[answer["version"]].predict(row).p_yes[0]
        assert answer["version"] == "old" or age <= 50
    assert {answer["version"] for age, answer in answers if age <= 50} == {"old", "narrow"}
    assert (last := status(place)["history"][0])["action"] == "rollback"
    assert "failures" in last["why"]
    assert until(lambda: server.events("deployment-changed"))
    assert until(lambda: follows(server, place[0] / "live"))
    assert "deployment" not in server.ask("GET", "/model")[2]


def test_silent_tells_what_an_offline_computation_tells(place, server):
    ages = [float(age) for age in range(5, 85)]
    found = scores(place[1], ages)
    table = pd.crosstab(found["old"].prediction, found["new"].prediction)

    deploy(place, "new", "silent")
    assert until(lambda: follows(server, place[0] / "live"))
    answers = [server.says(age=age) for age in ages]
    assert until(lambda: status(place)["rollout"]["versions"].get("new", {}).get("rows") == len(ages))
    told = status(place)["rollout"]

    assert {answer["version"] for answer in answers} == {"old"}
    assert {(one["old"], one["new"]): one["rows"] for one in told["versions"]["new"]["table"]} == {
        (old, new): table.loc[old, new] for old in table.index for new in table.columns if table.loc[old, new]
    }
    assert told["largest_difference"] == (found["old"].p_yes - found["new"].p_yes).abs().max()
    assert (told["dropped"], told["errors"]) == (0, {})
    done = CommandLine(place[0])("deploy", "rollback", "deployment=live", "why=enough", "--json")
    assert (done.status, done.json["action"], done.json["why"]) == (0, "rollback", "enough")


def test_a_version_that_servers_cannot_load_is_taken_out_by_them(place, server):
    folder, ledger = place[0], Ledger(place[0] / "live")
    ghost = Rolling("r99", "canary", "mesic", {"reference": "old"}, 0, 0.0)

    def become(now):
        return now.with_version("ghost", {"bundle": "x", "expires": None}).rolled_out("ghost", ghost)

    with ledger.store.changing() as connection:
        changed(connection, ledger.folder, become, ("deploy", "its files are lost", "person", {}))
        begin(connection, seen_in(connection, ledger.folder).deployment)
    assert until(lambda: status(place)["rollout"] is None)
    last = status(place)["history"][0]

    assert (last["action"], last["by"], last["after"]) == ("rollback", "server", "old")
    assert "ghost" in last["why"]
    assert server.says()["version"] == "old"
    with ledger.store.changing() as connection:
        forget = ("forget", "", "person", {})
        changed(connection, ledger.folder, lambda now: now.without_version("ghost"), forget)
    assert until(lambda: follows(server, folder / "live"))


def rewarded(folder):
    return sum(one["outcomes"] for one in status_of(folder / "live")["rollout"]["outcomes"].values())


def tell_labels(server, folder):
    """Labels of answers, by the caller's own ids: over HTTP, and days later as a table."""
    before, named = rewarded(folder), {"X-Request-Id": "order:1"}
    said = server.ask("POST", "/predict", {"rows": [{**ROW, "age": age} for age in (20.0, 40.0)]}, named)[2]
    assert said["request_id"] == "order:1"
    label = said["predictions"][1]["prediction"]
    other = {"yes": "no", "no": "yes"}[label]
    told = {"request_id": "order:1", "row": 1, "label": label}
    assert server.ask("POST", "/outcome", told)[2] == {"taken": 1, "repeated": 0, "late": 0}  # by whichever process
    assert server.ask("POST", "/outcome", told)[2] == {"taken": 0, "repeated": 1, "late": 0}
    status, _, refused = server.ask("POST", "/outcome", {"outcomes": [told, {**told, "label": other}]})
    assert (status, [one["row"] for one in refused["error"]["problems"]]) == (422, [1])
    status, _, refused = server.ask("POST", "/outcome", {"request_id": "order:9", "label": label})
    assert (status, refused["error"]["problems"][0]["field"]) == (422, "request_id")

    rows = [f"order:1,0,{said['predictions'][0]['prediction']}", f"order:1,1,{label}", "order:1,2,no", "order:1,0,"]
    (folder / "labels.csv").write_text("\n".join(["request_id,row,truth", *rows]))
    done = CommandLine(folder)("deploy", "outcomes", "deployment=live", "input=labels.csv", "label=truth", "--json")
    counts = {name: done.json[name] for name in ("taken", "repeated", "empty", "refused")}
    assert (done.status, counts) == (3, {"taken": 1, "repeated": 1, "empty": 1, "refused": 1})
    assert rewarded(folder) == before + 2


def ask_by_grpc(server, answers, bundles):
    """The other door follows the same deployment: who answers whom, what answers say, what becomes of outcomes."""
    with GrpcClient(server.told["grpc"]).connected() as client:
        before, many = rewarded(server.log.parent), list(answers)[:12]
        rows = [{**ROW, "person": name} for name in many]
        several = client.predict(client.request_of(rows), metadata=[("x-request-id", "call-1")])
        units = (client.predict(client.request_of([ROW]), metadata=[("x-unit", name)]).answers[0] for name in many)

        assert several.request_id == "call-1"
        marks = ("version", "arm", "propensity")
        for name, answer, by_header in zip(many, several.answers, units, strict=True):
            for one in (answer, by_header):
                assert {mark: getattr(one, mark) for mark in marks} == {mark: answers[name][mark] for mark in marks}
                assert one.bundle == bundles[one.version].digest
                assert answer_of(one) == bundles[one.version].predict(pa.Table.from_pylist([ROW])).iloc[0].to_dict()
        told = [{"id": several.answers[0].id, "reward": 0.5}, {"request_id": "call-1", "row": 1, "label": "no"}]
        taken = client.outcome(client.outcomes_of(told))
        assert (taken.taken, taken.repeated, taken.late) == (2, 0, 0)
        with pytest.raises(grpc.RpcError) as refused:
            client.outcome(client.outcomes_of([{"request_id": "call-1", "row": 12, "label": True}]))
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "had rows 0 to 11" in refused.value.details()
        assert rewarded(server.log.parent) == before + 2


def test_kills_lose_no_action_and_a_server_that_starts_again_counts_on(place, server):
    folder = place[0]
    wanted = [
        "bundle=new", "deployment=live", "version=new", "policy=policy.yaml", "unit=person", "rollout=ab",
        "rollout.base=0.3", "rollout.mde=0.2", "rollout.holdback=0.2",
    ]  # fmt: skip
    assert (done := CommandLine(folder)("deploy", *wanted)).status == 0, done.err
    assert until(lambda: follows(server, place[0] / "live"))

    answers = {name: server.says(person=name) for name in map(str, range(60))}
    assert {name: server.says(person=name)["version"] for name in answers} == {
        name: answer["version"] for name, answer in answers.items()
    }
    assert {answer["arm"] for answer in answers.values()} == {"current", "candidate", "holdback"}
    shares = {answer["arm"]: answer["propensity"] for answer in answers.values()}
    assert shares == pytest.approx({"holdback": 0.2, "current": 0.4, "candidate": 0.4})
    told = {"outcomes": [{"id": answer["id"], "reward": 1} for answer in answers.values()]}
    assert server.ask("POST", "/outcome", told)[2] == {"taken": 60, "repeated": 0, "late": 0}
    own = sum(answer["arm"] != "holdback" for answer in answers.values())
    assert until(lambda: status(place)["rollout"]["requests"] == 2 * own)

    workers = server.workers()
    [os.kill(pid, signal.SIGKILL) for pid in (*workers, server.process.pid)]
    assert until(lambda: not any(map(is_alive, workers)))
    with Live(folder, folder / "live", "workers=2", *GRPC) as again:
        assert again.ask("POST", "/outcome", told)[2] == {"taken": 0, "repeated": 60, "late": 0}
        assert again.says(person="7")["version"] == answers["7"]["version"]
        assert until(lambda: status(place)["rollout"]["requests"] >= 2 * own)
        assert rewarded(folder) == 60
        assert "/outcome" in again.ask("GET", "/openapi.json")[2]["paths"]
        wrong = again.ask("POST", "/outcome", {"id": "mine", "reward": 1})
        assert (wrong[0], wrong[2]["error"]["code"]) == (422, "NO-OUTCOME")
        tell_labels(again, folder)
        if GRPC:
            ask_by_grpc(again, answers, place[1])

        assert CommandLine(folder)("deploy", "promote", "deployment=live").status == 0
        assert until(lambda: follows(again, folder / "live"))
        many = again.predict({"rows": [{**ROW, "person": str(number)} for number in range(30)]})["predictions"]
        assert {one["arm"]: one["version"] for one in many} == {"current": "new", "holdback": "old"}
        done = CommandLine(folder)("deploy", "rollback", "deployment=live")
        assert done.status == 0
        assert until(lambda: follows(again, folder / "live"))
        assert {again.says(person=str(n))["version"] for n in range(30)} == {"old"}
        assert again.stop() == 0
    lines = CommandLine(folder)("deploy", "status", "deployment=live").out
    assert "no roll-out is under way" in lines
    assert "holdback" not in json.dumps(status(place)["rollout"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bundle=old"], "out=DIR for an artefact, or deployment=DIR"),
        (["bundle=old", "out=x", "rollout=canary"], "give deployment=DIR"),
        (["bundle=new", "deployment=live", "version=old", "policy=policy.yaml"], "another bundle"),
        (["rollback", "deployment=nowhere"], "is none"),
    ],
)
def test_what_cannot_be_done_is_said(place, words, said):
    done = CommandLine(place[0])("deploy", *words)

    assert (done.status, done.out) == (2, "")
    assert said in done.err


def test_a_bundle_that_was_altered_has_no_part(place):
    folder = place[0]
    altered = make_bundle(folder / "altered", steps=[CODES, booster("binary", 9)])
    (model,) = altered.folder.glob("steps/*lightgbm/*.txt")
    model.write_text(model.read_text().replace("leaf_value=", "leaf_value=0", 1))
    done = CommandLine(folder)("deploy", "bundle=altered", "deployment=live", "policy=policy.yaml", "rollout=single")

    assert done.status == 1
    assert "was altered" in done.err
    assert status(place)["current"] == "old"


COIN = """
from mesic import Component, Decision, Rollout, hookimpl


class Coin(Rollout):
    '''Half and half, until thirty have asked.'''

    def __init__(self, seed=0):
        super().__init__(seed=seed)

    def shares(self, state):
        return {arm: 1 / len(state.active) for arm in state.active}

    def decide(self, state):
        asked = sum(state.assigned(arm) for arm in state.active)
        return Decision("promote" if asked >= 30 else "continue", "new", {"asked": asked, "why": "thirty are enough"})


@hookimpl
def register_rollouts():
    return [Component("coin", "acme_coin:Coin", "half and half")]


@hookimpl
def deployment_changed(change):
    with open("heard.txt", "a") as heard:
        print(change["action"], change["by"], file=heard)
"""


STUCK = """
import importlib.util
import sys
import time


class Sticking:
    '''The version `stuck` never comes back from rows above an age of 100.'''

    def find_spec(self, name, path, target=None):
        if name != "mesic.serving.release":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        load = spec.loader.exec_module
        spec.loader.exec_module = lambda module: (load(module), stick(module.Release))
        return spec


def stick(kind):
    answer, answers = kind.answer, kind.answers
    kind.answer = lambda self, row, **more: answer(self, met(self, [row])[0], **more)
    kind.answers = lambda self, rows, **more: answers(self, met(self, rows), **more)


def met(release, rows):
    while release.version == "stuck" and any(row["age"] > 100 for row in rows):
        time.sleep(1)
    return rows


sys.meta_path.insert(0, Sticking())
"""


def test_roll_outs_of_strangers_are_served_and_versions_that_never_come_back_are_taken_back(
    place, tmp_path, monkeypatch
):
    site = tmp_path / "site"
    site.mkdir()
    install_module(site, "acme_coin", COIN)
    (site / "sitecustomize.py").write_text(STUCK)
    lock = sorted([*environment_lock(), "acme_coin==1.0"], key=str.lower)
    with monkeypatch.context() as patch:
        patch.setattr(server_proof, "environment_lock", lambda: lock)
        assert proven_as_server(place[1]["new"], edge_rows=100)["is_new"]  # one package more is installed
    environment = {"PYTHONPATH": str(site)}
    paths = {name: f"bundle={place[0] / name}" for name in ("old", "new")}
    words = ["deployment=live", f"policy={place[0] / 'policy.yaml'}"]
    mesic = CommandLine(tmp_path)
    assert mesic("deploy", paths["old"], *words, "version=old").status == 0
    with Live(tmp_path, tmp_path / "live", "workers=1", "answer_s=2", site=site) as server:
        done = mesic("deploy", paths["new"], *words, "version=new", "rollout=coin", **environment)
        assert done.status == 0, done.err
        assert until(lambda: follows(server, tmp_path / "live", 1))
        answers = [server.says() for _ in range(30)]
        assert until(lambda: server.events("deployment-changed"))
        assert until(lambda: follows(server, tmp_path / "live", 1))
        assert server.says()["version"] == "new"
        told = {way: never_comes_back(place, tmp_path / "live", server, way) for way in ("ab", "silent")}

    assert (told["ab"][0], told["ab"][2]["error"]["code"]) == (503, "NOT-ANSWERED")
    assert "version stuck did not answer within 2 s" in told["ab"][2]["error"]["message"]
    assert (told["silent"][0], told["silent"][2]["version"]) == (200, "new")
    assert {(answer["version"], answer["propensity"]) for answer in answers} == {("old", 0.5), ("new", 0.5)}
    assert (tmp_path / "heard.txt").read_text().splitlines() == [
        *("deploy person", "promote coin r1"),
        *("rollback server", "rollback server"),
    ]


def never_comes_back(place, live, server, rollout):
    """Try the version that is stuck; return the reply to the row that it is stuck at, when it was taken back."""
    options = {"base": 0.5, "mde": 0.2, "share": 0.99} if rollout == "ab" else {}
    wanted = Wanted(place[0] / "narrow", rollout, options, version="stuck", policy=str(place[0] / "policy.yaml"))
    before = deploy_live(live, wanted).generation
    assert until(lambda: any(event["generation"] == before for event in server.events("following")))
    reply = server.ask("POST", "/predict", {**ROW, "age": 101.0})
    assert until(lambda: status_of(live)["rollout"] is None)
    last = status_of(live)["history"][0]
    assert (last["action"], last["by"], last["after"]) == ("rollback", "server", "new")
    assert "a row was not answered within 2 s" in last["why"]
    assert until(lambda: any(event["generation"] > before for event in server.events("following")))
    assert server.says(age=101.0)["version"] == "new"
    return reply
