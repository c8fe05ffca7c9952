"""Deployments: what they become, what processes tell each other, and that no kill leaves half of an action."""

import mmap
import signal
import subprocess
import sys
import textwrap
import threading

import pytest

pytest.importorskip("msgspec", reason="the extra serve is not installed")

import msgspec

from mesic.config.plain import plainly
from mesic.config.verb import configured
from mesic.errors import CheckFailed, SettingError, UsageError
from mesic.live.acting import promote, rollback
from mesic.live.deployment import Deployment, Rolling
from mesic.live.judging import Judge, begin, unfit
from mesic.live.ledger import Ledger
from mesic.live.status import status_of
from mesic.live.tallies import Tally, folded, reported
from mesic.live.tokens import Tokens
from mesic.live.versions import checked_name
from mesic.rollout.state import RolloutState
from mesic.serving.beside import Beside
from mesic.serving.keeping import blame
from mesic.serving.lateness import Lateness, Marks
from mesic.serving.ring import Ring, ring_memory_size
from mesic.verbs.live.rollback import RollbackSettings

VERSIONS = {"v1": {"bundle": "a", "expires": None}, "v2": {"bundle": "b", "expires": None}}


def rolling(name="canary", **options):
    return Rolling("r1", name, "mesic", {"reference": "v1", **options}, 3, 0.0)


@pytest.fixture
def ledger(tmp_path):
    """A deployment in which v2 is a canary beside v1, its stages of few requests."""
    ledger = Ledger(tmp_path / "live")
    ledger.change(lambda _: Deployment("v1", versions=VERSIONS), action="deploy", why="first")
    roll(ledger, rolling(bug_share=1.0, share=0.5, then=[]))
    return ledger


def roll(ledger, rolled):
    with ledger.store.changing() as connection:
        from mesic.live.ledger import changed, seen_in

        changed(connection, ledger.folder, lambda now: now.rolled_out("v2", rolled), ("deploy", "", "person", {}))
        begin(connection, seen_in(connection, ledger.folder).deployment)


def counts(assigned=(), failed=False):
    tally = Tally()
    tally.assigned.update(dict(assigned))
    if failed:
        tally.fail("v2", ValueError("planted"))
    return tally.as_dict()


def test_a_deployment_goes_forth_and_back():
    one = Deployment("v1", versions=VERSIONS)
    tried = one.rolled_out("v2", rolling())

    assert tried.used == ["v1", "v2"]
    assert (tried.promoted().current, tried.promoted().previous, tried.promoted().rolling) == ("v2", "v1", None)
    assert tried.returned() == tried.ended()
    assert tried.promoted().returned().current == "v1"
    assert one.replaced("v2").returned("v1").current == "v1"
    assert Deployment.of(tried.as_dict()) == tried


@pytest.mark.parametrize(
    ("become", "words"),
    [
        (lambda d: d.returned(), "first version"),
        (lambda d: d.promoted(), "nothing to promote"),
        (lambda d: d.returned("v9"), "v1, v2"),
        (lambda d: d.rolled_out("v2", rolling()).rolled_out("v2", rolling()), "under way"),
    ],
)
def test_what_cannot_become_says_why(become, words):
    with pytest.raises(UsageError, match=words):
        become(Deployment("v1", versions=VERSIONS))


def test_who_answers_held_back_units_stays_while_versions_come_and_go():
    held = Deployment("v1", versions=VERSIONS).held_back(0.02).replaced("v2").held_back(0.05).held_back(None)

    assert (held.baseline, held.holdback, held.used) == ("v1", 0.05, ["v2", "v1"])
    assert held.held_back(0.0).baseline is None


