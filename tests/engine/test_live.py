"""Deployments: what they become, what processes tell each other, and that no kill leaves half of an action."""

import math
import mmap
import signal
import subprocess
import sys
import textwrap
import threading
import time

import numpy as np
import pyarrow as pa
import pytest
from tests.docs.pages import ROOT

pytest.importorskip("msgspec", reason="the extra serve is not installed")

import msgspec

from mesic.config.plain import plainly
from mesic.config.verb import configured
from mesic.errors import CheckFailed, ConfigError, DataError, SettingError, UsageError
from mesic.evaluation.losses import example_losses
from mesic.live.acting import promote, rollback
from mesic.live.answers import KeptAnswer, keep
from mesic.live.deployment import Deployment, Rolling
from mesic.live.judging import Judge, begin, unfit
from mesic.live.label_options import NAMES
from mesic.live.labels import Labels
from mesic.live.ledger import Change, Ledger
from mesic.live.measures import MEASURES, Measure
from mesic.live.names import checked_name
from mesic.live.outcome_table import take_table
from mesic.live.outcomes import OutcomesRefused, take
from mesic.live.status import status_of
from mesic.live.tallies import Tally, folded, reported
from mesic.live.tokens import Tokens
from mesic.live.versions import prune
from mesic.rollout.state import RolloutState
from mesic.serving.beside import Beside
from mesic.serving.keeping import blame
from mesic.serving.lateness import Lateness, Marks
from mesic.serving.ring import Ring, ring_memory_size
from mesic.verbs.deploy import DeploySettings
from mesic.verbs.live.rollback import RollbackSettings
from mesic.verbs.live.telling import said as told_of_change

VERSIONS = {
    "v1": {"bundle": "a", "expires": None, "classes": ["no", "yes"]},
    "v2": {"bundle": "b", "expires": None, "classes": ["no", "yes", "maybe"]},
}


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


def told(ledger, **said):
    """Tell an outcome; return what it became, or what is wrong with it."""
    taken = take(ledger, Tokens(ledger.seen().secret), [said], whole=False)
    return taken.problems[0]["message"] if taken.problems else next(k for k, n in taken.counts().items() if n)


def answered(ledger, request_id, *answers, arm="v1", rollout="r1", labels=None):
    """Keep answers to a request as a server does; return their ids."""
    tokens = Tokens(ledger.seen().secret)
    kept = [
        KeptAnswer(request_id, row, tokens.made(rollout, arm, 0.5, request_id=request_id, row=row), answer)
        for row, answer in enumerate(answers)
    ]
    with ledger.store.changing() as connection:
        keep(connection, kept, labels or Labels())
    return [one.id for one in kept]


YES, NO = {"prediction": "yes", "p_no": 0.25, "p_yes": 0.75}, {"prediction": "no", "p_no": 0.5, "p_yes": 0.5}


def test_an_outcome_counts_once_whoever_takes_it_and_whoever_starts_again(ledger):
    tokens = Tokens(ledger.seen().secret)
    one, held, old = (tokens.made(*what) for what in (("r1", "v1", 0.5), ("r1", "holdback", 0.02), ("r0", "v1", 1.0)))
    assert [told(ledger, id=one, reward=1), told(ledger, id=one, reward=1.0)] == ["taken", "repeated"]
    Judge(ledger).judge(ledger.seen())
    again = Ledger(ledger.folder)
    assert [told(again, id=name, reward=1) for name in (one, held, old)] == ["repeated", "taken", "late"]
    assert "not what was told of this answer before" in told(again, id=one, reward=0)
    Judge(again).judge(again.seen())
    state = RolloutState.from_json(ledger.told("r1")["state"])

    assert [(arm.name, arm.sums.rewarded, arm.sums.share) for arm in state.arms] == [("v1", 1, 1.0), ("v2", 0, 0.0)]
    assert ledger.told("r1")["outcomes"]["holdback"] == {"outcomes": 1, "mean": 1.0}


def test_labels_that_come_later_reach_the_guards_and_each_counts_once(ledger):
    first, second = answered(ledger, "order:7", YES, NO)
    (third,) = answered(ledger, "order-8", YES, arm="v2")
    became = [
        told(ledger, request_id="order:7", row=0, label="yes"),
        told(ledger, id=first, label=" yes "),
        told(ledger, id=second, label="yes"),
        told(ledger, request_id="order-8", label="no"),
        told(ledger, request_id="order-8", row=0, label="no"),
    ]
    Judge(Ledger(ledger.folder)).judge(ledger.seen())
    state = RolloutState.from_json(ledger.told("r1")["state"])

    assert became == ["taken", "repeated", "taken", "taken", "repeated"]
    assert [(arm.name, arm.sums.rewarded, arm.sums.share) for arm in state.arms] == [("v1", 2, 1.0), ("v2", 1, 0.0)]
    assert "not what was told" in told(ledger, id=third, label="yes")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"request_id": "nobody", "label": "yes"}, "is not kept: the latest 1,000,000 are, for 30 days"),
        ({"request_id": "r", "row": 2, "label": "yes"}, "had rows 0 to 1"),
        ({"request_id": "r", "label": "yes"}, "had 2 rows: say which"),
        ({"request_id": "r", "row": 0, "label": "perhaps"}, "no class that a version knows: no, yes, maybe"),
        ({"request_id": "r", "row": 0, "label": None}, "no class"),
        ({"request_id": "r", "row": -1, "label": "yes"}, "whole number from 0"),
        ({"request_id": "r", "row": True, "label": "yes"}, "whole number from 0"),
        ({"request_id": 7, "label": "yes"}, "is no text"),
        ({"request_id": "r", "row": 0, "label": "yes", "reward": 1}, "holds request_id, row, label, reward"),
        ({"id": "r:0:r1:v1:0.5:00", "label": "yes"}, "none that this deployment gave"),
        ({"request_id": "r", "row": 0, "reward": True}, "is no number"),
        ({"request_id": "r", "row": 1, "label": "yes"}, "held no decision"),
    ],
)
def test_an_outcome_that_cannot_be_says_why(ledger, said, words):
    answered(ledger, "r", YES, {**YES, "prediction": None})

    assert words in told(ledger, **said)
    with pytest.raises(OutcomesRefused, match="no outcome of this request was taken") as refused:
        take(ledger, Tokens(ledger.seen().secret), [{"request_id": "r", "row": 0, "label": "yes"}, said])
    assert [problem["row"] for problem in refused.value.problems] == [1]
    assert told(ledger, request_id="r", row=0, label="no") == "taken"  # the first of the two was not


def test_answers_are_kept_so_many_and_so_long_and_the_last_to_a_request_counts(ledger, monkeypatch):
    labels = Labels(rows=3, days=2)
    for number in range(5):
        answered(ledger, f"r{number}", NO, labels=labels)
    assert ["is not kept" in told(ledger, request_id=f"r{number}", label="no") for number in range(5)] == [
        True, True, False, False, False,
    ]  # fmt: skip
    (old,) = answered(ledger, "again", NO, labels=labels)
    answered(ledger, "again", YES, arm="v2", labels=labels)
    assert "was asked again" in told(ledger, id=old, label="yes")
    assert told(ledger, request_id="again", label="yes") == "taken"
    assert ledger.told("r1")["outcomes"]["v2"] == {"outcomes": 1, "mean": 1.0}
    later = time.time() + 2.5 * 86_400
    monkeypatch.setattr("mesic.live.answers.time.time", lambda: later)
    answered(ledger, "new", NO, labels=labels)
    assert "is not kept" in told(ledger, request_id="again", label="yes")
    assert told(ledger, request_id="new", label="no") == "taken"


P = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3], [1.0, 0.0, 0.0]])
TRUE = np.array([1, 2, 1])
COSTS = {"a": {"a": 0.0, "b": 1.0, "c": 2.0}, "b": {"a": 4.0, "b": 0.0, "c": 1.0}, "c": {"a": 3.0, "b": 1.0, "c": -1.0}}


@pytest.mark.parametrize(
    ("name", "low", "wanted"),
    [
        ("accuracy", 0.0, (P.argmax(axis=1) == TRUE).astype(float)),
        ("brier", 0.0, 1 - ((P - np.eye(3)[TRUE]) ** 2).sum(axis=1) / 2),
        ("log_loss", -40.0, -example_losses("multiclass", TRUE, P)),
        ("log_loss", -1.0, np.maximum(-1, -example_losses("multiclass", TRUE, P))),
        ("cost", -4.0, [-0.0, -3.0, -4.0]),
    ],
)
def test_a_label_is_worth_what_the_measure_says(name, low, wanted):
    measure = Measure(name, ("a", "b", "c"), low, 1.0, COSTS)
    measure.refuse_strange()
    measure.refuse_unfit()
    answers = [
        {"prediction": "abc"[row.argmax()], **{f"p_{label}": p for label, p in zip("abc", row, strict=True)}}
        for row in P
    ]

    found = [measure.reward(answer, "abc"[code]) for answer, code in zip(answers, TRUE, strict=True)]
    assert found == pytest.approx(list(wanted), rel=1e-14)


def test_numbers_are_worth_what_they_are_off_and_no_more_than_the_range_holds():
    answers = [({"prediction": 1.5}, "2"), ({"prediction": -1.0}, 3), ({"prediction": 0.0}, 1e300)]

    assert [Measure("mae", (), -9.0, 0.0).reward(*one) for one in answers] == [-0.5, -4.0, -9.0]
    assert [Measure("mse", (), -20.0, 0.0).reward(*one) for one in answers[:2]] == [-0.25, -16.0]
    for wrong in ("x", True, None, "nan", math.inf):
        with pytest.raises(UsageError, match="is no number"):
            Measure("mae", ()).label(wrong)