def test_counts_of_many_threads_are_added_once(ledger):
    def count():
        for _ in range(5):
            ledger.count("r1", counts({"v1": 1, "v2": 2}))

    threads = [threading.Thread(target=count) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    judges = [Judge(Ledger(ledger.folder)) for _ in range(2)]
    changes = [judge.judge(ledger.seen()) for judge in judges]
    state = RolloutState.from_json(ledger.told("r1")["state"])

    assert (state.assigned("v1"), state.assigned("v2")) == (20, 40)
    assert [change and change.action for change in changes] == ["promote", None]
    assert ledger.seen().deployment.current == "v2"
    assert [one["action"] for one in ledger.history()] == ["promote", "deploy", "deploy"]


def test_one_failure_rolls_back_and_the_reason_stands_in_the_history(ledger):
    ledger.count("r1", counts({"v1": 1}, failed=True))
    change = Judge(ledger).judge(ledger.seen())
    (last, *_) = ledger.history()

    assert (change.action, change.by, last["after"]) == ("rollback", "canary r1", "v1")
    assert "failures" in last["why"]
    assert ledger.told("r1")["report"]["errors"] == {"ValueError: planted": 1}
    assert ledger.seen().deployment.candidate is None


def test_an_outcome_counts_once_whoever_takes_it_and_whoever_starts_again(ledger):
    outcome = ("id 1", "r1", "v1", 1.0, 5.0, 0.5)
    assert ledger.take_outcomes([outcome, outcome]) == [True, False]
    Judge(ledger).judge(ledger.seen())
    again = Ledger(ledger.folder)
    assert again.take_outcomes([outcome, ("held", "r1", "holdback", 1.0, 5.0, 0.02)]) == [False, True]
    Judge(again).judge(again.seen())
    state = RolloutState.from_json(ledger.told("r1")["state"])

    assert [(arm.name, arm.sums.rewarded) for arm in state.arms] == [("v1", 1), ("v2", 0)]
    assert ledger.told("r1")["outcomes"]["holdback"] == {"outcomes": 1, "mean": 1.0}


def test_a_change_that_another_process_was_faster_with_is_left(ledger):
    generation = ledger.seen().generation
    rollback(ledger.folder)

    assert ledger.change(lambda now: now, action="x", why="", expected=generation) is None


def test_a_kill_in_the_midst_of_a_change_leaves_what_was(ledger):
    before = ledger.seen()
    code = f"""
        import os, signal
        from pathlib import Path
        from mesic.live.ledger import Ledger, changed
        ledger = Ledger(Path({str(ledger.folder)!r}))
        with ledger.store.changing() as connection:
            changed(connection, ledger.folder, lambda now: now.promoted(), ("promote", "", "person", {{}}))
            os.kill(os.getpid(), signal.SIGKILL)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)

    assert done.returncode == -signal.SIGKILL
    assert ledger.seen() == before
    assert promote(ledger.folder).after == "v2"


def test_a_version_that_a_server_cannot_load_is_taken_out_of_use(ledger):
    assert unfit(ledger, "v2", CheckFailed("altered")).after == "v1"
    assert ledger.seen().deployment.rolling is None
    assert unfit(ledger, "v1", CheckFailed("altered")) is None  # there is nothing to return to


def test_a_roll_out_of_strangers_that_fails_loses_no_count(ledger, monkeypatch):
    judge = Judge(ledger)
    monkeypatch.setattr(judge.rollout(rolling(bug_share=1.0, share=0.5, then=[])), "decide", lambda state: 1 / 0)
    ledger.count("r1", counts({"v1": 7}))

    assert judge.judge(ledger.seen()) is None
    told = ledger.told("r1")
    assert "ZeroDivisionError" in told["decision"]["evidence"]["why"]
    assert RolloutState.from_json(told["state"]).assigned("v1") == 7


def test_a_tally_adds_up_to_what_it_was_told():
    tally, more = Tally(), Tally()
    for value in (1.0, 3.0):
        tally.add("v1", ("latency",), value)
    more.take_back(tally)
    more.add("v1", ("latency",), 5.0)
    more.dropped = 2
    state = folded(RolloutState.begun(["v1"]), more.as_dict())

    assert state.measured("v1", "latency").variance == 4.0
    assert reported({"dropped": 1, "judged": 3.0}, more.as_dict()) == {
        "dropped": 3, "judged": 3.0, "largest": 0.0, "errors": {},
    }  # fmt: skip
    assert not Tally()


def test_an_id_that_was_made_up_is_refused():
    tokens = Tokens(b"0" * 16)
    made = tokens.made("r1", "v2", 0.05)

    assert tokens.read(made).propensity == 0.05
    for wrong in (made.replace("v2", "v1"), made[:-1] + "x", "", None, 3, Tokens(b"1" * 16).made("r1", "v2", 0.05)):
        with pytest.raises(UsageError, match="none that this deployment gave"):
            tokens.read(wrong)


@pytest.mark.parametrize("name", ["../up", "", "a:b", "holdback", "x" * 65, "a b"])
def test_a_name_that_cannot_stand_in_a_path_or_an_id_is_refused(name):
    with pytest.raises(SettingError, match="version"):
        checked_name(name)


def test_a_crash_of_native_code_is_a_failure_of_the_version_that_is_tried_and_a_kill_is_none(ledger):
    blame(ledger, -signal.SIGKILL)
    assert not ledger.has_news("r1")
    blame(ledger, -signal.SIGSEGV)

    assert Judge(ledger).judge(ledger.seen()).action == "rollback"
    assert "signal 11" in next(iter(ledger.told("r1")["report"]["errors"]))


def test_rows_that_nobody_takes_are_lost_and_counted_and_never_waited_for():
    memory = mmap.mmap(-1, ring_memory_size(1, 50_000))
    beside, taking = Beside(Ring(memory, 0, 50_000)), Ring(memory, 0, 50_000)
    rows = [{"note": "x" * (number % 700), "number": number} for number in range(3000)]
    came = []
    for number, row in enumerate(rows):
        beside.take("r1", "v1", row if number % 2 else msgspec.json.encode(row), {"prediction": 1.0})
        if number % 70 == 0:
            came += map(msgspec.msgpack.decode, taking.take())
    lost = beside.lost()
    came += map(msgspec.msgpack.decode, [*taking.take(), *taking.take()])
    found = [msgspec.json.decode(row) if isinstance(row, bytes) else row for _, _, row, _ in came]

    assert lost > 0
    assert (lost + len(found), beside.lost()) == (3000, 0)
    assert found == [rows[one["number"]] for one in found] == sorted(found, key=lambda one: one["number"])


def test_who_says_nothing_new_is_late_and_a_machine_that_stood_still_makes_nobody_late():
    marks = Marks([0.0, 0.0])
    late = Lateness(marks, limit_s=1.0, look_s=0.5)

    assert [late.look() for _ in range(5)] == [None] * 5  # it has not begun
    marks.own[0] = 1.0  # an hour ago: one look tells nothing
    assert [late.look(), late.look()] == [None, None]
    marks.began()
    assert [late.look(), late.look(), late.look()] == [None, None, "candidate"]
    assert not late.is_back()
    marks.ended()
    assert late.is_back()
    assert [late.look(), late.look(), late.look()] == [None, None, "anything"]


def test_a_deployment_that_is_none_or_broken_says_so(tmp_path, ledger):
    with pytest.raises(UsageError, match="is none"):
        status_of(tmp_path / "nothing")
    (ledger.folder / "deployment.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(CheckFailed, match="cannot be used"):
        status_of(ledger.folder)


def test_the_status_tells_shares_before_anybody_has_asked(ledger):
    assert status_of(ledger.folder)["versions"]["v2"]["share"] == 0.5


def test_the_status_tells_parts_shares_and_what_would_decide(ledger):
    ledger.count("r1", counts({"v2": 1}))
    Judge(ledger).judge(ledger.seen())
    said = status_of(ledger.folder)

    assert (said["versions"]["v2"]["parts"], said["versions"]["v2"]["share"]) == (["candidate"], 0.5)
    assert said["rollout"]["stage"]["until"] == 5
    assert {guard["name"] for guard in said["rollout"]["guards"]} >= {"failures", "latency", "goal"}
    assert [path.name for path in ledger.folder.iterdir()] == ["deployment.sqlite"]


@pytest.mark.parametrize(
    "place", ["live", "./a-b/c_d", "/srv/live.1", "v1.2.3", "12", "07", "null", "a,b", "${x}", "1e3"]
)
def test_what_is_read_without_hydra_says_the_same_to_hydra(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["deployment=live", f"version={place}"]
    found = plainly(arguments, RollbackSettings)

    assert (found is not None) == (place in ("live", "./a-b/c_d", "/srv/live.1", "v1.2.3", "12"))
    if found is not None:
        hydras = configured("deploy rollback", arguments, RollbackSettings)
        assert (found.deployment, found.version) == (hydras.deployment, str(hydras.version))