@pytest.mark.parametrize(
    ("measure", "words"),
    [
        (Measure("mae", ("a",)), "give one of accuracy, brier, log_loss, cost"),
        (Measure("accuracy", ()), "give one of mae, mse"),
        (Measure("cost", ("a",)), "no run said costs"),
        (Measure("mae", ()), "rollout.low=-LARGEST rollout.high=0"),
        (Measure("cost", ("a", "b", "c"), 0.0, 1.0, COSTS), "rollout.low=-4 rollout.high=1"),
        (Measure("accuracy", ("a",), 0.5, 1.0), "rollout.low=0 rollout.high=1"),
    ],
)
def test_a_measure_that_does_not_fit_says_what_does(measure, words):
    with pytest.raises(UsageError, match=words):
        measure.refuse_strange() or measure.refuse_unfit()


def test_every_measure_that_a_label_may_have_is_known():
    assert tuple(MEASURES) == NAMES


def test_a_table_of_labels_is_taken_and_what_is_wrong_with_a_row_is_told(ledger):
    for number in range(3):
        answered(ledger, f"00{number}", YES, NO)
    rows = {
        "request_id": ["000", "000", "001", "001", "002", "lost"],
        "row": ["0", "1", "0", "2", "0", "0"],
        "truth": ["yes", "yes", "", "no", "nonsense", "no"],
    }
    told = take_table(ledger.folder, pa.table(rows), "truth")
    again = take_table(ledger.folder, pa.table(rows).slice(0, 2), "truth")

    assert {name: told[name] for name in ("rows", "taken", "repeated", "late", "empty", "refused")} == {
        "rows": 6, "taken": 2, "repeated": 0, "late": 0, "empty": 1, "refused": 3,
    }  # fmt: skip
    assert [(one["row"], one["field"]) for one in told["problems"]] == [(3, "row"), (4, "label"), (5, "request_id")]
    assert (again["taken"], again["repeated"]) == (0, 2)
    assert ledger.told("r1")["outcomes"]["v1"] == {"outcomes": 2, "mean": 0.5}
    with pytest.raises(DataError, match="id or request_id, and has none"):
        take_table(ledger.folder, pa.table({"order": ["1"], "label": ["yes"]}))


def test_a_store_of_the_format_before_learns_to_keep_answers(ledger):
    with ledger.store.changing() as connection:
        connection.execute("DROP TABLE answer")
        connection.execute("PRAGMA user_version = 1")

    answered(ledger, "r", YES)
    assert told(ledger, request_id="r", label="yes") == "taken"


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
    "place", ["live", "./a-b/c_d", "/srv/live.1", "v1.2.3", "12", "07", "1.10", "1e3", "null", "a,b", "${x}", "-3"]
)
def test_what_is_read_without_hydra_says_the_same_to_hydra(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    arguments = ["deployment=live", f"version={place}"]
    found = plainly(arguments, RollbackSettings)

    assert (found is None) == (place in ("null", "a,b", "${x}", "-3"))
    if found is not None:
        assert found.version == place
        assert found == configured("deploy rollback", arguments, RollbackSettings)


def test_a_version_is_the_text_that_was_typed_and_a_number_in_a_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    typed = ["version=1.10", "out=1e3", "expires='2.0'", "+unit=5"]
    found = configured("deploy", typed, DeploySettings)

    assert (found.version, found.out, found.expires, found.unit, found.seed) == ("1.10", "1e3", "2.0", "5", 0)
    shipped = (ROOT / "conf" / "deploy.yaml").read_text()
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "deploy.yaml").write_text(shipped.replace("version: null", "version: 1.10"))
    with pytest.raises(ConfigError, match=r"write it in quotes, version: '1\.1'"):
        configured("deploy", [], DeploySettings)
    with pytest.raises(SettingError, match=r"give a text: '1\.1'"):
        checked_name(1.1)


@pytest.mark.parametrize(
    "said",
    [
        Deployment("../../elsewhere", versions={"../../elsewhere": {}}),
        Deployment("v1", previous="/etc", versions=VERSIONS),
        Deployment("v1", versions={**VERSIONS, "..": {}}),
    ],
    ids=["in use", "before", "kept"],
)
def test_a_deployment_of_a_stranger_leads_to_no_other_folder(ledger, said):
    with ledger.store.changing() as connection:
        connection.execute("UPDATE deployment SET facts = ?", (msgspec.json.encode(said.as_dict()).decode(),))

    with pytest.raises(CheckFailed, match=r"version='.*' cannot work"):
        ledger.seen()


def test_the_first_version_replaces_none(ledger):
    told = ledger.history()[-1]

    assert told_of_change("live", Change(**told)) == "live: deploy, in use: v1 (first)"


def test_what_is_behind_a_link_is_not_pruned(tmp_path):
    (tmp_path / "home" / "letters").mkdir(parents=True)
    (tmp_path / "live").mkdir()
    (tmp_path / "live" / "versions").symlink_to(tmp_path / "home")

    prune(tmp_path / "live", {"v1"})

    assert (tmp_path / "home" / "letters").is_dir()
